"""The tree of an outline in a real Neovim with the real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.neovim.conftest import Shared

OUTLINE = """\
# Trip

- [ ] Pack
  Not too much.
  - [x] Socks
  - [ ] Shirts
    - [ ] Iron them
- [!] Tickets  [reason:: sold out]
- [ ] Hotel
"""

CLOSED = ["▾ Trip  1/6", "  ▸ [ ] Pack  1/3", "    [!] Tickets", "    [ ] Hotel"]
OPEN = [
    "▾ Trip  1/6",
    "  ▾ [ ] Pack  1/3",
    "      [x] Socks",
    "    ▸ [ ] Shirts  0/1",
    "    [!] Tickets",
    "    [ ] Hotel",
]


@pytest.fixture(scope="module")
def shared(share: Callable[..., Shared]) -> Shared:
    decide: dict[str, Any] = {
        "when": {"schema": "decide"},
        "answer": {"verdict": "DECOMPOSE", "reason": "Two."},
        "repeat": True,
    }
    steps: list[dict[str, Any]] = [
        {"title": title, "description": "", "acceptance": "", "dependsOn": []} for title in ("Book", "Pay")
    ]
    plan: dict[str, Any] = {"when": {"schema": "plan"}, "answer": {"ordered": True, "tasks": steps}, "repeat": True}
    return share(script=[decide, plan])


@pytest.fixture
def editor(shared: Shared) -> Shared:
    shared.open(OUTLINE)
    return shared


def tree(editor: Shared) -> list[str]:
    """The rows of the tree."""
    return list(
        editor.lua(
            """
            for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
              if vim.b[buffer].orchestrator_tree_of then
                return vim.api.nvim_buf_get_lines(buffer, 0, -1, true)
              end
            end
            return {}
            """
        )
    )


def shows(editor: Shared, rows: list[str]) -> None:
    editor.wait(f"the tree {rows}", lambda: tree(editor) == rows)


def open_tree(editor: Shared, line: int = 3, rows: list[str] = CLOSED) -> None:
    editor.keys(f"{line}G:Orchestrator tree<CR>")
    shows(editor, rows)


def row(editor: Shared) -> str:
    """Where the cursor of the tree is."""
    return str(
        editor.lua(
            """
            for _, window in ipairs(vim.api.nvim_list_wins()) do
              local buffer = vim.api.nvim_win_get_buf(window)
              if vim.b[buffer].orchestrator_tree_of then
                local row = vim.api.nvim_win_get_cursor(window)[1]
                return vim.api.nvim_buf_get_lines(buffer, row - 1, row, false)[1]
              end
            end
            return ''
            """
        )
    )


def outline(editor: Shared) -> list[str]:
    return list(
        editor.lua(
            """
            for _, window in ipairs(vim.api.nvim_list_wins()) do
              local buffer = vim.api.nvim_win_get_buf(window)
              if vim.bo[buffer].filetype == 'markdown' then
                return vim.api.nvim_buf_get_lines(buffer, 0, -1, true)
              end
            end
            """
        )
    )


def outline_cursor(editor: Shared) -> list[int]:
    return list(
        editor.lua(
            """
            for _, window in ipairs(vim.api.nvim_list_wins()) do
              if vim.bo[vim.api.nvim_win_get_buf(window)].filetype == 'markdown' then
                return vim.api.nvim_win_get_cursor(window)
              end
            end
            """
        )
    )


def test_it_opens_where_the_cursor_is(editor: Shared) -> None:
    open_tree(editor, 7, [*OPEN[:3], "    ▾ [ ] Shirts  0/1", "        [ ] Iron them", *OPEN[4:]])
    editor.wait("the row of the cursor", lambda: row(editor).endswith("Iron them"))
    screen = editor.wait_for_text("▾ [ ] Shirts")
    assert screen[2].startswith("      [x] Socks")
    assert "- [ ] Pack" in screen[2 - 0] or any("│- [ ] Pack" in line for line in screen)
    assert editor.prompts == 0, editor.messages()


def test_branches_open_and_close(editor: Shared) -> None:
    open_tree(editor)
    editor.wait("the row of the cursor", lambda: "Pack" in row(editor))
    editor.keys("<Tab>")
    shows(editor, OPEN)
    editor.keys("j" + "zc")
    shows(editor, CLOSED)
    assert "Pack" in row(editor)
    editor.keys("zozM")
    shows(editor, ["▸ Trip  1/6"])
    editor.keys("zR")
    editor.wait("all that is known", lambda: "    ▸ [ ] Shirts  0/1" in tree(editor) or len(tree(editor)) == 7)
    editor.keys("q")
    shows(editor, [])


def test_what_was_open_is_open_again(editor: Shared) -> None:
    open_tree(editor)
    editor.wait("the row of the cursor", lambda: "Pack" in row(editor))
    editor.keys("<Tab>")
    shows(editor, OPEN)
    editor.keys("q")
    open_tree(editor, rows=OPEN)


def test_the_tree_follows_what_is_typed(editor: Shared) -> None:
    open_tree(editor)
    editor.wait("the row of the cursor", lambda: "Pack" in row(editor))
    editor.keys("<Tab><C-w>p")
    shows(editor, OPEN)
    editor.keys("Go- [x] Insurance<Esc>")
    editor.wait("a task more", lambda: tree(editor)[-1] == "    [x] Insurance" and tree(editor)[0] == "▾ Trip  2/7")
    editor.keys("5Gdd")
    editor.wait("a task less", lambda: "      [x] Socks" not in tree(editor) and "  ▾ [ ] Pack  0/2" in tree(editor))
    editor.keys("u7GA and shirts<Esc>")
    editor.wait("it is back", lambda: tree(editor)[2] == "      [x] Socks")
    # A branch that moves keeps what was open in it.
    editor.keys("3G:Orchestrator down 9<CR>")
    editor.wait("the move", lambda: tree(editor)[4:6] == ["  ▾ [ ] Pack  1/3", "      [x] Socks"])


def test_a_lost_delta_is_asked_for_again(editor: Shared) -> None:
    open_tree(editor)
    editor.lua(
        """
        local uri = vim.uri_from_bufnr(vim.b.orchestrator_tree_of)
        require('orchestrator.tree').on_tree_changed(nil, { uri = uri, seq = 77, changes = {} })
        """
    )
    editor.keys("<C-w>pGo- [ ] Insurance<Esc>")
    editor.wait("the newest state", lambda: tree(editor)[1:] == [*CLOSED[1:], "    [ ] Insurance"])


def test_the_cursor_is_followed_both_ways(editor: Shared) -> None:
    open_tree(editor)
    editor.wait("the row of the cursor", lambda: "Pack" in row(editor))
    assert outline_cursor(editor) == [3, 0]  # opening moved nothing
    editor.keys("j")
    editor.wait("the outline", lambda: outline_cursor(editor) == [8, 6])
    editor.keys("<C-w>p6G")
    shows(editor, OPEN)
    editor.wait("the tree", lambda: "Shirts" in row(editor))
    assert outline_cursor(editor)[0] == 6
    assert outline(editor) == OUTLINE.splitlines()
    editor.keys(":Orchestrator tree<CR>gf")
    editor.keys("G<C-w>p")
    editor.wait("the outline's window", lambda: editor.lua("return vim.bo.filetype") == "markdown")
    assert outline_cursor(editor)[0] == 6


def test_enter_goes_to_the_task(editor: Shared) -> None:
    open_tree(editor)
    editor.keys("G<CR>")
    editor.wait("the outline's window", lambda: editor.lua("return vim.bo.filetype") == "markdown")
    assert outline_cursor(editor) == [9, 6]
    editor.keys("<C-o>")
    editor.wait("the way back", lambda: outline_cursor(editor)[0] != 9)


ALL_DONE = OUTLINE.replace("[ ] Pack", "[x] Pack").replace("[!]", "[x]").replace("[ ] Hotel", "[x] Hotel")
PACK, REST = OUTLINE[8 : OUTLINE.index("- [!]")], OUTLINE[OUTLINE.index("- [!]") :]
ACTIONS = [
    ("G<Space>", OUTLINE.replace("[ ] Hotel", "[/] Hotel")),
    ("G>>", OUTLINE.replace("- [ ] Hotel", "  - [ ] Hotel")),
    ("zo4G<lt><lt>", OUTLINE.replace("  - [ ] Shirts\n    - [ ]", "- [ ] Shirts\n  - [ ]")),
    ("G2[e", "# Trip\n\n- [ ] Hotel\n" + OUTLINE[8:].replace("- [ ] Hotel\n", "")),
    ("G[e", OUTLINE.replace("- [ ] Hotel\n", "").replace("- [!]", "- [ ] Hotel\n- [!]")),
    ("Gk]e", OUTLINE.replace("- [ ] Hotel\n", "").replace("- [!]", "- [ ] Hotel\n- [!]")),
    ("GaBook it<CR>", OUTLINE + "  - [ ] Book it\n"),
    ("GoBook it<CR>", OUTLINE + "- [ ] Book it\n"),
    ("2G<Space>G.", OUTLINE.replace("[ ] Pack", "[/] Pack").replace("[ ] Hotel", "[/] Hotel")),
    ("2GV3G<Space>", OUTLINE.replace("[ ] Pack", "[/] Pack").replace("[!]", "[/]")),
    ("1G4:Orchestrator status completed<CR>", ALL_DONE),
    ("3GVj[e", "# Trip\n\n" + REST + PACK),
    ("3GVj>", OUTLINE.replace("- [!]", "  - [!]").replace("- [ ] Hotel", "  - [ ] Hotel")),
    ("Gdd", OUTLINE.replace("- [ ] Hotel\n", "")),
    ("2Gdd.", OUTLINE[:8] + "- [ ] Hotel\n"),
    ("2G2dd", OUTLINE[:8] + "- [ ] Hotel\n"),
    ("2GVGd", "# Trip\n\n"),
    ("G:Orchestrator status completed<CR>", OUTLINE.replace("[ ] Hotel", "[x] Hotel")),
]


@pytest.mark.parametrize(("keys", "expected"), ACTIONS, ids=[keys for keys, _ in ACTIONS])
def test_every_action_works_in_the_tree(editor: Shared, keys: str, expected: str) -> None:
    open_tree(editor)
    editor.wait("the row of the cursor", lambda: "Pack" in row(editor))
    if keys.startswith("zo"):
        editor.keys("zo")
        shows(editor, OPEN)
    editor.keys(keys)
    editor.wait(keys, lambda: outline(editor) == expected.splitlines())
    assert "Error" not in editor.messages()


def test_the_tree_of_a_chat_is_that_of_its_outline(editor: Shared) -> None:
    editor.keys("9G:Orchestrator chat<CR>")
    editor.wait("the chat", lambda: editor.lua("return vim.b.orchestrator_chat ~= nil"))
    editor.keys(":Orchestrator tree<CR>")
    editor.wait("the row of its task", lambda: "Hotel" in row(editor))
    # It has no id yet, and is the task that commands in its chat mean all the same.
    editor.keys(":wincmd b | Orchestrator status completed<CR>")
    editor.wait("the mark", lambda: "[x] Hotel" in outline(editor)[8])
    assert outline(editor)[:8] == OUTLINE.splitlines()[:8]


def test_a_task_is_moved_into_another(editor: Shared) -> None:
    editor.lua("ask = vim.ui.select; vim.ui.select = function(items, o, done) asked = { items, o, done } end")
    try:
        open_tree(editor)
        editor.keys("Gm")
        editor.wait("the choice", lambda: editor.lua("return asked ~= nil"))
        shown = editor.lua("return vim.tbl_map(asked[2].format_item, asked[1])")
        assert shown == ["Trip", "  Pack", "    Socks", "    Shirts", "      Iron them", "  Tickets"]
        editor.lua("asked[3](asked[1][4], 4)")
        moved = "    - [ ] Iron them\n    - [ ] Hotel\n"
        expected = OUTLINE.replace("- [ ] Hotel\n", "").replace("    - [ ] Iron them\n", moved)
        editor.wait("the move", lambda: outline(editor) == expected.splitlines())
    finally:
        editor.lua("vim.ui.select, asked = ask, nil")


def test_a_split_in_the_tree(editor: Shared) -> None:
    open_tree(editor)
    editor.keys("Gs")
    editor.wait_for_text("  1 Book")
    screen = editor.wait_for_text("  ready")
    assert any("2 Pay" in line for line in screen)
    editor.keys("ga")
    editor.wait("the subtasks", lambda: tree(editor)[-1].startswith("  ▸ [ ] Hotel  0/2"))
    editor.keys("zo")
    editor.wait("the branch", lambda: tree(editor)[-2:] == ["      [ ] Book", "      [ ] Pay"])
    editor.wait("no ghosts", lambda: not any("1 Book" in line for line in editor.screen()))
    editor.keys("3Gs")
    editor.wait_for_text("1 Book")
    editor.keys("gd")
    editor.wait("no ghosts", lambda: not any("1 Book" in line for line in editor.screen()))


def test_the_keys_are_shown(editor: Shared) -> None:
    open_tree(editor)
    editor.keys("g?")
    editor.wait_for_text("split the task")
    editor.keys("<Esc>K")
    assert editor.prompts == 0, editor.messages()


def test_hover_in_the_tree(editor: Shared) -> None:
    open_tree(editor)
    editor.keys("GkK")
    editor.wait_for_text("sold out")


def test_a_float_goes_when_a_task_is_chosen(editor: Shared) -> None:
    editor.keys("3G:Orchestrator tree!<CR>")
    shows(editor, CLOSED)
    assert editor.lua("return vim.api.nvim_win_get_config(0).relative") == "editor"
    editor.keys("G<CR>")
    shows(editor, [])
    assert outline_cursor(editor) == [9, 6]


def test_nothing_of_a_closed_tree_is_left(editor: Shared) -> None:
    open_tree(editor)
    editor.keys("q")
    shows(editor, [])
    groups = editor.lua(
        """
        return vim.tbl_filter(function(command)
          return (command.group_name or ''):match('^orchestrator%.tree') ~= nil
        end, vim.api.nvim_get_autocmds({}))
        """
    )
    assert groups == []
    editor.keys("Go- [ ] Insurance<Esc>")
    open_tree(editor, rows=["▾ Trip  1/7", "  ▸ [ ] Pack  1/3", *CLOSED[2:], "    [ ] Insurance"])
    editor.keys("<C-w>p:bwipeout!<CR>")
    shows(editor, [])


def test_reading_the_file_again_and_another_name(editor: Shared) -> None:
    open_tree(editor)
    editor.keys("<C-w>p:e!<CR>Go- [ ] Insurance<Esc>")
    editor.wait("the file read again", lambda: tree(editor)[-1] == "    [ ] Insurance")
    editor.keys(f":saveas {editor.folder}/other{Shared.opened}.tasks.md<CR>Go- [ ] Visa<Esc>")
    editor.wait("the new name", lambda: tree(editor)[-1] == "    [ ] Visa")


def test_lenses_of_a_large_outline(shared: Shared) -> None:
    """All of few; of many those near what is seen, since each is looked at again at every key."""
    lenses = """
        local wanted = ...
        vim.lsp.codelens.refresh({ bufnr = 0 })
        return vim.wait(10000, function()
          local lines = vim.tbl_map(function(lens) return lens.range.start.line + 1 end, vim.lsp.codelens.get(0))
          seen = { #lines, lines[1] or 0, lines[#lines] or 0 }
          return vim.list_contains(lines, wanted)
        end, 5) and seen
    """
    shared.open("".join(f"- [ ] task {number}\n" for number in range(200)))
    few = shared.lua(lenses, 1)[0]
    assert few >= 200
    shared.open("".join(f"- [ ] task {number}\n" for number in range(3_000)))
    shared.keys("G")
    count, first, last = shared.lua(lenses, 3_000)
    assert (first, last) == (1, 3_000)
    assert count <= few * 5
    shared.keys("1500G")
    shared.wait("the move", lambda: shared.lua("return vim.fn.line('.')") == 1500)
    assert shared.lua(lenses, 1_500)


def test_a_hundred_thousand_tasks(editor: Shared) -> None:
    count = 100_000
    editor.open("".join(f"- [ ] task {number}\n" for number in range(count)))
    editor.keys("99000G:Orchestrator tree<CR>")
    editor.wait("the row of the cursor", lambda: row(editor) == "  [ ] task 98999")
    rows = tree(editor)
    assert len(rows) == count
    known = sum("task" in text for text in rows)
    assert known <= 1000  # a page at the top, and those around the cursor
    editor.keys("G")
    editor.wait("the end", lambda: row(editor) == f"  [ ] task {count - 1}")
    editor.wait("the outline", lambda: outline_cursor(editor)[0] == count)
    editor.keys("<C-w>pOa new one<Esc>^i- [ ] <Esc>")
    editor.wait("a row more", lambda: len(tree(editor)) == count + 1 and "a new one" in row(editor))
