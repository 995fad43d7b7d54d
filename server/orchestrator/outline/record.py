"""What has been read of a document so far: which items are open, and which segments have started.

Apart from `reading` because two write it: the reader of lines, and the walk through markdown-it's blocks (`asking`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.outline.inline import task_id_of
from orchestrator.outline.segments import ROOT, TOP_TASK, Container, Interner, Kind, Shape

LONGEST_TEXT = 64
"""Lines after which text that is no task is cut where a paragraph begins, so that an edit in it stays cheap."""

Event = tuple[int, Shape, "str | None"]
"""A segment starts: its line, its shape, its id."""


class Frame:
    """An item that is open, or the document."""

    __slots__ = (
        "_container", "above", "column", "indent", "level", "list_marker", "list_seen", "lists", "marker", "seen",
        "task",
    )  # fmt: skip

    def __init__(self, above: Frame | None, column: int, indent: int, marker: str, *, task: bool, seen: bool) -> None:
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

    @classmethod
    def of(cls, container: Container) -> Frame:
        """The frame of this container, with those around it, as they are at the start of one of its items."""
        path: list[Container] = []
        step: Container | None = container
        while step is not None:
            path.append(step)
            step = step.parent
        frame = cls(None, 0, 0, "", task=False, seen=False)
        for inner in reversed(path[:-1]):
            frame.list_marker, frame.list_seen = inner.marker, inner.seen
            frame = cls(frame, inner.column, inner.indent, inner.marker, task=inner.task, seen=inner.seen)
            frame._container = inner
        return frame

    def container(self, interner: Interner) -> Container:
        if self.above is None:
            return ROOT
        if self._container is None:
            around = self.above.container(interner)
            self._container = interner.container(
                around, self.column, self.indent, self.marker, task=self.task, seen=self.seen
            )
        return self._container

    def owner(self) -> Frame:
        """The task whose body this is, or the document."""
        frame = self
        while not frame.task and frame.above is not None:
            frame = frame.above
        return frame


@dataclass(slots=True)
class Mark:
    """A line that can be gone back to, and what was known there."""

    line: int
    frame: Frame
    list_marker: str
    list_seen: bool
    owner: Frame | None
    events: int
    started: int


class Record:
    def __init__(
        self, interner: Interner, line: int, outer: Container, known: Callable[[int], Shape | None] | None
    ) -> None:
        self.interner = interner
        self.frame = Frame.of(outer)
        """The innermost item that is open."""
        self.events: list[Event] = []
        self.end: int | None = None
        """The line at which the old segments go on, once it is found."""
        self.may_end = True
        self._known = known
        """The shape of the old segment that started at this line, where reading may end."""
        self._owner: Frame | None = None
        self._started = line
        """The line where the newest segment starts."""

    def mark(self, line: int, frame: Frame) -> Mark:
        return Mark(line, frame, frame.list_marker, frame.list_seen, self._owner, len(self.events), self._started)

    def back_to(self, mark: Mark) -> None:
        del self.events[mark.events :]
        self._owner, self._started, self.frame = mark.owner, mark.started, mark.frame
        mark.frame.list_marker, mark.frame.list_seen = mark.list_marker, mark.list_seen
        # The lists around it were open there, in the items that hold it: what was read since may have ended them.
        step = mark.frame
        while step.above is not None:
            step.above.list_marker, step.above.list_seen = step.marker, step.seen
            step = step.above

    def _emit(self, line: int, shape: Shape, task_id: str | None, owner: Frame) -> None:
        if self.events and self.events[-1][0] == line:
            self.events.pop()  # text that has no line of its own: the item in whose first line another one starts
        elif self._known is not None and shape.restart and self.may_end and self._known(line) is shape:
            self.end = line
            return
        self.events.append((line, shape, task_id))
        self._owner = owner
        self._started = line

    def _open_list(self, frame: Frame, marker: str) -> None:
        if frame.list_marker != marker:
            frame.list_marker, frame.list_seen = marker, False

    def start_task(
        self, line: int, frame: Frame, marker: str, indent: int, column: int, line_start: int, mark_at: int, mark: str,
        start: int, string: str, end: int, *, restart: bool,
    ) -> None:  # fmt: skip
        self._open_list(frame, marker)
        joined = frame.list_seen
        behind = line_start + mark_at + 2
        task_id = task_id_of(string, behind, end) if string.find("^", behind, end) >= 0 else None
        shape = self.interner.shape(
            Kind.TASK, TOP_TASK + frame.level, frame.container(self.interner), restart, marker, start, column, mark_at,
            mark, joined, string.find("::", behind, end) >= 0,
        )  # fmt: skip
        frame.list_seen = True
        self.frame = Frame(frame, column, indent, marker, task=True, seen=True)
        self._emit(line, shape, task_id, self.frame)

    def start_item(self, line: int, frame: Frame, marker: str, indent: int, column: int) -> None:
        self._open_list(frame, marker)
        self._belongs(line, frame, restart=False)
        self.frame = Frame(frame, column, indent, marker, task=False, seen=frame.list_seen)

    def start_section(
        self, line: int, document: Frame, level: int, markup: str, lines: int, string: str, start: int, end: int,
        *, restart: bool,
    ) -> None:  # fmt: skip
        self.frame = document
        document.list_marker = ""
        shape = self.interner.shape(
            Kind.SECTION, level, ROOT, restart, markup, 0, lines, 0, "", False, string.find("::", start, end) >= 0
        )
        self._emit(line, shape, None, self.frame)

    def text_line(self, line: int, frame: Frame, *, restart: bool) -> None:
        """A block that is no item starts in `frame`."""
        frame.list_marker = ""
        self._belongs(line, frame, restart=restart)
        self.frame = frame

    def _belongs(self, line: int, frame: Frame, *, restart: bool) -> None:
        """Text of another owner than the line before, or too long a text of the same, starts a segment."""
        owner = frame.owner()
        if owner is self._owner and not (restart and self._may_cut(line)):
            return
        shape = self.interner.shape(Kind.TEXT, TOP_TASK + frame.level, frame.container(self.interner), restart)
        self._emit(line, shape, None, owner)

    def _may_cut(self, line: int) -> bool:
        if line - self._started >= LONGEST_TEXT:
            return True
        # Where the old text was cut, so that reading can end there.
        old = self._known(line) if self._known is not None else None
        return old is not None and old.kind is Kind.TEXT and old.restart
