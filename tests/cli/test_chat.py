"""`orchestrator chat`, as a person and as a program use it."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.cli.screen import Screen

OUTLINE = "# Ship login\n\n- [ ] Build the login page\n  Three fields.\n"


def says(text, contains="", **more):
    return {"when": {"contains": contains} if contains else {}, "answer": text, **more}


@pytest.fixture
def chat(command):
    def prepare(*script):
        command.script(json.dumps(script))
        command.outline(OUTLINE)
        return command

    return prepare


def test_one_message(chat):
    command = chat(
        says("Use a **grid**.\n", "How"), says("Blue \x1b[31m!", "colour"), says("", error="AuthenticationError")
    )
    (command.work / "notes.txt").write_text("first\nsecond\n")
    done = command("chat", "plan.tasks.md", "login", "--message", "How?", "--attach", "notes.txt:2")
    assert (done.returncode, done.stdout) == (0, "Use a **grid**.\n\n")
    assert "scripted/demo" in done.stderr
    assert "Build the login page  ^" in (command.work / "plan.tasks.md").read_text()

    done = command("chat", "plan.tasks.md", "login", "--json", stdin="Which colour?")
    answer = json.loads(done.stdout)
    assert (answer["text"], answer["ending"]) == ("Blue \x1b[31m!", "end")

    done = command("chat", "plan.tasks.md", "login", stdin="Again?")
    assert done.returncode == 8
    assert "AuthenticationError" in done.stderr
    done = command("chat", "plan.tasks.md", "login", "--message", "x", "--attach", ".env")
    assert done.returncode == 9
    assert "private" in done.stderr
    assert command("chat", "plan.tasks.md", "nothing", "--message", "x").returncode == 5
    assert command("chat", "plan.tasks.md", "login", stdin="").returncode == 1


@pytest.mark.skipif(os.name != "posix", reason="a terminal of its own")
def test_ctrl_c_stops_the_turn(chat):
    slow = " ".join(f"word{number}" for number in range(400))
    command = chat(says(slow, "Count", chunk=6, delay=0.02), says("Fine.", "go on"), says("Two lines.", "a\nb"))
    screen = Screen(command, "chat", "plan.tasks.md", "login")
    screen.wait_for("/help says what you can do")
    screen.wait_for("> ")
    screen.type("Count\r")
    screen.wait_for("word5")
    screen.type("\x03")
    screen.wait_for("stopped; what there is of it is kept")
    screen.wait_for_after("is kept", "> ")
    for pressed in range(1, 6):
        screen.type("half a line")
        screen.send(signal.SIGINT)  # while it shows what was typed, or before, or after
        screen.wait_for("(Ctrl-D ends.)", pressed)
    screen.type("go on\r")
    screen.wait_for("Fine.")
    screen.type("a\\\rb\r")
    screen.wait_for("Two lines.")
    screen.type("/nonsense\r")
    screen.wait_for("There is no command /nonsense")
    screen.type("/rename Layout\r/show\r")
    screen.wait_for("# Layout")
    screen.wait_for("you stopped it")
    screen.wait_for("Two lines.", 2)
    screen.wait_for_after("Two lines.", "> ")  # a terminal forgets a Ctrl-D that comes while nobody reads
    screen.type("\x04")
    assert screen.end() == 0
    again = Screen(command, "chat", "plan.tasks.md", "login")
    again.wait_for("“Layout”")
    again.wait_for("Two lines.")
    again.wait_for("> ")
    again.type("/quit\r")
    assert again.end() == 0


@pytest.mark.skipif(os.name != "posix", reason="a terminal of its own")
def test_hostile_answers_are_shown(chat):
    hostile = "\x1b]0;owned\x07\x1b[2J\r<script>alert(1)</script> \u202egnp.exe\n"
    command = chat(says(hostile, chunk=1), says("1. Draw it\n2. Write it\n", "steps"), says("Anew.", "steps"))
    screen = Screen(command, "chat", "plan.tasks.md", "login")
    screen.wait_for("> ")
    screen.type("Hello\r")
    screen.wait_for("gnp.exe")
    shown = screen.text
    assert "\x1b]0;" not in shown
    assert "\x1b[2J" not in shown
    assert "<U+001B>]0;owned<U+0007><U+001B>[2J<U+000D><script>alert(1)</script> <U+202E>gnp.exe" in shown
    screen.type("steps\r")
    screen.wait_for("2. Write it")
    screen.type("/to subtasks\r")
    screen.wait_for("Wrote the subtasks")
    screen.type("/retry\r")
    screen.wait_for("Anew.")
    screen.type("/context\r")
    screen.wait_for("tokens (about)")
    screen.type("/attach ../x\r/new\r/quit\r")
    assert screen.end() == 0
    text = (command.work / "plan.tasks.md").read_text()
    assert "  - [ ] Draw it\n  - [ ] Write it\n" in text
