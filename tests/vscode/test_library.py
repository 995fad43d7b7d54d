"""What is kept and taken along: prompts with their versions, the history, outlines in another form."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.branches import does
from tests.support.vscode import PATIENCE, VSCode

SHELF = "# Shelf\n\n- [ ] Measure the alcove  [mode:: auto]  ^v3k9x\n  Twice.\n- [ ] Saw the boards\n"
WINDOW: dict[str, Any] = {
    "files": {"shelf.tasks.md": SHELF},
    "script": [does("Measure the alcove", "It is eighty-seven centimetres wide.")],
}
ADDED = "Say it in one sentence."


@pytest.fixture(autouse=True)
def shown(code: VSCode, page: Page) -> None:
    code.inside("tidy")
    code.inside("command", "notifications.clearAll")
    code.inside("show", "shelf.tasks.md", "Measure the alcove")
    code.row("Measure the alcove").wait_for()


def choice(page: Page, label: str) -> Locator:
    """A row of the list that asks, by the beginning of what a screen reader says."""
    return page.locator(f'.quick-input-list .monaco-list-row[aria-label*="{label}"]').first


def name_file(code: VSCode, page: Page, title: str, name: str) -> None:
    """In VS Code's own dialog for files."""
    expect(page.locator(".quick-input-title")).to_have_text(title, timeout=PATIENCE)
    box = page.locator(".quick-input-widget input[type=text]")
    expect(box).to_have_value(re.compile(re.escape(str(code.workspace))), timeout=PATIENCE)
    box.fill(str(code.workspace / name))
    page.locator(".quick-input-widget .quick-input-action .monaco-button").first.click()


def test_a_prompt_is_changed_and_an_older_version_is_used_again(code: VSCode, page: Page) -> None:
    prompt = code.home / "config" / "prompts" / "execute.md"
    code.command("Orchestrator: Prompts…")
    row = choice(page, "  execute, ")
    row.hover()
    code.shot("prompts")
    row.hover()
    row.locator('[aria-label="Edit"]').click()
    page.locator(".tab.active", has_text="execute.md").wait_for()
    shipped = prompt.read_text()
    page.locator(".editor-instance .view-line", has_text="# System").first.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(f"\n{ADDED}\n")
    page.keyboard.press("Control+s")
    code.until("the saved prompt", lambda: ADDED in prompt.read_text())
    code.command("Orchestrator: Versions of a Prompt…")
    choice(page, "  execute, execute · edited · 2 versions").click()
    choice(page, ", built-in · ").click()
    choice(page, "Use it").click()
    code.message("“execute” is in use as version").wait_for()
    code.until("the older text", lambda: prompt.read_text() == shipped)
    code.shot("prompt-used")
    code.command("Orchestrator: Go Back to the Version")
    choice(page, "  execute, execute · built-in · 2 versions").click()
    code.message("(edited)").wait_for()
    code.until("the newer text", lambda: ADDED in prompt.read_text())
    code.command("Orchestrator: Versions of a Prompt…")
    choice(page, "  execute, ").click()
    choice(page, ", built-in · ").click()
    choice(page, "Compare it").click()
    page.locator(".monaco-diff-editor .view-line", has_text=ADDED).first.wait_for()
    code.shot("prompt-compared")


def test_what_was_done_is_found_with_its_run(code: VSCode, page: Page) -> None:
    code.inside("command", "orchestrator.run")
    code.line("[x] Measure the alcove").wait_for()
    expect(code.row("Measure the alcove", "Runs").first).to_contain_text("completed", timeout=PATIENCE)
    page.keyboard.press("Alt+o")
    page.keyboard.press("h")
    page.locator(".quick-input-widget input").fill("eighty-seven")
    hit = page.locator(".quick-input-list .monaco-list-row", has_text="Measure the alcove").first
    hit.hover()
    code.shot("history")
    hit.hover()
    hit.locator('[aria-label="Open the log of the run"]').click()
    page.locator(".tab.active", has_text="run_").wait_for()
    code.line("run.started Measure the alcove").wait_for()
    code.shot("run-log")


def test_an_outline_is_exported_and_imported(code: VSCode, page: Page) -> None:
    before = code.save("shelf.tasks.md")
    code.command("Orchestrator: Export Outline…")
    choice(page, "JSON").click()
    name_file(code, page, "Export Outline", "shelf.json")
    code.message("The outline was exported.").wait_for()
    code.command("Orchestrator: Import Tasks…")
    name_file(code, page, "Import Tasks", "shelf.json")
    name_file(code, page, "The New Outline", "shelf-again.tasks.md")
    page.locator(".tab.active", has_text="shelf-again.tasks.md").wait_for()
    code.message("2 tasks imported. It was an outline as JSON.").wait_for()
    code.row("shelf-again").wait_for()
    code.shot("imported")
    assert (code.workspace / "shelf-again.tasks.md").read_text() == before
