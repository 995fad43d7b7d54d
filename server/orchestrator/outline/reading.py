r"""Lines to segments: which line starts a task, a heading, or text that belongs to another node than the line before.

Apart from `scan`, the oracle, because that reads whole documents at 50 microseconds a line, and this one line after
the other at a tenth of it, from any line whose surroundings are known. It knows the lines that outlines are made of:
items, plain paragraphs, headings, fences, simple quotes. Of anything else (HTML, link definitions, underlined headings,
code by indentation, lazy lines, criteria, …) it asks markdown-it, for the fewest lines that answer: from where the last
block began up to the next line that surely is an item or a heading again. What nobody was asked about stays cheap.

How deep a line stands is known from the items that are open (`_Frame`). What may end or go on over lines is known from
`_Leaf`: a paragraph, a fence, a quote, or nothing.

Invariant: the segments are those that markdown-it's blocks of the whole text give (test_reading_agrees_with_markdown_it).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from orchestrator.outline.body import MARK, Body
from orchestrator.outline.inline import task_id_of
from orchestrator.outline.scan import (
    BYTE_ORDER_MARK,
    MAX_DEPTH,
    TAB_WIDTH,
    Block,
    Place,
    first_paragraph,
    place_of,
    skip_blanks,
)
from orchestrator.outline.segments import ROOT, TOP_TASK, Container, Interner, Kind, Shape
from orchestrator.outline.text import Text
from orchestrator.outline.window import Window, window

LONGEST_TEXT = 64
"""Lines after which text that is no task is cut where a paragraph begins, so that an edit in it stays cheap."""

_PLAIN = r"""(?:
    (?![0-9]{1,9}[.)](?:[ \t\r\n]|\Z))[^\W_] | [^\x00-\x7f] | ["'(!$%&,./:;?@\]^{}|\\]
    | \*{1,2}(?=[^\s*]) | _{1,2}(?=[^\s_]) | -(?=[^\s-]) | \+(?=\S) | `{1,2}(?!`) | ~{1,2}(?!~) | \#{1,6}(?=[^\s\#])
)"""
"""What a paragraph starts with that can be nothing else."""

_LINE = re.compile(
    rf"""(?P<indent>[ \t]*+)(?:
    (?P<blank>(?=[\r\n]|\Z))
    |(?:(?P<marker>[-+*])|(?P<number>[0-9]{{1,9}})(?P<close>[.)]))(?P<gap>[ ]{{1,4}})(?:
        (?P<task>\[(?P<mark>[^\[\]\\\r\n])\](?=[ \t\r\n]|\Z))
        |(?P<item>(?!Accept\\*:){_PLAIN})
    )
    |(?P<hashes>\#{{1,6}})(?=[ \t\r\n]|\Z)
    |(?P<fence>`{{3,}}(?=[^`\r\n]*(?:[\r\n]|\Z))|~{{3,}})
    |>[ ]?(?:(?P<quote>{_PLAIN})|(?P<quoted_blank>(?=[\r\n]|\Z)))
    |(?P<criteria>Accept:[ \t]*(?=[\r\n]|\Z))
    |(?P<plain>{_PLAIN})
    |(?P<bracket>\[)
    )""",
    re.VERBOSE,
)
"""What a line starts with. A line that this does not match is for markdown-it."""


class _Leaf(IntEnum):
    NONE = 0
    PARAGRAPH = 1
    FENCE = 2
    QUOTE = 3


class _Frame:
    """An item that is open, or the document."""

    __slots__ = (
        "_container", "above", "column", "indent", "level", "list_marker", "list_seen", "lists", "marker", "seen", "task"
    )  # fmt: skip

    def __init__(self, above: _Frame | None, column: int, indent: int, marker: str, *, task: bool, seen: bool) -> None:
        self.above = above
        self.column = column
        self.indent = indent
        self.marker = marker
        self.task = task
        self.seen = seen
        self.level = above.level + task if above else 0
        self.lists = above.lists + 1 if above else 0
        self.list_marker = ""
        """Of the list that is open directly in it, if one is."""
        self.list_seen = False
        """Whether that list has a task."""
        self._container: Container | None = None

    def container(self, interner: Interner) -> Container:
        if self.above is None:
            return ROOT
        if self._container is None:
            around = self.above.container(interner)
            self._container = interner.container(
                around, self.column, self.indent, self.marker, task=self.task, seen=self.seen
            )
        return self._container

    def owner(self) -> _Frame:
        """The task whose body this is, or the document."""
        frame = self
        while not frame.task and frame.above is not None:
            frame = frame.above
        return frame


def frames_of(container: Container) -> _Frame:
    """The frame of this container, with those around it, as they are at the start of one of its items."""
    path: list[Container] = []
    step: Container | None = container
    while step is not None:
        path.append(step)
        step = step.parent
    frame = _Frame(None, 0, 0, "", task=False, seen=False)
    for inner in reversed(path[:-1]):
        frame.list_marker, frame.list_seen = inner.marker, inner.seen
        frame = _Frame(frame, inner.column, inner.indent, inner.marker, task=inner.task, seen=inner.seen)
        frame._container = inner  # noqa: SLF001 - our own class
    return frame


@dataclass(slots=True)
class _Anchor:
    """Where the block began that is open, and what was known there."""

    line: int
    frame: _Frame
    list_marker: str
    list_seen: bool
    owner: _Frame | None
    events: int
    started: int


Event = tuple[int, Shape, "str | None"]
"""A segment starts: its line, its shape, its id."""


class Reader:
    """Reads from one line on. Use `read`."""

    def __init__(
        self, text: Text, interner: Interner, line: int, outer: Container, known: Callable[[int], Shape | None] | None
    ) -> None:
        self._text = text
        self._interner = interner
        self._known = known
        """The shape of the old segment that started at this line, where reading may end."""
        self._events: list[Event] = []
        self._line = line
        self._frame = frames_of(outer)
        self._owner: _Frame | None = None
        self._started = line
        """The line where the newest segment starts."""
        self._end: int | None = None
        self._behind_blank = False
        self._walking = False

    def start_at(self, shape: Shape) -> None:
        """The first line starts a segment of this shape; what stood before it is known by that."""
        if shape.kind is Kind.TASK:
            self._frame.list_marker, self._frame.list_seen = shape.marker, shape.joined
        elif shape.kind is Kind.TEXT:
            self._behind_blank = True

    def read(self) -> tuple[list[Event], int | None]:
        """The line, shape and id of each segment; and the line at which the old ones go on."""
        while self._line < self._text.line_count and self._end is None:
            self._walk()
        return self._events, self._end

    # --- line by line ------------------------------------------------------------------------------------------

    def _walk(self) -> None:
        """Read up to a line that only markdown-it understands, and let it."""
        leaf = _Leaf.NONE
        fence, fence_frame = "", self._frame
        anchor: _Anchor | None = None
        was_blank, self._behind_blank = self._behind_blank, False
        match_line = _LINE.match
        for line, string, start, end in _lines(self._text, self._line):
            match = match_line(string, start, end)
            kind = match.lastgroup if match else None
            if match is None:
                indent_text = string[start:skip_blanks(string, start, end, 0)[0]]
            else:
                indent_text = match["indent"]
            n = len(indent_text)
            if "\t" in indent_text:
                n = skip_blanks(indent_text, 0, n, 0)[1]
            if leaf is _Leaf.FENCE:
                if kind == "blank" or n >= fence_frame.column:
                    if kind == "fence" and n - fence_frame.column < TAB_WIDTH and _closes(string, match, end, fence):
                        leaf = _Leaf.NONE
                        was_blank = False
                    continue
                leaf = _Leaf.NONE
            if kind == "blank":
                if leaf is not _Leaf.NONE:
                    leaf = _Leaf.NONE
                was_blank = True
                continue
            top = self._frame
            task_or_item = match is not None and match["gap"] is not None
            # What goes on with the paragraph or quote that is open?
            if leaf is _Leaf.PARAGRAPH:
                if kind == "plain" or kind == "bracket":
                    continue
                if kind != "criteria" and n - top.column >= TAB_WIDTH:
                    continue  # too far to the right to be anything but the paragraph's
                if task_or_item and n >= top.column and match and match["number"] and int(match["number"]) != 1:
                    continue
                if kind in {"task", "item"} and n < top.column and top.above and n - top.above.column >= TAB_WIDTH:
                    kind = None
            elif leaf is _Leaf.QUOTE:
                inside = n >= top.column
                if kind in {"quote", "quoted_blank"} and inside and n - top.column < TAB_WIDTH:
                    continue
                number = match["number"] if match else None
                if (
                    kind not in {"task", "item", "hashes"}
                    or n - top.column >= TAB_WIDTH
                    or (number is not None and inside)
                    or (not inside and top.above is not None and n - top.above.column >= TAB_WIDTH)
                ):
                    kind = None
            frame = top
            while n < frame.column:
                assert frame.above is not None, "the document's column is 0"
                frame = frame.above
            odd = kind is None or kind in {"criteria", "bracket", "quoted_blank"} or n - frame.column >= TAB_WIDTH
            if kind in {"task", "item"} and frame.lists >= MAX_DEPTH:
                odd = True
            if odd:
                if leaf is _Leaf.NONE or anchor is None:
                    anchor = self._anchor(line, frame)
                self._ask(anchor, line)
                return
            assert match is not None, "a line without a match is odd"
            anchor = self._anchor(line, frame)
            if kind == "task" or kind == "item":
                marker = match["marker"] or match["close"]
                width = match.end("gap") - match.end("indent")
                if kind == "task":
                    here = start if line else 0  # a byte order mark is a character of its line
                    self._start_task(
                        line, frame, marker, n, n + width, here, match.start("mark") - here, match["mark"],
                        match.end("indent") - here, string, end, restart=True,
                    )  # fmt: skip
                else:
                    self._start_item(line, frame, marker, n, n + width)
                leaf = _Leaf.PARAGRAPH
            elif kind == "hashes" and frame.above is None:
                self._start_section(line, frame, len(match["hashes"]), "#", 0, string, start, end, restart=True)
                leaf = _Leaf.NONE
            else:
                self._text_line(line, frame, restart=kind == "plain" and was_blank)
                if kind == "fence":
                    leaf, fence, fence_frame = _Leaf.FENCE, match["fence"], frame
                else:
                    leaf = {"plain": _Leaf.PARAGRAPH, "quote": _Leaf.QUOTE}.get(kind or "", _Leaf.NONE)
            was_blank = False
            if self._end is not None:
                return
        self._line = self._text.line_count

    def _anchor(self, line: int, frame: _Frame) -> _Anchor:
        return _Anchor(line, frame, frame.list_marker, frame.list_seen, self._owner, len(self._events), self._started)

    # --- segments ----------------------------------------------------------------------------------------------

    def _emit(self, line: int, shape: Shape, task_id: str | None, owner: _Frame) -> None:
        if self._events and self._events[-1][0] == line:
            self._events.pop()  # text that has no line of its own: the item in whose first line another one starts
        elif self._known is not None and shape.restart and not self._walking and self._known(line) is shape:
            self._end = line
            return
        self._events.append((line, shape, task_id))
        self._owner = owner
        self._started = line

    def _open_list(self, frame: _Frame, marker: str) -> None:
        if frame.list_marker != marker:
            frame.list_marker, frame.list_seen = marker, False

    def _start_task(
        self, line: int, frame: _Frame, marker: str, indent: int, column: int, line_start: int, mark_at: int, mark: str,
        start: int, string: str, end: int, *, restart: bool,
    ) -> None:  # fmt: skip
        self._open_list(frame, marker)
        joined = frame.list_seen
        behind = line_start + mark_at + 2
        task_id = task_id_of(string, behind, end) if string.find("^", behind, end) >= 0 else None
        shape = self._interner.shape(
            Kind.TASK, TOP_TASK + frame.level, frame.container(self._interner), restart, marker, start, column, mark_at,
            mark, joined, string.find("::", behind, end) >= 0,
        )  # fmt: skip
        frame.list_seen = True
        self._frame = _Frame(frame, column, indent, marker, task=True, seen=True)
        self._emit(line, shape, task_id, self._frame)

    def _start_item(self, line: int, frame: _Frame, marker: str, indent: int, column: int) -> None:
        self._open_list(frame, marker)
        self._belongs(line, frame, restart=False)
        self._frame = _Frame(frame, column, indent, marker, task=False, seen=frame.list_seen)

    def _start_section(
        self, line: int, document: _Frame, level: int, markup: str, lines: int, string: str, start: int, end: int,
        *, restart: bool,
    ) -> None:  # fmt: skip
        self._frame = document
        document.list_marker = ""
        shape = self._interner.shape(
            Kind.SECTION, level, ROOT, restart, markup, 0, lines, 0, "", False, string.find("::", start, end) >= 0
        )
        self._emit(line, shape, None, self._frame)

    def _text_line(self, line: int, frame: _Frame, *, restart: bool) -> None:
        """A block that is no item starts in `frame`."""
        frame.list_marker = ""
        self._belongs(line, frame, restart=restart)
        self._frame = frame

    def _belongs(self, line: int, frame: _Frame, *, restart: bool) -> None:
        """Text of another owner than the line before, or too long a text of the same, starts a segment."""
        owner = frame.owner()
        if owner is self._owner and not (restart and self._may_cut(line)):
            return
        shape = self._interner.shape(Kind.TEXT, TOP_TASK + frame.level, frame.container(self._interner), restart)
        self._emit(line, shape, None, owner)

    def _may_cut(self, line: int) -> bool:
        if line - self._started >= LONGEST_TEXT:
            return True
        # Where the old text was cut, so that reading can end there.
        old = self._known(line) if self._known is not None else None
        return old is not None and old.kind is Kind.TEXT and old.restart

    # --- what only markdown-it understands ---------------------------------------------------------------------

    def _ask(self, anchor: _Anchor, line: int) -> None:
        """Read from the anchor up to the first line behind `line` that surely starts an item or a heading."""
        patience = 1
        while True:
            sync = self._candidate(line, patience)
            del self._events[anchor.events :]
            self._owner, self._started = anchor.owner, anchor.started
            frame = self._frame = anchor.frame
            frame.list_marker, frame.list_seen = anchor.list_marker, anchor.list_seen
            lines = [self._text.line(number) for number in range(anchor.line, min(sync + 1, self._text.line_count))]
            head = 0
            if anchor.line == 0 and lines[0].startswith(BYTE_ORDER_MARK):
                lines[0], head = lines[0][1:], 1
            found = window(lines, frame.container(self._interner))
            walk = _Walk(self, found, frame, anchor.line, sync, head)
            self._walking = True
            walk.document()
            self._walking = False
            if walk.synced or sync >= self._text.line_count:
                self._line = sync
                return
            patience *= 2

    def _candidate(self, line: int, patience: int) -> int:
        """The line of the item or heading behind this one that is `patience` of them away, or the number of lines."""
        for number, string, start, end in _lines(self._text, line + 1):
            match = _LINE.match(string, start, end)
            if match is not None and match.lastgroup in {"task", "item", "hashes"}:
                patience -= 1
                if patience == 0:
                    return number
        return self._text.line_count


class _Walk:
    """Goes through markdown-it's blocks of a window as `Reader` goes through lines."""

    def __init__(self, reader: Reader, found: Window, frame: _Frame, line: int, sync: int, head: int) -> None:
        self._reader = reader
        self._window = found
        self._anchor_frame = frame
        self._shift = line - found.first
        self._sync = sync
        self._head = head
        """Characters before the first line that are not in the window: a byte order mark."""
        self.synced = False
        path: list[_Frame] = []
        step = frame
        for _ in found.standing_in:
            path.append(step)
            assert step.above is not None
            step = step.above
        self._path = path[::-1]
        self._base = step

    def document(self) -> None:
        body = Body(self._window.text, -1, self._base.column) if self._base.task else None
        self._children(self._window.blocks, self._base, 0, body, -1, self._window.text.line_count)

    def _children(
        self, children: tuple[Block, ...], frame: _Frame, depth: int, body: Body | None, line: int, end: int
    ) -> None:
        """The blocks in `frame`; `depth` items that stand in have been entered. `body` is there for a task.

        The item starts in `line` and ends before `end`.
        """
        criteria_follow = False
        position = line + 1
        for block in children:
            if self.synced:
                return
            self._between(position, block.line, frame)
            position = block.end_line
            starts_inside = block.line == line
            if block.kind == "list":
                if self._is_text_list(block, frame, body, criteria_follow=criteria_follow):
                    self._text(block, frame)
                else:
                    self._list(block, frame, depth, None)
            elif starts_inside:
                if line >= self._window.first:
                    frame.list_marker = ""
            elif block.kind == "heading" and block.line + self._shift == self._sync:
                self._synchronize(frame)
            elif block.kind == "heading" and frame.above is None:
                self._section(block, frame)
            else:
                self._text(block, frame)
            criteria_follow = False
            if body is not None and block.kind == "paragraph":
                criteria_follow = body.read_paragraph(block.line + starts_inside, block.end_line)
        if not self.synced:
            self._between(position, end, frame)

    def _between(self, start: int, end: int, frame: _Frame) -> None:
        """Lines that are no block: link definitions, which are text all the same."""
        for line in range(max(start, self._window.first), end):
            if self._window.text.line(line).strip(" \t"):
                if line + self._shift < self._sync:
                    self._reader._text_line(line + self._shift, frame, restart=False)  # noqa: SLF001
                return

    def _is_text_list(self, block: Block, frame: _Frame, body: Body | None, *, criteria_follow: bool) -> bool:
        """Whether a list of a task's body is an acceptance."""
        if body is None or block.line < self._window.first:
            return False
        # A list that goes on from before the window does not start here.
        if block.line == self._window.first and frame.list_marker == block.markup and frame is self._anchor_frame:
            return False
        return criteria_follow or body.read_list(block)

    def _list(self, block: Block, frame: _Frame, depth: int, origin: Place | None) -> None:
        reader = self._reader
        text = self._window.text
        first = self._window.first
        goes_on = block.line < first or (block.line == first and frame is self._anchor_frame)
        for item in block.children:
            if self.synced:
                return
            if item.line < first:
                inner = self._path[depth]
                body = Body(text, item.line, inner.column) if inner.task else None
                reader._frame = inner  # noqa: SLF001 - the walk is a part of the reader
                self._children(item.children, inner, depth + 1, body, item.line, item.end_line)
                continue
            line = item.line + self._shift
            if line == self._sync:
                self._synchronize(frame)
                if not goes_on:
                    frame.list_marker = ""
                return
            if not goes_on:
                frame.list_marker, frame.list_seen = "", False
                goes_on = True
            place = place_of(text, item, origin if item.line == block.line else None)
            line_start, line_end = text.line_start(item.line), text.line_end(item.line)
            # The marker's column, with its tabs.
            same_line = origin is not None and item.line == block.line
            indent = origin.content_column if same_line and origin else skip_blanks(text.string, line_start, line_end, 0)[1]
            paragraph = first_paragraph(item)
            mark = MARK.match(text.string, place.content, line_end) if paragraph else None
            head = self._head if line == 0 else 0
            if mark:
                plain_start = not same_line and self._is_native(item.line)
                reader._start_task(  # noqa: SLF001
                    line, frame, block.markup, indent, place.content_column, line_start - head,
                    mark.start(1) - line_start + head, mark.group(1), place.start - line_start + head,
                    text.string, line_end, restart=plain_start,
                )  # fmt: skip
                inner = reader._frame  # noqa: SLF001
                body = Body(text, item.line, place.content_column)
                self._children(item.children, inner, depth, body, item.line, item.end_line)
            else:
                reader._start_item(line, frame, block.markup, indent, place.content_column)  # noqa: SLF001
                self._item(item, reader._frame, depth, place)  # noqa: SLF001

    def _item(self, item: Block, frame: _Frame, depth: int, place: Place) -> None:
        """The blocks of an item without a check box."""
        position = item.line + 1
        for block in item.children:
            if self.synced:
                return
            self._between(position, block.line, frame)
            position = block.end_line
            if block.kind == "list":
                self._list(block, frame, depth, place if block.line == item.line else None)
            elif block.line == item.line:
                frame.list_marker = ""
            elif block.kind == "heading" and block.line + self._shift == self._sync:
                self._synchronize(frame)
            else:
                self._text(block, frame)
        if not self.synced:
            self._between(position, item.end_line, frame)

    def _is_native(self, line: int) -> bool:
        """Whether `Reader` reads this line as a task by itself."""
        match = _LINE.match(self._window.text.line(line))
        return match is not None and match["task"] is not None

    def _text(self, block: Block, frame: _Frame) -> None:
        if block.line >= self._window.first:
            self._reader._text_line(block.line + self._shift, frame, restart=False)  # noqa: SLF001

    def _section(self, block: Block, document: _Frame) -> None:
        line, text = block.line + self._shift, self._window.text
        underlined = block.markup in {"=", "-"}
        lines = block.end_line - 1 - block.line if underlined else 0
        start, end = text.line_start(block.line), text.line_end(block.end_line - 1)
        self._reader._start_section(  # noqa: SLF001
            line, document, block.level, block.markup if underlined else "#", lines, text.string, start, end,
            restart=False,
        )  # fmt: skip

    def _synchronize(self, frame: _Frame) -> None:
        self.synced = True
        self._reader._frame = frame  # noqa: SLF001


def _closes(string: str, match: re.Match[str] | None, end: int, opening: str) -> bool:
    assert match is not None
    marks = match["fence"]
    if marks[0] != opening[0] or len(marks) < len(opening):
        return False
    return not string[match.end("fence") : end].strip(" \t\r\n")


def _lines(text: Text, first: int) -> Iterator[tuple[int, str, int, int]]:
    """(number, a string, where the line starts and ends in it, without its line break) from this line on."""
    number = 0
    for chunk in text.chunks:
        breaks = chunk.breaks
        if number + breaks <= first and chunk is not text.chunks[-1]:
            number += breaks
            continue
        string, starts = chunk.string, chunk.starts
        for index in range(max(first - number, 0), len(starts)):
            start = starts[index]
            if index + 1 < len(starts):
                end = starts[index + 1] - 1
                if end > start and string[end] == "\n" and string[end - 1] == "\r":
                    end -= 1
            elif chunk is text.chunks[-1]:
                end = len(string)
            else:
                break  # the line that starts behind the last break is the next chunk's
            if start == 0 and number == 0 and index == 0 and string.startswith(BYTE_ORDER_MARK):
                yield 0, string, 1, end
                continue
            yield number + index, string, start, end
        number += breaks
