"""Where the id at a place is written in the same outline: on its task, and in every `dependsOn`.

Apart from `references`, which finds the names of one outline, because a person points at a place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.outline.references import named_by, references
from orchestrator.outline.tree import Outline, Task


@dataclass(frozen=True, slots=True)
class Highlight:
    start: int
    end: int
    definition: bool
    """The id stands on the task that it names."""


def highlights(outline: Outline, offset: int) -> Iterator[Highlight]:
    """Nothing where there is no id at this place."""
    task_id = named_at(outline, offset)
    if task_id is None:
        return
    for task in outline.by_id(task_id):
        if task.id_span is not None:
            yield Highlight(*task.id_span, definition=True)
    for reference in references(outline):
        if reference.task_id == task_id:
            yield Highlight(reference.start, reference.end, definition=False)


def named_at(outline: Outline, offset: int) -> str | None:
    """The id that stands here, as a definition or as a reference, without `^`."""
    node = outline.node_at_line(outline.text.line_of(offset))
    if node is None:
        return None
    if isinstance(node, Task) and node.id_span is not None and node.id_span[0] <= offset <= node.id_span[1]:
        return node.task_id
    for reference in named_by(outline, node):
        if reference.start <= offset <= reference.end:
            return reference.task_id
    return None
