"""Ids that stand twice: a dependency, a message or a result could not say which task it means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.model.safe_text import one_line
from orchestrator.outline.problems.problem import (
    MAX_RELATED,
    Also,
    Code,
    Found,
    Severity,
    named,
    named_title,
    numbered,
    place_in,
)
from orchestrator.outline.references import Known
from orchestrator.outline.tree import Outline, Task


def duplicate_id(outline: Outline, task_id: str) -> Iterator[Found]:
    same = outline.by_id(task_id)
    if len(same) > 1:
        yield from (_duplicate(task, same) for task in same)


def duplicate_elsewhere(task: Task, others: Sequence[Known]) -> Iterator[Found]:
    """Of a task whose id other files of the workspace have too."""
    if others and task.id_span is not None:
        first = others[0]
        more = "" if len(others) == 1 else f" (and {numbered(len(others) - 1, 'more task')})"
        message = (
            f"The id ^{task.task_id} is not unique in this workspace: {named_title(first.title)} in "
            f"{one_line(first.file)} has it too{more}. Change one of them."
        )
        yield Found(Code.DUPLICATE_ID, Severity.ERROR, place_in(task, task.id_span), message)


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
