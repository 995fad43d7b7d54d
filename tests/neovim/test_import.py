"""Import with the real server: an outline that was exported, and a list."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.neovim.conftest import Shared

OUTLINE = "- [ ] Other\n- [ ] Build it  ^id1\n"


@pytest.fixture(scope="module")
def shared(share: Callable[..., Shared]) -> Shared:
    asked = "vim.ui.input = function(options, done) asked = options; done(options.default) end"
    return share(after=asked)


def test_an_outline_goes_out_and_comes_back(shared: Shared) -> None:
    path = shared.open(OUTLINE)
    shared.command("set noswapfile")
    shared.lua("vim.api.nvim_buf_set_lines(0, 0, 1, false, { '- [x] Changed, not saved' })")
    exported = path.with_suffix(".json")
    shared.keys(f":Orchestrator export json {exported}<CR>")
    shared.wait_for_text("written to")
    assert json.loads(exported.read_text())["source"].startswith("- [x] Changed, not saved")
    shared.keys(f":Orchestrator import {exported} {path.with_name('again.tasks.md')}<CR>")
    shared.wait("the new outline", lambda: shared.lua("return vim.fn.expand('%:t')") == "again.tasks.md")
    assert shared.lines() == ["- [x] Changed, not saved", "- [ ] Build it  ^id1"]


def test_a_list_is_imported_beside_itself(shared: Shared) -> None:
    path = shared.open(OUTLINE)
    (path.parent / "todo.md").write_text("- milk\n- bread\n")
    shared.keys(f":Orchestrator import {path.parent / 'todo.md'}<CR>")
    shared.wait("the new outline", lambda: shared.lua("return vim.fn.expand('%:t')") == "todo.tasks.md")
    assert shared.lines()[3:] == ["- [ ] milk", "- [ ] bread"]
    shared.keys(f":Orchestrator import {path.parent / 'todo.md'}<CR>")
    shared.wait_for_message("open in the editor")
