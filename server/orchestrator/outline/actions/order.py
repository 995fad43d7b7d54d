"""The order of a list: sorting it by status, and making a sequence of bullets.

Apart from `moves` because here every place of a list may get another branch, or another marker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from orchestrator.errors import EditRefusedError
from orchestrator.model.task import Status
from orchestrator.outline.actions.chosen import continues, siblings
from orchestrator.outline.actions.indent import Slot, put, require_alone, slot_of, stands_alone, written
from orchestrator.outline.actions.intent import (
    Row,
    branch_end,
    changed,
    fits,
    index_of,
    refusal,
    require_writable,
    rows,
    settled,
)
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.scan import start_of
from orchestrator.outline.tree import Node, Outline, Task

RANK = {
    status: rank
    for rank, status in enumerate(
        (
            Status.IN_PROGRESS,
            Status.ASKING,
            Status.FAILED,
            Status.PENDING,
            Status.OTHER,
            Status.COMPLETED,
            Status.CANCELLED,
        )
    )
}
"""What needs a person first, what is done last."""


def sort_by_status(outline: Outline, parents: Sequence[Node]) -> tuple[TextEdit, ...]:
    """The direct children of each, list by list; equal ones keep their order."""
    require_writable(outline)
    text = outline.text
    edits: list[TextEdit] = []
    moved: list[Task] = []
    tree = rows(outline, *parents)
    for tasks in (group for parent in parents for group in _lists(parent)):
        wanted = sorted(tasks, key=lambda task: RANK[task.status])
        if wanted == tasks or not all(stands_alone(text, task) for task in tasks):
            continue
        for place, task in zip(tasks, wanted, strict=True):
            if task.line != place.line:
                span = start_of(text, place.line), text.line_end(place.end_line - 1)
                edits.append(TextEdit(*span, written(text, task, slot_of(text, place))))
        moved += tasks
        tree = _permuted(tree, tasks, wanted)
    if not edits:
        raise EditRefusedError("These subtasks are sorted already.", hint="Sort the subtasks of another task.")
    return settled(outline, edits, tree, moved, near=parents)


def is_sorted(parent: Node) -> bool:
    return all(RANK[one.status] <= RANK[other.status] for tasks in _lists(parent) for one, other in pairwise(tasks))


def into_sequence(outline: Outline, task: Task) -> tuple[TextEdit, ...]:
    """The bullet list that the task stands in becomes an ordered one."""
    require_writable(outline)
    text = outline.text
    tasks = _list_of(outline, task)
    if task.ordered:
        raise EditRefusedError("This list is a sequence already.", hint="Choose a task of a bullet list.")
    require_alone(text, tasks)
    tree = changed(rows(outline, *tasks), {other.line: {"ordered": True} for other in tasks})
    for delimiter in ".)":
        slots = [Slot(slot_of(text, other).indent, f"{number}{delimiter}") for number, other in enumerate(tasks, 1)]
        edits = [edit for other, slot in zip(tasks, slots, strict=True) for edit in put(text, other, slot)]
        if fits(outline, edits, tree, tasks, near=tasks):
            return tuple(edits)
    raise refusal()


def _list_of(outline: Outline, task: Task) -> list[Task]:
    """The tasks of its list, also where others stand between, below items that are no tasks."""
    outer = task.segment.shape.outer
    found: list[Task] = []
    for other in siblings(outline, task):
        if other.segment.shape.outer is not outer:
            continue
        if not other.segment.shape.joined:
            if any(known.line == task.line for known in found):
                break
            found = []
        found.append(other)
    return found


def _lists(parent: Node) -> Iterator[list[Task]]:
    group: list[Task] = []
    for child in parent.children:
        if not isinstance(child, Task):
            continue
        if group and not continues(group[-1], child):
            yield group
            group = []
        group.append(child)
    if group:
        yield group


def _permuted(tree: Sequence[Row], tasks: Sequence[Task], wanted: Sequence[Task]) -> list[Row]:
    """The branches of `tasks`, which follow each other in the tree, in another order."""
    start = index_of(tree, tasks[0])
    end = branch_end(tree, index_of(tree, tasks[-1]))
    branches: list[Row] = []
    for task in wanted:
        index = index_of(tree, task)
        branches += tree[index : branch_end(tree, index)]
    return [*tree[:start], *branches, *tree[end:]]
