"""Ids that stand twice, so that nobody could say which task is meant, and ids that count no more: words follow them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from orchestrator.model.ids import CROCKFORD, TASK_ID_LENGTH
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
from orchestrator.outline.tree import Node, Outline, Task

_OURS = re.compile(rf"\^([{CROCKFORD}]{{{TASK_ID_LENGTH},{TASK_ID_LENGTH + 1}}})(?=[ \t]+[^ \t\r\n])")


def may_be_misplaced(string: str) -> bool:
    """Whether it is worth looking at the tasks in it."""
    return _OURS.search(string) is not None


def misplaced_id(node: Node) -> Iterator[Found]:
    """Words were added behind an id, as a key that appends to the line does: the task has none any more."""
    found = misplaced(node)
    if found is not None:
        message = f"Words stand behind ^{found[2]}, so it is no id any more. Move it to the end of the line."
        yield Found(Code.MISPLACED_ID, Severity.WARNING, place_in(node, found[:2]), message)


def misplaced(node: Node) -> tuple[int, int, str] | None:
    """Where what looks like one of our ids stands within the first line of a task without an id. Not in code."""
    if not isinstance(node, Task) or node.task_id is not None:
        return None
    line, start = node.written, node.offset
    for match in reversed(list(_OURS.finditer(line, node.mark_span[1] + 1 - start))):
        if line[match.start() - 1] in " \t" and line.count("`", 0, match.start()) % 2 == 0:
            return start + match.start(), start + match.end(), match[1]
    return None


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
