"""A split without a mouse, and a name for everything that a screen reader meets in our views."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.vscode import PATIENCE, VSCode
from tests.vscode.answers import plan

RENOVATION = "# Renovation\n\n- [ ] Organise the renovation\n- [ ] Call the plumber\n"
WINDOW: dict[str, Any] = {
    "files": {"renovation.tasks.md": RENOVATION},
    "script": [plan("Measure all rooms", "Choose the colours", "Order the tiles", contains="Organise the renovation")],
}
NAMELESS = """() => {
  const ours = [...document.querySelectorAll('.pane, .composite.title, .review-widget, .activitybar, .statusbar')];
  const parts = ours.flatMap((one) => [...one.querySelectorAll(
    '[role=treeitem], [role=button], .action-label:not(.separator), .badge, .monaco-checkbox, .custom-checkbox'
  )]);
  const seen = parts.filter((one) => one.checkVisibility() && one.closest('[aria-hidden=true]') === null);
  const named = (one) => [one, one.closest('[aria-label]'), one.parentElement].some((other) => {
    const name = other?.getAttribute('aria-label') || other?.getAttribute('title') || '';
    return name.trim() !== '' && !/undefined|null|NaN/.test(name);
  }) || one.textContent.trim() !== '';
  return { seen: seen.length, nameless: seen.filter((one) => !named(one)).map((one) => one.outerHTML.slice(0, 200)) };
}"""


def test_a_split_without_a_mouse(code: VSCode, page: Page) -> None:
    code.inside("tidy")
    press, write = page.keyboard.press, page.keyboard.type
    box = page.locator(".quick-input-widget input")
    press("Control+p")
    box.wait_for()
    write("renovation.tasks")
    page.locator(".quick-input-list .monaco-list-row.focused", has_text="renovation.tasks.md").wait_for()
    press("Enter")
    code.line("Organise the renovation").wait_for()
    code.until("an outline", lambda: "Renovation" in code.inside("lineOfCursor"))
    expect(code.row("Renovation")).to_have_class(re.compile("selected"), timeout=PATIENCE)  # the tree came along
    press("Alt+o")
    press("t")
    focused = page.locator(".monaco-list:focus-within .monaco-list-row.focused")
    expect(focused).to_have_attribute("aria-label", re.compile("^Renovation"), timeout=PATIENCE)
    press("ArrowDown")
    expect(focused).to_have_attribute("aria-label", "Organise the renovation, pending", timeout=PATIENCE)
    press("Enter")
    press("Alt+o")
    press("s")
    expect(page.locator(".review-widget .review-title", has_text="3 subtasks proposed")).to_be_visible(timeout=PATIENCE)
    expect(code.row("Order the tiles")).to_be_visible(timeout=PATIENCE)
    found = page.evaluate(NAMELESS)
    assert found["nameless"] == []
    assert found["seen"] > 20
    press("Alt+o")
    press("a")
    code.line("Order the tiles").wait_for()
    expect(code.row("3 subtasks proposed")).to_have_count(0, timeout=PATIENCE)
    code.shot("keyboard-accepted")
    press("Control+z")
    code.line("Order the tiles").wait_for(state="hidden")
    expect(code.row("Order the tiles")).to_have_count(0, timeout=PATIENCE)
    assert code.save("renovation.tasks.md") == RENOVATION
