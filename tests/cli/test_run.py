"""`orchestrator run`, `runs`, `resume` and `stop` as a person types them, with scripted answers."""

import json
import os
import signal

import pytest

from orchestrator.cli.live_tree import final_lines, task_line, tree_lines
from orchestrator.engine.branch import BranchView, TaskView
from orchestrator.model.run import AttemptState, RunState
from tests.cli.screen import Screen
from tests.support.branches import asks, does, done, sums_up
from tests.support.patience import PATIENCE, wait_until

PLAN = "- [ ] Ship  [mode:: auto]\n  1. [ ] Form\n  2. [ ] Wire\n- [ ] Tell  [mode:: auto]\n"
MODEL = ("--model", "scripted/test")


@pytest.fixture
def plan(command):
    path = command.work / "plan.tasks.md"
    path.write_text(PLAN)
    return path


def script(command, *entries):
    command.script(json.dumps(entries))


def test_a_file_is_run(command, plan):
    script(command, does("Form"), does("Wire"), does("Tell"), sums_up("Shipped."))
    ran = command("run", plan, *MODEL)
    assert ran.returncode == 0, ran.stderr
    assert "2 tasks · 4 of 4 done" in ran.stdout
    assert "4 tasks: about 4 to 8 calls of scripted/test" in ran.stderr
    assert plan.read_text().count("[x]") == 4
    assert "> Result: Shipped." in plan.read_text()
    listed = command("runs")
    assert "completed" in listed.stdout


def test_one_task_is_run(command, plan):
    script(command, done())
    assert command("run", plan, "--task", "Tell", *MODEL).returncode == 0
    assert plan.read_text().count("[x]") == 1


def test_json_is_a_stream_of_events(command, plan):
    script(command, done(), sums_up())
    ran = command("run", plan, "--json", *MODEL)
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 0
    assert {line["schema"] for line in lines} == {1}
    assert lines[0]["event"] == "run.started"
    assert lines[-1]["event"] == "end"
    assert lines[-1]["tasks"] == {"total": 4, "done": 4, "failed": 0, "waiting": 0, "notPossible": 0}
    assert [line["seq"] for line in lines[:-1]] == list(range(1, len(lines)))


def test_failures_are_told_with_their_exit_code(command, plan):
    no_plan = {"when": {"schema": "plan"}, "answer": "x", "repeat": True}
    script(command, does("Form", status="failed", result="no access"), no_plan, done())
    ran = command("run", plan, *MODEL)
    assert ran.returncode == 12
    assert "Form: failed" in ran.stdout
    assert "Wire: not possible: “Form” before it failed" in ran.stdout
    assert "[!]" in plan.read_text()


def test_a_question_needs_a_person_and_is_answered_when_resumed(command, plan):
    script(command, asks("Tell", "Whom?"), done(), sums_up())
    ran = command("run", plan, *MODEL)
    assert ran.returncode == 7
    assert "[?] Tell" in plan.read_text()
    assert "? Whom?" in command("runs").stdout
    inbox = json.loads(command("runs", "--json").stdout)
    assert [one["title"] for one in inbox["inbox"]] == ["Whom?"]
    assert inbox["runs"][0]["resumable"] is True
    script(command, done(), sums_up())
    screen = Screen(command, "resume", env={"ORCHESTRATOR_SCRIPTED__SCRIPT": str(command.home / "script.json")})
    screen.wait_for("“Tell” asks: Whom?")
    screen.wait_for("Your answer")
    screen.type("The press\n")
    assert screen.end() == 0
    shown_again = screen.text.rpartition("The press\r\n")[2].partition(" of 4 done")[0]
    assert "\x1b[1A" not in shown_again, "the tree is drawn below the question, not over it"
    assert "[x] Tell" in plan.read_text()
    assert command("resume").returncode == 5


def test_an_estimate_is_accepted_first(command, plan):
    before = plan.read_text()
    ran = command("run", plan, "--model", "openai/gpt-5", env={"OPENAI_API_KEY": "sk-none"})
    assert ran.returncode == 7
    assert "--yes accepts the estimate" in ran.stderr
    assert plan.read_text() == before


def test_interactive_tasks_without_a_terminal(command, plan):
    plan.write_text("- [ ] a\n- [ ] b\n")
    script(command, done())
    ran = command("run", plan, *MODEL)
    assert ran.returncode == 7
    assert "2 of 2 tasks are interactive" in ran.stderr
    assert command("run", plan, "--auto", *MODEL).returncode == 0


def test_the_tree_is_live_and_a_question_is_asked_in_between(command, plan):
    script(command, asks("Tell", "Whom?"), done(delay=0.1), sums_up())
    screen = Screen(
        command, "run", plan, *MODEL, env={"ORCHESTRATOR_SCRIPTED__SCRIPT": str(command.home / "script.json")}
    )
    screen.wait_for("“Tell” asks: Whom?")
    screen.wait_for("later): ")
    screen.type("The press\n")
    assert screen.end() == 0
    shown_again = screen.text.rpartition("The press\r\n")[2].partition(" of 4 done")[0]
    assert "\x1b[1A" not in shown_again, "the tree is drawn below the question, not over it"
    assert "at work" in screen.text
    assert "4 of 4 done" in screen.text


def test_ctrl_c_stops_and_resume_goes_on(command, plan):
    script(command, does("Form"), {**done(delay=0.2), "chunk": 5}, sums_up())
    process = command.start("run", plan, *MODEL)
    wait_until(lambda: "[x]" in plan.read_text(), "a task that is done")
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "`orchestrator resume run_" in err
    assert plan.read_text().count("[x]") < 4
    script(command, done(), sums_up())
    assert command("resume").returncode == 0
    assert plan.read_text().count("[x]") == 4


def test_another_terminal_stops_it(command, plan):
    script(command, {**done(delay=0.5), "chunk": 1})
    process = command.start("run", plan, *MODEL)
    wait_until(lambda: json.loads(command("runs", "--json").stdout)["runs"], "a run")
    assert command("run", plan, *MODEL).returncode == 5, "another program runs it"
    stopped = command("stop")
    assert stopped.returncode == 0, stopped.stderr
    assert "Stopped run_" in stopped.stdout
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert command("resume", "--give-up").returncode == 0
    assert command("resume").returncode == 5


def test_a_killed_run_is_resumed(command, plan):
    script(command, does("Form"), {**done(delay=0.5), "chunk": 1})
    process = command.start("run", plan, *MODEL)
    wait_until(lambda: "[x]" in plan.read_text(), "a task that is done")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert "the program ended while this ran" in command("runs").stdout
    script(command, does("Wire"), does("Tell"), sums_up())
    assert command("resume").returncode == 0
    assert plan.read_text().count("[x]") == 4


def test_calls_are_limited(command, plan):
    script(command, done(), sums_up())
    ran = command("run", plan, "--calls", "1", *MODEL)
    assert ran.returncode == 11
    assert command("resume", "--calls", "50").returncode == 0


def test_the_tree_says_states_in_words():
    words = {task_line(TaskView("a", "Title", None, state), 1) for state in AttemptState}
    assert len({line.split("  ")[-1] for line in words}) == len(AttemptState)


def test_nothing_is_at_work_when_it_is_over():
    states = (AttemptState.EXECUTING, AttemptState.WAITING, AttemptState.FAILED, AttemptState.COMPLETED)
    tasks = [TaskView(state, state.name, None, state) for state in states]
    view = BranchView("run_1", "Trip", RunState.PAUSED, "", done=1, failed=1, waiting=1, blocked=0, total=4)
    words = ["EXECUTING: not finished", "WAITING: waits for you", "FAILED: failed"]
    assert [line.strip() for line in final_lines(view, tasks)] == words


def test_a_low_screen_shows_what_matters():
    tasks = [TaskView("p", "Parent", None, AttemptState.EXPANDED)]
    tasks += [TaskView(f"t{n}", f"Task {n}", "p", AttemptState.COMPLETED) for n in range(500)]
    tasks[300] = TaskView("t299", "Busy", "p", AttemptState.EXECUTING)
    tasks[400] = TaskView("t399", "Asks", "p", AttemptState.WAITING, "which?")
    lines = [line for line, _ in tree_lines(tasks, 8)]
    assert len(lines) <= 8
    assert any("Busy" in line for line in lines)
    assert any("Asks  waits for you: which?" in line for line in lines)
    assert "more" in lines[-1]
