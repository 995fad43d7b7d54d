"""Giving tasks an id."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrator.errors import EditRefusedError
from orchestrator.outline.actions.intent import changed, rows, settled
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline, Task


def assign_ids(outline: Outline, tasks: Sequence[Task], new_id: Callable[[], str]) -> tuple[TextEdit, ...]:
    """To those that have none."""
    made = {task.line: new_id() for task in tasks if task.task_id is None}
    if not made:
        raise EditRefusedError("Every task here has an id.", hint="Select other tasks.")
    edits = [id_written(outline.text, task, made[task.line]) for task in tasks if task.line in made]
    changes = {line: {"task_id": made[line]} for line in made}
    return settled(outline, edits, changed(rows(outline, *tasks), changes), near=tasks)


def id_written(text: Text, task: Task, task_id: str) -> TextEdit:
    """At the end of the task's first line, or in place of the id that it has."""
    if task.id_span is not None:
        return TextEdit(*task.id_span, f"^{task_id}")
    at = text.line_start(task.line) + len(text.line(task.line).rstrip(" \t"))
    return TextEdit(at, at, f"  ^{task_id}")
