"""Every place where an id is written: on its task, and in `dependsOn` fields. Renaming is replacing them all.

Apart from `references`, which names what a task waits for, because here the very characters count: an id that one
field names twice is two places, and the caret before it is not part of it.

Invariant: renaming replaces ids and nothing else, and every id that was named is named after it
(test_rename_changes_ids_and_nothing_else).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.outline.edits import TextEdit
from orchestrator.outline.fields import place
from orchestrator.outline.segments import Page
from orchestrator.outline.tree import Node, Outline, Task

MAX_ID = 64
"""Characters of an id that a person may choose."""
_ID = re.compile(r"[A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Occurrence:
    node: Node
    """The task that has the id, or the task or heading that names it."""
    task_id: str
    start: int
    """Without the `^`."""
    end: int
    definition: bool


def occurrence_at(outline: Outline, offset: int) -> Occurrence | None:
    """The id at this place; the cursor may also stand on its `^` or right behind it."""
    line = outline.text.line_of(offset)
    node = outline.node_at_line(line)
    if node is None:
        return None
    for found in of_node(outline, node):
        caret = outline.text.line(line)[max(found.start - 1 - outline.text.line_start(line), 0) :].startswith("^")
        if found.start - caret <= offset <= found.end:
            return found
    return None


def occurrences(outline: Outline, task_id: str) -> Iterator[Occurrence]:
    """In document order. Pages that do not write the id cost nothing the second time."""
    for number, page in enumerate(outline.segments.pages):
        if task_id in page.derived(_Written).ids(outline, number):
            start = outline.segments.first_of(number)
            for node in outline.nodes_between(start, start + len(page.segments)):
                yield from (found for found in of_node(outline, node) if found.task_id == task_id)


class _Written:
    """The ids that a page writes. They stay true while the page does."""

    def __init__(self, page: Page) -> None:
        self._size = len(page.segments)
        self._ids: frozenset[str] | None = None

    def ids(self, outline: Outline, number: int) -> frozenset[str]:
        if self._ids is None:
            start = outline.segments.first_of(number)
            nodes = outline.nodes_between(start, start + self._size)
            self._ids = frozenset(found.task_id for node in nodes for found in of_node(outline, node))
        return self._ids


def rename(outline: Outline, old: str, new: str) -> tuple[TextEdit, ...]:
    return tuple(TextEdit(found.start, found.end, new) for found in occurrences(outline, old))


def wrong_id(task_id: str) -> str | None:
    """Why this can be no id, and what to do; None for a good one."""
    if len(task_id) > MAX_ID:
        return f"An id has at most {MAX_ID} characters. Choose a shorter one."
    if not _ID.fullmatch(task_id):
        return "An id is made of the letters a to z, digits and hyphens. Choose one such as b7c2d or login-form."
    return None


def of_node(outline: Outline, node: Node) -> Iterator[Occurrence]:
    """The ids that its own first line, or its heading, writes."""
    field = place(outline.text, node, "dependsOn") if "dependsOn" in node.fields else None
    for part, start, end in field.parts() if field else ():
        task_id = part.removeprefix("^")
        if not task_id:
            continue
        line_start = outline.text.line_start(outline.text.line_of(start))
        raw = outline.text.line(outline.text.line_of(start))[start - line_start : end - line_start]
        caret = 2 if raw.startswith("\\^") else raw.startswith("^")
        yield Occurrence(node, task_id, start + caret, end, definition=False)
    if isinstance(node, Task) and node.task_id is not None and node.id_span is not None:
        yield Occurrence(node, node.task_id, node.id_span[0] + 1, node.id_span[1], definition=True)
