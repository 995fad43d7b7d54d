"""What markdown-it says of some lines, as a record of segments.

Apart from `reading` because that goes from line to line, and this through blocks in blocks.
"""

from __future__ import annotations

from orchestrator.outline.body import MARK, Body
from orchestrator.outline.record import Frame, Record
from orchestrator.outline.scan import Block, Place, first_paragraph, place_of, skip_blanks
from orchestrator.outline.window import Window


class Walk:
    """Goes through the blocks of a window, which starts in `frame` at this line, up to the line `sync`."""

    def __init__(self, record: Record, found: Window, frame: Frame, line: int, sync: int, head: int) -> None:
        self._record = record
        self._window = found
        self._anchor_frame = frame
        self._shift = line - found.first
        self._sync = sync
        self._head = head
        """Characters before the first line that are not in the window: a byte order mark."""
        self.synced = False
        path: list[Frame] = []
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
        self, children: tuple[Block, ...], frame: Frame, depth: int, body: Body | None, line: int, end: int
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

    def _between(self, start: int, end: int, frame: Frame) -> None:
        """Lines that are no block: link definitions, which are text all the same."""
        for line in range(max(start, self._window.first), end):
            if self._window.text.line(line).strip(" \t"):
                if line + self._shift < self._sync:
                    self._record.text_line(line + self._shift, frame, restart=False)
                return

    def _is_text_list(self, block: Block, frame: Frame, body: Body | None, *, criteria_follow: bool) -> bool:
        """Whether a list of a task's body is an acceptance."""
        if body is None or block.line < self._window.first:
            return False
        # A list that goes on from before the window does not start here.
        if block.line == self._window.first and frame.list_marker == block.markup and frame is self._anchor_frame:
            return False
        return criteria_follow or body.read_list(block)

    def _list(self, block: Block, frame: Frame, depth: int, origin: Place | None) -> None:
        record = self._record
        text = self._window.text
        first = self._window.first
        goes_on = block.line < first or (block.line == first and frame is self._anchor_frame)
        for item in block.children:
            if self.synced:
                return
            if item.line < first:
                inner = self._path[depth]
                body = Body(text, item.line, inner.column) if inner.task else None
                record.frame = inner
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
            indent = (
                origin.content_column if same_line and origin else skip_blanks(text.string, line_start, line_end, 0)[1]
            )
            paragraph = first_paragraph(item)
            mark = MARK.match(text.string, place.content, line_end) if paragraph else None
            head = self._head if line == 0 else 0
            if mark:
                restart = not same_line
                record.start_task(
                    line, frame, block.markup, indent, place.content_column, line_start - head,
                    mark.start(1) - line_start + head, mark.group(1), place.start - line_start + head,
                    text.string, line_end, restart=restart,
                )  # fmt: skip
                inner = record.frame
                body = Body(text, item.line, place.content_column)
                self._children(item.children, inner, depth, body, item.line, item.end_line)
            else:
                record.start_item(line, frame, block.markup, indent, place.content_column)
                self._item(item, record.frame, depth, place)

    def _item(self, item: Block, frame: Frame, depth: int, place: Place) -> None:
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

    def _text(self, block: Block, frame: Frame) -> None:
        if block.line >= self._window.first:
            self._record.text_line(block.line + self._shift, frame, restart=False)

    def _section(self, block: Block, document: Frame) -> None:
        line, text = block.line + self._shift, self._window.text
        underlined = block.markup in {"=", "-"}
        lines = block.end_line - 1 - block.line if underlined else 0
        start, end = text.line_start(block.line), text.line_end(block.end_line - 1)
        self._record.start_section(
            line, document, block.level, block.markup if underlined else "#", lines, text.string, start, end,
            restart=False,
        )  # fmt: skip

    def _synchronize(self, frame: Frame) -> None:
        self.synced = True
        self._record.frame = frame
