"""Runs in Neovim against the real server: what a person types, and what they do to the text meanwhile."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.neovim.conftest import FakeServed
from tests.support.branches import asks, does, done, sums_up
from tests.support.neovim import Neovim, clean_environment

StartServed = Callable[..., Neovim]

TEXT = """\
# Trip

- [ ] Pack
  - [ ] Socks
  - [ ] Shirts
- [ ] Leave
"""
SLOW = 30
"""Seconds: longer than any test, so that what ends was stopped."""
KEEP_QUESTIONS = """
    asked = {}
    vim.ui.select = function(items, options, on_choice)
      table.insert(asked, { items = items, prompt = options.prompt, choose = on_choice })
    end
    updates = {}
    vim.api.nvim_create_autocmd('User', {
      pattern = 'OrchestratorRunUpdate',
      callback = function(event) table.insert(updates, event.data) end,
    })
"""


def start(start_served: StartServed, tmp_path: Path, script: list[Any], text: str = TEXT, **run: Any) -> Neovim:
    """An editor whose tasks wait only a moment when they are missing."""
    path = tmp_path / "script.json"
    settings = "".join(f", {name} = {value}" for name, value in {"grace": 0.4, **run}.items())
    options = (
        f"{{ settings = {{ model = 'scripted/demo', scripted = {{ script = '{path}', log = '{tmp_path}/calls' }},"
        f" run = {{ maxDepth = 0{settings} }}, calls = {{ concurrency = 8 }},"
        " split = { examples = 0 } } }"
    )
    return start_served(text, script=script, options=options, before=KEEP_QUESTIONS)


def run(editor: Neovim, line: int, words: str = "auto") -> None:
    editor.keys(f":{line}Orchestrator run {words}<CR>")


def calls(tmp_path: Path) -> int:
    """How many calls have begun."""
    file = tmp_path / "calls"
    return file.read_text().count('"begun"') if file.exists() else 0


def ended(editor: Neovim) -> dict[str, Any]:
    """How the run ended."""
    find = "return vim.iter(updates):find(function(update) return update.kind == 'run.ended' end)"
    return dict(editor.wait("the run to end", lambda: editor.lua(find))["detail"])


def kinds(editor: Neovim) -> list[str]:
    return [one["kind"] for one in editor.lua("return updates")]


def ends_of_tasks(editor: Neovim) -> dict[str, tuple[str, str]]:
    """By title: the last state of each task and its reason."""
    details = [one["detail"] for one in editor.lua("return updates") if one["kind"] == "attempt.state"]
    return {detail["title"]: (detail["state"], detail["reason"]) for detail in details}


def marks(editor: Neovim) -> str:
    return "".join(re.findall(r"\[(.)\] ", "\n".join(editor.lines())))


def has_line(editor: Neovim, text: str) -> bool:
    return any(text in line for line in editor.lines())


def approvals(editor: Neovim) -> list[dict[str, Any]]:
    return list(ask(editor, "approval/list", {})["approvals"])


def ask(editor: Neovim, method: str, params: dict[str, Any]) -> Any:
    answer = editor.lua(
        """
        local method, params = ...
        local client = vim.lsp.get_clients({ name = 'orchestrator' })[1]
        return client:request_sync('orchestrator/' .. method, params, 10000, vim.api.nvim_get_current_buf())
        """,
        method,
        params or {"none": True},
    )
    assert "err" not in answer, answer
    return answer["result"]


# --- the person edits meanwhile ---------------------------------------------------------------------------------


def test_a_changed_task_finishes_on_its_old_text_and_asks(start_served: StartServed, tmp_path: Path) -> None:
    editor = start(start_served, tmp_path, [{**does("Leave", "Left early."), "delay": 0.6}])
    run(editor, 6)
    editor.wait("the call", lambda: calls(tmp_path))
    editor.keys(":6s/Leave/Leave by train/<CR>")
    editor.wait("the question", lambda: approvals(editor))
    (approval,) = approvals(editor)
    assert approval["kind"] == "confirm"
    assert "was done for an older text of it" in approval["title"]
    assert ended(editor)["state"] == "completed"
    assert marks(editor) == "    ", "not completed without a word of the person"
    assert not has_line(editor, "Left early.")
    ask(editor, "approval/answer", {"approvalId": approval["approvalId"], "answer": "Mark it completed"})
    editor.wait("the mark", lambda: marks(editor) == "   x")
    assert has_line(editor, "> Result: Left early.")
    assert has_line(editor, "by train")


def test_a_changed_body_is_an_older_text_too_and_may_be_left_open(start_served: StartServed, tmp_path: Path) -> None:
    editor = start(start_served, tmp_path, [{**does("Leave"), "delay": 0.6}])
    run(editor, 6)
    editor.wait("the call", lambda: calls(tmp_path))
    editor.keys("6Go  Not before noon.<Esc>")
    editor.wait("the question", lambda: approvals(editor))
    (approval,) = approvals(editor)
    ask(editor, "approval/answer", {"approvalId": approval["approvalId"], "answer": "Leave it open"})
    ended(editor)
    assert approvals(editor) == []
    assert marks(editor) == "    "


def test_a_cut_task_is_stopped_and_a_moved_one_is_not(start_served: StartServed, tmp_path: Path) -> None:
    script = [{**does("Leave"), "delay": 1.2}, {**does("Shirts"), "delay": SLOW}, done(), sums_up()]
    editor = start(start_served, tmp_path, script, grace=0.5)
    editor.keys(":Orchestrator run all auto<CR>")
    editor.wait("the calls", lambda: calls(tmp_path) >= 3 and has_line(editor, "[x] Socks"))
    editor.keys("G/Leave<CR>dd")
    editor.wait("the cut", lambda: not has_line(editor, "Leave"))
    editor.keys("/Pack<CR>P")  # it was on its way to the top
    editor.keys("/Shirts<CR>dd")
    editor.wait("the move", lambda: has_line(editor, "Leave") and not has_line(editor, "Shirts"))
    ended(editor)
    found = ends_of_tasks(editor)
    assert found["Leave"][0] == "completed"
    assert found["Shirts"] == ("cancelled", "the task was removed")
    assert editor.lines()[2].startswith("- [x] Leave")


def test_an_undone_task_is_stopped_and_its_result_stays_under_its_id(start_served: StartServed, tmp_path: Path) -> None:
    """A subtask that ran is undone together with its split, and comes back."""
    plan = {"ordered": False, "tasks": [{"title": "Ticket"}, {"title": "Taxi"}]}
    script = [
        does("Leave", "too much at once", status="failed"),
        {"when": {"schema": "plan"}, "answer": plan},
        does("Ticket", "Seat 7."),
        {**does("Taxi"), "delay": SLOW},
    ]
    editor = start(start_served, tmp_path, script, maxDepth=1)
    run(editor, 6)
    editor.wait("the first result", lambda: has_line(editor, "> Result: Seat 7.") and calls(tmp_path) == 4)
    editor.wait("the server to know", lambda: "outcome.written" in kinds(editor))
    line = next(line for line in editor.lines() if "Ticket" in line)
    task_id = line.split("^")[1]
    editor.keys("u")
    editor.wait("the mark to go", lambda: has_line(editor, "[ ] Ticket"))
    time.sleep(0.3)
    assert calls(tmp_path) == 4, "set back to open by undo: nothing starts"
    editor.keys("u")
    editor.wait("the split to go", lambda: not has_line(editor, "Ticket"))
    assert ended(editor)["state"] == "completed"
    assert ends_of_tasks(editor)["Taxi"] == ("cancelled", "the task was removed")
    editor.keys("<C-r>")
    editor.wait("the subtasks", lambda: has_line(editor, f"^{task_id}"))
    editor.keys("<C-r>")
    editor.wait("its result", lambda: has_line(editor, "> Result: Seat 7."))
    run_id = editor.lua("return updates[1].runId")
    tasks = ask(editor, "run/get", {"runId": run_id})["tasks"]
    assert {task["title"]: task["state"] for task in tasks}["Ticket"] == "completed"


def test_a_status_set_by_hand_stops_the_attempt(start_served: StartServed, tmp_path: Path) -> None:
    script = [{**does("Leave"), "delay": SLOW}, {**does("Socks"), "delay": SLOW}, done(), sums_up()]
    editor = start(start_served, tmp_path, script)
    editor.keys(":Orchestrator run all auto<CR>")
    editor.wait("the others", lambda: calls(tmp_path) == 3 and "outcome.written" in kinds(editor))
    editor.keys("G:Orchestrator status completed<CR>")
    editor.keys("3G:Orchestrator status cancelled<CR>")  # with it what runs below
    ended(editor)
    found = ends_of_tasks(editor)
    assert found["Leave"] == found["Socks"] == ("cancelled", "a person set its status")
    lines = [line for line in editor.lines() if "] " in line and "Result" not in line]
    assert [re.sub(r"  \^.*", "", line) for line in lines if "Shirts" not in line] == [
        "- [-] Pack",
        "  - [ ] Socks",
        "- [x] Leave",
    ]


def test_set_back_to_open_by_hand_starts_nothing(start_served: StartServed, tmp_path: Path) -> None:
    editor = start(start_served, tmp_path, [does("Socks"), {**done(), "delay": 1.0}, sums_up()])
    run(editor, 3)
    editor.wait("the first", lambda: has_line(editor, "[x] Socks"))
    editor.keys("4G:Orchestrator status pending<CR>")
    editor.wait("the mark", lambda: has_line(editor, "[ ] Socks"))
    ended(editor)
    assert has_line(editor, "[ ] Socks")
    assert has_line(editor, "[x] Shirts")
    assert calls(tmp_path) == 3, "Socks, Shirts and what they sum up to"


# --- the buffer comes and goes ----------------------------------------------------------------------------------


def test_a_closed_buffer_is_written_as_a_file_and_opened_again(start_served: StartServed, tmp_path: Path) -> None:
    script = [does("Socks"), {**does("Shirts"), "delay": 1.0}, {**sums_up("Packed."), "delay": 0.5}]
    editor = start(start_served, tmp_path, script)
    file = tmp_path / "work" / "plan.tasks.md"
    run(editor, 3)
    editor.wait("the first", lambda: has_line(editor, "[x] Socks"))
    editor.keys(":write<CR>:bdelete<CR>")
    editor.wait("the file", lambda: "[x] Shirts" in file.read_text())
    editor.keys(f":edit {file}<CR>")
    editor.wait("the text", lambda: has_line(editor, "[x] Shirts"))
    editor.wait("the rest", lambda: has_line(editor, "> Result: Packed."))
    assert "> Result: Packed." not in file.read_text(), "an open buffer is never saved behind its person"
    assert editor.lua("return vim.bo.modified")


def test_reading_the_file_again_is_an_edit_as_any_other(start_served: StartServed, tmp_path: Path) -> None:
    """`:e!` drops ids that were not written: their tasks are gone, so they stop; others go on."""
    text = TEXT.replace("- [ ] Leave", "- [ ] Leave  ^aaaaa")
    editor = start(start_served, tmp_path, [{**does("Leave"), "delay": 1.5}, {**done(), "delay": SLOW}], text)
    editor.keys(":Orchestrator run all auto<CR>")
    editor.wait("the calls", lambda: calls(tmp_path) == 3)
    editor.keys(":edit!<CR>")
    assert ended(editor)["state"] == "completed"
    found = ends_of_tasks(editor)
    assert found["Socks"] == found["Shirts"] == ("cancelled", "the task was removed")
    assert found["Leave"][0] == "completed"
    assert "".join(editor.lines()).count("^") == 1
    assert has_line(editor, "[x] Leave  ^aaaaa")
    assert "Error" not in editor.messages()


def test_a_run_in_a_terminal_is_written_here(start_served: StartServed, tmp_path: Path) -> None:
    """Two programs on one store, the document open in one of them, and changed there without being saved."""
    editor = start(start_served, tmp_path, [does("Leave", "Left.")], TEXT.replace("Leave", "Leave  ^aaaaa"))
    editor.keys("1GA to the sea<Esc>")
    file = tmp_path / "work" / "plan.tasks.md"
    before = file.read_text()
    script = {"ORCHESTRATOR_SCRIPTED__SCRIPT": str(tmp_path / "script.json")}
    ask(editor, "run/list", {})  # the store is there, and says that it is open here
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", "run", file, "--task", "Leave", "--model", "scripted/x", "--yes"],
        env=clean_environment(tmp_path / "home", script),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    editor.wait("the mark", lambda: has_line(editor, "[x] Leave  ^aaaaa"))
    assert editor.lines()[0] == "# Trip to the sea"
    assert has_line(editor, "> Result: Left.")
    assert file.read_text() == before
    editor.keys("u")
    editor.wait("one undo", lambda: has_line(editor, "[ ] Leave"))
    assert not has_line(editor, "> Result: Left.")


# --- commands ---------------------------------------------------------------------------------------------------


def test_a_run_is_told_from_start_to_end(start_served: StartServed, tmp_path: Path) -> None:
    editor = start(start_served, tmp_path, [{**done("Done."), "delay": 0.2}, sums_up("Packed.")])
    run(editor, 3)
    editor.wait_for_text('"Pack": 3 tasks run; :Orchestrator stop stops.')
    editor.wait_for_text("The run is over.")
    assert marks(editor) == "xxx "
    assert editor.prompts == 0


def test_it_is_stopped_resumed_and_begun_anew_by_commands(start_served: StartServed, tmp_path: Path) -> None:
    editor = start(start_served, tmp_path, [does("Socks"), {**does("Shirts"), "delay": SLOW}, done("Done."), sums_up()])
    editor.keys(":Orchestrator stop<CR>")
    editor.wait_for_text("Nothing is split and nothing runs here.")
    editor.keys(":Orchestrator resume<CR>")
    editor.wait_for_message("No run of this outline can be resumed")
    run(editor, 3)
    editor.wait("the call", lambda: has_line(editor, "[x] Socks") and calls(tmp_path) == 2)
    editor.keys("4G:Orchestrator stop<CR>")
    editor.wait_for_text("The run was stopped; :Orchestrator resume goes on.")
    run_id = editor.lua("return updates[1].runId")
    assert editor.lua("return vim.fn.getcompletion('Orchestrator resume ', 'cmdline')") == [run_id]
    editor.keys(":Orchestrator resume<CR>")
    editor.wait("the rest", lambda: marks(editor) == "xxx ")
    assert calls(tmp_path) == 4
    editor.keys("5G:Orchestrator restart<CR>")
    editor.wait("another call", lambda: calls(tmp_path) == 5 and marks(editor) == "xxx ")
    assert editor.lua("return vim.fn.getcompletion('Orchestrator run a', 'cmdline')") == ["all", "auto"]
    editor.keys(":Orchestrator run fast<CR>")
    editor.wait_for_message("run does not know 'fast'. There are all, auto and needed.")


def test_the_stop_lens_stops_a_run(start_served: StartServed, tmp_path: Path) -> None:
    editor = start(start_served, tmp_path, [{**does("Leave"), "delay": SLOW}])
    run(editor, 6)
    editor.wait("the call", lambda: calls(tmp_path))
    editor.lua("vim.lsp.codelens.refresh({ bufnr = 0 })")
    lenses = "return vim.tbl_map(function(lens) return lens.command.title end, vim.lsp.codelens.get(0))"
    editor.wait("the lenses", lambda: "Stop" in editor.lua(lenses))
    stop = """
        local client = vim.lsp.get_clients({ name = 'orchestrator' })[1]
        local lens = vim.iter(vim.lsp.codelens.get(0)):find(function(l) return l.command.title == 'Stop' end)
        client:exec_cmd(lens.command, { bufnr = vim.api.nvim_get_current_buf() })
    """
    editor.lua(stop)
    assert ended(editor) == {"state": "cancelled", "reason": "user"}


def test_a_killed_server_is_started_again_and_offers_to_go_on(start_served: StartServed, tmp_path: Path) -> None:
    editor = start(start_served, tmp_path, [does("Socks"), {**does("Shirts"), "delay": SLOW}, done("Done."), sums_up()])
    run(editor, 3)
    editor.wait("the call", lambda: has_line(editor, "[x] Socks") and calls(tmp_path) == 2)
    editor.keys(":write<CR>")
    (pid,) = editor.lua("return vim.api.nvim_get_proc_children(vim.fn.getpid())")
    (tmp_path / "script.json").write_text(json.dumps([done("Done."), sums_up()]))
    os.kill(pid, signal.SIGKILL)
    editor.wait("its end", lambda: not editor.lua("return #vim.lsp.get_clients({ name = 'orchestrator' }) > 0"))
    editor.keys(":edit<CR>")
    editor.wait_until_attached()
    editor.wait("the offer", lambda: editor.lua("return #asked"))
    assert "“Pack” was cut off while it ran. 1 task of it is done." in editor.lua("return asked[1].prompt")
    editor.lua("asked[1].choose(asked[1].items[2], 2)")
    editor.wait("the rest", lambda: marks(editor) == "xxx ")


def test_a_question_is_shown_and_answered(start_served: StartServed, tmp_path: Path) -> None:
    editor = start(start_served, tmp_path, [asks("Leave", "When?"), done("At noon.")])
    run(editor, 6)
    editor.wait("the mark", lambda: has_line(editor, "[?] Leave  [reason:: When?]"))
    (approval,) = approvals(editor)
    ask(editor, "question/answer", {"approvalId": approval["approvalId"], "answer": "At noon"})
    editor.wait("the result", lambda: has_line(editor, "> Result: At noon."))


def test_the_context_is_shown_in_a_buffer_that_cannot_be_written(start_served: StartServed, tmp_path: Path) -> None:
    editor = start(start_served, tmp_path, [done()])
    editor.keys("4G:Orchestrator context<CR>")
    editor.wait("the buffer", lambda: editor.lua("return vim.bo.buftype") == "nofile")
    text = "\n".join(editor.lines())
    assert "To scripted/demo, with the prompt execute (" in text
    assert re.search(r"^  Task +\d+$", text, re.MULTILINE)
    assert "──── user ────" in text
    assert not editor.lua("return vim.bo.modifiable")
    editor.keys(":q<CR>")
    editor.wait("the outline", lambda: has_line(editor, "# Trip"))


def test_an_idea_is_expanded(start_served: StartServed, tmp_path: Path) -> None:
    plan = {"ordered": True, "tasks": [{"title": "Guests"}, {"title": "Cake"}]}
    script = [{"when": {"schema": "plan"}, "answer": plan}]
    editor = start(start_served, tmp_path, script, "A birthday party\n")
    editor.keys(":Orchestrator expand<CR>")
    editor.wait_for_text("2 subtasks proposed")
    editor.keys(":Orchestrator accept<CR>")
    editor.wait("the outline", lambda: has_line(editor, "[ ] Cake"))


def test_a_refusal_is_told(start_fake: Callable[..., FakeServed]) -> None:
    fake = start_fake()
    fake.refuse("orchestrator/run/start", "“Pack” is being run already.")
    fake.keys("3G:Orchestrator run<CR>")
    fake.wait_for_message("is being run already")
    assert fake.sent("orchestrator/run/start")[0]["position"] == {"line": 2, "character": 0}


def test_a_range_is_one_run_and_each_task_can_be_corrected(start_served: StartServed, tmp_path: Path) -> None:
    editor = start(start_served, tmp_path, [{**done(), "chunk": 2, "delay": SLOW}])
    editor.keys(":4Orchestrator correct Not the grey ones<CR>")
    editor.wait_for_message("Nothing works on this task.")
    editor.keys(":4,6Orchestrator run auto<CR>")
    editor.wait("all calls", lambda: calls(tmp_path) == 3)
    started = [one for one in editor.lua("return updates") if one["kind"] == "run.started"]
    assert [one["detail"]["tasks"] for one in started] == [3]
    editor.keys(":4Orchestrator correct Not the grey ones<CR>")
    editor.wait("the correction", lambda: "attempt.corrected" in kinds(editor))
    editor.keys(":4Orchestrator stop<CR>")
    assert ended(editor)["state"] == "cancelled"
