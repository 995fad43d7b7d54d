"""Ids that stand twice: a dependency, a message or a result could not say which task it means."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.outline.problems.problem import MAX_RELATED, Code, Problem, Related, Severity, Subject, named
from orchestrator.outline.tree import Task


def duplicate_ids(subject: Subject) -> Iterator[Problem]:
    seen: set[str] = set()
    for task in subject.outline.tasks():
        if task.task_id is None or task.task_id in seen:
            continue
        seen.add(task.task_id)
        same = subject.outline.by_id(task.task_id)
        if len(same) > 1:
            yield from (_duplicate(other, same) for other in same)


def _duplicate(task: Task, same: tuple[Task, ...]) -> Problem:
    assert task.id_span is not None
    others = [other for other in same[: MAX_RELATED + 1] if other != task][:MAX_RELATED]
    related = tuple(
        Related(*other.id_span, f"Also here: {named(other)}") for other in others if other.id_span is not None
    )
    count = len(same) - 1
    where = "another task has" if count == 1 else f"{count} other tasks have"
    message = f"The id ^{task.task_id} is not unique: {where} it too. Remove or change it in all but one."
    return Problem(Code.DUPLICATE_ID, Severity.ERROR, *task.id_span, message, related)
