"""The main job in Neovim against the real server, with the scripted provider."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.neovim.conftest import OUTLINE
from tests.support.neovim import Neovim

StartServed = Callable[..., Neovim]

DECIDE = {
    "when": {"schema": "decide"},
    "answer": {"verdict": "DECOMPOSE", "reason": "Two parts."},
    "repeat": True,
}


def plan(*titles: str, ordered: bool = True, **pace: Any) -> dict[str, Any]:
    """A scripted plan; `chunk` and `delay` make it stream slowly."""
    steps: list[dict[str, Any]] = [
        {"title": title, "description": "", "acceptance": "", "dependsOn": []} for title in titles
    ]
    return {"when": {"schema": "plan"}, "answer": {"ordered": ordered, "tasks": steps}, "repeat": True, **pace}


QUICK = [DECIDE, plan("Write the form", "Wire the API", "Style it")]
SLOW = [DECIDE, plan("Write the form", "Wire the API", "Style it", chunk=4, delay=0.05)]
ENDLESS = [DECIDE, plan("Write the form", "Wire the API", "Style it", chunk=1, delay=2.0)]
READY = "3 subtasks proposed"
ID = r"\^[0-9a-z]{5}"


RECORD_UPDATES = """
    updates = {}
    vim.api.nvim_create_autocmd('User', {
      pattern = 'OrchestratorRunUpdate',
      callback = function(event) table.insert(updates, event.data.kind) end,
    })
"""


def without_ids(lines: list[str]) -> list[str]:
    return [re.sub(rf"  {ID}", "  ^id", line) for line in lines]


SPLIT_LINES = [
    "# Ship login",
    "",
    "- [ ] Build the login page  ^id",
    "  Plain and fast.",
    "  1. [ ] Write the form",
    "  2. [ ] Wire the API",
    "  3. [ ] Style it",
    "- [ ] Tell the team",
]


def split(editor: Neovim, line: int = 3) -> None:
    editor.keys(f"{line}G:Orchestrator split<CR>")


def proposed(editor: Neovim, line: int = 3) -> None:
    split(editor, line)
    editor.wait_for_text(READY)


def test_split_streams_is_accepted_and_undone_in_one_step(start_served: StartServed) -> None:
    editor = start_served(script=SLOW)
    split(editor)
    editor.wait_for_text("1 Write the form")
    partial = editor.wait("a part of the plan", lambda: any("planning…" in ghost for ghost in editor.ghosts()))
    assert partial
    assert editor.lines() == OUTLINE.splitlines()
    editor.wait_for_text(READY)
    assert any("scripted/demo · planned with" in ghost for ghost in editor.ghosts())
    editor.keys(":Orchestrator accept<CR>")
    editor.wait("the subtasks", lambda: len(editor.lines()) == 8)
    assert without_ids(editor.lines()) == SPLIT_LINES
    editor.wait_for_text("3 subtasks written; u takes them back.")
    assert editor.ghosts() == []
    assert editor.rpc.current.window.cursor[0] == 3
    editor.keys("u")
    editor.wait("one undo", lambda: editor.lines() == OUTLINE.splitlines())
    assert editor.prompts == 0


def test_a_split_asked_for_while_the_server_starts_is_not_lost(start_served: StartServed) -> None:
    editor = start_served(script=QUICK, wait=False)
    editor.keys("3G:Orchestrator split<CR>")
    editor.wait_for_text(READY)
    assert editor.messages() == ""


def test_a_split_right_after_the_file_is_read_again_is_not_lost(start_served: StartServed) -> None:
    editor = start_served(script=QUICK)
    editor.lua("vim.cmd.edit({ bang = true }) vim.cmd('3 | Orchestrator split')")
    editor.wait_for_text(READY)
    assert "No server runs" not in editor.messages()


def test_the_saved_file_is_exact_and_undo_restores_its_bytes(start_served: StartServed, tmp_path: Path) -> None:
    content = OUTLINE.replace("\n", "\r\n").encode() + "- [ ] Grüße 🚀  ".encode()
    editor = start_served(content, script=QUICK, before="vim.o.fixendofline = false")
    assert editor.lua("return vim.bo.fileformat") == "dos"
    path = tmp_path / "work" / "plan.tasks.md"
    proposed(editor)
    editor.keys(":Orchestrator accept<CR>")
    editor.wait("the subtasks", lambda: len(editor.lines()) == 9)
    editor.keys(":w<CR>")
    editor.wait("the file", lambda: path.read_bytes() not in (content, b""))
    saved = re.sub(rf"  {ID}", "  ^id", path.read_bytes().decode())
    assert saved == "\r\n".join([*SPLIT_LINES, "- [ ] Grüße 🚀  "])
    editor.keys("u:w<CR>")
    editor.wait("the old bytes", lambda: path.read_bytes() == content)


def test_accept_one_writes_only_that(start_served: StartServed) -> None:
    editor = start_served(script=QUICK)
    proposed(editor)
    editor.keys(":Orchestrator accept 2<CR>")
    editor.wait("the subtask", lambda: len(editor.lines()) == 6)
    assert without_ids(editor.lines())[4] == "  1. [ ] Wire the API"
    assert editor.wait("no ghosts", lambda: editor.ghosts() == [])


def test_discard_leaves_the_buffer_as_it_was(start_served: StartServed) -> None:
    editor = start_served(script=QUICK)
    proposed(editor)
    tick = editor.lua("return vim.b.changedtick")
    editor.keys(":Orchestrator discard<CR>")
    editor.wait_for_text("Discarded; nothing was written.")
    assert editor.ghosts() == []
    assert editor.lua("return vim.b.changedtick") == tick
    assert not editor.lua("return vim.bo.modified")


def test_stop_while_it_streams(start_served: StartServed) -> None:
    editor = start_served(script=ENDLESS)
    split(editor)
    editor.wait_for_text("planning…")
    editor.keys(":Orchestrator stop<CR>")
    editor.wait_for_text("orchestrator: Stopped; nothing was written.")
    assert editor.ghosts() == []
    assert editor.lines() == OUTLINE.splitlines()
    # And the task can be split again.
    split(editor)
    editor.wait_for_text("Split: ")


def test_typing_above_while_it_streams(start_served: StartServed) -> None:
    editor = start_served(script=SLOW)
    split(editor)
    editor.wait_for_text("planning…")
    editor.keys("ggO> A line above<Esc>")
    editor.wait_for_text(READY)
    editor.keys("ggOAnd another<Esc>:Orchestrator accept<CR>")
    editor.wait("the subtasks", lambda: len(editor.lines()) == 10)
    assert without_ids(editor.lines()) == ["And another", "> A line above", *SPLIT_LINES]


def test_a_task_deleted_during_the_split_is_told(start_served: StartServed) -> None:
    editor = start_served(script=SLOW)
    split(editor)
    editor.wait_for_text("planning…")
    editor.keys("3G2dd")
    editor.wait_for_message("The task being split is gone. u brings it back.")
    remaining = editor.lines()
    assert remaining == ["# Ship login", "", "- [ ] Tell the team"]
    editor.keys("u")
    editor.wait_for_text(READY)
    editor.keys("3G2dd:Orchestrator accept<CR>")
    editor.wait(
        "the refusal",
        lambda: [line for line in editor.messages().splitlines() if line.strip() and "is gone. u brings" not in line],
    )
    assert editor.lines() == remaining


def test_a_proposal_can_be_accepted_after_its_deleted_task_came_back(start_served: StartServed) -> None:
    editor = start_served(script=QUICK)
    proposed(editor)
    editor.keys("3Gdd:Orchestrator accept<CR>")
    editor.wait_for_message("u brings the task back; :Orchestrator discard drops the proposal.")
    assert editor.ghosts() == []
    editor.keys("u")
    editor.wait_for_text(READY)
    editor.keys(":Orchestrator accept<CR>")
    editor.wait("the subtasks", lambda: without_ids(editor.lines()) == SPLIT_LINES)


def test_positions_behind_an_emoji(start_served: StartServed) -> None:
    editor = start_served("- [ ] 🚀👩‍🚀 Start é\n- [ ] b\n", script=QUICK)
    assert editor.lua("return vim.lsp.get_clients({ name = 'orchestrator' })[1].offset_encoding") == "utf-8"
    editor.keys("gg$:Orchestrator split<CR>")
    editor.wait_for_text(READY)
    editor.keys(":Orchestrator accept<CR>")
    editor.wait("the subtasks", lambda: len(editor.lines()) == 5)
    assert without_ids(editor.lines())[:2] == ["- [ ] 🚀👩‍🚀 Start é  ^id", "  1. [ ] Write the form"]


def test_the_same_in_utf_16(start_served: StartServed) -> None:
    only = "vim.lsp.config('orchestrator', { capabilities = { general = { positionEncodings = { 'utf-16' } } } })"
    editor = start_served("- [ ] 🚀👩‍🚀 Start é\n- [ ] b\n", script=QUICK, after=only)
    assert editor.lua("return vim.lsp.get_clients({ name = 'orchestrator' })[1].offset_encoding") == "utf-16"
    editor.keys("gg$:Orchestrator split<CR>")
    editor.wait_for_text(READY)
    editor.keys(":Orchestrator accept<CR>")
    editor.wait("the subtasks", lambda: len(editor.lines()) == 5)
    assert without_ids(editor.lines())[:2] == ["- [ ] 🚀👩‍🚀 Start é  ^id", "  1. [ ] Write the form"]


def test_recursive_split_is_one_edit(start_served: StartServed) -> None:
    editor = start_served(options="{ settings = { model = 'scripted/demo', split = { maxDepth = 2 } } }")
    editor.keys("3G:Orchestrator split!<CR>")
    editor.wait("the proposal", lambda: any("proposed" in ghost for ghost in editor.ghosts()))
    editor.keys(":Orchestrator accept<CR>")
    editor.wait("the subtasks", lambda: len(editor.lines()) > 6)
    editor.keys("u")
    editor.wait("one undo", lambda: editor.lines() == OUTLINE.splitlines())


def test_an_edited_proposal_is_what_is_written(start_served: StartServed) -> None:
    editor = start_served(script=QUICK)
    proposed(editor)
    editor.keys(":Orchestrator edit<CR>")
    editor.wait("the edit buffer", lambda: editor.lua("return vim.bo.buftype") == "acwrite")
    editor.keys("ggA well<Esc>jdd:w<CR>")
    editor.wait("the write", lambda: not editor.lua("return vim.bo.modified"))
    editor.keys(":Orchestrator accept<CR>")
    editor.wait("the outline again", lambda: editor.lua("return vim.fn.expand('%:t')") == "plan.tasks.md")
    editor.wait("the subtasks", lambda: len(editor.lines()) == 7)
    assert without_ids(editor.lines())[4:6] == ["  1. [ ] Write the form well", "  2. [ ] Style it"]
    editor.keys("u")
    editor.wait("one undo", lambda: editor.lines() == OUTLINE.splitlines())


def test_without_preview_the_edit_comes_by_itself(start_served: StartServed) -> None:
    editor = start_served(options="{ settings = { model = 'scripted/demo', split = { preview = false } } }")
    split(editor)
    editor.wait("the subtasks", lambda: len(editor.lines()) > 6)
    editor.wait("no ghosts", lambda: editor.ghosts() == [])
    editor.keys("u")
    editor.wait("one undo", lambda: editor.lines() == OUTLINE.splitlines())


def test_a_simple_task_is_split_when_the_person_insists(start_served: StartServed) -> None:
    simple = {"when": {"schema": "decide"}, "answer": {"verdict": "EXECUTE", "reason": "One step."}, "repeat": True}
    choose = "vim.ui.select = function(items, o, done) prompt = o.prompt done(items[2], 2) end"
    editor = start_served(script=[simple, QUICK[1]], before=choose)
    split(editor)
    editor.wait_for_text(READY)
    assert "needs no subtasks" in editor.lua("return prompt")


def test_a_failed_split_says_why(start_served: StartServed) -> None:
    broken = {"when": {"schema": "plan"}, "error": "AuthenticationError", "repeat": True}
    editor = start_served(script=[DECIDE, broken])
    split(editor)
    editor.wait("a message", lambda: "orchestrator:" in editor.messages())
    assert editor.ghosts() == []
    assert editor.lines() == OUTLINE.splitlines()


def test_reading_the_file_again_during_the_split(start_served: StartServed) -> None:
    editor = start_served(script=ENDLESS, after=RECORD_UPDATES)
    split(editor)
    editor.wait_for_text("planning…")
    editor.keys(":e!<CR>")
    editor.wait_for_message("The file was read again, so its split was stopped.")
    assert editor.ghosts() == []
    editor.wait("the end of the run", lambda: "run.ended" in editor.lua("return updates"))
    split(editor)
    editor.wait_for_text("planning…")


def test_a_killed_server_is_told_and_started_again(start_served: StartServed) -> None:
    editor = start_served(script=ENDLESS)
    split(editor)
    editor.wait_for_text("planning…")
    children = Path(f"/proc/{editor.lua('return vim.uv.os_getpid()')}/task").glob("*/children")
    for pid in {int(pid) for listing in children for pid in listing.read_text().split()}:
        os.kill(pid, signal.SIGKILL)
    editor.wait_for_message("The server stopped (signal 9)")
    assert editor.ghosts() == []
    assert editor.lines() == OUTLINE.splitlines()
    editor.keys(":edit<CR>")
    editor.wait_until_attached()
    split(editor)
    editor.wait_for_text("planning…")


def test_progress_reaches_the_status_line(start_served: StartServed) -> None:
    record = """
        kinds = {}
        vim.api.nvim_create_autocmd('LspProgress', {
          callback = function(event) table.insert(kinds, event.data.params.value.kind) end,
        })
    """
    editor = start_served(script=SLOW, after=record)
    proposed(editor)
    editor.keys(":Orchestrator accept<CR>")
    editor.wait("the end of the progress", lambda: "end" in editor.lua("return kinds"))
    kinds = editor.lua("return kinds")
    assert (kinds[0], kinds[-1], kinds.count("begin")) == ("begin", "end", 1)


def test_code_actions_start_a_split_with_ghosts(start_served: StartServed) -> None:
    editor = start_served(script=QUICK)
    titles = editor.lua(
        """
        vim.api.nvim_win_set_cursor(0, { 3, 0 })
        vim.ui.select = function(items, options, done)
          titles = vim.tbl_map(function(item) return item.action.title end, items)
          done(items[1], 1)
        end
        vim.lsp.buf.code_action()
        vim.wait(20000, function() return titles end)
        return titles
        """
    )
    assert titles[0].startswith("Split")
    editor.wait_for_text(READY)


@pytest.mark.parametrize("name", ["work/a b%20ü.tasks.md"], ids=["blanks and escapes"])
def test_file_names_that_need_care(start_served: StartServed, name: str) -> None:
    editor = start_served(script=QUICK, name=name)
    proposed(editor)
    editor.keys(":Orchestrator accept<CR>")
    editor.wait("the subtasks", lambda: len(editor.lines()) == 8)


def test_a_new_plan_is_shown_as_changes_and_accepted_in_parts(start_served: StartServed) -> None:
    operations = [
        {"op": "obsolete", "id": "n1", "reason": "Nobody needs it."},
        {"op": "edit", "id": "n2", "title": "Wire the new API"},
        {"op": "add", "title": "Test it"},
    ]
    script = [{"when": {"schema": "replan"}, "answer": {"operations": operations}, "repeat": True}]
    text = "- [ ] Build the page  ^b7c2d\n  - [ ] Draw it\n  - [ ] Wire the API\n"
    editor = start_served(text, script=script)
    editor.command("Orchestrator replan")
    editor.wait_for_text("3 changes proposed")
    for line in ("1 - obsolete: Draw it", "2 ~ Wire the API → Wire the new API", "3 + Test it"):
        editor.wait_for_text(line)
    editor.command("Orchestrator accept 1 3")
    editor.wait_for_text("2 changes written")
    editor.wait("the mark", lambda: "[-]" in editor.lines()[1])
    assert editor.lines() == [
        "- [ ] Build the page  ^b7c2d",
        "  - [-] Draw it",
        "  - [ ] Wire the API",
        "  - [ ] Test it",
    ]
