"""Several rows of the task tree at once, with the mouse and by keys: dragged, deleted, marked, moved, run."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.vscode import PATIENCE, VSCode

FLAT = """\
# Flat

- [ ] Sort the books
  - [ ] Fill crates
- [ ] Rent a van
- [ ] Find a place
  1. [ ] Read offers
  2. [ ] Visit three
- [ ] Say goodbye

# Errands  [mode:: auto]

- [ ] Buy tape
- [ ] Buy rope
- [ ] Buy bread
"""
# By its name the first: its rows are on the screen, however many other outlines are open in the tree.
WINDOW: dict[str, Any] = {"files": {"apartment.tasks.md": FLAT}}


@pytest.fixture(autouse=True)
def shown(code: VSCode, page: Page) -> None:
    code.inside("tidy")
    code.inside("show", "apartment.tasks.md", "# Flat")
    code.row("Sort the books").wait_for()
    expect(code.row("Flat").first).to_have_attribute("aria-selected", "true", timeout=PATIENCE)


def select(*rows: Locator) -> None:
    for number, row in enumerate(rows):
        row.click(modifiers=["Control"] if number else [])
    for row in rows:
        expect(row).to_have_attribute("aria-selected", "true", timeout=PATIENCE)


def drag(page: Page, row: Locator, target: Locator) -> None:
    row.hover()
    page.mouse.down()
    target.hover()
    target.hover(position={"x": 100, "y": 5})  # what is dragged is over it from its second move on
    page.mouse.up()


def test_branches_are_dragged_with_the_mouse(code: VSCode, page: Page) -> None:
    books, place = code.row("Sort the books"), code.row("Find a place")
    select(books, code.row("Rent a van"))
    drag(page, books, place)
    expect(place).to_contain_text("0/5", timeout=PATIENCE)
    code.shot("dragged")
    text = code.save("apartment.tasks.md")
    assert (
        "  2. [ ] Visit three\n  3. [ ] Sort the books\n     - [ ] Fill crates\n  4. [ ] Rent a van\n- [ ] Say" in text
    )
    code.cursor("Say goodbye")
    page.keyboard.press("Control+z")
    expect(place).to_contain_text("0/2", timeout=PATIENCE)
    assert code.save("apartment.tasks.md") == FLAT


def test_a_refused_drop_says_why(code: VSCode, page: Page) -> None:
    place = code.row("Find a place")
    place.click()
    page.keyboard.press("ArrowRight")
    drag(page, place, code.row("Visit three"))
    code.message("cannot stand below itself").wait_for()
    code.shot("drop-refused")
    drag(page, place, code.row("apartment").first)
    code.message("Drop a branch on a task or a section").wait_for()
    code.inside("command", "notifications.clearAll")
    assert code.save("apartment.tasks.md") == FLAT


def test_what_is_selected_is_deleted_and_brought_back(code: VSCode, page: Page) -> None:
    books, place = code.row("Sort the books"), code.row("Find a place")
    select(books, place)
    page.keyboard.press("Delete")
    for row in (books, place):
        expect(row).to_have_count(0, timeout=PATIENCE)
    code.shot("deleted")
    assert code.save("apartment.tasks.md").startswith("# Flat\n\n- [ ] Rent a van\n- [ ] Say goodbye\n\n# Errands")
    code.cursor("Say goodbye")
    page.keyboard.press("Control+z")
    expect(place).to_contain_text("0/2", timeout=PATIENCE)
    assert code.save("apartment.tasks.md") == FLAT


def test_what_is_selected_is_marked_moved_and_run_together(code: VSCode, page: Page) -> None:
    tape, rope = code.row("Buy tape"), code.row("Buy rope")
    select(tape, rope)
    page.keyboard.press("Alt+Enter")
    code.line("[/] Buy rope").wait_for()
    assert "- [/] Buy tape\n- [/] Buy rope\n" in code.save("apartment.tasks.md")
    page.keyboard.press("Alt+ArrowDown")
    expect(rope).to_have_attribute("aria-posinset", "3", timeout=PATIENCE)
    assert "- [ ] Buy bread\n- [/] Buy tape\n- [/] Buy rope\n" in code.save("apartment.tasks.md")
    for row in (tape, rope):
        expect(row).to_have_attribute("aria-selected", "true", timeout=PATIENCE)
    page.keyboard.press("Alt+o")
    page.keyboard.press("r")
    code.line("[x] Buy tape").wait_for()
    code.line("[x] Buy rope").wait_for()
    expect(code.row("2 tasks", "Runs").first).to_contain_text("completed", timeout=PATIENCE)
    code.shot("several")
    assert "- [ ] Buy bread\n" in code.save("apartment.tasks.md")
