"""Ghosts: drawn below the task, moving with the text, gone when the split ends, never in the text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.neovim.conftest import OUTLINE, FakeServed

LINES = OUTLINE.splitlines()


def test_ghosts_are_drawn_below_the_lines_of_the_task(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("ready", ["Write the form", "Wire the API"])
    assert fake.wait_for_text("Wire the API")[:10] == [
        "# Ship login",
        "",
        "- [ ] Build the login page",
        "  Plain and fast.",
        "  ╭ Split: 2 subtasks proposed · scripted/demo",
        "  │ :Orchestrator accept (or accept 2) · edit · discard",
        "  │ 1 Write the form",
        "  │ 2 Wire the API",
        "  ╰",
        "- [ ] Tell the team",
    ]


def test_ghosts_leave_the_text_alone(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("ready", ["Write the form"])
    fake.wait_for_text("Write the form")
    assert fake.lines() == LINES
    assert not fake.lua("return vim.bo.modified")


def test_ghosts_are_readable_without_colour(fake: FakeServed) -> None:
    child = {
        "title": "Write the form",
        "description": "Two fields.\n\nA button.",
        "acceptance": "a wrong password shows an error",
        "children": [{"title": "Draw it"}],
    }
    fake.start_split()
    fake.preview("planning", ["Write"], seq=1)
    assert fake.ghosts() == [
        "  ╭ Split: planning… 1 subtask so far · scripted/demo",
        "  │ :Orchestrator stop",
        "  │ 1 Write",
        "  ╰",
    ]
    later = {"title": "Wire the API", "dependsOn": [0]}
    fake.preview("ready", children=[child, later], seq=2, ordered=True, message="One step was left out.")
    assert fake.ghosts() == [
        "  ╭ Split: 2 subtasks proposed, one after the other · scripted/demo",
        "  │ :Orchestrator accept (or accept 2) · edit · discard",
        "  │ One step was left out.",
        "  │ 1 Write the form",
        "  │   Two fields.",
        "  │   A button.",
        "  │   Accept: a wrong password shows an error",
        "  │   1.1 Draw it",
        "  │ 2 Wire the API (after 1)",
        "  ╰",
    ]


def test_ghosts_move_with_text_that_is_typed_above(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("planning", ["Write the form"], seq=1)
    fake.keys("ggONew first line<Esc>")
    fake.preview("ready", ["Write the form", "Wire the API"], seq=2)
    screen = fake.wait_for_text("2 Wire the API")
    assert screen.index("  Plain and fast.") + 1 == screen.index("  ╭ Split: 2 subtasks proposed · scripted/demo")


def test_an_older_preview_does_not_replace_a_newer_one(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("ready", ["Newer"], seq=2)
    fake.preview("planning", ["Older"], seq=1)
    assert "  │ 1 Newer" in fake.ghosts()


def test_a_preview_that_comes_before_the_answer_is_shown(fake: FakeServed) -> None:
    fake.lua(
        """
        fake.answers['orchestrator/split/start'] = function(params)
          local children = { { title = 'Early' } }
          fake:tell('orchestrator/split/preview', {
            runId = 'r1', uri = params.uri, nodeId = 'n1', seq = 1, state = 'ready', title = '', children = children,
          })
          local range = { start = { line = 2, character = 0 }, ['end'] = { line = 4, character = 0 } }
          return { runId = 'r1', nodeId = 'n1', documentVersion = 0, range = range }
        end
        """
    )
    fake.keys("3G:Orchestrator split<CR>")
    fake.wait("the early preview", lambda: "  │ 1 Early" in fake.ghosts())


def test_long_text_is_wrapped_to_the_narrowest_window(fake: FakeServed) -> None:
    fake.command("vsplit")
    fake.start_split()
    fake.preview("ready", ["One two three four five six seven eight nine ten eleven twelve thirteen"])
    width = fake.lua("return vim.api.nvim_win_get_width(0)")
    ghosts = fake.ghosts()
    assert max(len(ghost) for ghost in ghosts) <= width
    text = " ".join(ghost.strip(" │1") for ghost in ghosts)
    assert "One two three four five six seven eight nine ten eleven twelve thirteen" in text


def test_a_long_description_is_cut_with_a_mark(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("ready", children=[{"title": "Long", "description": "word " * 200}])
    body = [ghost for ghost in fake.ghosts() if "word" in ghost]
    assert len(body) == 2
    assert body[-1].endswith(" …")


@pytest.mark.parametrize("call", ["vim.api.nvim__redraw", "nil", "error"])
def test_a_proposal_longer_than_the_window_is_drawn_anew(fake: FakeServed, call: str) -> None:
    """Also where Neovim's experimental call for this is not there, or has become another one."""
    fake.lua(f"vim.api.nvim__redraw = {call}")
    fake.start_split()
    many = [f"Subtask {number}" for number in range(1, 25)]
    for seq, count in enumerate([10, 18, 24], start=1):
        fake.preview("planning", many[:count], seq=seq)
        fake.screen()
    fake.preview("ready", many, seq=4)
    assert "  ╭ Split: 24 subtasks proposed · scripted/demo" in fake.screen()


@pytest.mark.parametrize("state", ["applied", "discarded", "cancelled"])
def test_a_tall_proposal_leaves_the_screen_at_its_end(fake: FakeServed, state: str) -> None:
    fake.start_split()
    fake.preview("ready", [f"Subtask {number}" for number in range(1, 25)])
    fake.wait_for_text("24 subtasks proposed")
    fake.preview(state, seq=2)
    # As the person sees it: nothing that the test asks for draws the screen anew.
    shown = [row for row in fake.screen()[:-2] if row not in ("", "~")]
    top = fake.lua("return vim.fn.line('w0')") - 1
    assert shown == [line for line in LINES[top:] if line]
    if state != "applied":  # then the view is where the subtasks are
        assert top == 0


def test_ghosts_below_the_window_are_brought_into_sight_and_the_view_comes_back(fake: FakeServed) -> None:
    """The task stands in the last row of the window: without scrolling a person would see nothing at all."""
    fake.lua("vim.api.nvim_buf_set_lines(0, 0, 0, false, vim.split(('x\\n'):rep(18) .. 'x', '\\n'))")
    fake.command("normal! 22G")
    fake.start_split(first=21, last=22)
    assert fake.lua("return vim.fn.line('w0')") == 1
    fake.preview("ready", ["Write the form", "Wire the API"])
    screen = fake.wait_for_text("2 Wire the API")
    assert "- [ ] Build the login page" in screen
    assert fake.lua("return {vim.fn.line('w0') > 1, vim.fn.line('.')}") == [True, 22]
    fake.preview("discarded", seq=2)
    fake.wait("the view as it was", lambda: fake.lua("return vim.fn.line('w0')") == 1)


def test_a_proposal_higher_than_the_window_shows_titles_then_the_first_ones(fake: FakeServed) -> None:
    fake.start_split()
    head = ["  │ :Orchestrator accept (or accept 2) · edit · discard"]

    def children(count: int) -> list[dict[str, str]]:
        return [{"title": f"Step {number}", "description": "How."} for number in range(1, count + 1)]

    fake.preview("ready", children=children(7), seq=1)
    assert fake.ghosts()[1:4] == [*head, "  │ 1 Step 1", "  │   How."]
    assert len(fake.ghosts()) == 17
    fake.preview("ready", children=children(9), seq=2)
    assert fake.ghosts()[1:] == [
        *head,
        "  │ descriptions: :Orchestrator edit",
        *(f"  │ {number} Step {number}" for number in range(1, 10)),
        "  ╰",
    ]
    # The window has 22 rows, and four of them are for the text.
    fake.preview("ready", children=children(14), seq=3)
    assert len(fake.ghosts()) == 18
    assert fake.ghosts()[-2:] == ["  │ 14 Step 14", "  ╰"]
    fake.preview("ready", children=children(15), seq=4)
    assert len(fake.ghosts()) == 18
    assert fake.ghosts()[-3:] == ["  │ 13 Step 13", "  │ … and 2 more: :Orchestrator edit", "  ╰"]
    screen = fake.screen()
    assert "- [ ] Build the login page" in screen
    assert "  │ … and 2 more: :Orchestrator edit" in screen
    fake.preview("planning", children=children(30), seq=5)
    assert fake.ghosts()[-2:] == ["  │ … and 16 more", "  ╰"]
    assert not any("descriptions" in ghost for ghost in fake.ghosts())
    fake.command("set lines=60")
    fake.wait("all in a higher window", lambda: "  │ 25 Step 25" in fake.ghosts())


def test_control_characters_are_visible(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("ready", ["red \x1b[31m and \u202eturned"], source="a\x07b", message="c\x1bd")
    text = "\n".join(fake.ghosts())
    assert "red ^[[31m and <202e>turned" in text
    assert "a^Gb" in text
    assert "c^[d" in text
    fake.preview("failed", seq=2, message="Broken \x1b]0;title\x07 answer")
    assert "\x1b" not in fake.wait_for_message("Broken ^[]0;title^G answer")


def test_wide_characters_are_wrapped_by_their_cells(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("ready", ["漢字" * 60])
    widths = fake.lua("return vim.tbl_map(vim.fn.strdisplaywidth, ...)", fake.ghosts())
    assert max(widths) <= 80
    assert "".join(fake.ghosts()).count("漢") == 60


def test_two_windows_on_one_buffer_both_show_the_ghosts(fake: FakeServed) -> None:
    fake.command("split")
    fake.start_split()
    fake.preview("ready", ["Write the form"])
    screen = fake.wait_for_text("Write the form")
    assert sum("1 Write the form" in row for row in screen) == 2
    fake.command("close")
    assert sum("1 Write the form" in row for row in fake.screen()) == 1


def test_a_deleted_task_takes_its_ghosts_along_and_says_so(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("ready", ["Write the form"])
    fake.keys("3G2dd")
    fake.wait_for_message("The task being split is gone. u brings it back.")
    assert fake.ghosts() == []
    fake.keys("u")
    fake.wait("the ghosts again", lambda: "  │ 1 Write the form" in fake.ghosts())
    screen = fake.screen()
    assert screen.index("  Plain and fast.") + 1 == screen.index("  ╭ Split: 1 subtask proposed · scripted/demo")


def test_a_deleted_title_takes_the_ghosts_along_though_its_description_stays(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("planning", ["Write the form"])
    fake.keys("3Gdd")
    fake.wait_for_message("The task being split is gone. u brings it back.")
    assert fake.ghosts() == []
    fake.preview("ready", ["Write the form"], seq=2)
    assert fake.ghosts() == []
    assert not any("│" in row for row in fake.screen())
    fake.refuse("orchestrator/split/accept", "The task is not there any more.")
    fake.keys(":Orchestrator accept<CR>")
    fake.wait_for_message("not there any more. u brings the task back; :Orchestrator discard drops the proposal.")
    fake.keys("u")
    fake.wait("the ghosts again", lambda: "  │ 1 Write the form" in fake.ghosts())
    screen = fake.screen()
    assert screen.index("  Plain and fast.") + 1 == screen.index("  ╭ Split: 1 subtask proposed · scripted/demo")


def test_ghosts_stay_below_the_task_when_its_description_is_deleted(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("ready", ["Write the form"])
    fake.keys("4Gdd")
    fake.wait("the line to go", lambda: len(fake.lines()) == len(LINES) - 1)
    screen = fake.wait_for_text("Write the form")
    assert screen.index("- [ ] Build the login page") + 1 == screen.index(
        "  ╭ Split: 1 subtask proposed · scripted/demo"
    )


def assert_nothing_is_left(editor: FakeServed) -> None:
    assert editor.ghosts(editor.outline) == []
    left = editor.lua(
        """
        local ok, found = pcall(vim.api.nvim_get_autocmds, { group = 'orchestrator.split.' .. ... })
        return ok and #found or 0
        """,
        editor.outline,
    )
    assert left == 0
    assert editor.lua("return vim.fn.maparg('gsa', 'n')") == ""


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("applied", "1 subtask written; u takes it back."),
        ("discarded", "Discarded; nothing was written."),
        ("cancelled", "Stopped; nothing was written."),
        ("failed", "The split failed; nothing was written."),
    ],
)
def test_nothing_is_left_after_the_end(start_fake: Callable[..., FakeServed], state: str, message: str) -> None:
    fake = start_fake(options="{ ghost_keys = { accept = 'gsa' } }")
    fake.start_split()
    fake.preview("ready", ["Write the form"], seq=1)
    assert fake.ghosts()
    fake.preview(state, ["Write the form"], seq=2)
    fake.wait_for_text(message)
    assert_nothing_is_left(fake)
    fake.keys(":Orchestrator accept<CR>")
    fake.wait_for_message("Nothing is split here; :Orchestrator split starts.")


def test_ghost_keys_work_while_there_are_ghosts(start_fake: Callable[..., FakeServed]) -> None:
    fake = start_fake(options="{ ghost_keys = { accept = 'gsa', stop = '<leader>s' } }", before="vim.g.mapleader = ' '")
    fake.start_split()
    fake.preview("planning", ["Write the form"], seq=1)
    assert "  │ <Space>s stop" in fake.ghosts()
    fake.preview("ready", ["Write the form"], seq=2)
    assert "  │ gsa accept · :Orchestrator edit · discard" in fake.ghosts()
    fake.keys("gsa")
    fake.wait("split/accept", lambda: fake.sent("orchestrator/split/accept"))


def test_ghost_keys_leave_the_users_maps_alone(start_fake: Callable[..., FakeServed]) -> None:
    fake = start_fake(
        options="{ ghost_keys = { accept = 'gsa', discard = 'gsd' } }",
        before="vim.keymap.set('n', 'gsa', 'ihello<Esc>')",
    )
    fake.start_split()
    fake.preview("ready", ["Write the form"], seq=1)
    assert "  │ :Orchestrator accept · edit · gsd discard" in fake.ghosts()
    fake.keys("gsa")
    fake.wait("the user's own map", lambda: any("hello" in line for line in fake.lines()))
    assert fake.sent("orchestrator/split/accept") == []
    fake.preview("discarded", seq=2)
    assert fake.lua("return vim.fn.maparg('gsa', 'n')") == "ihello<Esc>"
    assert fake.lua("return vim.fn.maparg('gsd', 'n')") == ""


def test_the_users_own_maps_to_plug_are_shown(start_fake: Callable[..., FakeServed]) -> None:
    fake = start_fake(before="vim.keymap.set('n', '<leader>oa', '<Plug>(orchestrator-accept)')")
    fake.start_split()
    fake.preview("ready", ["Write the form"])
    assert any(r"\oa accept" in ghost for ghost in fake.ghosts())
