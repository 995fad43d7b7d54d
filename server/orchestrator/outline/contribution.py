"""What one outline contributes to the index of its workspace: its tasks and sections, without their text.

Apart from `tree` because an index holds all outlines at once. Columns instead of objects: a task costs what its title
is long, and some 50 bytes; and a column can be searched as one string.

Invariant: entries say what the nodes of the outline say (test_entries_agree_with_the_nodes).
Invariant: `restored(rows(c))` is `c` (test_rows_give_the_contribution_back).
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from orchestrator.model.outline_index import IndexedNode
from orchestrator.model.task import Status
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
class Contribution:
    titles: Column
    ids: Column
    """An empty line where there is none."""
    depends: Column
    """The ids that it names, with commas between them."""
    statuses: bytes
    lines: array[int]
    parents: array[int]
    """-1 at the top level."""
    title_starts: array[int]
    """Characters before the title in its line."""
    title_ends: array[int]
    heads: Mapping[int, str]
    """By index, only where not all of it is ASCII: the line up to the title's end, to count its columns with."""
    paths: frozenset[str] = frozenset()
    """Of files that it names, relative to its folder; found for saved files only, since finding them takes time."""
    newer: bool = False
    """In a later version of the format: read-only for us."""

    def __len__(self) -> int:
        return len(self.statuses)

    @property
    def task_count(self) -> int:
        return len(self.statuses) - self.statuses.count(0)

    def entry(self, index: int) -> Entry:
        parent = self.parents[index]
        return Entry(
            index,
            self.titles[index],
            _STATUSES[self.statuses[index]],
            self.ids[index] or None,
            self.lines[index],
            _parts(self.depends[index]),
            None if parent < 0 else parent,
        )

    def entries(self) -> Iterator[Entry]:
        return map(self.entry, range(len(self)))

    def defined(self) -> frozenset[str]:
        """All ids of its tasks."""
        return frozenset(self.ids) - {""}

    def named(self) -> frozenset[str]:
        """All ids that its `dependsOn` fields name."""
        found: set[str] = set()
        for line in set(self.depends):
            found.update(_parts(line))
        return frozenset(found)

    def with_id(self, task_id: str) -> Iterator[Entry]:
        """More than one where an id was written twice."""
        return map(self.entry, self.ids.where(task_id) if task_id else ())

    def title_columns(self, index: int, encoding: Encoding) -> tuple[int, int]:
        """Where the title stands in its line, in the units of the encoding."""
        start, end = self.title_starts[index], self.title_ends[index]
        head = self.heads.get(index)
        if head is None:
            return start, end
        text = Text(head)
        return text.position(start, encoding)[1], text.position(end, encoding)[1]


def contribution(outline: Outline, paths: frozenset[str] = frozenset()) -> Contribution:
    text = outline.text
    titles: list[str] = []
    ids: list[str] = []
    depends: list[str] = []
    statuses = bytearray()
    lines, parents = array("I"), array("i")
    starts, ends = array("I"), array("I")
    heads: dict[int, str] = {}
    above: list[tuple[int, int]] = []
    for index, node in enumerate(outline.walk()):
        while above and above[-1][1] <= node.line:
            above.pop()
        parents.append(above[-1][0] if above else -1)
        above.append((index, node.end_line))
        line_start = text.line_start(node.line)
        start = max(node.title_span[0] - line_start, 0)
        end = max(node.title_span[1] - line_start, start)
        line = text.line(node.line)
        end = min(end, max(len(line), start))  # an underlined heading may have several lines
        if not line.isascii() and not line[:end].isascii():
            heads[index] = line[:end]
        titles.append(node.title)
        ids.append((node.task_id or "") if isinstance(node, Task) else "")
        depends.append(",".join(dependencies(node)))
        statuses.append(_NUMBER_OF[node.status] if isinstance(node, Task) else 0)
        lines.append(node.line)
        starts.append(start)
        ends.append(end)
    return Contribution(
        Column.of(titles),
        Column.of(ids),
        Column.of(depends),
        bytes(statuses),
        lines,
        parents,
        starts,
        ends,
        MappingProxyType(heads),
        paths,
        outline.front_matter.newer,
    )


def dependencies(node: Node) -> tuple[str, ...]:
    """The ids of its `dependsOn` field, each once, in order; of a heading too."""
    value = node.fields.get("dependsOn")
    if not value:
        return ()
    names = (name.strip().removeprefix("^") for name in value.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def rows(found: Contribution) -> Iterator[IndexedNode]:
    for index in range(len(found)):
        status, parent = _STATUSES[found.statuses[index]], found.parents[index]
        yield IndexedNode(
            index + 1,
            found.titles[index],
            None if status is None else status.value,
            found.ids[index] or None,
            found.lines[index],
            found.depends[index],
            None if parent < 0 else parent + 1,
            found.title_starts[index],
            found.title_ends[index],
            found.heads.get(index),
        )


def restored(kept: Iterable[IndexedNode], paths: frozenset[str] = frozenset(), *, newer: bool = False) -> Contribution:
    """From rows in order. Raises ValueError for rows that no outline has."""
    given = list(kept)
    if [row.seq for row in given] != list(range(1, len(given) + 1)):
        raise ValueError("the rows of an outline are not numbered from 1 without gaps")
    if any(row.parent is not None and not 0 < row.parent < row.seq for row in given):
        raise ValueError("a row of an outline stands below one that comes after it")
    try:
        return Contribution(
            Column.of(row.title for row in given),
            Column.of(row.task_id or "" for row in given),
            Column.of(row.depends_on for row in given),
            bytes(_NUMBER_OF[None if row.status is None else Status(row.status)] for row in given),
            array("I", (row.line for row in given)),
            array("i", ((row.parent or 0) - 1 for row in given)),
            array("I", (row.title_start for row in given)),
            array("I", (row.title_end for row in given)),
            MappingProxyType({row.seq - 1: row.head for row in given if row.head is not None}),
            paths,
            newer,
        )
    except (OverflowError, TypeError) as error:
        raise ValueError("a row of an outline holds a number that no outline has") from error


def _parts(line: str) -> tuple[str, ...]:
    return tuple(line.split(",")) if line else ()
