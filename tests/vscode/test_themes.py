"""Light, dark and high contrast: ghosts, a conversation and the figures in each, and no fault for axe in any page."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.vscode import PATIENCE, VSCode
from tests.vscode.answers import says

GARDEN = """\
# Garden

- [/] Draw the beds  [mode:: auto]  ^g7c2d
  1. [x] Measure the ground  ^g4w5e
     > Result: twelve by eight metres
  2. [!] Ask for soil  [reason:: nobody answered]  ^g2p7q
  3. [?] Choose the trees  [reason:: apple or pear?]  ^g9y8x
- [ ] Invite the neighbours  ^g5t6u
- [-] A pond
"""
ANSWER = (
    "Three **beds**, see [the plan](garden.tasks.md):\n\n| bed | metres |\n| --- | --- |\n| herbs | 2 |\n\n"
    "```python\nbeds = ['herbs', 'roses']  # two\n```\n\n> South is best.\n\n- [x] herbs\n- [ ] roses\n"
)
WINDOW: dict[str, Any] = {
    "files": {"garden.tasks.md": GARDEN},
    "script": [says(ANSWER, "which beds", thought="Herbs want sun.")],
}
THEMES = {
    "Default Dark Modern": "vs-dark",
    "Default Light Modern": "vs",
    "Default High Contrast": "hc-black",
    "Default High Contrast Light": "hc-light",
}


@pytest.fixture(scope="module")
def shown(code: VSCode, page: Page) -> None:
    """A proposal in the editor, and a conversation beside it."""
    code.inside("tidy")
    code.inside("show", "garden.tasks.md", "Draw the beds")
    code.inside("command", "orchestrator.chat")
    chat = code.webview()
    chat.locator("#title", has_text="Draw the beds").wait_for()
    chat.locator("#box").fill("Which beds?")
    chat.locator("#box").press("Enter")
    expect(chat.locator("article.assistant figure.code")).to_contain_text("herbs", timeout=PATIENCE)
    expect(chat.locator("#stop")).to_be_hidden(timeout=PATIENCE)
    code.cursor("Invite the neighbours")
    code.inside("command", "orchestrator.split")
    expect(page.locator(".review-widget .review-title", has_text="3 subtasks proposed")).to_be_visible(timeout=PATIENCE)
    expect(code.row("3 subtasks proposed").last).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize("theme", THEMES)
def test_a_theme(code: VSCode, page: Page, shown: None, theme: str) -> None:
    code.inside("setting", "workbench.colorTheme", theme)
    page.locator(f".monaco-workbench.{THEMES[theme]}").wait_for()
    kind = {"vs-dark": "vscode-dark", "vs": "vscode-light"}.get(THEMES[theme], "vscode-high-contrast")
    code.webview().locator(f"body.{kind}").wait_for()
    code.shot(f"theme-{THEMES[theme]}")
    assert code.axe() == []
    if theme == "Default Dark Modern":
        ticks = code.webview().locator("li.task input")
        assert [tick.is_checked() for tick in ticks.all()] == [True, False]
        assert [tick.is_disabled() for tick in ticks.all()] == [True, True]


def test_figures(code: VSCode, page: Page) -> None:
    code.inside("tidy")
    code.inside("setting", "workbench.colorTheme", "Default Light Modern")
    code.inside("command", "orchestrator.metrics")
    figures = code.webview()
    figures.locator("body.vscode-light").wait_for()
    expect(figures.locator("h2", has_text="By model")).to_be_visible(timeout=PATIENCE)
    expect(figures.locator("tbody th", has_text="scripted").first).to_be_visible()
    code.shot("metrics-light")
    assert code.axe() == []
    code.inside("setting", "workbench.colorTheme", "Default Dark Modern")
    figures.locator("body.vscode-dark").wait_for()
    code.shot("metrics")
    assert code.axe() == []
