import io
import json
import sys

import pytest

from orchestrator.cli.terminal import Terminal
from tests.cli.screen import Screen
from tests.cli.test_split import DECIDE, plan


class FakeTerminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def streams(monkeypatch):
    """Call it in the test: pytest replaces the streams between a fixture and its test."""

    def take():
        made = {name: FakeTerminal() for name in ("stdin", "stdout", "stderr")}
        for name, stream in made.items():
            monkeypatch.setattr(sys, name, stream)
        return made

    return take


@pytest.mark.parametrize("text", ["x" * 500, "登录" * 200, "short"])
def test_a_status_fits_into_one_line(streams, monkeypatch, text):
    streams = streams()
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal({"TERM": "xterm"})
    terminal.status(text)
    shown = streams["stderr"].getvalue().removeprefix("\r\x1b[K")
    assert sum(2 if ord(character) > 0x2E80 else 1 for character in shown) < 40
    assert shown == text or shown.endswith("…")


def test_a_line_never_mixes_with_the_status(streams):
    streams = streams()
    terminal = Terminal({"TERM": "xterm"})
    terminal.status("planning")
    terminal.result("done")
    assert streams["stderr"].getvalue() == "\r\x1b[Kplanning\r\x1b[K"
    assert streams["stdout"].getvalue() == "done\n"


def test_a_dumb_terminal_gets_no_status_and_no_colour(streams):
    streams = streams()
    terminal = Terminal({"TERM": "dumb"})
    terminal.status("planning")
    terminal.say("done", "warning")
    assert streams["stderr"].getvalue() == "done\n"


@pytest.mark.parametrize(("environ", "no_color"), [({"NO_COLOR": "1"}, False), ({}, True)])
def test_colour_can_be_turned_off(streams, environ, no_color):
    streams = streams()
    Terminal(environ, no_color=no_color).result("text", "added")
    assert streams["stdout"].getvalue() == "text\n"


def test_an_empty_no_color_means_nothing(streams):
    streams = streams()
    Terminal({"NO_COLOR": ""}).result("text", "added")
    assert streams["stdout"].getvalue() == "\x1b[32mtext\x1b[0m\n"


def test_our_typography_is_plain_where_it_cannot_be_shown(streams):
    streams = streams()
    streams["stdout"].encoding = "latin-1"
    Terminal({}).result("“a” …")
    assert streams["stdout"].getvalue() == '"a" ...\n'


def test_subtasks_are_shown_as_they_arrive(command):
    command.script(json.dumps([DECIDE, plan("Draw it", "Build it", "Try it", delay=0.5, chunk=60)]))
    screen = Screen(command, "split", command.outline(), "--task", "logout", "--dry-run")
    screen.wait_for("1  Draw it")
    assert "3  Try it" not in screen.text
    screen.wait_for("3  Try it")
    assert screen.end() == 0


class Deaf(FakeTerminal):
    def write(self, _text):
        raise BrokenPipeError


def test_talk_that_cannot_be_written_ends_nothing(streams, monkeypatch):
    streams = streams()
    monkeypatch.setattr(sys, "stderr", Deaf())
    terminal = Terminal({"TERM": "xterm"})
    terminal.say("progress")
    terminal.status("planning")
    terminal.result("done")
    terminal.flush()
    assert streams["stdout"].getvalue() == "done\n"


def test_an_equal_status_is_not_written_again(streams):
    streams = streams()
    terminal = Terminal({"TERM": "xterm"})
    terminal.status("planning")
    terminal.status("planning")
    assert streams["stderr"].getvalue() == "\r\x1b[Kplanning"
