"""Tree, editor, splits and runs in a real VS Code with the real server, as a person uses them, each with a picture."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.branches import does
from tests.support.hands import finish, use
from tests.support.vscode import PATIENCE, VSCode

PLAN = """\
# Ship login

- [ ] Build the login page  [mode:: auto]  ^b7c2d
  Plain and fast.

  Accept: a wrong password shows an error
  1. [x] Write the form  ^k3f9x
     > Result: the form is in `ui/login.py`
  2. [!] Wire the API  [executor:: code]  [reason:: the registry answered 401]  ^m2p7q
  3. [ ] Deploy to staging  ^z9y8x
- [x] Choose the identity provider  ^q4w5e
- [-] The old OAuth idea
- [ ] Tell the team
- [ ] Pack  [mode:: auto]
  1. [ ] Socks
  2. [ ] Shirts
- [ ] Mend the greeting  [executor:: code]  [mode:: auto]

# Later

- [ ] Measure sign-ups
- [ ] Thank everybody
"""
BIG = "# Big\n\n" + "".join(
    f"- [ ] Group {group}\n" + "".join(f"  - [ ] Task {group}.{number}\n" for number in range(99))
    for group in range(100)
)
COLOUR = "(node) => getComputedStyle(node).color"
FIX = ("change_file", {"path": "app.py", "old": "wrong", "new": "right"})
WINDOW: dict[str, Any] = {
    "files": {"plan.tasks.md": PLAN, "big.tasks.md": BIG, "app.py": "greeting = 'wrong'\n", "README.md": "# Nothing\n"},
    "script": [
        does("Socks", delay=2.5),
        does("Shirts"),
        use(FIX, finish("Mended."), when={"tools": True, "contains": "Mend the greeting"}),
    ],
}


def outline(code: VSCode) -> str:
    return (code.workspace / "plan.tasks.md").read_text()


def save(code: VSCode) -> str:
    return code.save("plan.tasks.md")


@pytest.fixture(autouse=True)
def shown(code: VSCode, page: Page) -> None:
    """The outline alone, whatever the test before left open."""
    code.inside("tidy")
    code.inside("show", "plan.tasks.md")
    code.row("Build the login page").wait_for()


def test_an_outline_is_opened_with_its_tree(code: VSCode, page: Page) -> None:
    expect(code.row("Ship login")).to_contain_text("2/", timeout=PATIENCE)
    expect(code.row("plan")).to_be_visible()
    expect(code.row("big")).to_be_visible()
    expect(page.locator(".statusbar-item", has_text="Orchestrator")).to_be_visible()
    expect(page.locator(".codelens-decoration").get_by_text("Split").first).to_be_visible(timeout=PATIENCE)
    dimmed = code.line("Choose the identity provider").locator("span", has_text="^q4w5e").last
    assert float(dimmed.evaluate("node => getComputedStyle(node).opacity")) < 1
    code.shot("tree")


def test_tree_and_cursor_follow_each_other(code: VSCode, page: Page) -> None:
    code.cursor("Deploy to staging")
    expect(code.row("Deploy to staging")).to_have_class(re.compile("selected"), timeout=PATIENCE)
    code.row("Measure sign-ups").click()
    expect(page.locator(".statusbar-item", has_text=re.compile(r"Ln \d+"))).to_contain_text(
        f"Ln {PLAN.splitlines().index('- [ ] Measure sign-ups') + 1},"
    )


def test_the_tree_goes_to_a_task_that_is_being_typed(code: VSCode, page: Page) -> None:
    before = outline(code)
    code.cursor("Thank everybody")
    expect(code.row("Thank everybody")).to_have_class(re.compile("selected"), timeout=PATIENCE)
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Home")
    page.keyboard.type("- [ ] Go home")
    expect(code.row("Go home")).to_have_class(re.compile("selected"), timeout=PATIENCE)
    page.keyboard.type(" at once")
    expect(code.row("Go home at once")).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("Control+Shift+k")
    code.line("Go home").wait_for(state="hidden")
    assert save(code) == before


def test_a_filter_finds_tasks_that_nobody_loaded(code: VSCode, page: Page) -> None:
    code.row("Tell the team").click()
    page.keyboard.press("Alt+o")
    page.keyboard.press("f")
    box = page.locator(".quick-input-widget input")
    box.fill("77.5 task")
    expect(code.row("Task 77.51")).to_be_visible(timeout=PATIENCE)
    expect(code.row("Tell the team")).to_have_count(0)
    code.shot("filter")
    page.keyboard.press("Escape")
    expect(code.row("Tell the team")).to_be_visible(timeout=PATIENCE)


def test_a_split_streams_ghosts_is_accepted_and_undone_in_one_step(code: VSCode, page: Page) -> None:
    before = outline(code)
    code.cursor("Tell the team")
    code.command("Orchestrator: Split Task")
    expect(page.locator(".review-widget .review-title", has_text="3 subtasks proposed")).to_be_visible(timeout=PATIENCE)
    for title in ("1. Draft the message", "2. Ask Ana to read it", "3. Send it on Monday"):
        expect(page.locator(".review-widget").get_by_text(title, exact=True)).to_be_visible()
    expect(code.row("Send it on Monday")).to_be_visible(timeout=PATIENCE)
    assert page.locator(".panel", has_text="Comments").count() == 0 or not page.locator(".part.panel").is_visible()
    code.shot("ghosts")
    assert save(code) == before
    code.cursor("Tell the team")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".review-widget")).to_have_count(0, timeout=PATIENCE)
    code.line("Send it on Monday").wait_for()
    expect(page.locator(".pane .monaco-list-row", has_text="proposed")).to_have_count(0, timeout=PATIENCE)
    place = PLAN.splitlines().index("- [ ] Tell the team") + 1  # where a run would begin, not behind the last subtask
    expect(page.locator(".statusbar-item", has_text=re.compile(r"Ln \d+"))).to_contain_text(f"Ln {place},")
    code.shot("accepted")
    after = save(code)
    assert "  3. [ ] Send it on Monday\n" in after
    page.keyboard.press("Control+z")
    assert save(code) == before


def test_one_ghost_is_accepted_and_the_rest_is_left(code: VSCode, page: Page) -> None:
    code.inside("show", "plan.tasks.md", "Measure sign-ups")
    page.keyboard.press("Alt+o")
    page.keyboard.press("s")
    second = page.locator(".review-widget .review-comment", has_text="Ask Ana to read it")
    second.wait_for()
    expect(page.locator(".review-widget .review-title", has_text="3 subtasks proposed")).to_be_visible(timeout=PATIENCE)
    second.hover()
    second.locator('[aria-label*="Accept Some Proposed Subtasks"]').first.click()
    expect(page.locator(".review-widget")).to_have_count(0, timeout=PATIENCE)
    text = save(code)
    assert "Ask Ana to read it" in text
    assert "Draft the message" not in text


def test_a_proposal_is_discarded_from_the_tree(code: VSCode, page: Page) -> None:
    before = outline(code)
    row = code.row("Deploy to staging")
    if not row.is_visible():
        code.cursor("Deploy to staging")
        row.wait_for()
    row.hover()
    row.locator('[aria-label^="Split Task"]').click()
    proposal = code.row("3 subtasks proposed").last
    proposal.wait_for()
    proposal.hover()
    proposal.locator('[aria-label^="Discard Proposed Subtasks"]').click()
    expect(page.locator(".review-widget")).to_have_count(0, timeout=PATIENCE)
    assert save(code) == before


def test_statuses_are_set_by_key_and_by_check_box(code: VSCode, page: Page) -> None:
    code.cursor("Tell the team")
    page.keyboard.press("Alt+Enter")
    code.line("[/] Tell the team").wait_for()
    told = re.compile("in progress")  # the box is drawn anew with it
    expect(code.row("Tell the team")).to_have_attribute("aria-label", told, timeout=PATIENCE)
    code.row("Tell the team").locator(".monaco-checkbox, .custom-checkbox").first.click()
    code.line("[x] Tell the team").wait_for()
    code.row("Choose the identity provider").click()
    page.keyboard.press("Alt+Enter")  # in the tree it means what is selected there
    code.line("[ ] Choose the identity provider").wait_for()
    assert "- [x] Tell the team" in save(code)


def test_a_branch_runs_and_shows_it(code: VSCode, page: Page) -> None:
    code.cursor("Pack")
    code.command("Orchestrator: Run Branch")
    code.row("Pack", "Runs").first.wait_for()
    page.locator(".cgmr.codicon, .glyph-margin-widgets .cgmr, .margin-view-overlays .cgmr").first.wait_for()
    code.shot("running")
    code.line("[x] Pack").wait_for()
    text = save(code)
    assert re.search(r"- \[x\] Pack  \[mode:: auto\]  \^\w{5,6}\n", text)
    assert "> Result: All packed." in text
    expect(code.row("Pack", "Runs").first).to_contain_text("completed", timeout=PATIENCE)
    expect(code.row("Socks", "Runs")).to_have_attribute("aria-level", "3", timeout=PATIENCE)  # below its parent, still
    code.shot("ran")


def test_an_edit_is_read_in_a_diff_and_approved(code: VSCode, page: Page) -> None:
    code.cursor("Mend the greeting")
    code.command("Orchestrator: Run Branch")
    asked = code.row("Mend the greeting: change 1: app.py", "Inbox")
    asked.wait_for()
    assert (code.workspace / "app.py").read_text() == "greeting = 'wrong'\n"
    asked.click()
    page.locator(".tab.active", has_text="app.py (proposed").wait_for()
    page.locator(".diff-editor .view-line, .monaco-diff-editor .view-line", has_text="right").first.wait_for()
    code.shot("approval")
    asked.hover()
    asked.locator('[aria-label^="Allow"]').click()
    expect(asked).to_have_count(0, timeout=PATIENCE)
    page.keyboard.press("Control+F4")
    page.locator(".tab", has_text="plan.tasks.md").click()
    code.line("[x] Mend the greeting").wait_for()
    assert (code.workspace / "app.py").read_text() == "greeting = 'right'\n"
    save(code)


def test_ten_thousand_tasks(code: VSCode, page: Page) -> None:
    code.row("big").click()
    page.locator(".tab.active", has_text="big.tasks.md").wait_for()
    code.cursor("Group 0")
    page.keyboard.press("Control+End")
    page.keyboard.press("ArrowUp")
    code.line("Task 99.98").wait_for()
    expect(code.row("Task 99.98")).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("Control+Home")
    code.cursor("Group 0")
    page.keyboard.type("!")
    expect(code.row("Group 0!")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".codelens-decoration").get_by_text("0/99").first).to_be_visible(timeout=PATIENCE)
    assert page.locator(".codelens-decoration").count() < 50  # one of them for each of a hundred groups took seconds
    code.shot("big")
    page.keyboard.press("Control+z")
    code.line("Group 0!").wait_for(state="hidden")
    title = code.line("Task 0.3").locator("span", has_text="Task 0.3").last
    shade = title.evaluate(COLOUR)
    code.cursor("Task 0.3")
    page.keyboard.press("Alt+Enter")
    page.keyboard.press("Alt+Enter")
    code.line("[x] Task 0.3").wait_for()
    code.until("the colour of what is done", lambda: title.evaluate(COLOUR) != shade)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    code.line("[ ] Task 0.3").wait_for()
    code.until("the colour of before", lambda: title.evaluate(COLOUR) == shade)
    code.save("big.tasks.md")
    code.inside("command", "workbench.action.closeActiveEditor")
