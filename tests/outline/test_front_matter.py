from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.outline.front_matter import MAX_CHARACTERS, front_matter
from orchestrator.outline.parse import parse
from orchestrator.outline.text import Text
from tests.support.laws import examples


def test_settings_are_plain_values_and_unknown_keys_are_kept():
    front = front_matter(
        Text("---\norchestrator: 1\ndefaults: {budget: 2.00}\n1: [a, b]\nwhen: 2026-01-02\n...\n- [ ] a")
    )
    assert front.problem is None
    assert front.settings["defaults"] == {"budget": 2.0}
    assert front.settings["1"] == ["a", "b"]
    assert str(front.settings["when"]) == "2026-01-02"
    assert front.end_line == 6
    assert not front.newer


@pytest.mark.parametrize(
    "source", ["", "--- a\n---", " ---\n---", "\n---\na: 1\n---", "----\na: 1\n----", "---\na: 1\n", "---"]
)
def test_what_is_no_front_matter(source: str):
    front = front_matter(Text(source))
    assert (dict(front.settings), front.problem, front.end_line) == ({}, None, 0)


@pytest.mark.parametrize("source", ["---\n---\n", "--- \r\n# comment\r\n---\t\r\n", "\ufeff---\r...\r"])
def test_empty_front_matter_is_no_problem(source: str):
    front = front_matter(Text(source))
    assert (dict(front.settings), front.problem) == ({}, None)
    assert front.end_line > 0


BOMB = "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("a: &x 1\nb: *x", "line 3 .*aliases"),
        (BOMB, "aliases"),
        ("a: !!python/object:os.system x", "tags"),
        ("a: !!timestamp x", "tags"),
        ("a: [" + "[" * 5000, "too deeply"),
        ("a: 1\n\tb: 2", "cannot be read in line"),
        ("a: 2026-99-99", "cannot be read"),
        ("a: " + "9" * 5000, "cannot be read"),
        ("a: =", "cannot be read"),
        ("<<: x", "cannot be read"),
        ("? [a]\n: b", "cannot be read"),
        ("a: \0", "cannot be read"),
        ("a: \ud800", "cannot be read"),
        ("- a", "not a list of settings"),
        ("text", "not a list of settings"),
        ("a: " + "x" * MAX_CHARACTERS, "larger than 64 KiB"),
    ],
)
def test_bad_front_matter_is_a_problem_and_still_cut_off(source: str, problem: str):
    outline = parse(f"---\n{source}\n---\n- [ ] a\n")
    front = outline.front_matter
    assert front.settings == {}
    assert front.problem
    assert Text(front.problem).line_count == 1
    assert re.search(problem, front.problem), front.problem
    assert [task.title for task in outline.tasks()] == ["a"]


def test_a_newer_format_is_known_as_such():
    assert front_matter(Text("---\norchestrator: 99\n---")).newer
    assert not front_matter(Text("---\norchestrator: '99'\n---")).newer
    assert not front_matter(Text("---\norchestrator: true\n---")).newer


yaml_text = st.lists(
    st.sampled_from(
        [
            "a",
            ": ",
            "- ",
            "\n",
            "  ",
            "[",
            "]",
            "{",
            "}",
            "&a ",
            "*a",
            "!!int ",
            "|",
            ">",
            "'",
            '"',
            "? ",
            "<<",
            "=",
            "1",
            ".",
            "0x",
            "2026-1-1",
            "#",
            "%",
            "\t",
            "\0",
            "\x85",
            "~",
            "1:2",
            "e9",
            "_",
            "\ufeff",
            ",",
        ]
    )
    | st.text(max_size=3),
    max_size=25,
).map("".join)


@settings(deadline=None, max_examples=examples(150))
@given(yaml_text)
@example("a: 1_e")
@example("a: 0001-01-01 00:00:00 +23:59")
@example("a: 2001-01-01 00:00:00 +99:99")
def test_front_matter_is_total(source: str):
    front = front_matter(Text(f"---\n{source}\n---\n"))
    assert front.end_line > 1
    assert front.problem is None or front.settings == {}
