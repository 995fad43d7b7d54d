"""A split by the small model that runs on the computer itself, as somebody has it who set no key and no model.

What it says is not known: the shape is checked, and that one step takes all of it back.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from orchestrator.config import Directories
from tests.support.vscode import PATIENCE, VSCode

SHOP = "# Shop\n\n- [ ] Organise the summer festival\n- [ ] Tell the team\n"
CACHE = Directories.default(os.environ).cache
"""Where the weights are; everything else of the person who runs the tests stays out."""
WINDOW: dict[str, Any] = {"files": {"shop.tasks.md": SHOP}, "environment": {"ORCHESTRATOR_CACHE_DIR": str(CACHE)}}

pytestmark = pytest.mark.embedded


@pytest.fixture
def no_model_set(code: VSCode, page: Page) -> Iterator[None]:
    code.inside("tidy")
    status = page.locator(".statusbar-item", has_text="Orchestrator")
    code.set_machine(model=None)
    expect(status).to_contain_text("smollm2", timeout=PATIENCE)
    yield
    code.set_machine(model="scripted/test")
    expect(status).to_contain_text("test", timeout=PATIENCE)


def test_a_split_without_a_key_is_accepted_and_undone_in_one_step(code: VSCode, page: Page, no_model_set: None) -> None:
    code.inside("show", "shop.tasks.md")
    code.cursor("Organise the summer festival")
    code.command("Orchestrator: Split Task")
    zone = page.locator(".review-widget")
    ready = zone.locator(".review-title", has_text="subtasks proposed")
    expect(ready).to_contain_text("local/smollm2 (basic offline model)", timeout=PATIENCE)
    code.shot("embedded-ghosts")
    assert code.save("shop.tasks.md") == SHOP
    code.cursor("Organise the summer festival")
    page.keyboard.press("Control+Enter")
    expect(zone).to_have_count(0, timeout=PATIENCE)
    code.line("Tell the team").wait_for()
    code.shot("embedded-accepted")
    text = code.save("shop.tasks.md")
    assert re.search(r"^- \[ \] Organise the summer festival  \^[0-9a-z]{5,6}$", text, re.MULTILINE)
    assert 2 <= len(re.findall(r"^  (?:-|\d\.) \[ \] \S", text, re.MULTILINE)) <= 8
    page.keyboard.press("Control+z")
    assert code.save("shop.tasks.md") == SHOP
