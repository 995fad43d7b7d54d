"""Marks that say something which the rest of the plan does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from orchestrator.model.safe_text import visible
from orchestrator.model.task import MARKS, Status
from orchestrator.outline.problems.problem import (
    MAX_RELATED,
    Also,
    Code,
    Found,
    Severity,
    capital,
    named,
    numbered,
    place_in,
)
from orchestrator.outline.progress import child_marks
from orchestrator.outline.segments import Kind
from orchestrator.outline.tree import Node, Outline, Task

OPEN = {Status.PENDING, Status.IN_PROGRESS, Status.FAILED, Status.ASKING}
"""Something is left to do. A mark that is not ours says neither that nor the contrary."""

OPEN_MARKS = frozenset(mark for mark, status in MARKS.items() if status in OPEN)
_KNOWN = ", ".join(f"[{mark}]" for mark in MARKS)


def unknown_status(node: Node) -> Iterator[Found]:
    if isinstance(node, Task) and node.status is Status.OTHER:
        message = (
            f"[{visible(node.mark)}] is no status of Orchestrator, so this task is never run. "
            f"Write one of {_KNOWN}, or leave it as it is."
        )
        yield Found(Code.UNKNOWN_STATUS, Severity.HINT, place_in(node, node.mark_span), message)


def missing_reason(node: Node) -> Iterator[Found]:
    """Whoever comes back to the outline must see why, also when the store is gone."""
    if isinstance(node, Task) and node.status in {Status.FAILED, Status.ASKING} and not node.fields.get("reason"):
        what = "failed" if node.status is Status.FAILED else "waits for an answer"
        message = f"{capital(named(node))} {what}, and nothing says why. Add [reason:: …] to its first line."
        yield Found(Code.MISSING_REASON, Severity.WARNING, place_in(node, node.mark_span), message)


def may_contradict(mark: str, children: Counter[str]) -> bool:
    """Whether one of the two checkers below finds something where a task has this mark, and its children these."""
    if MARKS.get(mark) is Status.COMPLETED:
        return any(child in OPEN_MARKS for child in children)
    return all(MARKS.get(child, Status.OTHER).settled for child in children)


def completed_with_open_subtasks(node: Node) -> Iterator[Found]:
    if not isinstance(node, Task) or node.status is not Status.COMPLETED:
        return
    left = sum(count for mark, count in child_marks(node).items() if mark in OPEN_MARKS)
    if left:
        message = (
            f"{capital(named(node))} is completed, but {numbered(left, 'subtask')} of it "
            f"{'is' if left == 1 else 'are'} open. Complete or cancel what is left, or open it again."
        )
        shown = [child for child in node.children if child.status in OPEN][:MAX_RELATED]
        related = tuple(Also(place_in(child, child.mark_span), f"Open: {named(child)}") for child in shown)
        place = place_in(node, node.mark_span)
        yield Found(Code.COMPLETED_WITH_OPEN_SUBTASKS, Severity.WARNING, place, message, related)


def open_with_completed_subtasks(node: Node) -> Iterator[Found]:
    if not isinstance(node, Task) or node.status not in {Status.PENDING, Status.IN_PROGRESS}:
        return
    statuses = {MARKS.get(mark, Status.OTHER) for mark, count in child_marks(node).items() if count}
    if Status.COMPLETED in statuses and all(status.settled for status in statuses):
        message = (
            f"Every subtask of {named(node)} is done. "
            "Complete it too, by writing [x], or add a subtask for what is left."
        )
        yield Found(Code.OPEN_WITH_COMPLETED_SUBTASKS, Severity.HINT, place_in(node, node.mark_span), message)


def families_to_check(outline: Outline) -> Iterator[int]:
    """The tasks of which a checker of families may have something to say, found in one pass."""
    above: list[tuple[int, int, str, Counter[str]]] = []
    """(rank, index, mark, marks of the children) of what is open."""

    def closed(rank: int) -> Iterator[int]:
        while above and above[-1][0] >= rank:
            _, index, mark, marks = above.pop()
            if marks and may_contradict(mark, marks):
                yield index

    for index, segment in enumerate(outline.segments):
        shape = segment.shape
        yield from closed(shape.rank)
        if shape.kind is Kind.TASK:
            if above and above[-1][0] == shape.rank - 1:
                above[-1][3][shape.mark] += 1
            above.append((shape.rank, index, shape.mark, Counter()))
    yield from closed(0)
