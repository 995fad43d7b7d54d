"""What is wrong in an outline: values with a stable code, never exceptions.

Apart from `parse` because a problem never changes how an outline is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.model.task import MARKS, Status
from orchestrator.outline.tree import Outline, Task

MAX_RELATED = 10
"""Other places that one problem names, so that 10,000 equal ids are not 100,000,000 places."""


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Related:
    start: int
    end: int
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    """Stable: users silence and search for it."""
    severity: Severity
    start: int
    end: int
    message: str
    related: tuple[Related, ...] = ()


def problems(outline: Outline) -> tuple[Problem, ...]:
    """In document order."""
    found = [*_unknown_statuses(outline), *_duplicate_ids(outline)]
    return tuple(sorted(found, key=lambda problem: (problem.start, problem.end)))


def _unknown_statuses(outline: Outline) -> Iterator[Problem]:
    known = ", ".join(f"[{mark}]" for mark in MARKS)
    for task in outline.tasks():
        if task.status is Status.OTHER:
            message = f"[{task.mark}] is no status of Orchestrator, so this task is never run. Known are {known}."
            yield Problem("unknown-status", Severity.HINT, *task.mark_span, message)


def _duplicate_ids(outline: Outline) -> Iterator[Problem]:
    seen: set[str] = set()
    for task in outline.tasks():
        if task.task_id is None or task.task_id in seen:
            continue
        seen.add(task.task_id)
        same = outline.by_id(task.task_id)
        if len(same) > 1:
            yield from (_duplicate_id(other, same) for other in same)


def _duplicate_id(task: Task, same: tuple[Task, ...]) -> Problem:
    assert task.id_span is not None
    others = [other for other in same[: MAX_RELATED + 1] if other is not task][:MAX_RELATED]
    related = tuple(
        Related(*other.id_span, f"Also here: {other.title or 'a task without a title'}")
        for other in others
        if other.id_span is not None
    )
    count = len(same) - 1
    where = "another task has" if count == 1 else f"{count} other tasks have"
    message = f"The id ^{task.task_id} is not unique: {where} it too. Remove or change it in all but one."
    return Problem("duplicate-id", Severity.ERROR, *task.id_span, message, related)
