"""Editing tasks in a real Neovim with the real server: commands, maps, counts, selections, undo and `.`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.neovim.conftest import Shared
from tests.support.neovim import Neovim

StartServed = Callable[..., Neovim]

OUTLINE = """\
# Trip

- [ ] Pack
  Not too much.
  - [ ] Socks
  - [ ] Shirts
- [ ] Tickets
- [ ] Hotel
"""

MAPS = """
    for key, name in pairs({ s = 'status', ['<'] = 'promote', ['>'] = 'demote', K = 'up', J = 'down', d = 'delete' }) do
      vim.keymap.set({ 'n', 'x' }, '<Space>' .. key, '<Plug>(orchestrator-' .. name .. ')')
    end
"""


@pytest.fixture(scope="module")
def shared(share: Callable[..., Shared]) -> Shared:
    return share(after=MAPS)


@pytest.fixture
def editor(shared: Shared) -> Shared:
    shared.open(OUTLINE)
    return shared


def lines(text: str) -> list[str]:
    return text.splitlines()


def changed(editor: Neovim, what: str, expected: str) -> None:
    editor.wait(what, lambda: editor.lines() == lines(expected))


def cursor(editor: Neovim) -> tuple[int, int]:
    row, column = editor.lua("return vim.api.nvim_win_get_cursor(0)")
    return row, column


EDITS = [
    ("7G:Orchestrator status<CR>", OUTLINE.replace("[ ] Tickets", "[/] Tickets")),
    ("7G<Space>s", OUTLINE.replace("[ ] Tickets", "[/] Tickets")),
    ("7G2<Space>s", OUTLINE.replace("[ ] Tickets", "[/] Tickets").replace("[ ] Hotel", "[/] Hotel")),
    (":5,6Orchestrator status completed<CR>", OUTLINE.replace("[ ] S", "[x] S")),
    (
        ":7Orchestrator status failed<CR>sold out<CR>",
        OUTLINE.replace("[ ] Tickets", "[!] Tickets  [reason:: sold out]"),
    ),
    ("6G<Space><lt>", OUTLINE.replace("  - [ ] Shirts", "- [ ] Shirts")),
    ("5GVj<Space><lt>", OUTLINE.replace("  - [ ] S", "- [ ] S")),
    ("7G:Orchestrator demote<CR>", OUTLINE.replace("- [ ] Tickets", "  - [ ] Tickets")),
    ("8G<Space>>", OUTLINE.replace("- [ ] Hotel", "  - [ ] Hotel")),
    ("8G2<Space>K", "# Trip\n\n- [ ] Hotel\n" + OUTLINE[8:].replace("- [ ] Hotel\n", "")),
    (":7Orchestrator up<CR>", "# Trip\n\n- [ ] Tickets\n" + OUTLINE[8:].replace("- [ ] Tickets\n", "")),
    ("3G:Orchestrator down 9<CR>", OUTLINE[:8] + "- [ ] Tickets\n- [ ] Hotel\n" + OUTLINE[8:-26]),
    ("8G:Orchestrator move up 2<CR>", "# Trip\n\n- [ ] Hotel\n" + OUTLINE[8:].replace("- [ ] Hotel\n", "")),
    ("7G:Orchestrator status cycle<CR>", OUTLINE.replace("[ ] Tickets", "[/] Tickets")),
    ("3G<Space>d", OUTLINE[:8] + "- [ ] Tickets\n- [ ] Hotel\n"),
    (":4,6Orchestrator delete<CR>", OUTLINE.replace("  - [ ] Socks\n  - [ ] Shirts\n", "")),
    ("3G<Space>J", OUTLINE[:8] + "- [ ] Tickets\n" + OUTLINE[8:-26] + "- [ ] Hotel\n"),
]


@pytest.mark.parametrize(("keys", "expected"), EDITS, ids=[keys for keys, _ in EDITS])
def test_one_undo_takes_back_each_edit(editor: Neovim, keys: str, expected: str) -> None:
    editor.keys(keys)
    changed(editor, keys, expected)
    editor.keys("u")
    changed(editor, "the undo", OUTLINE)
    assert editor.prompts == 0, editor.messages()


def test_the_cursor_goes_along(editor: Neovim) -> None:
    editor.keys("4G3|<Space>J")
    editor.wait("the move", lambda: editor.lines()[2] == "- [ ] Tickets")
    editor.wait("the cursor", lambda: cursor(editor) == (5, 2))
    assert editor.lines()[4] == "  Not too much."
    editor.keys("8Gfo<Space>>")
    editor.wait("the demotion", lambda: editor.lines()[7].startswith("  - [ ] Hotel"))
    editor.wait("the cursor", lambda: cursor(editor) == (8, 9))


def test_a_key_that_is_held_down(editor: Neovim) -> None:
    editor.keys("8G" + "<Space>K" * 2 + "<Space>s" * 2)
    changed(editor, "all of it", "# Trip\n\n- [x] Hotel\n" + OUTLINE[8:].replace("- [ ] Hotel\n", ""))
    assert cursor(editor)[0] == 3


def test_dot_repeats(editor: Neovim) -> None:
    editor.keys("5G<Space>sj.7G.")
    expected = OUTLINE.replace("[ ] S", "[/] S").replace("[ ] Tickets", "[/] Tickets")
    changed(editor, "three times the same", expected)
    editor.keys("8G<Space>K..")
    editor.wait("the last task on top", lambda: editor.lines()[2] == "- [ ] Hotel")


def test_branches_are_deleted(editor: Neovim) -> None:
    editor.keys('3G"a<Space>d')
    changed(editor, "the branch to go", OUTLINE[:8] + "- [ ] Tickets\n- [ ] Hotel\n")
    editor.keys('j"ap')
    moved = OUTLINE[:8] + "- [ ] Tickets\n- [ ] Hotel\n" + OUTLINE[8:-26]
    changed(editor, "the register", moved)
    editor.keys("2u")
    changed(editor, "the undo", OUTLINE)
    editor.keys("5G<Space>d.")
    changed(editor, "twice the same", OUTLINE.replace("  - [ ] Socks\n  - [ ] Shirts\n", ""))
    editor.keys("2u5G2<Space>d")
    changed(editor, "a count", OUTLINE.replace("  - [ ] Socks\n", "").replace("  - [ ] Shirts\n", ""))
    editor.keys("gg:Orchestrator delete<CR>")
    editor.wait_for_message("There is no task here.")


def test_typing_and_editing_at_once(editor: Neovim) -> None:
    """What was typed a moment ago is in the text that the edit is computed from."""
    editor.keys("7GA and seats<Esc><Space>sA!<Esc><Space>K")
    editor.wait("the move", lambda: editor.lines()[2] == "- [/] Tickets and seats!")


def test_what_cannot_be_done_says_why(editor: Neovim) -> None:
    editor.keys("3G<Space><lt>")
    editor.wait_for_message("stands below no other task")
    editor.keys(":Orchestrator status done<CR>")
    editor.wait_for_message("There is no status 'done'")
    editor.keys(":Orchestrator up far<CR>")
    editor.wait_for_message("one number")
    editor.keys(":7Orchestrator status asking<CR><Esc>")
    assert editor.lines() == lines(OUTLINE)


def test_the_file_keeps_its_bytes(start_served: StartServed, tmp_path: Path) -> None:
    editor = start_served(b"\xef\xbb\xbf- [ ] a\r\n  text \t\r\n- [ ] b", after=MAPS)
    editor.keys(":set nofixendofline<CR>3G<Space>K:write<CR>")
    editor.wait("the move", lambda: editor.lines()[0] == "- [ ] b")
    path = tmp_path / "work" / "plan.tasks.md"
    expected = b"\xef\xbb\xbf- [ ] b\r\n- [ ] a\r\n  text \t"
    editor.wait("the file", lambda: path.read_bytes() == expected)


def test_code_actions_are_one_undo_step(editor: Neovim) -> None:
    editor.lua(
        """
        vim.api.nvim_win_set_cursor(0, { 7, 0 })
        vim.lsp.buf.code_action({ apply = true, filter = function(action) return action.title == 'Demote' end })
        """
    )
    changed(editor, "the demotion", OUTLINE.replace("- [ ] Tickets", "  - [ ] Tickets"))
    editor.keys("u")
    changed(editor, "the undo", OUTLINE)
