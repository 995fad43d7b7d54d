"""Dragging a branch into another task or section."""

from __future__ import annotations

import pytest

from orchestrator.errors import EditRefusedError
from orchestrator.outline import actions
from orchestrator.outline.edits import apply
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Section, Task
from tests.outline.checks import text


def check_into(source: str, title: str, parent: str, expected: str) -> None:
    assert into(text(source), title, parent) == text(expected)


def into(source: str, title: str, parent: str) -> str:
    outline = parse(source)
    nodes = {node.title: node for node in outline.walk()}
    task, place = nodes[title], nodes[parent]
    assert isinstance(task, Task)
    assert isinstance(place, (Task, Section))
    return apply(source, actions.move_into(outline, task, place))


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
