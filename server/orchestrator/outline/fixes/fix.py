"""The words of the fixes, and what several of them do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from orchestrator.model.safe_text import one_line
from orchestrator.outline.actions.intent import changed, rows, settled
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.fields import Field
from orchestrator.outline.inline import BLANKS
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Outline, Task

NewId: TypeAlias = Callable[[], str]
Edits: TypeAlias = tuple[TextEdit, ...]


@dataclass(frozen=True, slots=True)
class Fix:
    name: str
    """One among those of its problem, to find it again: it does not change while the text does not."""
    title: str
    """What it does, as a menu says it."""
    edits: Callable[[], Edits]
    """Raises EditRefusedError where it cannot be done here."""
    preferred: bool = False
    safe: bool = False


def shown(node: Node) -> str:
    return f"“{one_line(node.title, 40)}”" if node.title else "this task"


def task_at(outline: Outline, offset: int) -> Task | None:
    """The task whose first line holds the offset."""
    line = outline.text.line_of(offset)
    task = outline.task_at_line(line)
    return task if task is not None and task.line == line else None


def node_at(outline: Outline, offset: int) -> Node | None:
    return outline.node_at_line(outline.text.line_of(offset))


def checked(outline: Outline, edits: Edits, changes: Mapping[int, Mapping[str, Any]]) -> Edits:
    """The edits, if exactly these nodes (by line) then say this. Raises EditRefusedError."""
    return settled(outline, edits, changed(rows(outline), changes))


def without_field(text: Text, node: Node, field: Field) -> TextEdit:
    """Takes the field out, with the blanks before it."""
    line = text.line_of(field.start)
    first = text.line_start(line) if line > node.line or not isinstance(node, Task) else node.mark_span[1] + 1
    before = first + len(text.slice(first, field.start).rstrip(BLANKS))
    follows = text.slice(field.end, text.line_end(line))
    return TextEdit(before if not follows or follows[0] in BLANKS else field.start, field.end, "")


def without_part(text: Text, node: Node, field: Field, start: int) -> TextEdit:
    """Takes out of a list of values the one that starts there, with its comma; the field too, if it was alone."""
    parts = list(field.parts())
    index = next(index for index, (_, part_start, _) in enumerate(parts) if part_start == start)
    if len(parts) == 1:
        return without_field(text, node, field)
    if index + 1 < len(parts):
        return TextEdit(start, parts[index + 1][1], "")
    return TextEdit(parts[index - 1][2], parts[index][2], "")


def fields_after(outline: Outline, node: Node, edit: TextEdit) -> dict[str, str]:
    """What the fields of a node say after an edit within its first line."""
    from orchestrator.outline.reparse import reparse

    after = reparse(outline, [edit])
    found = after.node_at_line(node.line)
    return dict(found.fields) if found is not None else {}
