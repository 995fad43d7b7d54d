"""What Neovim's own LSP client does with ids over two files, without a line of our plugin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.neovim import Neovim

A = "- [ ] 😀 Build  [dependsOn:: q4]  ^m2\n- [ ] Tell\n"
B = "- [x] 😀 Choose  ^q4\n- [ ] Deploy  [dependsOn:: m2, ^q4]\n"


@pytest.fixture
def editor(start_served: Callable[..., Neovim], tmp_path: Path) -> Neovim:
    (tmp_path / "work" / ".git").mkdir(parents=True)
    (tmp_path / "work" / "b.tasks.md").write_text(B)
    return start_served(A, name="work/a.tasks.md")


def put_cursor(editor: Neovim, row: int, fragment: str) -> None:
    column = editor.lines()[row].encode().index(fragment.encode())
    editor.lua("vim.api.nvim_win_set_cursor(0, ...)", [row + 1, column])


def place(editor: Neovim) -> tuple[str, int, str]:
    row, column = editor.lua("return vim.api.nvim_win_get_cursor(0)")
    rest = editor.lines()[row - 1].encode()[column:].decode()
    return editor.lua("return vim.fn.expand('%:t')"), row - 1, rest


def quickfix(editor: Neovim) -> list[Any]:
    return editor.wait(
        "the list",
        lambda: editor.lua(
            """
            return vim.tbl_map(function(item)
              return { vim.fn.fnamemodify(vim.api.nvim_buf_get_name(item.bufnr), ':t'), item.lnum - 1, item.text }
            end, vim.fn.getqflist())
            """
        ),
    )


def test_definition_goes_to_the_other_file(editor: Neovim) -> None:
    put_cursor(editor, 0, "q4")
    editor.lua("vim.lsp.buf.definition()")
    editor.wait("the other file", lambda: place(editor)[0] == "b.tasks.md")
    assert place(editor) == ("b.tasks.md", 0, "😀 Choose  ^q4")


def test_references_over_both_files(editor: Neovim) -> None:
    put_cursor(editor, 0, "q4")
    editor.lua("vim.lsp.buf.references()")
    assert [(name, row) for name, row, _ in quickfix(editor)] == [
        ("a.tasks.md", 0),
        ("b.tasks.md", 0),
        ("b.tasks.md", 1),
    ]


def test_rename_over_both_files_is_one_undo_step_each(editor: Neovim) -> None:
    put_cursor(editor, 0, "q4")
    editor.lua("vim.lsp.buf.rename('choose')")
    editor.wait("the new id", lambda: editor.lines() == A.replace("q4", "choose").splitlines())
    other = editor.wait(
        "the other file", lambda: editor.lua("local b = vim.fn.bufnr('b.tasks.md'); return b > 0 and b")
    )
    assert editor.lines(other) == B.replace("q4", "choose").splitlines()
    editor.command("undo")
    assert editor.lines() == A.splitlines()
    editor.command(f"buffer {other} | undo")
    assert editor.lines() == B.splitlines()


def test_an_id_that_is_taken_is_told(editor: Neovim) -> None:
    put_cursor(editor, 0, "q4")
    editor.lua("vim.lsp.buf.rename('m2')")
    editor.wait_for_message("The id m2 is taken")
    assert editor.lines() == A.splitlines()


def test_call_hierarchy(editor: Neovim) -> None:
    put_cursor(editor, 0, "Build")
    editor.lua("vim.lsp.buf.incoming_calls()")
    assert quickfix(editor) == [["b.tasks.md", 1, "Deploy"]]
    editor.lua("vim.fn.setqflist({})")
    editor.command("cclose")
    put_cursor(editor, 0, "Build")
    editor.lua("vim.lsp.buf.outgoing_calls()")
    ((_, _, text),) = quickfix(editor)  # the place is one of this file, though Neovim 0.11 names the other
    assert "Choose" in text


def test_workspace_symbols(editor: Neovim) -> None:
    editor.lua("vim.lsp.buf.workspace_symbol('o')")
    found = quickfix(editor)
    assert [(name, row) for name, row, _ in found] == [("b.tasks.md", 1), ("b.tasks.md", 0)]  # open work first
    assert "Deploy" in found[0][2]
