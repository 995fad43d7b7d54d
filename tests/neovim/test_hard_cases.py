"""What real files and people do to a plug-in: other encodings, names that change, concealed ids, everything at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.neovim.conftest import Shared
from tests.neovim.test_split import DECIDE, plan
from tests.neovim.test_tree import outline_cursor, row, tree

OUTLINE = """\
# Ship 🚀 login

- [ ] 🧪🧪 Build the login page  ^b7c2d
  Plain ünd fast.
- [!] Tell the team  [reason:: 🚀 it broke]
"""
SLOW = [DECIDE, plan("Write the form", "Wire the API", chunk=4, delay=0.05)]
ONLY_UTF_16 = "vim.lsp.config('orchestrator', { capabilities = { general = { positionEncodings = { 'utf-16' } } } })"


@pytest.fixture(scope="module", params=["", ONLY_UTF_16], ids=["utf-8", "utf-16"])
def shared(request: pytest.FixtureRequest, share: Callable[..., Shared]) -> Shared:
    return share(script=SLOW, after=request.param)


@pytest.fixture
def editor(shared: Shared) -> Shared:
    shared.open(OUTLINE)
    return shared


def drawn(editor: Shared) -> list[str]:
    """The first rows of the text, without signs."""
    return [line[2:] for line in editor.screen()[:5]]


def test_characters_beyond_the_first_plane(editor: Shared, request: pytest.FixtureRequest) -> None:
    encoding = editor.lua("return vim.lsp.get_clients({ name = 'orchestrator' })[1].offset_encoding")
    assert encoding in request.node.name
    editor.keys("3G$:Orchestrator tree<CR>")
    editor.wait("the row", lambda: "Build the login page" in row(editor))
    assert tree(editor)[0] == "▾ Ship 🚀 login  0/2"
    editor.keys("G<CR>")
    editor.wait("the place of a title", lambda: outline_cursor(editor) == [5, len("- [!] ")])
    editor.keys(":Orchestrator status completed<CR>")
    editor.wait("the mark", lambda: editor.lines()[4].startswith("- [x] Tell the team"))
    editor.keys("3G$:Orchestrator split<CR>")
    editor.wait_for_text("2 subtasks proposed")
    editor.keys(":Orchestrator accept<CR>")
    editor.wait("the subtasks", lambda: "  1. [ ] Write the form" in editor.lines())
    assert editor.lines()[2] == "- [ ] 🧪🧪 Build the login page  ^b7c2d"


@pytest.mark.parametrize("command", ["file", "saveas"])
def test_another_name_during_a_split(editor: Shared, command: str) -> None:
    editor.keys(":set signcolumn=yes<CR>3G:Orchestrator split<CR>")
    editor.wait_for_text("1 Write the form")
    editor.keys(f":{command} {editor.folder}/renamed{Shared.opened}.tasks.md<CR>")
    editor.wait("an end", lambda: _ended(editor))
    assert editor.ghosts() == []
    # And the buffer under its new name is served as before.
    editor.keys("3G:Orchestrator split<CR>")
    editor.wait_for_text("2 subtasks proposed")
    editor.keys(":Orchestrator accept<CR>")
    editor.wait("the subtasks", lambda: "  1. [ ] Write the form" in editor.lines())


def _ended(editor: Shared) -> bool:
    return "has another name now, so its split was stopped." in editor.messages().replace("\n", " ")


def test_ids_are_concealed(editor: Shared) -> None:
    editor.keys(":set signcolumn=yes conceallevel=2<CR>gg")
    editor.wait("the id to be concealed", lambda: drawn(editor)[2] == "- [ ] 🧪🧪 Build the login page")
    editor.keys("3G")
    editor.wait("the line of the cursor", lambda: drawn(editor)[2].endswith("^b7c2d"))
    editor.keys("gg:set conceallevel=0<CR>")
    editor.wait("all of it", lambda: drawn(editor)[2].endswith("^b7c2d"))
    assert editor.lines() == OUTLINE.splitlines()
    assert editor.lua("return vim.fn.maparg('gO', 'n', false, true).desc") == "vim.lsp.buf.document_symbol()"


def test_fields_and_marks_have_colours_by_treesitter(editor: Shared) -> None:
    editor.lua("vim.treesitter.start(0, 'markdown'); vim.treesitter.get_parser(0):parse(true)")
    captures: list[Any] = editor.lua(
        """
        local function at(row, column)
          local found = vim.treesitter.get_captures_at_pos(0, row, column)
          return vim.tbl_map(function(one) return one.capture end, found)
        end
        return { at(4, 3), at(4, 22) }
        """
    )
    assert "orchestrator.status.failed" in captures[0]
    assert "orchestrator.field" in captures[1]
    editor.lua("vim.treesitter.stop()")


def test_windows_style_lines_in_tree_and_edits(shared: Shared) -> None:
    path = shared.open(OUTLINE.replace("\n", "\r\n"))
    shared.keys("5G:Orchestrator tree<CR>")
    shared.wait("the row", lambda: "Tell the team" in row(shared))
    shared.keys("<Space>")
    shared.wait("the mark", lambda: "    [ ] Tell the team" in tree(shared))
    shared.keys("<C-w>p:write<CR>")
    shared.wait("the file", lambda: b"- [ ] Tell the team" in path.read_bytes())
    assert path.read_bytes().count(b"\r\n") == 5


def test_two_folders_have_two_servers(shared: Shared) -> None:
    """Trust, settings and outlines are those of a folder; what is asked goes to the server of the buffer."""
    for name in ("one", "two"):
        (shared.folder / name / ".git").mkdir(parents=True, exist_ok=True)
    shared.open(OUTLINE, f"one/plan{Shared.opened}.tasks.md")
    first = shared.lua("return vim.fn.bufnr()")
    (shared.folder / "two" / "plan.tasks.md").write_text("- [ ] Build a shed\n")
    shared.command(f"edit {shared.folder}/two/plan.tasks.md")
    shared.wait_until_attached()
    roots = shared.lua("return vim.tbl_map(function(c) return vim.fs.basename(c.root_dir) end, vim.lsp.get_clients())")
    assert {"one", "two"} <= set(roots)
    shared.keys(f":Orchestrator split<CR>:buffer {first}<CR>3G:Orchestrator split<CR>")
    shared.wait_for_text("2 subtasks proposed")
    shared.keys(":Orchestrator accept<CR>")
    shared.wait("the subtasks", lambda: "  1. [ ] Write the form" in shared.lines())
    shared.keys(":buffer #<CR>")
    shared.wait_for_text("2 subtasks proposed")
    shared.keys(":Orchestrator accept<CR>")
    shared.wait("the subtasks", lambda: "  1. [ ] Write the form" in shared.lines())
    assert len(shared.lines()) == 3
