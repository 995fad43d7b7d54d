"""What can be folded away: branches, sections, front matter, code, and descriptions that stand above subtasks.

Apart from the tree because folds are lines that a person sees. What folds in a segment's own lines is remembered with
its page, so that after a key only the branches are gone through again.

Invariant: folds nest or are apart, and each hides at least one line (test_folds_nest_and_hide_something).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from heapq import nsmallest
from typing import NamedTuple

from orchestrator.outline.extents import written_lines
from orchestrator.outline.own_text import all_blocks, blocks_of, trimmed
from orchestrator.outline.segments import Container, Kind, Page, Segment, Shape
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline


class FoldKind(StrEnum):
    BRANCH = "branch"
    SECTION = "section"
    FRONT_MATTER = "frontMatter"
    CODE = "code"
    DESCRIPTION = "description"


class Fold(NamedTuple):
    start: int
    """The line that stays."""
    end: int
    """The last line that is hidden."""
    kind: FoldKind


def folds(outline: Outline) -> list[Fold]:
    """By their first line."""
    front = outline.front_matter
    found: list[Fold | None] = [Fold(0, front.end_line - 1, FoldKind.FRONT_MATTER)] if front.end_line > 1 else []
    above: list[tuple[int, int, int, FoldKind]] = []
    """(rank, place in `found`, first line, kind) of the nodes that are open."""
    end = 0

    def close(rank: int) -> None:
        while above and above[-1][0] >= rank:
            _, place, start, kind = above.pop()
            if end > start + 1:
                found[place] = Fold(start, end - 1, kind)

    line = 0
    for number, page in enumerate(outline.segments.pages):
        own = page.derived(_PageFolds).filled(outline, number, line)
        for rank, closed_at in own.closes:
            end = end if closed_at is None else line + closed_at
            close(rank)
        base = len(found)
        found += own.at(line)
        above += [(rank, base + place, line + start, kind) for rank, place, start, kind in own.opens]
        found += own.at_the_end(outline, number, line)
        end = line + own.end
        line += page.lines
    close(0)
    return [fold for fold in found if fold is not None]


_Item = tuple[int, int, FoldKind]
"""First and last line, counted from where a page starts."""


class _PageFolds:
    """What folds in a page, and which nodes go on behind it. It stays true while the page does.

    Most keys move no line, so that the folds themselves are kept with the line they were counted from.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._known = False
        self._line = -1
        """Where the page started when `_at` and `_last` were made."""
        self._at: list[Fold | None] = []
        self._last: list[Fold] = []
        self._next: Shape | None = None
        """What stood behind the page when `_last` was made, if that decides about it."""
        self.items: list[_Item | None] = []
        """By their first line; None where a branch goes on behind the page, or does not fold."""
        self.opens: list[tuple[int, int, int, FoldKind]] = []
        """(rank, place in `items`, first line, kind) of the nodes that go on."""
        self.closes: list[tuple[int, int | None]] = []
        """Nodes from before the page, of this rank and higher ones, end at this line; None: where that page ended."""
        self.end = 0
        """Behind the last line that is not blank."""

    def filled(self, outline: Outline, number: int, line: int) -> _PageFolds:
        if not self._known:
            self._fill(outline, number, line)
            self._known = True
        return self

    def _fill(self, outline: Outline, number: int, page_line: int) -> None:
        first = outline.segments.first_of(number)
        end: int | None = None
        lowest = _HIGHEST
        start = 0
        for slot, segment in enumerate(self._page.segments):
            shape = segment.shape
            self._close(shape.rank, end)
            if shape.rank < lowest:
                lowest = shape.rank
                self.closes.append((lowest, end))
            if shape.kind is not Kind.TEXT:
                kind = FoldKind.BRANCH if shape.kind is Kind.TASK else FoldKind.SECTION
                self.opens.append((shape.rank, len(self.items), start, kind))
                self.items.append(None)
            written = 1
            if segment.lines > 1:
                written = written_lines(outline.text, self._page, slot, page_line + start)
                if slot + 1 < len(self._page.segments):
                    self.items += [
                        (start + one, start + last, kind)
                        for one, last, kind in _own_folds(
                            outline, first + slot, page_line + start, written, segment, self._page.segments[slot + 1]
                        )
                    ]
            end = start + written
            start += segment.lines
        self.end = end or 0

    def at(self, line: int) -> list[Fold | None]:
        """`items`, of a page that starts at this line."""
        if line != self._line:
            self._line, self._next = line, None
            self._at = [item and Fold(line + item[0], line + item[1], item[2]) for item in self.items]
        return self._at

    def at_the_end(self, outline: Outline, number: int, line: int) -> list[Fold]:
        """In the last segment's own lines, after `at(line)`. Whether its description folds the next page decides."""
        pages = outline.segments.pages
        behind = pages[number + 1].segments[0].shape if number + 1 < len(pages) else None
        if behind is None or behind is not self._next:
            self._last = [Fold(line + start, line + end, kind) for start, end, kind in self._end(outline, number, line)]
            self._next = behind if behind is not None and behind.kind is not Kind.TEXT else None
        return self._last

    def _end(self, outline: Outline, number: int, page_line: int) -> list[_Item]:
        page = self._page
        slot = len(page.segments) - 1
        if page.segments[slot].lines == 1:
            return []
        start = page.line_starts[slot]
        written = written_lines(outline.text, page, slot, page_line + start)
        index = outline.segments.first_of(number) + slot
        own = _own_folds(outline, index, page_line + start, written, page.segments[slot], None)
        return [(start + one, start + last, kind) for one, last, kind in own]

    def _close(self, rank: int, end: int | None) -> None:
        while self.opens and self.opens[-1][0] >= rank:
            _, place, start, kind = self.opens.pop()
            if end is not None and end > start + 1:
                self.items[place] = (start, end - 1, kind)


_HIGHEST = 1 << 30


def _own_folds(
    outline: Outline, index: int, line: int, written: int, segment: Segment, behind: Segment | None
) -> list[_Item]:
    """In a segment's own lines, counted from its first one. `behind`: the next segment, where it is at hand."""
    if line < outline.front_matter.end_line:
        return []
    text, shape = outline.text, segment.shape
    first = 0 if shape.kind is Kind.TEXT else 1 + (shape.column if shape.kind is Kind.SECTION else 0)
    code = list(_code(text, line, line + first, line + written, shape))
    found = [(start, end, FoldKind.CODE) for start, end in code]
    if shape.kind is Kind.TEXT:
        return found
    if behind is not None and (behind.shape.kind is not Kind.TEXT or behind.shape.rank <= shape.rank):
        child, described = index + 1, behind.shape.rank > shape.rank
    else:
        child = _child_behind(outline, index)
        described = child < len(outline.segments) and outline.segments[child].shape.rank > shape.rank
    if described:
        end_line = line + written if child == index + 1 else outline.segments.line(child)
        start, end = trimmed(text, min(line + first, end_line), end_line)
        if start + 1 < end and all(one != start - line for one, _ in code):
            found.append((start - line, end - 1 - line, FoldKind.DESCRIPTION))
    return sorted(found)


def _column(shape: Shape) -> int:
    """Where the text starts of the node whose lines these are."""
    if shape.kind is not Kind.TEXT:
        return shape.column if shape.kind is Kind.TASK else 0
    around: Container | None = shape.outer
    while around is not None and not around.task:
        around = around.parent
    return 0 if around is None else around.column


def _child_behind(outline: Outline, index: int) -> int:
    """The first node behind this one, over text of its own."""
    rank = outline.segments[index].shape.rank
    child = index + 1
    while child < len(outline.segments):
        shape = outline.segments[child].shape
        if shape.kind is not Kind.TEXT or shape.rank <= rank:
            break
        child += 1
    return child


def outermost(found: Sequence[Fold], most: int) -> list[Fold]:
    """At most so many, those that stand in fewer others first, in the order they came."""
    levels: list[int] = []
    ends: list[int] = []
    for fold in found:
        while ends and ends[-1] < fold.start:
            ends.pop()
        levels.append(len(ends))
        ends.append(fold.end)
    kept = nsmallest(most, range(len(found)), key=lambda index: (levels[index], index))
    return [found[index] for index in sorted(kept)]


def _code(text: Text, line: int, start: int, end: int, shape: Shape) -> Iterator[tuple[int, int]]:
    """Fenced code in these lines, counted from `line`. Most have none, and then Markdown is not asked."""
    lines = text.lines(start, end)
    if "```" not in lines and "~~~" not in lines:
        return
    for block in all_blocks(blocks_of(text, start, end, _column(shape))):
        if block.kind == "fence" and block.end_line - block.line > 1:
            yield start + block.line - line, min(start + block.end_line, end) - 1 - line
