"""What Neovim's own client makes of the language features: on the screen, as a person sees it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.neovim import Neovim

OUTLINE = """\
---
orchestrator: 1
---
# Ship login  [priority:: high]

- [ ] Build the login page  [mode:: auto]  [dependsOn:: q4w5e]  ^b7c2d
  Free Markdown.

  ```sh
  pytest
  ```

  Accept: a wrong password shows an error
  1. [x] Write the *form*  ^k3f9x
  2. [ ] Deploy 😀 to staging  ^z9y8x
- [ ] Choose the identity provider  ^q4w5e
- [-] The old idea
"""


def test_hints_and_hover_on_the_screen(start_served: Callable[..., Neovim]) -> None:
    editor = start_served(OUTLINE)
    editor.lua("vim.lsp.inlay_hint.enable(true)")
    screen = editor.wait_for_text("^b7c2d 1/2")
    assert any(row.endswith("Deploy 😀 to staging  ^z9y8x auto") for row in screen)
    editor.keys("6G0fB")
    editor.lua("vim.lsp.buf.hover()")
    screen = "\n".join(editor.wait_for_text("Blocked"))
    for shown in ("Mode: auto", "Progress: 1 of 2", "from “Ship login”", "“Choose the identity provider” is pending"):
        assert shown in screen


def test_colours_in_the_buffer(start_served: Callable[..., Neovim]) -> None:
    editor = start_served(OUTLINE)

    def token(line: int, column: int) -> list[str]:
        return editor.lua(
            """
            local found = vim.lsp.semantic_tokens.get_at_pos(vim.api.nvim_get_current_buf(), ...) or {}
            return vim.tbl_map(function(token) return token.type end, found)
            """,
            line,
            column,
        )

    editor.wait("semantic tokens", lambda: token(5, 3))
    lines = editor.lines()
    places = [(5, "[ ]"), (5, "mode"), (5, "auto"), (5, "q4w5e"), (12, "Accept:"), (13, "Write"), (3, "Ship")]
    found = [token(line, len(lines[line][: lines[line].index(word)].encode())) for line, word in places]
    assert found == [["enumMember"], ["property"], ["enumMember"], ["label"], ["keyword"], ["comment"], ["namespace"]]
    assert token(15, 6) == [], "the title of an open task keeps its own colours"
    editor.keys("16G0lllrx")
    editor.wait("the title of a task that is over", lambda: token(15, 6) == ["comment"])


def test_folds_of_the_server(start_served: Callable[..., Neovim]) -> None:
    editor = start_served(OUTLINE, after="vim.opt.foldlevel = 99")
    editor.command("setlocal foldmethod=expr foldexpr=v:lua.vim.lsp.foldexpr() foldminlines=0")
    editor.wait("folds", lambda: editor.lua("return vim.fn.foldlevel(10)") > 0)
    editor.keys("4Gzc")
    assert editor.lua("return { vim.fn.foldclosed(4), vim.fn.foldclosedend(4) }") == [4, 17]
    editor.keys("zo6Gzc")
    assert editor.lua("return { vim.fn.foldclosed(6), vim.fn.foldclosedend(6) }") == [6, 15]
    editor.keys("zo10Gzc")
    assert editor.lua("return { vim.fn.foldclosed(9), vim.fn.foldclosedend(9) }") == [9, 11]


def complete(editor: Neovim, keys: str, typed: str) -> list[str]:
    """The labels that are offered when this was typed."""
    editor.lua("vim.opt.completeopt = 'menuone,noselect'")
    editor.lua(
        """
        local client = vim.lsp.get_clients({ name = 'orchestrator' })[1]
        vim.lsp.completion.enable(true, client.id, vim.api.nvim_get_current_buf(), {})
        """
    )
    editor.keys(keys + typed.replace("<", "<lt>"))
    editor.wait("the keys to be typed", lambda: any(line.endswith(typed) for line in editor.lines()))
    editor.lua("vim.lsp.completion.get()")
    editor.wait("offers", lambda: editor.lua("return vim.fn.pumvisible()") == 1)
    return list(
        editor.lua("return vim.tbl_map(function(i) return i.abbr end, vim.fn.complete_info({ 'items' }).items)")
    )


def test_a_field_is_completed_as_a_snippet(start_served: Callable[..., Neovim]) -> None:
    editor = start_served(OUTLINE)
    assert complete(editor, "16GA", "  bu") == ["budget"]
    editor.keys("<C-n><C-y>")
    editor.wait("the field", lambda: editor.lines()[15].endswith("^q4w5e  [budget:: ]"))
    editor.keys("2.50")
    editor.wait("the value inside", lambda: editor.lines()[15].endswith("[budget:: 2.50]"))


def test_an_id_is_completed_by_the_title_of_its_task(start_served: Callable[..., Neovim]) -> None:
    editor = start_served(OUTLINE)
    assert complete(editor, "17Go", "- [ ] New  [dependsOn:: Build") == ["b7c2d"]
    editor.keys("<C-n><C-y>")
    editor.wait("the id", lambda: editor.lines()[17] == "- [ ] New  [dependsOn:: b7c2d]")


def test_a_status_is_completed_in_a_box_that_is_begun(start_served: Callable[..., Neovim]) -> None:
    editor = start_served(OUTLINE)
    assert complete(editor, "17Go", "- [") == [
        "[ ] pending", "[x] completed", "[/] in progress", "[-] cancelled", "[!] failed", "[?] asking",
    ]  # fmt: skip
    editor.keys("<C-n><C-n><C-y>")
    editor.wait("the check box", lambda: editor.lines()[17].rstrip() == "- [x]")


@pytest.mark.parametrize("mapped", [False, True])
def test_gd_goes_to_the_task_and_is_the_users_first(start_served: Callable[..., Neovim], mapped: bool) -> None:
    own = "vim.keymap.set('n', 'gd', function() vim.g.mine = true end)"
    editor = start_served(OUTLINE, before=own if mapped else "")
    editor.keys("6G0fq")
    editor.keys("gd")
    if mapped:
        assert editor.lua("return vim.g.mine")
    else:
        editor.wait("the task of the id", lambda: editor.lua("return vim.fn.line('.')") == 16)


def test_links_and_highlights_arrive(start_served: Callable[..., Neovim]) -> None:
    editor = start_served(OUTLINE)
    editor.keys("6G0fq")
    editor.lua("vim.lsp.buf.document_highlight()")
    marks = editor.wait(
        "two highlights",
        lambda: editor.lua(
            """
            local space = vim.api.nvim_get_namespaces()['nvim.lsp.references']
            local marks = space and vim.api.nvim_buf_get_extmarks(0, space, 0, -1, {}) or {}
            return #marks == 2 and marks or nil
            """
        ),
    )
    assert sorted(mark[1] for mark in marks) == [5, 15]


def test_nothing_decorates_other_markdown(start_served: Callable[..., Neovim]) -> None:
    editor = start_served("# Notes\n\n- [ ] a\n  - [ ] b\n", name="work/notes.md")
    editor.lua("vim.lsp.inlay_hint.enable(true)")
    answers = editor.lua(
        """
        local buffer = vim.api.nvim_get_current_buf()
        local client = vim.lsp.get_clients({ name = 'orchestrator' })[1]
        local document = { uri = vim.uri_from_bufnr(buffer) }
        local place = { line = 2, character = 6 }
        local function ask(method, params)
          params.textDocument = document
          return client:request_sync(method, params, 20000, buffer).result
        end
        return {
          hover = (ask('textDocument/hover', { position = place }) or vim.NIL) ~= vim.NIL,
          hints = #ask('textDocument/inlayHint', { range = { start = place, ['end'] = { line = 9, character = 0 } } }),
          tokens = #ask('textDocument/semanticTokens/full', {}).data,
          folds = #ask('textDocument/foldingRange', {}),
        }
        """
    )
    assert answers == {"hover": False, "hints": 0, "tokens": 0, "folds": 2}
