"""docs/reference/cli.md is complete: what the parsers know stands there."""

import argparse
import re
from pathlib import Path

import pytest

from orchestrator.cli.exit_codes import MEANINGS
from orchestrator.cli.main import COMMANDS, parser_of, top_parser

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
SECTIONS = {
    heading.split()[1]: body
    for heading, body in re.findall(r"^## `(orchestrator [^`]+)`\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
}


def options_of(parser):
    """Every option, and every action of an action with the options below it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield name
                yield from options_of(below)
        elif action.option_strings and action.help != argparse.SUPPRESS:
            yield action.option_strings[-1]


def test_reference_lists_every_command():
    assert set(SECTIONS) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_reference_lists_every_option(command):
    general = set(options_of(top_parser()))
    for option in set(options_of(parser_of(command))) - general:
        assert re.search(rf"`[^`]*(?<![\w-]){re.escape(option)}(?![\w-])", SECTIONS[command]), (
            f"{option} is not described"
        )


def test_reference_lists_every_global_option():
    introduction = PAGE.split("\n## ")[0]
    for option in options_of(top_parser()):
        assert f"`{option}" in introduction


def test_reference_lists_every_exit_code():
    table = PAGE.split("## Exit codes\n")[1]
    rows = dict(re.findall(r"^\| (\d+) \| (.*) \|$", table, re.MULTILINE))
    assert rows == {str(code.value): meaning for code, meaning in MEANINGS.items()}
