"""How far the tasks below a node are, and how many nodes stand directly below it.

Apart from `tree` because both are counted page by page: below one task there may be all others.

Invariant: the counts are those of a walk through the branch (test_counts_agree_with_a_walk).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from orchestrator.model.task import MARKS, Status
from orchestrator.outline.segments import TOP_TASK, Kind, Page, Segment
from orchestrator.outline.tree import Node, Outline, Task

_COMPLETED = frozenset(mark for mark, status in MARKS.items() if status is Status.COMPLETED)
_CANCELLED = frozenset(mark for mark, status in MARKS.items() if status is Status.CANCELLED)


class _Count:
    """Goes over segments. A cancelled task is left out, with everything below it."""

    __slots__ = ("cancelled", "done", "total")

    def __init__(self) -> None:
        self.done = self.total = 0
        self.cancelled = 0
        """The rank of the cancelled task whose branch this is in, or 0."""

    def over(self, segments: Iterable[Segment]) -> None:
        done, total, cancelled = 0, 0, self.cancelled
        for segment in segments:
            shape = segment.shape
            if cancelled:
                if shape.rank > cancelled:
                    continue
                cancelled = 0
            if shape.kind is Kind.TASK:
                if shape.mark in _CANCELLED:
                    cancelled = shape.rank
                else:
                    total += 1
                    done += shape.mark in _COMPLETED
        self.done, self.total, self.cancelled = self.done + done, self.total + total, cancelled

    def over_page(self, page: Page) -> None:
        if self.cancelled and page.rank > self.cancelled:
            return
        if self.cancelled:
            self.over(page.segments)
            return
        count = page.derived(_Tally).count
        self.done, self.total, self.cancelled = self.done + count.done, self.total + count.total, count.cancelled


class _Tally:
    """What a page holds, counted once."""

    __slots__ = ("count", "marks", "sections", "tasks")

    def __init__(self, page: Page) -> None:
        self.count = _Count()
        self.count.over(page.segments)
        shapes = [segment.shape for segment in page.segments]
        self.tasks = Counter(shape.rank for shape in shapes if shape.kind is Kind.TASK)
        """How many there are of each rank."""
        self.marks = Counter([shape.mark for shape in shapes if shape.kind is Kind.TASK and shape.rank == page.rank])
        """How many of the lowest rank there are with each mark."""
        self.sections = any(shape.kind is Kind.SECTION for shape in shapes)


def progress(node: Node) -> tuple[int, int]:
    """(done, total) of the tasks below it. A cancelled one is left out, with everything below it."""
    outline = node.outline
    count = _Count()
    _over(outline, node.index + 1, outline.segments.branch_end(node.index), count.over, count.over_page)
    return count.done, count.total


def child_count(node: Node) -> int:
    outline = node.outline
    return children_between(outline, node, outline.segments.branch_end(node.index))


def child_marks(task: Task) -> Counter[str]:
    """How many children of a task have each mark."""
    outline, rank = task.outline, task.segment.shape.rank + 1
    found: Counter[str] = Counter()

    def over(segments: Iterable[Segment]) -> None:
        found.update([segment.shape.mark for segment in segments if segment.shape.rank == rank and segment.shape.mark])

    def over_page(page: Page) -> None:
        if page.rank == rank:
            found.update(page.derived(_Tally).marks)

    _over(outline, task.index + 1, outline.segments.branch_end(task.index), over, over_page)
    return found


def children_between(outline: Outline, parent: Node | None, end: int) -> int:
    """How many children the parent (None: the document) has before the segment `end`, a place in its branch."""
    start = 0 if parent is None else parent.index + 1
    if parent is not None and parent.segment.shape.kind is Kind.TASK:
        rank = parent.segment.shape.rank + 1
        found = 0

        def over(segments: Iterable[Segment]) -> None:
            nonlocal found
            for segment in segments:
                shape = segment.shape
                found += shape.rank == rank and shape.kind is Kind.TASK

        def over_page(page: Page) -> None:
            nonlocal found
            found += page.derived(_Tally).tasks[rank]

        _over(outline, start, end, over, over_page)
        return found
    return _top_level_between(outline, start, end)


def _top_level_between(outline: Outline, start: int, end: int) -> int:
    """How many nodes of these stand below no other one of them, as `Outline.top_level` gives them."""
    lowest, found = TOP_TASK, 0

    def over(segments: Iterable[Segment]) -> None:
        nonlocal lowest, found
        for segment in segments:
            shape = segment.shape
            if shape.rank <= lowest and shape.kind is not Kind.TEXT:
                found += 1
                if shape.rank < TOP_TASK:
                    lowest = shape.rank

    def over_page(page: Page) -> None:
        nonlocal found
        tally = page.derived(_Tally)
        if tally.sections:
            over(page.segments)
        elif lowest == TOP_TASK:
            found += tally.tasks[TOP_TASK]

    _over(outline, start, end, over, over_page)
    return found


def _over(
    outline: Outline,
    start: int,
    end: int,
    over: Callable[[Iterable[Segment]], None],
    over_page: Callable[[Page], None],
) -> None:
    """All segments from `start` up to `end`: whole pages as such, those at the ends one by one."""
    if start >= end:
        return
    segments = outline.segments
    (first, slot), (last, behind) = segments.spot(start), segments.spot(end - 1)
    for number in range(first, last + 1):
        page = segments.pages[number]
        low = slot if number == first else 0
        high = behind + 1 if number == last else len(page.segments)
        if low == 0 and high == len(page.segments):
            over_page(page)
        else:
            over(page.segments[low:high])
