"""Where a task stands after the edits of an action, so that a cursor can go along."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.outline.edits import TextEdit, in_order
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Task


def offset_after(text: Text, task: Task, edits: Sequence[TextEdit]) -> int | None:
    """Of the bracket of its check box in the new text: in its place, or where its line was put in again."""
    box = task.mark_span[0] - 1
    shift = 0
    for edit in in_order(edits):
        if edit.start <= box < edit.end:
            return _put_in(text, task, edits)
        if edit.end <= box:
            shift += len(edit.text) - (edit.end - edit.start)
    return box + shift


def _put_in(text: Text, task: Task, edits: Sequence[TextEdit]) -> int | None:
    line = text.slice(task.mark_span[0] - 1, text.line_end(task.line))
    shift = 0
    for edit in in_order(edits):
        at = edit.text.find(line)
        if at >= 0:
            return edit.start + shift + at
        shift += len(edit.text) - (edit.end - edit.start)
    return None
