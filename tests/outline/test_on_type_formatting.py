"""The text at `$0`, after Enter was pressed there and the edits were made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.outline.edits import apply
from orchestrator.outline.on_type_formatting import after_newline
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Outline, Task
from tests.outline.strategies import outlines


def enter(source: str, indent: str = "") -> str:
    """`indent` is what the editor puts there by itself."""
    offset = source.index("$0")
    broken = source.replace("$0", "\n" + indent)
    return apply(broken, after_newline(parse(broken), offset + 1 + len(indent)))


def check_enter(source: str, expected: str, indent: str = "") -> None:
    assert enter(source, indent) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("- [ ] a$0\n", "- [ ] a\n- [ ] \n"),
        ("* [x] a  ^b7$0", "* [x] a  ^b7\n* [ ] "),
        ("3. [ ] a$0\n4. [ ] b\n", "3. [ ] a\n4. [ ] \n4. [ ] b\n"),
        ("9) [!] a$0\n", "9) [!] a\n10) [ ] \n"),
        ("- plain$0\n", "- plain\n- \n"),
        ("-\t[ ] a$0\n", "-\t[ ] a\n-\t[ ] \n"),
        ("- [ ] one$0 two\n", "- [ ] one\n- [ ] two\n"),
        ("- [ ] $0two\n", "- [ ] \n- [ ] two\n"),
        ("- - [ ] a$0\n", "- - [ ] a\n  - [ ] \n"),
        ("\ufeff- [ ] a$0\n", "\ufeff- [ ] a\n- [ ] \n"),
        ("999999999. [ ] a$0\n", "999999999. [ ] a\n999999999. [ ] \n"),
    ],
)
def test_a_list_goes_on(source, expected):
    check_enter(source, expected)


def test_a_list_goes_on_where_it_is_indented():
    check_enter("- [ ] a\n  1. [ ] b$0\n- [ ] c\n", "- [ ] a\n  1. [ ] b\n  2. [ ] \n- [ ] c\n")
    check_enter("- [ ] a\n  1. [ ] b$0\n", "- [ ] a\n  1. [ ] b\n  2. [ ] \n", indent="  ")
    check_enter("- [ ] a\n\t- [ ] b$0\n", "- [ ] a\n\t- [ ] b\n\t- [ ] \n", indent="    ")


def test_before_subtasks_a_subtask_begins():
    check_enter("- [ ] a$0\n  2. [ ] b\n", "- [ ] a\n  2. [ ] \n  2. [ ] b\n")


def test_before_a_body_the_body_begins():
    check_enter("- [ ] a$0\n  text\n", "- [ ] a\n  \n  text\n")


def test_an_empty_item_steps_out():
    check_enter("- [ ] a\n  - [ ] b\n  - [ ] $0\n- [ ] c\n", "- [ ] a\n  - [ ] b\n- [ ] \n- [ ] c\n")
    check_enter("1. [ ] a\n   - [ ] $0\n", "1. [ ] a\n2. [ ] \n", indent="   ")


def test_an_empty_item_ends_the_list():
    check_enter("- [ ] a\n- [ ] $0\n", "- [ ] a\n\n")
    check_enter("- [ ] a\n- [ ]$0\n\ntext\n", "- [ ] a\n\n\ntext\n")
    check_enter("- a\n- $0\n", "- a\n\n")
    check_enter("- [ ] a\n  - [ ] $0\n  text of a\n", "- [ ] a\n\n  text of a\n")


def test_an_empty_item_stays_where_others_would_move():
    check_enter("- [ ] a\n  - [ ] $0\n  - [ ] b\n", "- [ ] a\n  - [ ] \n\n  - [ ] b\n")
    check_enter("- [ ] $0\n- [ ] b\n", "- [ ] \n\n- [ ] b\n")


def test_a_body_keeps_its_indent():
    check_enter("- [ ] a\n  text$0\n", "- [ ] a\n  text\n  \n")
    check_enter("- [ ] a\n  te$0xt\n", "- [ ] a\n  te\n  xt\n")
    check_enter("- [ ] a\n\n  one\n$0\n  two\n", "- [ ] a\n\n  one\n\n  \n  two\n")
    check_enter("- [ ] a\n  ```\n  - x$0\n  ```\n", "- [ ] a\n  ```\n  - x\n  \n  ```\n")


@pytest.mark.parametrize(
    "source",
    [
        "text$0\n", "# Heading$0\n", "$0", "---\n- x$0\n---\n", "```\n- [ ] a$0\n```\n", "- [ ] a\n\n$0text\n",
        "$0- [ ] a\n", "- [ ] a\n\n$0\n",
    ],
)  # fmt: skip
def test_nothing_elsewhere(source):
    assert enter(source) == source.replace("$0", "\n")


def test_an_editor_that_continues_lists_itself_is_left_alone():
    source = "- [ ] a\n- [ ] "
    assert after_newline(parse(source), len(source)) == ()
    assert after_newline(parse(source), len("- [ ] a\n")) == ()


def said(outline: Outline, task: Task) -> tuple[list[str], str, str]:
    return [step.title for step in outline.path(task)], task.description, task.acceptance


@given(outlines(), st.data())
def test_enter_moves_no_task(source, data):
    before = parse(source)
    tasks = list(before.tasks())
    if not tasks:
        return
    task = data.draw(st.sampled_from(tasks))
    offset = before.text.line_end(task.line)
    broken = source[:offset] + before.text.newline + source[offset:]
    outline = parse(broken)
    place = offset + len(before.text.newline)
    edits = after_newline(outline, place)
    after = parse(apply(broken, edits))
    # A blank line alone may make a list of what was a paragraph; that is the person's doing.
    unbroken = [said(outline, other) for other in outline.tasks()]
    there = [said(before, other) for other in before.tasks() if other.title]
    now = [said(after, other) for other in after.tasks()]
    assert [one for one in there if one in unbroken and one not in now] == []
    for edit in edits:
        line = outline.text.line_of(place)
        assert outline.text.line_start(line - 1) <= edit.start <= edit.end <= outline.text.line_end(line)


@pytest.mark.parametrize("offset", [-3, 0, 5, 999])
def test_places_outside_the_text(offset):
    assert after_newline(parse("- [ ] a"), offset) == ()
