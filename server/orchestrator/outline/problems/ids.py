"""Ids that stand twice: a dependency, a message or a result could not say which task it means."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.outline.problems.problem import MAX_RELATED, Also, Code, Found, Severity, named, place_in
from orchestrator.outline.tree import Outline, Task


def duplicate_id(outline: Outline, task_id: str) -> Iterator[Found]:
    same = outline.by_id(task_id)
    if len(same) > 1:
        yield from (_duplicate(task, same) for task in same)


def _duplicate(task: Task, same: tuple[Task, ...]) -> Found:
    others = [other for other in same[: MAX_RELATED + 1] if other != task][:MAX_RELATED]
    related = tuple(
        Also(place_in(other, other.id_span), f"Also here: {named(other)}") for other in others if other.id_span
    )
    count = len(same) - 1
    where = "another task has" if count == 1 else f"{count} other tasks have"
    message = f"The id ^{task.task_id} is not unique: {where} it too. Remove or change it in all but one."
    assert task.id_span is not None
    return Found(Code.DUPLICATE_ID, Severity.ERROR, place_in(task, task.id_span), message, related)
