"""The server's edits in a buffer: one undo step, nothing else moved, refused when the text is another one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.neovim.conftest import OUTLINE, FakeServed

LINES = OUTLINE.splitlines()
SPLIT = [
    (2, 26, 2, 26, "  ^b7c2d"),
    (4, 0, 4, 0, "  - [ ] Write the form\n  - [ ] Wire the API\n"),
]
AFTER = [
    "# Ship login",
    "",
    "- [ ] Build the login page  ^b7c2d",
    "  Plain and fast.",
    "  - [ ] Write the form",
    "  - [ ] Wire the API",
    "- [ ] Tell the team",
]


def test_one_undo_takes_back_the_split(fake: FakeServed) -> None:
    fake.keys("GAtyped<Esc>")
    fake.wait("the typing", lambda: fake.lines()[-1].endswith("typed"))
    typed = fake.lines()
    assert fake.apply(SPLIT) == {"applied": True}
    assert fake.lines()[:6] == AFTER[:6]
    fake.keys("u")
    fake.wait("undo", lambda: fake.lines() == typed)
    fake.keys("u")
    fake.wait("undo of the typing", lambda: fake.lines() == LINES)
    fake.keys("<C-r><C-r>")
    fake.wait("redo", lambda: fake.lines()[:6] == AFTER[:6])


def test_a_split_that_lands_while_typing_is_an_undo_step_of_its_own(fake: FakeServed) -> None:
    fake.keys("ggA now")
    fake.wait("the typing", lambda: fake.lines()[0] == "# Ship login now")
    assert fake.apply(SPLIT) == {"applied": True}
    fake.keys(" and then<Esc>")
    fake.wait("the typing", lambda: fake.lines()[0] == "# Ship login now and then")
    assert fake.lines()[1:] == AFTER[1:]
    fake.keys("u")
    fake.wait("undo of the later typing", lambda: fake.lines()[0] == "# Ship login now")
    assert fake.lines()[1:] == AFTER[1:]
    fake.keys("u")
    fake.wait("undo of the split", lambda: fake.lines()[1:] == LINES[1:])
    assert fake.lines()[0] == "# Ship login now"
    fake.keys("u")
    fake.wait("undo of the earlier typing", lambda: fake.lines() == LINES)


def test_edit_for_another_version_is_refused(fake: FakeServed) -> None:
    version = fake.version()
    fake.keys("ggOmeanwhile<Esc>")
    fake.wait("the typing", lambda: fake.lines()[0] == "meanwhile")
    before = fake.lines()
    assert fake.apply(SPLIT, version=version) == {
        "applied": False,
        "failureReason": "The text was changed meanwhile.",
    }
    assert fake.lines() == before
    # So that the server can compute it again, the change was sent before the refusal.
    assert fake.sent("textDocument/didChange")


def test_an_edit_of_a_buffer_that_may_not_change_is_refused(fake: FakeServed) -> None:
    fake.command("set nomodifiable")
    answer = fake.apply(SPLIT)
    assert (answer["applied"], answer["failureReason"]) == (False, "The buffer is not 'modifiable'.")
    assert fake.lines() == LINES


def test_files_are_not_created_by_an_edit(fake: FakeServed, tmp_path: Path) -> None:
    edit = {"documentChanges": [{"kind": "create", "uri": (tmp_path / "new.md").as_uri()}]}
    answer = fake.ask("workspace/applyEdit", {"edit": edit})
    assert answer == {"applied": False, "failureReason": "This plugin does not create files."}
    assert not (tmp_path / "new.md").exists()


def test_cursor_and_view_stay_in_every_window(start_fake: Callable[..., FakeServed]) -> None:
    text = OUTLINE + "".join(f"- [ ] Task {number}\n" for number in range(200))
    fake = start_fake(text)
    fake.command("split")
    fake.keys("150Gzt3l")
    fake.keys("<C-w>w3G$")
    fake.wait("the cursor", lambda: tuple(fake.rpc.current.window.cursor) == (3, 25))
    look = """
        return vim.tbl_map(function(window)
          local view = vim.api.nvim_win_call(window, vim.fn.winsaveview)
          local line = vim.api.nvim_buf_get_lines(0, view.lnum - 1, view.lnum, false)[1]
          local top = vim.api.nvim_buf_get_lines(0, view.topline - 1, view.topline, false)[1]
          return { line, view.col, top }
        end, vim.api.nvim_list_wins())
    """
    here, there = sorted(fake.lua(look))
    assert fake.apply(SPLIT) == {"applied": True}
    fake.screen()
    after_here, after_there = sorted(fake.lua(look))
    assert after_there == there == ["- [ ] Task 144", 3, "- [ ] Task 144"]
    assert after_here == ["- [ ] Build the login page  ^b7c2d", here[1], here[2]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_positions_after_an_emoji_are_right_in_both_encodings(
    start_fake: Callable[..., FakeServed], encoding: str
) -> None:
    fake = start_fake("- [ ] 🚀🚀 Launch é\n- [ ] b\n", encoding=encoding)
    end = len("- [ ] 🚀🚀 Launch é".encode(encoding.replace("-16", "-16-le"))) // (2 if encoding == "utf-16" else 1)
    assert fake.apply([(0, end, 0, end, "  ^aaaaa")]) == {"applied": True}
    assert fake.lines()[0] == "- [ ] 🚀🚀 Launch é  ^aaaaa"
    fake.keys("gg$:Orchestrator split<CR>")
    fake.wait("split/start", lambda: fake.sent("orchestrator/split/start"))
    last_character = end + len("  ^aaaa")
    assert fake.sent("orchestrator/split/start")[0]["position"] == {"line": 0, "character": last_character}


@pytest.mark.parametrize(
    ("content", "edit", "expected"),
    [
        (b"- [ ] a\n", (1, 0, 1, 0, "  - [ ] b\n"), b"- [ ] a\n  - [ ] b\n"),
        (b"- [ ] a\r\n", (1, 0, 1, 0, "  - [ ] b\r\n"), b"- [ ] a\r\n  - [ ] b\r\n"),
        (b"- [ ] a", (0, 7, 0, 7, "\n  - [ ] b"), b"- [ ] a\n  - [ ] b"),
        (b"\xef\xbb\xbf- [ ] a\n", (1, 0, 1, 0, "  - [ ] b\n"), b"\xef\xbb\xbf- [ ] a\n  - [ ] b\n"),
        (b"- [ ] a\n\n", (1, 0, 1, 0, "  - [ ] b\n"), b"- [ ] a\n  - [ ] b\n\n"),
    ],
    ids=["at the end", "CRLF", "no final newline", "byte order mark", "before a blank line"],
)
def test_all_other_bytes_stay(
    start_fake: Callable[..., FakeServed],
    tmp_path: Path,
    content: bytes,
    edit: tuple[int, int, int, int, str],
    expected: bytes,
) -> None:
    fake = start_fake(content, before="vim.o.fixendofline = false")
    assert fake.apply([edit]) == {"applied": True}
    fake.keys(":w<CR>")
    path = tmp_path / "plan.tasks.md"
    fake.wait("the file to be written", lambda: path.read_bytes() == expected)
    fake.keys("u:w<CR>")
    fake.wait("the file to be written as it was", lambda: path.read_bytes() == content)


def test_marks_stay_on_their_lines(fake: FakeServed) -> None:
    fake.keys("5Gma4Gmb")
    fake.wait("the mark", lambda: fake.lua('return vim.fn.getpos("\'b")')[1] == 4)
    assert fake.apply(SPLIT) == {"applied": True}
    assert fake.lua('return vim.fn.getpos("\'a")')[1] == 7
    assert fake.lua('return vim.fn.getpos("\'b")')[1] == 4


@pytest.mark.parametrize(
    ("keys", "typed"),
    [
        ("3GA", ["- [ ] Build the login page!  ^b7c2d", "  Plain and fast."]),
        ("4GA", ["- [ ] Build the login page  ^b7c2d", "  Plain and fast.!"]),
        ("5GI", ["- [ ] Build the login page  ^b7c2d", "  Plain and fast."]),
    ],
    ids=["end of the title", "end of the description", "start of the next task"],
)
def test_typing_goes_on_where_it_was(fake: FakeServed, keys: str, typed: list[str]) -> None:
    fake.keys(keys)
    fake.wait("insert mode", lambda: fake.rpc.request("nvim_get_mode")["mode"] == "i")
    assert fake.apply(SPLIT) == {"applied": True}
    fake.keys("!<Esc>")
    fake.wait("the typing", lambda: any("!" in line for line in fake.lines()))
    last = "!- [ ] Tell the team" if keys == "5GI" else "- [ ] Tell the team"
    assert fake.lines() == [*AFTER[:2], *typed, *AFTER[4:6], last]


def test_edits_in_any_order_give_the_same_text(start_fake: Callable[..., FakeServed]) -> None:
    fake = start_fake("- [ ] a\n- [ ] b\n")
    edits = [(1, 0, 1, 0, "  - [ ] c\n"), (0, 7, 0, 7, "  ^aaaaa")]
    assert fake.apply(edits) == {"applied": True}
    assert fake.lines() == ["- [ ] a  ^aaaaa", "  - [ ] c", "- [ ] b"]
