"""Setting the status of tasks.

A mark that is not ours is somebody else's word: it changes only where the person chose that task alone and named the
new status.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.errors import EditRefusedError
from orchestrator.model.task import MARKS, Status
from orchestrator.outline.actions.intent import changed, rows, settled
from orchestrator.outline.actions.values import one_line_reason, written_field
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.tree import Outline, Task

MARK_OF: dict[Status, str] = {status: mark for mark, status in reversed(MARKS.items())}
"""How each status is written; `x` and not `X`."""

NEXT = {
    Status.PENDING: Status.IN_PROGRESS,
    Status.IN_PROGRESS: Status.COMPLETED,
    Status.COMPLETED: Status.PENDING,
    Status.CANCELLED: Status.PENDING,
    Status.FAILED: Status.PENDING,
    Status.ASKING: Status.PENDING,
}
WITH_REASON = {Status.FAILED, Status.ASKING}


def set_status(
    outline: Outline, tasks: Sequence[Task], status: Status, reason: str | None = None
) -> tuple[TextEdit, ...]:
    """`reason` is written with failed and asking; None keeps the one that is there, or writes an empty field."""
    targets = [task for task in tasks if task.status is not Status.OTHER or len(tasks) == 1]
    if not targets:
        raise _foreign()
    text = outline.text
    edits: list[TextEdit] = []
    changes: dict[int, dict[str, object]] = {}
    mark = MARK_OF[status]
    for task in targets:
        if task.status is not status:
            edits.append(TextEdit(*task.mark_span, mark))
            changes[task.line] = {"mark": mark}
        if status in WITH_REASON and (reason is not None or not task.fields.get("reason")):
            told = one_line_reason(reason or "")
            edits += written_field(text, task, "reason", told)
            changes.setdefault(task.line, {})["fields"] = {**task.fields, "reason": told}
    return settled(outline, edits, changed(rows(outline, *targets), changes), near=targets)


def cycle_status(outline: Outline, tasks: Sequence[Task]) -> tuple[TextEdit, ...]:
    """Pending, in progress, completed, pending; of several tasks all take what follows the first one's."""
    return set_status(outline, _ours(tasks), next_status(tasks))


def next_status(tasks: Sequence[Task]) -> Status:
    return NEXT[_ours(tasks)[0].status]


def _ours(tasks: Sequence[Task]) -> Sequence[Task]:
    ours = [task for task in tasks if task.status is not Status.OTHER]
    if not ours:
        raise _foreign()
    return ours


def _foreign() -> EditRefusedError:
    return EditRefusedError(
        "The mark of this task is not one of Orchestrator's, so it is left alone.",
        hint="Choose the task by itself and set a status.",
    )
