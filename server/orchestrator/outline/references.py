"""Where ids of tasks are named: the `dependsOn` fields of tasks and headings, each name with its exact place.

Apart from `tree` because few ask for places, and finding them reads the line once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.model.task import Status
from orchestrator.outline.fields import place
from orchestrator.outline.tree import Node, Outline, Section


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    node: Node
    """Who depends: a task, or a heading for all tasks below it."""
    task_id: str
    """Without the `^`."""
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Known:
    """A task of another outline of the workspace."""

    task_id: str
    title: str
    status: Status
    file: str
    """Its name, for a person."""


def references(outline: Outline) -> Iterator[Reference]:
    """In document order; a name that one field has twice only once."""
    for index, segment in enumerate(outline.segments):
        if segment.shape.fields:
            node = outline.node(index)
            # Looking for the word costs less than reading the line, and most lines do not have it.
            if isinstance(node, Section) or "dependsOn" in node.written:
                yield from named_by(outline, node)


def named_by(outline: Outline, node: Node) -> Iterator[Reference]:
    """By this node alone."""
    field = place(outline.text, node, "dependsOn") if node.fields else None
    if field is None:
        return
    seen: set[str] = set()
    for part, start, end in field.parts():
        task_id = part.removeprefix("^")
        if task_id and task_id not in seen:
            seen.add(task_id)
            yield Reference(node, task_id, start, end)
