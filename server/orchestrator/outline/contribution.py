"""What one outline contributes to the index of its workspace: its tasks and sections, without their text.

Apart from `tree` because an index holds all outlines at once. Columns instead of objects: a task costs what its title
is long, and some 50 bytes; and a column can be searched as one string. It is made of parts that know no place, one
for each page of segments, so that after an edit only a part or two are made anew.

Invariant: entries say what the nodes of the outline say (test_entries_agree_with_the_nodes), after edits too
(test_entries_agree_after_edits).
Invariant: `restored(rows(c))` says what `c` says (test_rows_give_the_contribution_back).
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType

from orchestrator.model.outline_index import IndexedNode
from orchestrator.model.task import Status
from orchestrator.outline.segments import PAGE, Page
from orchestrator.outline.text import Encoding, Text
from orchestrator.outline.tree import Node, Outline, Task

READER = 2
"""Another number whenever a contribution says something else of the same text: what was stored before is read anew."""

_STATUSES = (None, *Status)
"""None: a section."""
_NUMBER_OF = {status: number for number, status in enumerate(_STATUSES)}


@dataclass(frozen=True, slots=True)
class Column:
    """Many short lines as one string."""

    string: str
    """A line break stands before the first line and behind each."""
    starts: array[int]

    @classmethod
    def of(cls, lines: Iterable[str]) -> Column:
        kept = [line.replace("\n", " ") if "\n" in line else line for line in lines]
        starts = array("I", [1])
        for line in kept:
            starts.append(starts[-1] + len(line) + 1)
        starts.pop()
        return cls("\n" + "".join(line + "\n" for line in kept), starts)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> str:
        end = self.starts[index + 1] if index + 1 < len(self.starts) else len(self.string)
        return self.string[self.starts[index] : end - 1]

    def __iter__(self) -> Iterator[str]:
        return iter(self.string.split("\n")[1:-1])

    def index_at(self, offset: int) -> int:
        """The line that holds this offset of the string."""
        return bisect_right(self.starts, offset) - 1

    def where(self, line: str) -> Iterator[int]:
        """The indexes of all equal lines."""
        wanted = f"\n{line}\n"
        at = self.string.find(wanted)
        while at >= 0:
            yield self.index_at(at + 1)
            at = self.string.find(wanted, at + 1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One task or section."""

    index: int
    """Its place among all nodes of its file, in document order."""
    title: str
    status: Status | None
    """None: a section."""
    task_id: str | None
    line: int
    depends_on: tuple[str, ...]
    parent: int | None
    """The index of what it stands directly below."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some nodes in a row, wherever they stand. Shared by all contributions that have them unchanged."""

    titles: Column
    ids: Column
    """An empty line where there is none."""
    depends: Column
    """The ids that each names, with commas between them."""
    statuses: bytes
    ranks: bytes
    """What a node stands below is the nearest one before it of a lower rank."""
    lines: array[int]
    """From the first line of the part."""
    title_starts: array[int]
    """Characters before the title in its line."""
    title_ends: array[int]
    heads: Mapping[int, str]
    """By index, only where not all of it is ASCII: the line up to the title's end, to count its columns with."""

    def __len__(self) -> int:
        return len(self.statuses)

    def status(self, slot: int) -> Status | None:
        """None: a section."""
        return _STATUSES[self.statuses[slot]]


@dataclass(frozen=True, slots=True)
class Contribution:
    parts: tuple[Part, ...]
    first_lines: tuple[int, ...]
    """Of each part."""
    paths: frozenset[str] = frozenset()
    """Of files that it names, relative to its folder; found for saved files only, since finding them takes time."""
    newer: bool = False
    """In a later version of the format: read-only for us."""
    _counts: tuple[int, ...] = field(init=False, compare=False, repr=False)
    """Nodes before each part, and all of them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_counts", (0, *accumulate(len(part) for part in self.parts)))

    def __len__(self) -> int:
        return self._counts[-1]

    @property
    def task_count(self) -> int:
        return len(self) - sum(part.statuses.count(0) for part in self.parts)

    def entry(self, index: int) -> Entry:
        number, slot = self._spot(index)
        part = self.parts[number]
        return Entry(
            index,
            part.titles[slot],
            part.status(slot),
            part.ids[slot] or None,
            self.first_lines[number] + part.lines[slot],
            _parts(part.depends[slot]),
            self._parent(number, slot),
        )

    def entries(self) -> Iterator[Entry]:
        return map(self.entry, range(len(self)))

    def title(self, index: int) -> str:
        number, slot = self._spot(index)
        return self.parts[number].titles[slot]

    def defined(self) -> frozenset[str]:
        """All ids of its tasks."""
        return frozenset(task_id for part in self.parts for task_id in part.ids if task_id)

    def named(self) -> frozenset[str]:
        """All ids that its `dependsOn` fields name."""
        return named_in(self.parts)

    def with_id(self, task_id: str) -> Iterator[Entry]:
        """More than one where an id was written twice."""
        if task_id:
            for number, part in enumerate(self.parts):
                for slot in part.ids.where(task_id):
                    yield self.entry(self._counts[number] + slot)

    def with_ids(self) -> Iterator[Entry]:
        """Every task that has one."""
        for first, part in self.searched():
            for slot, task_id in enumerate(part.ids):
                if task_id:
                    yield self.entry(first + slot)

    def nested(self, wanted: Container[str]) -> Iterator[tuple[str, str | None]]:
        """The wanted ids in the order of the document, each once, with the nearest wanted one that it stands below."""
        above: list[tuple[int, str | None]] = []
        told: set[str] = set()
        for part in self.parts:
            for rank, task_id in zip(part.ranks, part.ids, strict=True):
                while above and above[-1][0] >= rank:
                    above.pop()
                parent = above[-1][1] if above else None
                found = task_id in wanted and task_id not in told
                if found:
                    told.add(task_id)
                    yield task_id, parent
                above.append((rank, task_id if found else parent))

    def searched(self) -> Iterator[tuple[int, Part]]:
        """Each part with the index of its first node."""
        return zip(self._counts, self.parts, strict=False)

    def title_columns(self, index: int, encoding: Encoding) -> tuple[int, int]:
        """Where the title stands in its line, in the units of the encoding."""
        number, slot = self._spot(index)
        part = self.parts[number]
        start, end = part.title_starts[slot], part.title_ends[slot]
        head = part.heads.get(slot)
        if head is None:
            return start, end
        text = Text(head)
        return text.position(start, encoding)[1], text.position(end, encoding)[1]

    def _spot(self, index: int) -> tuple[int, int]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        number = bisect_right(self._counts, index) - 1
        return number, index - self._counts[number]

    def _parent(self, number: int, slot: int) -> int | None:
        rank = self.parts[number].ranks[slot]
        for place in range(number, -1, -1):
            ranks = self.parts[place].ranks
            for before in range((slot if place == number else len(ranks)) - 1, -1, -1):
                if ranks[before] < rank:
                    return self._counts[place] + before
        return None


class _Held:
    """The part of a page, found once for as long as the page lives: an edit makes a page or two anew."""

    def __init__(self, page: Page) -> None:  # noqa: ARG002 - every derived thing is made of its page
        self.part: Part | None = None


def contribution(outline: Outline, paths: frozenset[str] = frozenset()) -> Contribution:
    """Costs what changed since the last time, for outlines that were made of each other by edits."""
    parts: list[Part] = []
    first_lines: list[int] = []
    segments = outline.segments
    for number, page in enumerate(segments.pages):
        held = page.derived(_Held)
        first = segments.first_of(number)
        if held.part is None:
            held.part = _part(outline, first, first + len(page.segments))
        if held.part:
            parts.append(held.part)
            first_lines.append(segments.line(first))
    return Contribution(tuple(parts), tuple(first_lines), paths, outline.front_matter.newer)


def _part(outline: Outline, first: int, end: int) -> Part:
    """Of the segments from `first` up to `end`."""
    text, first_line = outline.text, outline.segments.line(first)
    titles: list[str] = []
    ids: list[str] = []
    depends: list[str] = []
    statuses, ranks = bytearray(), bytearray()
    lines, starts, ends = array("I"), array("I"), array("I")
    heads: dict[int, str] = {}
    for node in outline.nodes_between(first, end):
        title_start, title_end = node.title_span
        start = max(title_start - node.offset, 0)
        line = text.line(node.line)
        title_end = min(title_end - node.offset, len(line))  # an underlined heading may have several lines
        title_end = max(title_end, start)
        if not line.isascii() and not line[:title_end].isascii():
            heads[len(titles)] = line[:title_end]
        titles.append(node.title)
        ids.append((node.task_id or "") if isinstance(node, Task) else "")
        depends.append(",".join(dependencies(node)))
        statuses.append(_NUMBER_OF[node.status] if isinstance(node, Task) else 0)
        ranks.append(min(node.segment.shape.rank, 255))
        lines.append(node.line - first_line)
        starts.append(start)
        ends.append(title_end)
    columns = (Column.of(titles), Column.of(ids), Column.of(depends))
    return Part(*columns, bytes(statuses), bytes(ranks), lines, starts, ends, MappingProxyType(heads))


def dependencies(node: Node) -> tuple[str, ...]:
    """The ids of its `dependsOn` field, each once, in order; of a heading too."""
    value = node.fields.get("dependsOn")
    if not value:
        return ()
    names = (name.strip().removeprefix("^") for name in value.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def named_in(parts: Iterable[Part]) -> frozenset[str]:
    found: set[str] = set()
    for part in parts:
        for line in set(part.depends):
            found.update(_parts(line))
    return frozenset(found)


def rows(found: Contribution) -> Iterator[IndexedNode]:
    above: list[tuple[int, int]] = []
    """Rank and `seq` of the nodes around."""
    seq = 0
    for first_line, part in zip(found.first_lines, found.parts, strict=True):
        for slot, status in enumerate(part.statuses):
            seq += 1
            rank = part.ranks[slot]
            while above and above[-1][0] >= rank:
                above.pop()
            yield IndexedNode(
                seq,
                part.titles[slot],
                None if status == 0 else str(_STATUSES[status]),
                part.ids[slot] or None,
                first_line + part.lines[slot],
                part.depends[slot],
                above[-1][1] if above else None,
                part.title_starts[slot],
                part.title_ends[slot],
                part.heads.get(slot),
            )
            above.append((rank, seq))


def restored(kept: Iterable[IndexedNode], paths: frozenset[str] = frozenset(), *, newer: bool = False) -> Contribution:
    """From rows in order. Raises ValueError for rows that no outline has."""
    given = list(kept)
    if [row.seq for row in given] != list(range(1, len(given) + 1)):
        raise ValueError("the rows of an outline are not numbered from 1 without gaps")
    ranks = bytearray()
    try:
        for row in given:
            if row.parent is not None and not 0 < row.parent < row.seq:
                raise ValueError("a row of an outline stands below one that comes after it")
            ranks.append(0 if row.parent is None else min(ranks[row.parent - 1] + 1, 255))
        pieces = [given[start : start + PAGE] for start in range(0, len(given), PAGE)]
        first_lines = tuple(piece[0].line for piece in pieces)
        parts = tuple(
            _restored(piece, bytes(ranks[number * PAGE : (number + 1) * PAGE]), first_lines[number])
            for number, piece in enumerate(pieces)
        )
    except (OverflowError, TypeError) as error:
        raise ValueError("a row of an outline holds a number that no outline has") from error
    return Contribution(parts, first_lines, paths, newer)


def _restored(given: Sequence[IndexedNode], ranks: bytes, first_line: int) -> Part:
    if first_line < 0:
        raise OverflowError(first_line)
    return Part(
        Column.of(row.title for row in given),
        Column.of(row.task_id or "" for row in given),
        Column.of(row.depends_on for row in given),
        bytes(_NUMBER_OF[None if row.status is None else Status(row.status)] for row in given),
        ranks,
        array("I", (row.line - first_line for row in given)),
        array("I", (row.title_start for row in given)),
        array("I", (row.title_end for row in given)),
        MappingProxyType({slot: row.head for slot, row in enumerate(given) if row.head is not None}),
    )


def _parts(line: str) -> tuple[str, ...]:
    return tuple(line.split(",")) if line else ()
