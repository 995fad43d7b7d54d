"""Dragging a branch into another task or section."""

from __future__ import annotations

import pytest

from orchestrator.errors import EditRefusedError
from orchestrator.outline import actions
from orchestrator.outline.edits import apply
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Section, Task
from tests.outline.checks import text


def check_into(source: str, titles: str, parent: str, expected: str) -> None:
    """`titles`: with blanks between them."""
    assert into(text(source), titles, parent) == text(expected)


def into(source: str, titles: str, parent: str) -> str:
    outline = parse(source)
    nodes = {node.title: node for node in outline.walk()}
    tasks = [task for title in titles.split() if isinstance(task := nodes[title], Task)]
    place = nodes[parent]
    assert isinstance(place, (Task, Section))
    return apply(source, actions.move_into(outline, tasks, place))


def test_into_a_task_without_subtasks():
    check_into(
        """
        - [ ] a
          Body of a.
        - [ ] b
          - [ ] c
        """,
        "b",
        "a",
        """
        - [ ] a
          Body of a.
          - [ ] b
            - [ ] c
        """,
    )


def test_behind_the_last_subtask_with_its_number():
    check_into(
        """
        - [ ] a
          1. [ ] one
          2. [ ] two
        - [ ] b  ^bbbbb
        """,
        "b",
        "a",
        """
        - [ ] a
          1. [ ] one
          2. [ ] two
          3. [ ] b  ^bbbbb
        """,
    )


def test_upwards_out_of_a_deep_place():
    check_into(
        """
        # One

        - [ ] a
          - [ ] b
            - [ ] c
              Body of c.

        # Two

        - [ ] d
        """,
        "c",
        "Two",
        """
        # One

        - [ ] a
          - [ ] b

        # Two

        - [ ] d
        - [ ] c
          Body of c.
        """,
    )


def test_into_a_section_without_tasks():
    check_into(
        """
        - [ ] a
        - [ ] b

        # Later
        Some words.
        """,
        "a",
        "Later",
        """
        - [ ] b

        # Later
        Some words.

        - [ ] a
        """,
    )


def test_where_it_is_already():
    check_into("- [ ] a\n  - [ ] b\n", "b", "a", "- [ ] a\n  - [ ] b\n")


@pytest.mark.parametrize("parent", ["a", "b"])
def test_a_task_is_not_moved_into_its_own_branch(parent: str):
    with pytest.raises(EditRefusedError, match="below itself"):
        into("- [ ] a\n  - [ ] b\n", "a", parent)


def test_several_come_behind_each_other_in_one_edit():
    check_into(
        """
        - [ ] a
          - [ ] b
            Body of b.
        - [ ] c
          1. [ ] d
        - [ ] e

        # S

        - [ ] f
        """,
        "e b f",
        "c",
        """
        - [ ] a
        - [ ] c
          1. [ ] d
          2. [ ] b
             Body of b.
          3. [ ] e
          4. [ ] f

        # S
        """,
    )


def test_what_stands_below_another_of_them_stays_there():
    moved = "- [ ] d\n  - [ ] a\n    - [ ] b\n      - [ ] c\n"
    check_into("- [ ] a\n  - [ ] b\n    - [ ] c\n- [ ] d\n", "c b a", "d", moved)


def test_several_into_a_section_above_them():
    check_into(
        "# S\n\n# T\n\n- [ ] a\n- [ ] b\n- [ ] c\n",
        "a c",
        "S",
        "# S\n\n- [ ] a\n- [ ] c\n\n# T\n\n- [ ] b\n",
    )


def test_several_are_moved_all_or_not_at_all():
    with pytest.raises(EditRefusedError, match="below itself"):
        into("- [ ] a\n- [ ] b\n  - [ ] c\n", "a b", "c")


def test_a_sequence_that_loses_its_first_begins_with_its_number():
    source = "- [ ] a\n  1. [ ] b\n  2. [ ] c\n     Body of c.\n  3. [ ] d\n- [ ] e\n"
    check_into(source, "b", "e", "- [ ] a\n  1. [ ] c\n     Body of c.\n  3. [ ] d\n- [ ] e\n  1. [ ] b\n")
    check_into(source, "b", "a", "- [ ] a\n  1. [ ] c\n     Body of c.\n  3. [ ] d\n  4. [ ] b\n- [ ] e\n")
    check_into(source, "b", "c", "- [ ] a\n  1. [ ] c\n     Body of c.\n     1. [ ] b\n  3. [ ] d\n- [ ] e\n")
