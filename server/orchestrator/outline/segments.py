"""The lines of a document as a flat sequence of segments: a task, a heading, or other text, each with its own lines.

Apart from `tree`, which shows them as nodes, because this is what is kept: a segment knows how many lines it has and
how deep it stands, never where, so that an edit makes a few new segments and leaves all others as they are. They stand
in pages, so that an edit copies one page, and each page knows enough of its segments to be skipped in a search.

A segment's *rank* is its depth in the tree: 1 to 6 for headings, 7 and more for tasks. The parent of a node is the
nearest node before it of a lower rank, and its branch ends before the next segment of its own rank or a lower one.

Invariant: a sequence that was spliced is the one that was made anew (test_spliced_pages_are_whole).
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")

PAGE = 256
"""Segments of a page; one that grows to twice as many is cut."""

TOP_TASK = 7
"""The rank of tasks below no other task. Headings have 1 to 6."""


class Kind(IntEnum):
    TASK = 0
    SECTION = 1
    TEXT = 2
    """Lines of no node, or further lines of a node that stand behind its children."""


@dataclass(frozen=True, slots=True, eq=False)
class Container:
    """A list item that holds others, or the document. Equal ones of one outline are the same object."""

    parent: Container | None
    column: int
    """Where its content starts, tabs expanded."""
    indent: int
    """The column of its list marker."""
    marker: str
    """Of its list: `-`, `+`, `*`, `.` or `)`."""
    task: bool
    seen: bool
    """Whether its list has a task, up to this item."""
    level: int
    """Tasks around its content, itself included."""
    lists: int
    """Lists around its content."""


ROOT = Container(None, 0, 0, "", task=False, seen=False, level=0, lists=0)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What a segment is, without what it says. Equal ones of one outline are the same object."""

    kind: Kind
    rank: int
    outer: Container
    """What the segment's first line stands in."""
    restart: bool
    """Its first line starts a block whatever stands before it, so that reading can begin and end here."""
    marker: str = ""
    """Task: of its list; heading: `#`, or `=` or `-` where it is underlined."""
    start: int = 0
    """Task: the marker's offset in its line."""
    column: int = 0
    """Task: where its text starts, tabs expanded; an underlined heading: how many lines it has."""
    mark_at: int = 0
    """Task: the offset of the check box's character in the line."""
    mark: str = ""
    joined: bool = False
    """Task: a task stands before it in the same list."""
    fields: bool = False
    """Its first line may have fields."""

    @property
    def depth(self) -> int:
        return self.outer.lists + 1


class Interner:
    """Makes equal containers and shapes of one outline the same object, so that comparing them costs nothing."""

    def __init__(self) -> None:
        self._containers: dict[tuple[object, ...], Container] = {}
        self._shapes: dict[tuple[object, ...], Shape] = {}

    def container(
        self, parent: Container, column: int, indent: int, marker: str, *, task: bool, seen: bool
    ) -> Container:
        key = (parent, column, indent, marker, task, seen)
        found = self._containers.get(key)
        if found is None:
            found = Container(parent, column, indent, marker, task, seen, parent.level + task, parent.lists + 1)
            self._containers[key] = found
        return found

    def shape(self, *key: object) -> Shape:
        """The arguments are Shape's, in order."""
        found = self._shapes.get(key)
        if found is None:
            found = self._shapes[key] = Shape(*key)  # pyright: ignore[reportArgumentType] - see the docstring
        return found


class Segment:
    """Never changes. No dataclass, because a hundred thousand are made when a large file is opened."""

    __slots__ = ("key", "length", "lines", "shape", "task_id")

    def __init__(self, shape: Shape, lines: int, length: int, task_id: str | None, key: int) -> None:
        self.shape = shape
        self.lines = lines
        """How many, blank ones behind it included."""
        self.length = length
        """Characters, line breaks included."""
        self.task_id = task_id
        self.key = key
        """The number in a node's nodeId; 0 for text."""

    def named(self, key: int) -> Segment:
        return self if key == self.key else Segment(self.shape, self.lines, self.length, self.task_id, key)


class Page:
    """Some segments in a row. What is derived from a page alone is kept with it, for as long as the page lives."""

    __slots__ = ("_derived", "_ids", "_line_starts", "_starts", "length", "lines", "rank", "segments")

    def __init__(self, segments: tuple[Segment, ...]) -> None:
        self.segments = segments
        self.lines = sum([segment.lines for segment in segments])
        self.length = sum([segment.length for segment in segments])
        self.rank = min([segment.shape.rank for segment in segments], default=0)
        """The lowest in it."""
        self._starts: Sequence[int] | None = None
        self._line_starts: Sequence[int] | None = None
        self._derived: dict[type[object], object] | None = None
        self._ids: dict[str, int | list[int]] | None = None

    @property
    def ids(self) -> dict[str, int | list[int]]:
        """Where its ids stand, by slot; found once."""
        if self._ids is not None:
            return self._ids
        found: dict[str, int | list[int]] = {}
        for slot, segment in enumerate(self.segments):
            if segment.task_id is None:
                continue
            first = found.setdefault(segment.task_id, slot)
            if first != slot:  # it stands there more than once
                found[segment.task_id] = [*(first if isinstance(first, list) else [first]), slot]
        self._ids = found
        return found

    @property
    def starts(self) -> Sequence[int]:
        """Characters before each segment, and behind the last one."""
        if self._starts is None:
            self._starts = array("I", accumulate([segment.length for segment in self.segments], initial=0))
        return self._starts

    @property
    def line_starts(self) -> Sequence[int]:
        """Lines before each segment, and behind the last one."""
        if self._line_starts is None:
            self._line_starts = array("I", accumulate([segment.lines for segment in self.segments], initial=0))
        return self._line_starts

    def derived(self, make: type[T]) -> T:
        """`make(page)`, made once. `make` is a class, so that two uses cannot take each other's place."""
        if self._derived is None:
            self._derived = {}
        found = self._derived.get(make)
        if found is None:
            found = self._derived[make] = make(self)  # pyright: ignore[reportCallIssue] - see the docstring
        return found  # pyright: ignore[reportReturnType] - what `make` made


class _Texts:
    """The ranks at which there is text in a page: below most tasks there is none behind their children."""

    __slots__ = ("ranks",)

    def __init__(self, page: Page) -> None:
        self.ranks = frozenset(segment.shape.rank for segment in page.segments if segment.shape.kind is Kind.TEXT)


_STEPS = 32
"""Segments that are looked at one by one before a page's ranks are searched: the parent is mostly near."""


class _Ranks:
    """The ranks of a page, to be searched at once: below one task there may be all others."""

    __slots__ = ("_all", "_there")

    def __init__(self, page: Page) -> None:
        self._all = bytes([min(segment.shape.rank, 255) for segment in page.segments])
        self._there = sorted(set(self._all))

    def last(self, rank: int, end: int) -> int:
        """The last slot before `end` whose rank is at most this, or -1."""
        found = -1
        for each in self._there:  # mostly two or three
            if each > rank:
                break
            found = max(found, self._all.rfind(each, 0, end))
        return found


class Segments:
    """A sequence that never changes; `splice` makes another one that shares all pages but a few."""

    __slots__ = ("_counts", "_lines", "_offsets", "pages")

    def __init__(self, pages: tuple[Page, ...]) -> None:
        self.pages = pages
        self._counts = [0, *accumulate([len(page.segments) for page in pages])]
        self._offsets = [0, *accumulate([page.length for page in pages])]
        self._lines = [0, *accumulate([page.lines for page in pages])]

    @classmethod
    def of(cls, segments: Sequence[Segment]) -> Segments:
        return cls(tuple(_paged(segments)))

    def __len__(self) -> int:
        return self._counts[-1]

    def __getitem__(self, index: int) -> Segment:
        page, slot = self.spot(index)
        return self.pages[page].segments[slot]

    def __iter__(self) -> Iterator[Segment]:
        for page in self.pages:
            yield from page.segments

    def between(self, start: int, end: int) -> list[Segment]:
        found: list[Segment] = []
        if start < end:
            (first, slot), (last, behind) = self.spot(start), self.spot(end - 1)
            for number in range(first, last + 1):
                segments = self.pages[number].segments
                found += segments[slot if number == first else 0 : behind + 1 if number == last else len(segments)]
        return found

    def spot(self, index: int) -> tuple[int, int]:
        """(page, slot) of a segment."""
        page = bisect_right(self._counts, index) - 1
        return page, index - self._counts[page]

    def place(self, index: int) -> tuple[Segment, int, int]:
        """A segment, its first line and the offset of its first character."""
        number, slot = self.spot(index)
        page = self.pages[number]
        return (
            page.segments[slot],
            self._lines[number] + page.line_starts[slot],
            self._offsets[number] + page.starts[slot],
        )

    def has_none_below(self, index: int) -> bool:
        """Whether the branch of a node is its own segment."""
        number, slot = self.spot(index)
        segments = self.pages[number].segments
        if slot + 1 < len(segments):
            return segments[slot + 1].shape.rank <= segments[slot].shape.rank
        return (
            number + 1 == len(self.pages) or self.pages[number + 1].segments[0].shape.rank <= segments[slot].shape.rank
        )

    def index(self, page: int, slot: int) -> int:
        return self._counts[page] + slot

    def first_of(self, page: int) -> int:
        return self._counts[page]

    def line(self, index: int) -> int:
        """The first line of a segment; behind the last one the number of lines."""
        if index >= len(self):
            return self._lines[-1]
        page, slot = self.spot(index)
        return self._lines[page] + self.pages[page].line_starts[slot]

    def start(self, index: int) -> int:
        """The offset of a segment's first character."""
        if index >= len(self):
            return self._offsets[-1]
        page, slot = self.spot(index)
        return self._offsets[page] + self.pages[page].starts[slot]

    def at_line(self, line: int) -> int:
        """The segment that has the line; the last one for lines behind the end."""
        page = max(min(bisect_right(self._lines, line) - 1, len(self.pages) - 1), 0)
        starts = self.pages[page].line_starts
        slot = min(bisect_right(starts, line - self._lines[page]) - 1, len(starts) - 2)
        return self._counts[page] + max(slot, 0)

    def at_offset(self, offset: int) -> int:
        """The segment that has the character; the last one for the text's end."""
        page = max(min(bisect_right(self._offsets, offset) - 1, len(self.pages) - 1), 0)
        starts = self.pages[page].starts
        slot = min(bisect_right(starts, offset - self._offsets[page]) - 1, len(starts) - 2)
        return self._counts[page] + max(slot, 0)

    def parent(self, index: int) -> int | None:
        """The node that holds the segment: a task or a heading."""
        return self.before(index, self[index].shape.rank - 1)

    def before(self, index: int, rank: int) -> int | None:
        """The nearest segment before this one whose rank is at most this."""
        page, slot = self.spot(index)
        segments = self.pages[page].segments
        for place in range(slot - 1, max(slot - 1 - _STEPS, -1), -1):
            if segments[place].shape.rank <= rank:
                return self._counts[page] + place
        if slot > _STEPS and self.pages[page].rank <= rank:
            place = self.pages[page].derived(_Ranks).last(rank, slot - _STEPS)
            if place >= 0:
                return self._counts[page] + place
        for number in range(page - 1, -1, -1):
            if self.pages[number].rank <= rank:
                far = self.pages[number]
                return self._counts[number] + far.derived(_Ranks).last(rank, len(far.segments))
        return None

    def behind(self, index: int, rank: int) -> int:
        """The nearest segment behind this one whose rank is at most this, or the number of segments."""
        page, slot = self.spot(index)
        segments = self.pages[page].segments
        for place in range(slot + 1, len(segments)):
            if segments[place].shape.rank <= rank:
                return self._counts[page] + place
        for number in range(page + 1, len(self.pages)):
            if self.pages[number].rank <= rank:
                for place, segment in enumerate(self.pages[number].segments):
                    if segment.shape.rank <= rank:
                        return self._counts[number] + place
        return len(self)

    def branch_end(self, index: int) -> int:
        """Behind the last segment of a node's branch."""
        return self.behind(index, self[index].shape.rank)

    def last_text(self, start: int, end: int, rank: int) -> int | None:
        """The last text of this rank among the segments from `start` up to `end`."""
        if start >= end:
            return None
        (first, slot), (last, behind) = self.spot(start), self.spot(end - 1)
        for number in range(last, first - 1, -1):
            page = self.pages[number]
            if rank not in page.derived(_Texts).ranks:
                continue
            lowest = slot if number == first else 0
            for place in range(behind if number == last else len(page.segments) - 1, lowest - 1, -1):
                shape = page.segments[place].shape
                if shape.rank == rank and shape.kind is Kind.TEXT:
                    return self.index(number, place)
        return None

    def splice(self, start: int, end: int, new: Sequence[Segment]) -> Segments:
        """With these instead of the segments from `start` up to `end`."""
        if not self.pages:
            return Segments.of(new)
        first, slot = self.spot(start) if start < len(self) else (len(self.pages) - 1, len(self.pages[-1].segments))
        last, behind = self.spot(end) if end < len(self) else (len(self.pages) - 1, len(self.pages[-1].segments))
        segments = [*self.pages[first].segments[:slot], *new, *self.pages[last].segments[behind:]]
        if len(new) == end - start:  # the same pages, so that what is known of where something stands stays true
            between = zip(self._counts[first : last + 1], self._counts[first + 1 : last + 2], strict=True)
            kept = [segments[one - self._counts[first] : other - self._counts[first]] for one, other in between]
            return Segments((*self.pages[:first], *(Page(tuple(page)) for page in kept), *self.pages[last + 1 :]))
        # A page that has become small joins the one before it.
        if len(segments) < PAGE // 4 and first > 0:
            first -= 1
            segments = [*self.pages[first].segments, *segments]
        return Segments((*self.pages[:first], *_paged(segments), *self.pages[last + 1 :]))


def _paged(segments: Sequence[Segment]) -> Iterable[Page]:
    position = 0
    while len(segments) - position > 2 * PAGE:
        yield Page(tuple(segments[position : position + PAGE]))
        position += PAGE
    if position < len(segments):
        yield Page(tuple(segments[position:]))
