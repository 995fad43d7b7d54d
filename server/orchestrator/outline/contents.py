"""What a task says below its first line: its description, acceptance and result.

Apart from `reading`, which finds where tasks are, because few ask, and only of few tasks: so markdown-it is asked for
the lines of one task when somebody does.

Invariant: the contents are those of the task in the whole text (test_outlines_agree_with_the_reference).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from orchestrator.outline.body import ACCEPT, MARK, Body, joined, trim_end
from orchestrator.outline.scan import BYTE_ORDER_MARK, Block, Place, first_paragraph, is_blank, place_of, skip_blanks
from orchestrator.outline.segments import Container, Kind, Segment, Segments
from orchestrator.outline.text import Text
from orchestrator.outline.window import window


@dataclass(frozen=True, slots=True)
class Contents:
    description: str = ""
    """Dedented to the item's text; lines end in `\\n`."""
    acceptance: str = ""
    result: str | None = None
    own_lines: int = 1
    """Up to the last line that is the task's own and not blank, counted from its first one."""


NOTHING = Contents()
KEPT = 256
"""Tasks whose contents are kept: a run reads those that it works on again after each edit, and these did not change."""


_RESULT = "> Result: "
"""As we write it."""


def contents(lines: Sequence[str], outer: Container, mark_at: int, column: int) -> Contents:
    """Of the task in the first of these lines, whose check box has its character at `mark_at` and its text `column`."""
    return in_prose(lines, column) or _asked(tuple(lines), outer, mark_at)


def in_prose(lines: Sequence[str], column: int) -> Contents | None:
    """Of a task with paragraphs only, the last one its acceptance perhaps, and a result behind them; else None.

    No block of Markdown but a paragraph starts with a letter, so such lines need no markdown-it (test_prose). A run
    reads each of its tasks before and after it writes into it, and most say no more.
    """
    indent, end, result = " " * column, len(lines), None
    if lines[-1].startswith(f"{indent}{_RESULT}"):
        end, result = end - 1, lines[-1][column + len(_RESULT) :]
        if not result or result[0].isspace():
            return None
    description: list[str] = []
    acceptance: list[str] = []
    here: list[str] | None = description
    for line in lines[1:end]:
        if not line:
            if here is description:
                description.append("")
            else:
                here = None
        elif here is None or not (line.startswith(indent) and line[column : column + 1].isalpha()):
            return None
        elif here is description and (accept := ACCEPT.match(line, column)):
            if accept[1]:  # escaped
                return None
            here = acceptance
            here.append(line[accept.end() :])
        else:
            here.append(line[column:])
    return Contents(joined(description), joined(acceptance), result, len(lines))


@lru_cache(maxsize=KEPT)
def _asked(lines: tuple[str, ...], outer: Container, mark_at: int) -> Contents:
    _, start = skip_blanks(lines[0], 0, len(lines[0]), 0)
    while outer.column > start and outer.parent is not None:
        outer = outer.parent  # it starts in the same line (`- - [ ] a`)
    found = window(lines, outer)
    text = found.text
    here = found.blocks
    for container in found.standing_in:
        lists = [block for block in here if block.kind == "list"]
        assert lists, f"the item at column {container.column} stands for one"
        here = lists[0].children[0].children
    item, place = _item_at(text, here, found.first, mark_at)
    return _Reading(text).contents(item, place)


def own_lines(segments: Segments, text: Text, task: int, line: int) -> tuple[list[int], list[str]]:
    """A task's own lines, with their numbers, up to the last one that is not blank.

    Where some stand behind its children, these are represented: by their first lines, closed so that what follows
    is not taken for more of them.
    """
    rank = segments[task].shape.rank
    numbers: list[int] = []
    lines: list[str] = []

    def add(number: int, written: str) -> None:
        numbers.append(number)
        lines.append(written)

    def add_all(start: int, count: int) -> None:
        for number in range(start, min(start + count, text.line_count)):
            written = text.line(number)
            add(number, written[head_of(written, number) :])

    add_all(line, segments[task].lines)
    line += segments[task].lines
    blank_at: int | None = None
    """The last segment, where it ends in blank lines: behind a child they stand between the parts of a description."""
    for segment in _up_to_own_text(segments, task):
        shape, behind = segment.shape, min(line + segment.lines, text.line_count)
        below = shape.rank == rank + 1
        if below and blank_at is not None and lines[-1]:
            add(blank_at, "")
        if below and shape.kind is Kind.TEXT:
            add_all(line, segment.lines)
            blank_at = None
        else:
            if below:
                add(line, text.line(line))
                add(line, " " * shape.column + "# closed")
            blank_at = line if behind > line + 1 and is_blank(text.line(behind - 1)) else None
        line += segment.lines
    while len(lines) > 1 and is_blank(lines[-1]):
        lines.pop()
        numbers.pop()
    return numbers, lines


def _up_to_own_text(segments: Segments, task: int) -> list[Segment]:
    """The segments of a task's branch, without itself, up to the last one that is text of its own; mostly none."""
    last = segments.last_text(task + 1, segments.branch_end(task), segments[task].shape.rank + 1)
    return [] if last is None else segments.between(task + 1, last + 1)


def lines_of(source: str) -> list[str] | None:
    """The lines of a task with nothing below it, but for blank ones at the end. None where they end otherwise."""
    if "\r" in source:
        return None
    lines = source.split("\n")
    while len(lines) > 1 and is_blank(lines[-1]):
        lines.pop()
    return lines


def head_of(line: str, number: int) -> int:
    """Where a line starts for Markdown: behind a byte order mark."""
    return 1 if number == 0 and line.startswith(BYTE_ORDER_MARK) else 0


def _item_at(text: Text, here: Sequence[Block], line: int, mark_at: int) -> tuple[Block, Place]:
    origin: Place | None = None
    while True:
        block = next(block for block in here if block.kind == "list" and block.line == line)
        item = block.children[0]
        place = place_of(text, item, origin)
        if place.content - text.line_start(line) >= mark_at - 1:
            return item, place
        here, origin = item.children, place


class _Reading:
    def __init__(self, text: Text) -> None:
        self._text = text

    def contents(self, item: Block, place: Place) -> Contents:
        body = Body(self._text, item.line, place.content_column, own_end_line=item.line + 1)
        self._children(item, body)
        end_line = trim_end(self._text, item.line, item.end_line)
        description = body.description(item.line + 1, end_line)
        acceptance = "\n\n".join(filter(None, body.acceptances))
        return Contents(description, acceptance, body.result, body.own_end_line - item.line)

    def _children(self, item: Block, body: Body) -> None:
        """Claim in `body` what is no description."""
        criteria_follow = body.read_paragraph(item.line + 1, item.children[0].end_line)
        for block in item.children[1:]:
            if block.kind == "paragraph":
                criteria_follow = body.read_paragraph(block.line, block.end_line)
                continue
            if block.kind == "list":
                if criteria_follow:
                    body.read_criteria(block)
                elif not body.read_list(block):
                    self._list(block, body, None)
            elif block.kind == "quote":
                body.read_quote(block)
            criteria_follow = False

    def _list(self, block: Block, body: Body, origin: Place | None) -> None:
        """Tasks of a list are not the body's; other items are. `origin` is the item whose first line the list is in."""
        text = self._text
        for item in block.children:
            place = place_of(text, item, origin if item.line == block.line else None)
            paragraph = first_paragraph(item)
            if paragraph and MARK.match(text.string, place.content, text.line_end(item.line)):
                body.claim(item.line, trim_end(text, item.line, item.end_line), own=False)
                continue
            if paragraph:
                body.read_plain_item(place.content, item.line)
            for child in item.children:
                if child.kind == "list":
                    self._list(child, body, place if child.line == item.line else None)
