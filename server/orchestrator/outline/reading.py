r"""Lines to segments: which line starts a task, a heading, or text that belongs to another node than the line before.

Apart from `scan`, the oracle, because that reads whole documents at 50 microseconds a line, and this one line after
the other at a tenth of it, from any line whose surroundings are known. It knows the lines that outlines are made of:
items, plain paragraphs, headings, fences, simple quotes. Of anything else (HTML, link definitions, underlined headings,
code by indentation, lazy lines, criteria, …) it asks markdown-it, for the fewest lines that answer: from where the last
block began up to the next line that surely is an item or a heading again. What nobody was asked about stays cheap.

How deep a line stands is known from the items that are open (`record.Frame`). What may end or go on over lines is
known from `_Leaf`: a paragraph, a fence, a quote, or nothing.

Invariant: the segments are those that markdown-it's blocks of the whole text give
(test_outlines_agree_with_the_reference).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import IntEnum

from orchestrator.outline.asking import Walk
from orchestrator.outline.record import Event, Mark, Record
from orchestrator.outline.scan import BYTE_ORDER_MARK, MAX_DEPTH, TAB_WIDTH, skip_blanks
from orchestrator.outline.segments import Container, Interner, Kind, Shape
from orchestrator.outline.text import Text
from orchestrator.outline.window import window

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


class Reader:
    """Reads from one line on. Use `read`."""

    def __init__(
        self, text: Text, interner: Interner, line: int, outer: Container, known: Callable[[int], Shape | None] | None
    ) -> None:
        """`known` gives the shape of the old segment that started at a line, where reading may end."""
        self._text = text
        self._record = Record(interner, line, outer, known)
        self._line = line
        self._behind_blank = False

    def start_at(self, shape: Shape) -> None:
        """The first line starts a segment of this shape; what stood before it is known by that."""
        if shape.kind is Kind.TASK:
            self._record.frame.list_marker, self._record.frame.list_seen = shape.marker, shape.joined
        elif shape.kind is Kind.TEXT:
            self._behind_blank = True

    def read(self) -> tuple[list[Event], int | None]:
        """The line, shape and id of each segment; and the line at which the old ones go on."""
        while self._line < self._text.line_count and self._record.end is None:
            self._walk()
        return self._record.events, self._record.end

    # --- line by line ------------------------------------------------------------------------------------------

    def _walk(self) -> None:
        """Read up to a line that only markdown-it understands, and let it."""
        leaf = _Leaf.NONE
        record = self._record
        fence, fence_frame = "", record.frame
        anchor: Mark | None = None
        was_blank, self._behind_blank = self._behind_blank, False
        match_line = _LINE.match
        in_fence, in_paragraph = _Leaf.FENCE, _Leaf.PARAGRAPH
        for line, string, start, end in _lines(self._text, self._line):
            match = match_line(string, start, end)
            kind = match.lastgroup if match else None
            indent_text = string[start : skip_blanks(string, start, end, 0)[0]] if match is None else match["indent"]
            n = len(indent_text)
            if "\t" in indent_text:
                n = skip_blanks(indent_text, 0, n, 0)[1]
            if leaf is in_fence:
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
            top = record.frame
            task_or_item = match is not None and match["gap"] is not None
            # What goes on with the paragraph or quote that is open?
            if leaf is in_paragraph:
                if kind in {"plain", "bracket"}:
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
                    anchor = record.mark(line, frame)
                self._ask(anchor, line)
                return
            assert match is not None, "a line without a match is odd"
            anchor = record.mark(line, frame)
            if kind in {"task", "item"}:
                marker = match["marker"] or match["close"]
                width = match.end("gap") - match.end("indent")
                if kind == "task":
                    here = start if line else 0  # a byte order mark is a character of its line
                    record.start_task(
                        line, frame, marker, n, n + width, here, match.start("mark") - here, match["mark"],
                        match.end("indent") - here, string, end, restart=True,
                    )  # fmt: skip
                else:
                    record.start_item(line, frame, marker, n, n + width)
                leaf = in_paragraph
            elif kind == "hashes" and frame.above is None:
                record.start_section(line, frame, len(match["hashes"]), "#", 0, string, start, end, restart=True)
                leaf = _Leaf.NONE
            else:
                record.text_line(line, frame, restart=kind == "plain" and was_blank)
                if kind == "fence":
                    leaf, fence, fence_frame = _Leaf.FENCE, match["fence"], frame
                else:
                    leaf = {"plain": _Leaf.PARAGRAPH, "quote": _Leaf.QUOTE}.get(kind or "", _Leaf.NONE)
            was_blank = False
            if record.end is not None:
                return
        self._line = self._text.line_count

    # --- what only markdown-it understands ---------------------------------------------------------------------

    def _ask(self, anchor: Mark, line: int) -> None:
        """Read from the anchor up to the first line behind `line` that surely starts an item or a heading."""
        record, count = self._record, self._text.line_count
        patience = 1
        while True:
            sync = self._candidate(line, patience)
            record.back_to(anchor)
            lines = [self._text.line(number) for number in range(anchor.line, min(sync + 1, count))]
            head = 0
            if anchor.line == 0 and lines[0].startswith(BYTE_ORDER_MARK):
                lines[0], head = lines[0][1:], 1
            found = window(lines, anchor.frame.container(record.interner))
            walk = Walk(record, found, anchor.frame, anchor.line, sync, head)
            # A line may turn out to be swallowed by what stands before it, so nothing ends before that is known.
            record.may_end = False
            walk.document()
            record.may_end = True
            if walk.synced or sync >= count:
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
