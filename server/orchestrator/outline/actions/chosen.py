"""Which tasks a selection of lines means, and which of them move together.

Apart from the actions because all must agree: what is marked, moved and sorted for one selection are the same tasks.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.errors import EditRefusedError, TaskNotFoundError
from orchestrator.outline.scan import is_blank
from orchestrator.outline.segments import Kind
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline, Task


def tasks_in(outline: Outline, first: int, last: int) -> tuple[Task, ...]:
    """Of one line the innermost task that holds it; of several all tasks that start there, else as of the first line.

    Lines outside the text hold no task. Raises TaskNotFoundError.
    """
    first, last = min(first, last), max(first, last)
    if last > first:
        found = tuple(task for task in outline.tasks() if first <= task.line <= last)
        if found:
            return found
    task = outline.task_at_line(first) if 0 <= first < outline.text.line_count else None
    if task is None:
        raise TaskNotFoundError("There is no task here.", hint="Put the cursor on a task, or select some.")
    return (task,)


def roots(tasks: Sequence[Task]) -> tuple[Task, ...]:
    """Without those that stand below another of them; in document order."""
    found: list[Task] = []
    for task in sorted(tasks, key=lambda task: task.line):
        if not found or task.line >= found[-1].end_line:
            found.append(task)
    return tuple(found)


def runs(outline: Outline, tasks: Sequence[Task]) -> tuple[tuple[Task, ...], ...]:
    """The roots in groups of neighbours: children of one node, one directly behind the other, in one list."""
    groups: list[list[Task]] = []
    for task in roots(tasks):
        if groups and are_neighbours(outline, groups[-1][-1], task):
            groups[-1].append(task)
        else:
            groups.append([task])
    return tuple(tuple(group) for group in groups)


def only_run(outline: Outline, tasks: Sequence[Task]) -> tuple[Task, ...]:
    """Raises EditRefusedError where the tasks do not stand together."""
    groups = runs(outline, tasks)
    if len(groups) != 1:
        raise EditRefusedError(
            "The selected tasks do not stand together.",
            hint="Select tasks that follow each other directly in one list, or one task.",
        )
    return groups[0]


def are_neighbours(outline: Outline, one: Task, other: Task) -> bool:
    """Whether `other` follows `one` in the same list, with nothing but blank lines between."""
    return (
        one.depth == other.depth
        and continues(one, other)
        and outline.parent(one) == outline.parent(other)
        and only_blank(outline.text, one.end_line, other.line)
    )


def same_list(one: Task, other: Task) -> bool:
    return (one.list_line, one.depth) == (other.list_line, other.depth)


def continues(one: Task, other: Task) -> bool:
    """The same of a task and the one directly behind it below the same node: at once, in a list of any length."""
    return other.segment.shape.joined and one.segment.shape.outer is other.segment.shape.outer


def siblings(outline: Outline, task: Task) -> tuple[Task, ...]:
    """The tasks below the same node, itself included."""
    parent = outline.parent(task)
    nodes = outline.nodes if parent is None else parent.children
    return tuple(node for node in nodes if isinstance(node, Task))


def before(outline: Outline, task: Task) -> Task | None:
    """The task before it below the same node."""
    rank, segments = task.segment.shape.rank, outline.segments
    index = segments.before(task.index, rank)
    while index is not None and segments[index].shape.rank == rank:
        if segments[index].shape.kind is Kind.TASK:
            node = outline.node(index)
            return node if isinstance(node, Task) else None
        index = segments.before(index, rank)
    return None


def after(outline: Outline, task: Task) -> Task | None:
    """The task behind it below the same node."""
    rank, segments = task.segment.shape.rank, outline.segments
    index = segments.behind(task.index, rank)
    while index < len(segments) and segments[index].shape.rank == rank:
        if segments[index].shape.kind is Kind.TASK:
            node = outline.node(index)
            return node if isinstance(node, Task) else None
        index = segments.behind(index, rank)
    return None


def only_blank(text: Text, first: int, end: int) -> bool:
    return all(is_blank(text.line(line)) for line in range(first, end))
