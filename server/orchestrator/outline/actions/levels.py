"""Promote and demote: a task, with everything below it, one level up or down.

A promoted task stands behind the one that it stood below, so that its former siblings stay where they are; a demoted
one becomes the last subtask of the one before it. Both take the marker of the list they come into.

Invariant: promoting what was demoted restores the tree (test_promote_takes_demote_back).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from orchestrator.errors import EditRefusedError
from orchestrator.outline.actions.chosen import before, only_blank, runs
from orchestrator.outline.actions.indent import (
    child_slot,
    direct_children,
    marker_of,
    put,
    require_alone,
    slot_behind,
)
from orchestrator.outline.actions.intent import Row, branch_end, fits, index_of, refusal, require_writable, rows
from orchestrator.outline.actions.relocate import block_of, gaps, insertion_behind, removal
from orchestrator.outline.edits import TextEdit, between
from orchestrator.outline.reparse import reparse
from orchestrator.outline.tree import Outline, Task

Step = tuple[Sequence[TextEdit], Sequence[Row]]
"""Edits, and the tree that they make: of the nodes that can change, where all tasks are of one group."""


class _StepOf(Protocol):
    def __call__(self, outline: Outline, tasks: Sequence[Task], *, whole: bool) -> Step: ...


def promote(outline: Outline, tasks: Sequence[Task]) -> tuple[TextEdit, ...]:
    return _in_turn(outline, runs(outline, tasks)[::-1], _promote)


def demote(outline: Outline, tasks: Sequence[Task]) -> tuple[TextEdit, ...]:
    return _in_turn(outline, runs(outline, tasks), _demote)


def can_promote(outline: Outline, task: Task) -> bool:
    return isinstance(outline.parent(task), Task)


def can_demote(outline: Outline, task: Task) -> bool:
    other = before(outline, task)
    return other is not None and only_blank(outline.text, other.end_line, task.line)


def _promote(outline: Outline, tasks: Sequence[Task], *, whole: bool) -> Step:
    parent = outline.parent(tasks[0])
    if not isinstance(parent, Task):
        raise EditRefusedError(
            "This task stands below no other task.", hint="Move it to another section, or up and down."
        )
    text = outline.text
    other = before(outline, parent)
    first = slot_behind(text, [parent] if other is None else [other, parent])
    step = 0 if first.marker == marker_of(text, parent) else 1
    slots = [first.next(step * index) for index in range(len(tasks))]
    near = () if whole else (parent,)
    tree = rows(outline, *near)
    start, end = index_of(tree, tasks[0]), branch_end(tree, index_of(tree, tasks[-1]))
    parent_end = branch_end(tree, index_of(tree, parent))
    branch = [_shifted(row, -1) for row in tree[start:end]]
    branch = _with_order(branch, tasks, ordered=parent.ordered)
    expected = [*tree[:start], *tree[end:parent_end], *branch, *tree[parent_end:]]
    if tasks[-1].end_line == parent.end_line:
        edits = [edit for task, slot in zip(tasks, slots, strict=True) for edit in put(text, task, slot)]
        return _first_that_fits(outline, [edits], expected, tasks, near)
    content = block_of(text, tasks, slots)
    taken = removal(text, tasks[0].line, tasks[-1].end_line)
    ways = [
        [taken, insertion_behind(text, parent.end_line - 1, content, gap)] for gap in gaps(outline, tasks[0], parent)
    ]
    return _first_that_fits(outline, ways, expected, tasks, near)


def _demote(outline: Outline, tasks: Sequence[Task], *, whole: bool) -> Step:
    text = outline.text
    parent = before(outline, tasks[0])
    if parent is None:
        raise EditRefusedError(
            "There is no task before this one that it could stand below.", hint="Move it down first, or add a task."
        )
    if not only_blank(text, parent.end_line, tasks[0].line):
        raise EditRefusedError(
            "Text stands between this task and the one before it.", hint="Move the task up over the text first."
        )
    direct = direct_children(parent)
    near = () if whole else (parent, *tasks)
    tree = rows(outline, *near)
    start, end = index_of(tree, tasks[0]), branch_end(tree, index_of(tree, tasks[-1]))
    first = child_slot(outline, parent, marker_of(text, tasks[0]))
    step = 0 if direct and first.marker == marker_of(text, direct[-1]) else 1
    branch = [_shifted(row, 1) for row in tree[start:end]]
    branch = _with_order(branch, tasks, ordered=first.ordered)
    expected = [*tree[:start], *branch, *tree[end:]]
    ways: list[list[TextEdit]] = []
    for slot in (first, first.of_another_list()):
        slots = [slot.next(step * index) for index in range(len(tasks))]
        ways.append([edit for task, place in zip(tasks, slots, strict=True) for edit in put(text, task, place)])
    return _first_that_fits(outline, ways, expected, tasks, near)


def _shifted(row: Row, levels: int) -> Row:
    return Row(row.depth + levels, row.node, row.changes)


def _with_order(branch: Sequence[Row], tasks: Sequence[Task], *, ordered: bool) -> list[Row]:
    lines = {task.line for task in tasks}
    return [row.with_(ordered=ordered) if row.node is not None and row.node.line in lines else row for row in branch]


def _first_that_fits(
    outline: Outline,
    ways: Sequence[Sequence[TextEdit]],
    expected: Sequence[Row],
    moved: Sequence[Task],
    near: Sequence[Task],
) -> Step:
    for edits in ways:
        if fits(outline, edits, expected, moved, near=near):
            return edits, expected
    raise refusal()


def _in_turn(outline: Outline, groups: Sequence[Sequence[Task]], step: _StepOf) -> tuple[TextEdit, ...]:
    """One group after the other, each in the outline that the one before left; as edits of the first outline."""
    require_writable(outline)
    for task in (task for group in groups for task in group):
        require_alone(outline.text, [task])
    if len(groups) == 1:
        return tuple(step(outline, groups[0], whole=False)[0])
    current = outline
    now = {task.line: task.line for group in groups for task in group}
    for group in groups:
        at = {task.line: task for task in current.tasks()}
        edits, expected = step(current, [at[now[task.line]] for task in group], whole=True)
        after = reparse(current, edits)
        moved_to = {
            row.node.line: found.node.line
            for row, found in zip(expected, rows(after), strict=True)
            if row.node is not None and found.node is not None
        }
        now = {first: moved_to[line] for first, line in now.items()}
        current = after
    return between(outline.text.string, current.text.string)
