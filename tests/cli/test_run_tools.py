"""Tasks that change files and run commands, on the command line: what is shown, asked, and left alone."""

import json
import sys
from pathlib import Path

import pytest

from tests.cli.screen import Screen
from tests.support.hands import finish, use

MODEL = ("--model", "scripted/test")
PROGRAM = Path(sys.executable).name
FIX = ("change_file", {"path": "app.py", "old": "wrong", "new": "right\u202e"})
RUN = ("run_command", {"argv": [PROGRAM, "-c", "open('ran', 'w')"], "purpose": "to see"})


@pytest.fixture
def plan(command):
    path = command.work / "plan.tasks.md"
    path.write_text("- [ ] Fix it  [executor:: code]  [mode:: auto]\n")
    (command.work / "app.py").write_text("x = 'wrong'\n")
    command.settings(f"[tools]\nprograms = [{json.dumps(sys.executable)}]\n")
    return path


def script(command, *entries):
    command.script(json.dumps(entries))


def app(command):
    return (command.work / "app.py").read_text()


def test_without_a_person_the_patch_is_kept(command, plan):
    script(command, use(FIX, finish("Fixed.")))
    ran = command("run", plan, *MODEL)
    assert ran.returncode == 7, ran.stderr
    assert app(command) == "x = 'wrong'\n"
    assert "[x]" not in plan.read_text()
    (question,) = json.loads(command("runs", "--json").stdout)["inbox"]
    assert "Fix it: change 1: app.py" in question["title"]
    resumed = command("resume", "--yes")
    assert resumed.returncode == 0, resumed.stderr
    assert "right" in app(command)
    assert "[x] Fix it" in plan.read_text()
    assert json.loads(command("runs", "--json").stdout)["inbox"] == []


def test_yes_never_runs_a_command(command, plan):
    script(command, use(FIX, RUN), use(finish("Fixed.")))
    for arguments in (("run", plan, "--yes", "--trust", *MODEL), ("resume", "--yes", "--trust")):
        assert command(*arguments).returncode == 7
        assert not (command.work / "ran").exists()


def screen(command, plan):
    return Screen(
        command, "run", plan, *MODEL, env={"ORCHESTRATOR_SCRIPTED__SCRIPT": str(command.home / "script.json")}
    )


def test_a_diff_is_shown_and_approved(command, plan):
    script(command, use(FIX, finish("Fixed.")))
    shown = screen(command, plan)
    shown.wait_for("Your choice, 1 to 3 [1]")
    assert "+x = 'right<U+202E>'" in shown.text
    assert "leave to change app.py in this run" in shown.text
    shown.type("2\n")
    assert shown.end() == 0
    assert "right" in app(command)


def test_enter_is_the_careful_answer(command, plan):
    script(command, use(RUN), use(finish("Not run.", failed=True)), {"when": {"schema": "plan"}, "answer": "x"})
    shown = screen(command, plan)
    shown.wait_for("Your choice, 1 to 3 [1]")
    assert f"$ {PROGRAM} -c" in shown.text
    assert "It may execute code of this folder." in shown.text
    assert "What for, as the model says: to see" in shown.text
    shown.type("\n")
    shown.end()
    assert not (command.work / "ran").exists()


def test_a_window_that_is_closed_is_no_answer(command, plan):
    script(command, use(FIX, finish("Fixed.")))
    shown = screen(command, plan)
    shown.wait_for("Your choice, 1 to 3 [1]")
    shown.close()
    (asked,) = json.loads(command("runs", "--json").stdout)["inbox"]
    assert "Fix it: change 1: app.py" in asked["title"]
    env = {"ORCHESTRATOR_SCRIPTED__SCRIPT": str(command.home / "script.json")}
    script(command, use(finish("Fixed.")))
    again = Screen(command, "resume", env=env)
    again.wait_for("Your choice, 1 to 3 [1]")
    again.type("2\n")
    assert again.end() == 0
    assert "right" in app(command)


def test_what_a_review_found_is_said(command, plan):
    plan.write_text("- [ ] Look  [executor:: review]\n")
    found = {"path": "app.py", "line": 1, "severity": "error", "message": "It is wrong."}
    script(command, use(finish("One fault.", findings=[found])))
    ran = command("run", plan, "--auto", *MODEL)
    assert ran.returncode == 0, ran.stderr
    assert "\napp.py:1: error: It is wrong.\n" in ran.stderr
