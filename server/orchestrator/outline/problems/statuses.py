"""Marks that say something which the rest of the plan does not."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.model.safe_text import visible
from orchestrator.model.task import MARKS, Status
from orchestrator.outline.problems.problem import (
    Code,
    Problem,
    Related,
    Severity,
    Subject,
    capital,
    listed,
    named,
    numbered,
)

OPEN = {Status.PENDING, Status.IN_PROGRESS, Status.FAILED, Status.ASKING}
"""Something is left to do. A mark that is not ours says neither that nor the contrary."""


def unknown_statuses(subject: Subject) -> Iterator[Problem]:
    known = ", ".join(f"[{mark}]" for mark in MARKS)
    for task in subject.outline.tasks():
        if task.status is Status.OTHER:
            message = (
                f"[{visible(task.mark)}] is no status of Orchestrator, so this task is never run. "
                f"Write one of {known}, or leave it as it is."
            )
            yield Problem(Code.UNKNOWN_STATUS, Severity.HINT, *task.mark_span, message)


def missing_reasons(subject: Subject) -> Iterator[Problem]:
    """Whoever comes back to the outline must see why, also when the store is gone."""
    for task in subject.outline.tasks():
        if task.status in {Status.FAILED, Status.ASKING} and not task.fields.get("reason"):
            what = "failed" if task.status is Status.FAILED else "waits for an answer"
            message = f"{capital(named(task))} {what}, and nothing says why. Add [reason:: …] to its first line."
            yield Problem(Code.MISSING_REASON, Severity.WARNING, *task.mark_span, message)


def completed_with_open_subtasks(subject: Subject) -> Iterator[Problem]:
    for task in subject.outline.tasks():
        if task.status is not Status.COMPLETED:
            continue
        left = [child for child in task.children if child.status in OPEN]
        if left:
            message = (
                f"{capital(named(task))} is completed, but {numbered(len(left), 'subtask')} of it "
                f"{'is' if len(left) == 1 else 'are'} open. Complete or cancel what is left, or open it again."
            )
            related = listed([Related(*child.mark_span, f"Open: {named(child)}") for child in left])
            yield Problem(Code.COMPLETED_WITH_OPEN_SUBTASKS, Severity.WARNING, *task.mark_span, message, related)


def open_with_completed_subtasks(subject: Subject) -> Iterator[Problem]:
    for task in subject.outline.tasks():
        if task.status not in {Status.PENDING, Status.IN_PROGRESS} or not task.children:
            continue
        statuses = {child.status for child in task.children}
        if Status.COMPLETED in statuses and all(status.settled for status in statuses):
            message = (
                f"Every subtask of {named(task)} is done. "
                "Complete it too, by writing [x], or add a subtask for what is left."
            )
            yield Problem(Code.OPEN_WITH_COMPLETED_SUBTASKS, Severity.HINT, *task.mark_span, message)
