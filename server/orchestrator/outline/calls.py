"""Who waits for whom, one step at a time: what an editor shows as a call hierarchy.

Apart from `waiting`, which answers for a whole plan whether it can ever be done, because a person asks about one task
and wants to see the place that says so. Two things count:

- `dependsOn`, of the task itself or of a heading (a heading stands for all tasks below it);
- order: in an ordered list a task waits for the one directly before it, whatever its status is.

What a task inherits from those above it is shown at those above it, and subtasks are in the outline's own tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.outline.occurrences import Occurrence, occurrences, of_node
from orchestrator.outline.tree import Node, Outline, Task


@dataclass(frozen=True, slots=True)
class Need:
    """One task or heading waits for another."""

    node: Node
    """Who waits."""
    start: int
    """Where that is written: the id in its `dependsOn`, or its number in the list."""
    end: int


def names(outline: Outline, node: Node) -> Iterator[Occurrence]:
    """The ids that its own `dependsOn` names."""
    return (found for found in of_node(outline, node) if not found.definition)


def before(outline: Outline, node: Node) -> Task | None:
    """The task directly before it in its ordered list."""
    return _neighbour(outline, node, -1)


def after(outline: Outline, node: Node) -> Task | None:
    """The task that waits for it because it comes next in an ordered list."""
    return _neighbour(outline, node, +1)


def number_of(outline: Outline, task: Task) -> Need:
    """Where the list says that a task waits for the one before it: at its number."""
    line_start = outline.text.line_start(task.line)
    marker = outline.text.line(task.line)[task.start - line_start : task.mark_span[0] - 1 - line_start].rstrip(" \t")
    return Need(task, task.start, task.start + len(marker))


def waiting_for(outline: Outline, task_id: str) -> Iterator[Need]:
    """Whose `dependsOn` names this id, in document order."""
    for found in occurrences(outline, task_id):
        if not found.definition:
            yield Need(found.node, found.start, found.end)


def _neighbour(outline: Outline, node: Node, step: int) -> Task | None:
    if not isinstance(node, Task) or not node.ordered:
        return None
    parent = outline.parent(node)
    beside = outline.nodes if parent is None else parent.children
    in_list = [
        other
        for other in beside
        if isinstance(other, Task) and (other.list_line, other.depth) == (node.list_line, node.depth)
    ]
    at = next(index for index, other in enumerate(in_list) if other.line == node.line) + step
    return in_list[at] if 0 <= at < len(in_list) else None
