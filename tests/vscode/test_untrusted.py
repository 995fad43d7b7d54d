"""A workspace that nobody trusts, and a machine without the server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.vscode import PATIENCE, VSCode

PLAN = "# Trip\n\n- [ ] Pack  [mode:: auto]\n  - [ ] Socks\n"
WINDOW: dict[str, Any] = {
    "files": {"plan.tasks.md": PLAN, ".vscode/settings.json": json.dumps({"orchestrator.server.path": "/bin/false"})},
    "trusted": False,
    "script": [],
}


@pytest.fixture(scope="module")
def page(code: VSCode) -> Page:
    opened = code.open("plan.tasks.md")
    opened.locator(".editor-instance .view-line", has_text="Pack").wait_for()
    opened.locator('.activitybar a[aria-label="Orchestrator"]').click()
    code.row("Pack").wait_for()
    return opened


def test_what_reads_works_and_nothing_runs(code: VSCode, page: Page) -> None:
    page.locator(".editor-instance .view-line", has_text="Pack").click()
    expect(page.locator(".codelens-decoration").get_by_text("Run").first).to_be_visible(timeout=PATIENCE)
    page.locator(".codelens-decoration").get_by_text("Run").first.click()
    told = page.locator(".notification-list-item", has_text="not trusted")
    expect(told.first).to_be_visible(timeout=PATIENCE)
    code.shot("untrusted")
    page.keyboard.press("Alt+Enter")
    page.locator(".editor-instance .view-line", has_text="[/] Pack").wait_for()
    page.keyboard.press("Control+z")
    assert (code.workspace / "plan.tasks.md").read_text() == PLAN


def test_a_server_that_is_missing_is_offered(code: VSCode, page: Page) -> None:
    """The person's own setting leads nowhere: a page says so, and what to do."""
    settings = code.home / "data" / "Machine" / "settings.json"
    settings.write_text(json.dumps({"orchestrator.server.path": "/nowhere/orchestrator"}))
    code.command("Developer: Reload Window")
    page.locator(".pane-body .welcome-view-content", has_text="language server is not installed").wait_for()
    expect(page.locator(".statusbar-item", has_text="not installed")).to_be_visible()
    expect(page.get_by_role("button", name="Install Server").first).to_be_visible()
    code.shot("missing")
