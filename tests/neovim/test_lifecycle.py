"""What the person, the editor or the server may do while a split runs, and what must not be left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.neovim.conftest import OUTLINE, FakeServed

LINES = OUTLINE.splitlines()


def check_clean(fake: FakeServed, buffer: int) -> None:
    if fake.lua("return vim.api.nvim_buf_is_valid(...)", buffer):
        assert fake.ghosts(buffer) == []
    assert "Error" not in fake.messages()
    assert fake.prompts == 0


def check_stopped(fake: FakeServed, buffer: int, message: str) -> None:
    fake.wait_for_message(message)
    assert fake.sent("orchestrator/run/stop") == [{"runId": "r1"}]
    check_clean(fake, buffer)


def test_reading_the_file_again_stops_the_split(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("planning", ["Write the form"])
    fake.keys(":e!<CR>")
    check_stopped(fake, fake.outline, "The file was read again, so its split was stopped.")
    assert fake.lines() == LINES
    fake.preview("planning", ["Late"], seq=2)
    assert fake.ghosts() == []


@pytest.mark.parametrize("command", ["bdelete", "bwipeout"])
def test_closing_the_buffer_stops_the_split(fake: FakeServed, command: str) -> None:
    buffer = fake.outline
    fake.start_split()
    fake.preview("ready", ["Write the form"])
    fake.keys(f":{command}<CR>")
    check_stopped(fake, buffer, "The buffer was closed, so its split was stopped.")


def test_leaving_the_buffer_without_hidden_stops_the_split(start_fake: Callable[..., FakeServed]) -> None:
    fake = start_fake(before="vim.o.hidden = false")
    buffer = fake.outline
    fake.start_split()
    fake.preview("planning", ["Write the form"])
    fake.keys(":enew<CR>")
    check_stopped(fake, buffer, "The buffer was closed, so its split was stopped.")


def test_a_hidden_buffer_goes_on(fake: FakeServed) -> None:
    buffer = fake.outline
    fake.start_split()
    fake.preview("planning", ["Write the form"])
    fake.keys(":enew<CR>")
    fake.preview("ready", ["Write the form", "Wire the API"], seq=2)
    assert fake.sent("orchestrator/run/stop") == []
    fake.keys(f":buffer {buffer}<CR>")
    fake.wait_for_text("2 Wire the API")
    check_clean(fake, fake.lua("return vim.api.nvim_create_buf(true, false)"))


def test_closing_one_of_two_windows_goes_on(fake: FakeServed) -> None:
    fake.command("split")
    fake.start_split()
    fake.preview("planning", ["Write the form"])
    fake.keys(":close<CR>")
    fake.preview("ready", ["Write the form"], seq=2)
    fake.wait_for_text("1 subtask proposed")
    assert fake.sent("orchestrator/run/stop") == []


def test_a_killed_server_takes_its_ghosts_along_and_says_so(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("planning", ["Write the form"])
    fake.lua("fake:exit(0, 9)")
    fake.wait_for_message("The server stopped (signal 9)")
    assert "nothing was written" in fake.messages()
    assert fake.ghosts() == []
    assert fake.lines() == LINES
    fake.keys(":Orchestrator accept<CR>")
    fake.wait_for_message("Nothing is split here")


def test_a_server_that_stops_without_a_split_is_not_worth_a_message(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("discarded", seq=1)
    fake.lua("vim.lsp.enable('orchestrator', false)")
    fake.wait("the client to go", lambda: fake.lua("return #vim.lsp.get_clients()") == 0)
    assert "The server stopped" not in fake.messages()


def test_a_refused_start_is_told(fake: FakeServed) -> None:
    fake.refuse("orchestrator/split/start", "There is no task here. Put the cursor on a task.")
    fake.keys(":Orchestrator split<CR>")
    fake.wait_for_message("There is no task here. Put the cursor on a task.")
    assert fake.ghosts() == []


def test_a_refused_accept_keeps_the_proposal(fake: FakeServed) -> None:
    fake.refuse("orchestrator/split/accept", "The title was changed. Split it again.")
    fake.start_split()
    fake.preview("ready", ["Write the form"])
    fake.keys(":Orchestrator accept<CR>")
    fake.wait_for_message("The title was changed. Split it again.")
    assert "  │ 1 Write the form" in fake.ghosts()


def test_accept_takes_all_one_or_a_nested_one(fake: FakeServed) -> None:
    fake.start_split()
    children = [{"title": "a"}, {"title": "b", "children": [{"title": "b1"}]}]
    fake.preview("ready", children=children)
    fake.answer("orchestrator/split/accept", {"documentVersion": 3, "added": 2})
    for typed, items in [
        (":Orchestrator accept<CR>", None),
        (":Orchestrator accept 2<CR>", [[1]]),
        (":Orchestrator accept 1 2.1<CR>", [[0], [1, 0]]),
        ('2:<C-u>execute "normal 2\\<Plug>(orchestrator-accept)"<CR>', [[1]]),
    ]:
        before = len(fake.sent("orchestrator/split/accept"))
        fake.keys(typed)
        fake.wait("split/accept", lambda before=before: len(fake.sent("orchestrator/split/accept")) > before)
        assert fake.sent("orchestrator/split/accept")[0].get("items") == items
    fake.wait_for_text("2 subtasks written; u takes them back.")


@pytest.mark.parametrize("number", ["3", "2.9", "0", "x", "1."])
def test_a_number_that_is_not_shown_is_refused(fake: FakeServed, number: str) -> None:
    fake.start_split()
    fake.preview("ready", ["a", "b"])
    fake.keys(f":Orchestrator accept {number}<CR>")
    fake.wait_for_message(f"There is no proposed subtask {number}.")
    assert fake.sent("orchestrator/split/accept") == []


def test_discard_stops_what_is_not_ready_and_discards_what_is(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("planning", ["a"])
    fake.keys(":Orchestrator discard<CR>")
    fake.wait("run/stop", lambda: fake.sent("orchestrator/run/stop"))
    assert fake.sent("orchestrator/split/discard") == []
    fake.preview("ready", ["a"], seq=2)
    fake.keys(":Orchestrator discard<CR>")
    fake.wait("split/discard", lambda: fake.sent("orchestrator/split/discard"))


def test_two_splits_in_one_buffer_need_the_cursor(fake: FakeServed) -> None:
    fake.start_split(run="r1")
    fake.start_split(first=4, last=4, run="r2")
    fake.preview("ready", ["for the page"], run="r1")
    fake.preview("ready", ["for the team"], run="r2")
    fake.keys("gg:Orchestrator accept<CR>")
    fake.wait_for_message("2 tasks are being split")
    fake.keys("4G:Orchestrator accept<CR>")
    fake.wait("split/accept", lambda: fake.sent("orchestrator/split/accept"))
    assert fake.sent("orchestrator/split/accept") == [{"runId": "r1", "fields": False}]
    fake.preview("applied", ["for the page"], run="r1", seq=2)
    assert "  │ 1 for the team" in fake.ghosts()


def test_a_simple_task_is_split_only_when_the_person_says_so(start_fake: Callable[..., FakeServed]) -> None:
    fake = start_fake(before="vim.ui.select = function(items, o, done) asked = { items, o.prompt, done } end")
    fake.start_split()
    fake.preview("simple", message="It is one step.")
    items, prompt = fake.lua("return { asked[1], asked[2] }")
    assert items == ["Leave it as it is", "Split it all the same"]
    assert prompt == '"Build the login page" needs no subtasks. It is one step.'
    assert fake.ghosts() == []
    fake.lua("asked[3](asked[1][1], 1)")
    fake.lua("asked[3](nil, nil)")
    assert len(fake.sent("orchestrator/split/start")) == 1
    fake.lua("asked[3](asked[1][2], 2)")
    again = fake.sent("orchestrator/split/start")[0]
    assert (again["nodeId"], again["force"], again["uri"]) == ("n1", True, fake.uri)


def test_split_sends_what_was_typed_first_and_the_version_it_belongs_to(fake: FakeServed) -> None:
    fake.keys("ggOtyped just now<Esc>4G")
    fake.keys(":Orchestrator split!<CR>")
    fake.wait("split/start", lambda: fake.sent("orchestrator/split/start"))
    start = fake.sent("orchestrator/split/start")[0]
    change = fake.sent("textDocument/didChange")[0]
    assert start["version"] == change["textDocument"]["version"] > 0
    assert start["position"]["line"] == 3
    assert start["levels"] == 8
    order = fake.lua("return vim.tbl_map(function(request) return request[1] end, fake.requests)")
    assert order.index("textDocument/didChange") < order.index("orchestrator/split/start")


def test_each_task_of_a_range_is_split(fake: FakeServed) -> None:
    fake.keys(":1,5Orchestrator split<CR>")
    fake.wait("both", lambda: len(fake.sent("orchestrator/split/start")) == 2)
    assert [start["position"]["line"] for start in fake.sent("orchestrator/split/start")] == [4, 2]
    fake.keys(r'3G:execute "normal 3\<Plug>(orchestrator-split)"<CR>')  # a count is as good as a range
    fake.wait("both again", lambda: len(fake.sent("orchestrator/split/start")) == 4)
    fake.keys(":1,2Orchestrator split<CR>")
    fake.wait_for_message("Select from 1 to 20 tasks to split; these are 0.")


def test_a_code_action_shows_ghosts_too(fake: FakeServed) -> None:
    fake.answer(
        "orchestrator/split/start",
        {
            "runId": "r1",
            "nodeId": "n1",
            "documentVersion": 0,
            "range": {"start": {"line": 2, "character": 0}, "end": {"line": 3, "character": 17}},
        },
    )
    fake.lua(
        """
        local params = { uri = vim.uri_from_bufnr(0), nodeId = 'n1' }
        local client = vim.lsp.get_clients({ name = 'orchestrator' })[1]
        client:exec_cmd({ title = 'Split', command = 'orchestrator.server.split.start', arguments = { params } })
        """
    )
    fake.wait("split/start", lambda: fake.sent("orchestrator/split/start"))
    fake.preview("ready", ["Write the form"])
    screen = fake.wait_for_text("1 Write the form")
    assert screen.index("  Plain and fast.") + 1 == screen.index("  ╭ Split: 1 subtask proposed · scripted/demo")


def test_a_run_update_reaches_other_plugins(fake: FakeServed) -> None:
    fake.lua(
        """
        vim.api.nvim_create_autocmd('User', {
          pattern = 'OrchestratorRunUpdate',
          callback = function(event) heard = event.data end,
        })
        """
    )
    fake.tell("orchestrator/run/update", {"runId": "r1", "kind": "run.started", "detail": {"a": 1}})
    assert fake.lua("return heard") == {"runId": "r1", "kind": "run.started", "detail": {"a": 1}}


def test_quitting_while_a_split_runs_leaves_the_file_alone(fake: FakeServed, tmp_path: Path) -> None:
    fake.start_split()
    fake.preview("planning", ["Write the form"])
    fake.quit()
    assert (tmp_path / "plan.tasks.md").read_text() == OUTLINE


LONG = "The title was changed while this was planned, and so the place of its subtasks isn't certain. " * 2


def test_a_long_message_does_not_eat_the_next_key(fake: FakeServed) -> None:
    fake.refuse("orchestrator/split/accept", LONG + "Split it again.")
    fake.start_split()
    fake.preview("ready", ["Write the form"])
    fake.keys(":Orchestrator accept<CR>")
    screen = fake.wait_for_text("orchestrator: The title was")
    assert screen[-1].endswith("Split it again.")
    assert LONG + "Split it again." in fake.messages()
    fake.preview("failed", seq=2, message="First line.\n\n" + LONG)
    fake.wait_for_text("orchestrator: First line. The")
    fake.keys("GOtyped<Esc>")
    fake.wait("the next keys", lambda: "typed" in fake.lines())
    assert fake.prompts == 0


def test_many_messages_at_once_do_not_eat_the_next_key(fake: FakeServed) -> None:
    """Of the server, of a command and of a file that was just opened, one over the other, and under a command line."""
    fake.keys(":messages clear<CR>:edit<CR>:Orchestrator splt<CR>:Orchestrator discard!<CR>")
    for kind, text in ((1, LONG), (2, "Two\nlines.\nAnd a third."), (3, "Short."), (3, "Shorter.")):
        fake.tell("window/showMessage", {"type": kind, "message": text})
    fake.wait_for_message("orchestrator: Two lines. And a third.")
    fake.wait_for_message("orchestrator: Shorter.")
    fake.keys(":echo 'half")
    fake.wait("a command line", lambda: fake.lua("return vim.fn.getcmdline()") == "echo 'half")
    fake.tell("window/showMessage", {"type": 2, "message": "Later."})
    fake.tell("window/showMessage", {"type": 2, "message": "Still later."})
    assert fake.lua("return vim.fn.getcmdline()") == "echo 'half"
    fake.keys("<Esc>GOtyped<Esc>")
    fake.wait("the next keys", lambda: "typed" in fake.lines())
    fake.wait_for_message("orchestrator: Still later.")
    assert fake.prompts == 0
