"""Two windows of one person: one of a folder, one of a workspace of two folders, with one store between them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as Missed

from tests.support.branches import asks
from tests.support.hands import finish, use
from tests.support.vscode import BIN, PATIENCE, VSCode
from tests.vscode.answers import plan

PARTY = """\
# Party

- [ ] Book the band  [mode:: auto]  ^w3k9x
- [ ] Organise the wedding
- [ ] Mend the invitation  [executor:: code]  [mode:: auto]
"""
FENCE = "# Garden party\n\n- [ ] Bake the cake  ^wc7d2\n- [ ] Organise the trade fair\n"
MEND = ("change_file", {"path": "invitation.txt", "old": "wrong", "new": "right"})
WINDOW: dict[str, Any] = {
    "files": {"party.tasks.md": PARTY, "invitation.txt": "On the wrong day.\n"},
    "script": [
        use(MEND, finish("Mended."), when={"tools": True, "contains": "Mend the invitation"}),
        asks("Book the band", "Which band?"),
        plan("Find a hall", "Invite sellers", "Clean up", contains="at most 4 are possible"),
        plan(
            "Find a hall",
            "Invite sellers",
            "Print a plan",
            "Open the doors",
            "Clean up",
            contains="Organise the trade fair",
        ),
        plan("List all", "Choose whom", "Choose the paper", "Write them", "Post them", contains="Organise the wedding"),
    ],
}


@pytest.fixture(scope="module")
def other(code: VSCode, page: Page) -> Iterator[VSCode]:
    """Of the first window's folder, and of a second one that wants small plans, and is trusted for that."""
    code.inside("tidy")
    code.inside("show", "party.tasks.md", "Book the band")
    second = code.home / "second"
    second.mkdir()
    (second / "party.tasks.md").write_text(FENCE)
    (second / ".orchestrator.toml").write_text("[split]\nmaxChildren = 4\n")
    trust = [str(BIN / "orchestrator"), "trust", "add", str(second)]
    subprocess.run(trust, env={"ORCHESTRATOR_CONFIG_DIR": str(code.home / "config")}, check=True, capture_output=True)
    both = code.home / "both.code-workspace"
    both.write_text(json.dumps({"folders": [{"path": code.workspace.name}, {"path": "second"}]}))
    with code.another(both) as window:
        # VS Code on a busy machine now and then reads no folders from the file.
        window.until("folders", lambda: window.inside("folders") or window.again())
        window.page.locator('.activitybar a[aria-label^="Orchestrator"]').click()
        window.trust()
        window.until("the server", lambda: window.inside("state") == "ready")
        window.inside("tidy")
        yield window


def split(window: VSCode, title: str, count: int, last: str) -> None:
    window.cursor(title)
    window.page.keyboard.press("Alt+o")
    window.page.keyboard.press("s")
    ready = window.page.locator(".review-widget .review-title", has_text=f"{count} subtasks proposed")
    expect(ready).to_be_visible(timeout=PATIENCE)
    window.page.keyboard.press("Control+Enter")
    window.line(last).wait_for()
    expect(window.page.locator(".review-widget")).to_have_count(0, timeout=PATIENCE)


def test_tasks_of_both_folders_are_found_and_split_by_the_settings_of_each(code: VSCode, other: VSCode) -> None:
    for name in ("second/party.tasks.md", f"{code.workspace.name}/party.tasks.md"):
        expect(other.page.locator(f'.monaco-list-row[aria-label="Outline, {name}"]')).to_be_visible(timeout=PATIENCE)
    page = other.page
    page.keyboard.press("Control+p")
    box = page.locator(".quick-input-widget input")
    found = page.locator(".quick-input-list .monaco-list-row", has_text="Organise the trade fair")

    def searched() -> bool:
        """Typed anew while the server, which has just begun, still reads the outlines."""
        box.fill("#fair")
        box.fill("#trade fair")
        with suppress(Missed):
            found.wait_for(timeout=5_000)
        return found.is_visible()

    other.until("a task of the second folder", searched)
    page.keyboard.press("Enter")
    other.line("Organise the trade fair").wait_for()
    split(other, "Organise the trade fair", 3, "Clean up")
    other.shot("two-folders")
    assert "  3. [ ] Clean up\n" in other.save("../second/party.tasks.md")
    page.keyboard.press("Control+z")
    assert other.save("../second/party.tasks.md") == FENCE
    other.inside("follow", "vscode://orchestrator.orchestrator/task/w3k9x")
    other.until("the linked task", lambda: "Book the band" in other.inside("lineOfCursor"))
    split(other, "Organise the wedding", 5, "Post them")
    page.keyboard.press("Control+z")
    assert other.save("party.tasks.md") == PARTY
    other.inside("follow", "vscode://orchestrator.orchestrator/task/wc7d2")
    other.until("the linked task", lambda: "Bake the cake" in other.inside("lineOfCursor"))


def test_a_run_of_one_window_is_seen_and_answered_in_the_other(code: VSCode, other: VSCode) -> None:
    other.inside("show", "party.tasks.md", "Book the band")
    code.page.bring_to_front()
    code.inside("show", "party.tasks.md", "Book the band")
    code.page.keyboard.press("Alt+o")
    code.page.keyboard.press("r")
    other.page.bring_to_front()
    question = other.row("Which band?", "Inbox")
    question.wait_for()
    band = other.row("Book the band")
    expect(band).to_have_attribute("aria-label", "Book the band, waits for you", timeout=PATIENCE)
    expect(other.row("Book the band", "Runs").first).to_contain_text("running", timeout=PATIENCE)
    expect(code.row("Which band?", "Inbox")).to_be_visible(timeout=PATIENCE)
    other.shot("run-elsewhere")
    band.hover()
    band.locator('[aria-label^="Stop"]').click()
    other.message("Another program runs this task. Stop it there, or stop the whole run.").wait_for()
    other.inside("command", "notifications.clearAll")
    question.click()
    other.page.locator(".quick-input-widget input").fill("The loud one")
    other.page.keyboard.press("Enter")
    for window in (other, code):
        expect(window.row("Which band?", "Inbox")).to_have_count(0, timeout=PATIENCE)
        expect(window.row("Book the band", "Runs").first).to_contain_text("completed", timeout=PATIENCE)
    code.line("[x] Book the band").wait_for()
    assert "- [x] Book the band" in code.save("party.tasks.md")
    other.line("[x] Book the band").wait_for()
    expect(band).to_have_attribute("aria-label", "Book the band, completed", timeout=PATIENCE)


def test_an_edit_of_one_window_is_read_and_allowed_in_the_other(code: VSCode, other: VSCode) -> None:
    code.page.bring_to_front()
    code.inside("show", "party.tasks.md", "Mend the invitation")
    code.page.keyboard.press("Alt+o")
    code.page.keyboard.press("r")
    other.page.bring_to_front()
    asked = other.row("Mend the invitation: change 1: invitation.txt", "Inbox")
    asked.click()
    other.page.locator(".tab.active", has_text="invitation.txt (proposed").wait_for()
    other.page.locator(".monaco-diff-editor .view-line", has_text="On the right day.").first.wait_for()
    other.shot("approval-elsewhere")
    assert (code.workspace / "invitation.txt").read_text() == "On the wrong day.\n"
    asked.hover()
    asked.locator('[aria-label^="Allow"]').click()
    for window in (other, code):
        expect(window.row("Mend the invitation: change", "Inbox")).to_have_count(0, timeout=PATIENCE)
        expect(window.row("Mend the invitation", "Runs").first).to_contain_text("completed", timeout=PATIENCE)
    assert (code.workspace / "invitation.txt").read_text() == "On the right day.\n"
    code.line("[x] Mend the invitation").wait_for()
    code.save("party.tasks.md")
