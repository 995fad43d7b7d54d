"""The outline as a tree of sections and tasks, each with its exact place in the text.

Apart from `segments`, which is what is kept, because whoever reads an outline needs to know only this. A node is a view
of a segment at its place, made when somebody asks; what it says is read from the text then. Nothing here changes: an
edit makes a new outline. Two views of one segment are equal, and two equal lines are two segments.

Invariant: nodes lie inside their parents, in document order, and no two share a first line
(test_nodes_nest_and_never_overlap).
Invariant: nodes say what markdown-it and the format say (test_outlines_agree_with_the_reference).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from orchestrator.model.task import MARKS, Status
from orchestrator.outline.contents import NOTHING, Contents, contents, head_of, lines_of, own_lines
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.front_matter import FrontMatter
from orchestrator.outline.inline import Line, read_line
from orchestrator.outline.scan import is_blank, skip_blanks
from orchestrator.outline.segments import TOP_TASK, Interner, Kind, Page, Segment, Segments
from orchestrator.outline.text import Text

_HASHES = re.compile(r"[ \t]*(#{1,6})")
_CLOSING_HASHES = re.compile(r"(?:(?<=[ \t])|(?<=\A))#+[ \t]*\Z")


class _View:
    """What tasks and sections share."""

    __slots__ = ("_contents", "_line", "_written", "index", "line", "offset", "outline", "segment")

    def __init__(self, outline: Outline, segment: Segment, index: int, line: int, start: int) -> None:
        self.outline = outline
        self.segment = segment
        self.index = index
        """Of its segment."""
        self.line = line
        self.offset = start
        """The offset where its first line starts."""
        self._line: Line | None = None
        self._written: str | None = None
        self._contents: Contents | None = None
        """Of a task. Here, because many are made, and one function for each of them takes a third less than two."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _View) and self.segment is other.segment

    def __hash__(self) -> int:
        return id(self.segment)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.title!r} in line {self.line}>"

    @property
    def title(self) -> str:
        """Plain text: escapes and character references undone outside code spans, no fields, no id."""
        return self._said().title

    @property
    def fields(self) -> Mapping[str, str]:
        """In order of appearance; keys that nobody knows are kept."""
        return self._said().fields if self.segment.shape.fields else _NO_FIELDS

    @property
    def title_span(self) -> tuple[int, int]:
        """The title as written; fields that stand between its words lie inside."""
        start, end = self._said().title_span
        return self.offset + start, self.offset + end

    @property
    def written(self) -> str:
        """Its first line, as it stands in the text."""
        if self._written is None:
            self._written = self.outline.text.line(self.line)
        return self._written

    def read_from(self, string: str, start: int) -> None:
        """Its first line starts there in this part of the text."""
        end = string.find("\n", start)
        if end < 0 or "\r" in (line := string[start:end]):
            return  # `written` knows these line ends
        self._written = line

    @property
    def end_line(self) -> int:
        """Exclusive: behind the last line of the whole branch that is not blank."""
        segments, text = self.outline.segments, self.outline.text
        end = segments.line(segments.branch_end(self.index))
        while end > self.line + 1 and is_blank(text.line(end - 1)):
            end -= 1
        return end

    def _said(self) -> Line:
        if self._line is None:
            self._line = self._read()
        return self._line

    def _read(self) -> Line:
        raise NotImplementedError


class Task(_View):
    """A list item with a check box."""

    __slots__ = ()

    @property
    def status(self) -> Status:
        return MARKS.get(self.segment.shape.mark, Status.OTHER)

    @property
    def mark(self) -> str:
        """The character between the brackets."""
        return self.segment.shape.mark

    @property
    def task_id(self) -> str | None:
        """Without the `^`."""
        return self.segment.task_id

    @property
    def ordered(self) -> bool:
        """It is an item of an ordered list."""
        return self.segment.shape.marker in {".", ")"}

    @property
    def contents(self) -> Contents:
        """What it says below its first line: for whoever wants more than one of the next three."""
        if self._contents is None:
            self._contents = self.outline.contents(self)
        return self._contents

    @property
    def description(self) -> str:
        """The rest of its own body, dedented to the item's text; lines end in a line feed."""
        return self.contents.description

    @property
    def acceptance(self) -> str:
        """Without the word `Accept:`; several such paragraphs or lists are separated by an empty line."""
        return self.contents.acceptance

    @property
    def result(self) -> str | None:
        """Without the word `Result:`; the last one counts."""
        return self.contents.result

    @property
    def children(self) -> tuple[Task, ...]:
        """Also those below items without a check box."""
        return tuple(self._children())

    @property
    def first_child(self) -> Task | None:
        return next(self._children(), None)

    def _children(self) -> Iterator[Task]:
        if self.outline.segments.has_none_below(self.index):
            return
        rank = self.segment.shape.rank + 1
        for node in self.outline.nodes_between(self.index + 1, self.outline.segments.branch_end(self.index)):
            if isinstance(node, Task) and node.segment.shape.rank == rank:
                yield node

    @property
    def start(self) -> int:
        """Offset of the list marker."""
        return self.offset + self.segment.shape.start

    @property
    def mark_span(self) -> tuple[int, int]:
        mark_at = self.offset + self.segment.shape.mark_at
        return mark_at, mark_at + 1

    @property
    def id_span(self) -> tuple[int, int] | None:
        """With the `^`."""
        span = self._said().id_span
        return (self.offset + span[0], self.offset + span[1]) if span else None

    @property
    def own_end_line(self) -> int:
        """Exclusive: behind the last line that is its own and not blank. Children lie before it where body follows."""
        return self.line + self.contents.own_lines

    @property
    def content_column(self) -> int:
        """Tabs expanded: where the item's text starts, and its body is indented to."""
        return self.segment.shape.column

    @property
    def depth(self) -> int:
        """In how many lists it stands, items without a check box counted: 1 at the top."""
        return self.segment.shape.depth

    @property
    def list_line(self) -> int:
        """The line of the first task of its list: tasks of one list share it."""
        index = self.outline.list_start(self.index)
        return self.outline.segments.line(index)

    def _read(self) -> Line:
        return read_line(self.written, self.segment.shape.mark_at + 2, len(self.written), with_id=True)


class Section(_View):
    """A heading of the document, and what stands below it up to the next one of its level."""

    __slots__ = ()

    @property
    def level(self) -> int:
        return self.segment.shape.rank

    @property
    def heading_lines(self) -> int:
        """More than one where a heading of several lines is underlined; the underline is not counted."""
        return self.segment.shape.column or 1

    @property
    def start(self) -> int:
        """Offset of the first `#`, or of the first character of an underlined heading."""
        line = self.outline.text.line(self.line)
        return self.offset + skip_blanks(line, head_of(line, self.line), len(line), 0)[0]

    @property
    def children(self) -> tuple[Node, ...]:
        """The tasks of its own, then sections of lower levels."""
        segments = self.outline.segments
        end = segments.branch_end(self.index)
        return tuple(self.outline.top_level(self.index + 1, end))

    def _read(self) -> Line:
        text, line = self.outline.text, self.outline.text.line(self.line)
        if self.segment.shape.marker == "#":
            hashes = _HASHES.match(line, head_of(line, self.line))
            assert hashes is not None, "a heading that is not underlined starts with its hashes"
            closing = _CLOSING_HASHES.search(line[hashes.end() :])
            end = hashes.end() + closing.start() if closing else len(line)
            return read_line(line, hashes.end(), end, with_id=False)
        read: list[Line] = []
        fields: dict[str, str] = {}
        for number in range(self.line, self.line + self.heading_lines):
            line, shift = text.line(number), text.line_start(number) - self.offset
            part = read_line(line, head_of(line, number), len(line), with_id=False)
            fields = {**part.fields, **fields}
            start, end = part.title_span
            read.append(Line(part.title, (start + shift, end + shift), part.fields, None, None))
        title = " ".join(part.title for part in read if part.title)
        span = (read[0].title_span[0], read[-1].title_span[1])
        return Line(title, span, MappingProxyType(fields), None, None)


Node: TypeAlias = Task | Section

MANY_ASKED = 8
"""Ids for which each page is looked at; then it pays to look at all of them once."""

_NO_FIELDS: Mapping[str, str] = MappingProxyType({})


class Outline:
    __slots__ = ("_asked", "_known", "_pages", "foreseen", "front_matter", "interner", "next_key", "segments", "text")

    def __init__(
        self, text: Text, front_matter: FrontMatter, segments: Segments, interner: Interner, next_key: int
    ) -> None:
        self.text = text
        self.front_matter = front_matter
        self.segments = segments
        self.interner = interner
        self.next_key = next_key
        """The number of the next node that is new."""
        self.foreseen: tuple[tuple[TextEdit, ...], Outline] | None = None
        """What edits lead to that are likely to follow, until the next ones are read (`reparse.foresee`)."""
        self._pages: dict[str, int] | None = None
        """By id, the number of its page, once many were asked for; where one was written twice there is no such map."""
        self._known: tuple[Sequence[Page], dict[str, int]] | None = None
        """The pages of the outline before this one, and that map of them, until it is asked for here."""
        self._asked = 0

    def follow(self, before: Outline) -> None:
        """It came of an edit of that one: where the pages have the same ids, the map of them is used again."""
        if before._pages is not None:
            self._known = before.segments.pages, before._pages

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The top level."""
        return tuple(self.top_level(0, len(self.segments)))

    def tasks(self) -> Iterator[Task]:
        """All of them, in document order."""
        return (node for node in self.walk() if isinstance(node, Task))

    def walk(self) -> Iterator[Node]:
        """All nodes in document order: parents before their children."""
        return self.nodes_between(0, len(self.segments))

    def node(self, index: int) -> Node:
        """The view of a segment that is one."""
        segment, line, start = self.segments.place(index)
        view = Task if segment.shape.kind is Kind.TASK else Section
        return view(self, segment, index, line, start)

    def nodes_between(self, start: int, end: int) -> Iterator[Node]:
        """Views of the nodes among the segments from `start` up to `end`."""
        if start >= end:
            return
        segments, text, task = self.segments, Kind.TEXT, Kind.TASK
        line, offset = segments.line(start), segments.start(start)
        first, slot = segments.spot(start)
        index = start
        for page in segments.pages[first:]:
            # Whoever goes through a whole page reads most of its lines, which is cheaper from one string.
            whole = slot == 0 and index + len(page.segments) <= end
            string, base = self.text.slice(offset, offset + page.length) if whole else "", offset
            for segment in page.segments[slot:]:
                if index >= end:
                    return
                kind = segment.shape.kind
                if kind is not text:
                    view = (Task if kind is task else Section)(self, segment, index, line, offset)
                    if whole:
                        view.read_from(string, offset - base)
                    yield view
                line += segment.lines
                offset += segment.length
                index += 1
            slot = 0

    def top_level(self, start: int, end: int) -> Iterator[Node]:
        """Of the nodes between these segments those that stand below no other one of them.

        Tasks come first, then sections; a section below another of the same or a lower level starts anew.
        """
        lowest = TOP_TASK
        for node in self.nodes_between(start, end):
            rank = node.segment.shape.rank
            if rank <= lowest:
                yield node
                if rank < TOP_TASK:
                    lowest = rank

    def parent(self, node: Node) -> Node | None:
        index = self.segments.parent(self.index_of(node))
        return None if index is None else self.node(index)

    def index_of(self, node: Node) -> int:
        """Of a node of this outline. KeyError for any other."""
        if node.index < len(self.segments) and self.segments[node.index] is node.segment:
            return node.index
        raise KeyError(node)

    def path(self, node: Node) -> tuple[Node, ...]:
        """From the top level down to the node itself."""
        path: list[Node] = []
        step: Node | None = node
        while step is not None:
            path.append(step)
            step = self.parent(step)
        return tuple(reversed(path))

    def ancestors(self, task: Task) -> tuple[Task, ...]:
        """The tasks above it, outermost first."""
        return tuple(node for node in self.path(task)[:-1] if isinstance(node, Task))

    def node_at_line(self, line: int) -> Node | None:
        """The innermost node that holds the line."""
        if line < 0 or not len(self.segments):
            return None
        index = self.segments.at_line(line)
        found = index if self.segments[index].shape.kind is not Kind.TEXT else None
        step = found if found is not None else self.segments.parent(index)
        node = None if step is None else self.node(step)
        while node is not None and node.end_line <= line:
            node = self.parent(node)
        return node

    def task_at_line(self, line: int) -> Task | None:
        """The innermost task that holds the line."""
        node = self.node_at_line(line)
        return node if isinstance(node, Task) else None

    def by_id(self, task_id: str) -> tuple[Task, ...]:
        """More than one where an id was written twice."""
        self._asked += 1
        if self._asked == MANY_ASKED:
            self._pages = self._pages_by_id()
        pages = self.segments.pages
        if self._pages is not None:
            number = self._pages.get(task_id)
            return () if number is None else tuple(self._in_page(number, pages[number], task_id))
        return tuple(task for number, page in enumerate(pages) for task in self._in_page(number, page, task_id))

    def repeated_ids(self) -> set[str]:
        """Those that stand at more than one task."""
        repeated: set[str] = set()
        seen: set[str] = set()
        for page in self.segments.pages:
            ids = page.ids
            repeated |= seen & ids.keys()
            repeated.update(task_id for task_id, slots in ids.items() if isinstance(slots, list))
            seen |= ids.keys()
        return repeated

    def _in_page(self, number: int, page: Page, task_id: str) -> Iterator[Task]:
        slots = page.ids.get(task_id)
        if slots is None:
            return
        for slot in slots if isinstance(slots, list) else (slots,):
            node = self.node(self.segments.index(number, slot))
            assert isinstance(node, Task), "only tasks have ids"
            yield node

    def _pages_by_id(self) -> dict[str, int] | None:
        if self._known is not None:
            (pages, known), self._known = self._known, None
            now = self.segments.pages
            if len(pages) == len(now) and all(
                one is other or one.ids.keys() == other.ids.keys() for one, other in zip(now, pages, strict=True)
            ):
                return known
        found: dict[str, int] = {}
        count = 0
        for number, page in enumerate(self.segments.pages):
            found.update(dict.fromkeys(page.ids, number))
            count += len(page.ids)
        return found if len(found) == count else None

    def dependencies(self, task: Task) -> tuple[str, ...]:
        """The ids of its `dependsOn` field, each once, in order."""
        names = (name.strip().removeprefix("^") for name in task.fields.get("dependsOn", "").split(","))
        return tuple(dict.fromkeys(name for name in names if name))

    def list_start(self, index: int, known: dict[int, int] | None = None) -> int:
        """The first task of the list of this one. `known` remembers those of tasks that were asked before."""
        segments = self.segments
        shape = segments[index].shape
        first, asked = index, index
        while segments[first].shape.joined:
            before = segments.before(index, shape.rank)
            assert before is not None, "a task that is joined to a list has one before it"
            index = before
            # Tasks of a list in a list without check boxes stand between, at the same depth of the tree.
            if segments[index].shape.outer is shape.outer and segments[index].shape.kind is Kind.TASK:
                first = index
                if known is not None and first in known:
                    first = known[first]
                    break
        if known is not None:
            known[asked] = first
        return first

    def contents(self, task: Task) -> Contents:
        """What stands below the task's first line and is its own."""
        segment = task.segment
        if self.segments.has_none_below(task.index):
            if segment.lines == 1:
                return NOTHING
            lines = lines_of(self.text.slice(task.offset, task.offset + segment.length)) if task.line else None
            if lines is not None:
                shape = segment.shape
                return contents(lines, shape.outer, shape.mark_at, shape.column) if len(lines) > 1 else NOTHING
        numbers, lines = own_lines(self.segments, self.text, task.index, task.line)
        if len(lines) == 1:
            return NOTHING
        head = head_of(self.text.line(task.line), task.line)
        shape = task.segment.shape
        found = contents(lines, shape.outer, shape.mark_at - head, shape.column)
        return Contents(found.description, found.acceptance, found.result, numbers[found.own_lines - 1] + 1 - task.line)
