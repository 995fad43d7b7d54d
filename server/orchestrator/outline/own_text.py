"""The lines that belong to a node itself, or to nobody: what is left when the nodes below are taken out.

Apart from `contents`, which reads them as description, acceptance and result, because features want places. One pass
over the segments finds them for the whole document; block structure is asked of `scan` for a few lines alone.

Invariant: every line that is not blank is in one piece, or is a node's first (test_every_line_has_one_place).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestrator.outline.scan import Block, blocks, is_blank, strip_columns
from orchestrator.outline.segments import Kind, Segment
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Outline, Section


class Piece(NamedTuple):
    """A segment where it stands."""

    segment: Segment
    number: int
    """Its index among the segments."""
    line: int
    """Its first line."""
    body: int
    """Its first line that is no node's first and no heading."""
    end: int
    """Behind its last line, blank or not."""
    column: int
    """Where the text of its body starts."""


def pieces(outline: Outline, start: int = 0, end: int | None = None) -> Iterator[Piece]:
    """Of the segments from `start` up to `end`, in document order."""
    segments, lines = outline.segments, outline.text.line_count
    end = len(segments) if end is None else end
    if start >= end:
        return
    columns: list[tuple[int, int]] = []
    """Rank and column of the nodes around, the outermost first."""
    step = segments.parent(start)
    while step is not None:
        shape = segments[step].shape
        columns.insert(0, (shape.rank, shape.column if shape.kind is Kind.TASK else 0))
        step = segments.parent(step)
    line = segments.line(start)
    for index, segment in enumerate(segments.between(start, end), start):
        shape = segment.shape
        while columns and columns[-1][0] >= shape.rank:
            columns.pop()
        body, column = line, columns[-1][1] if columns else 0
        if shape.kind is Kind.TASK:
            body, column = line + 1, shape.column
            columns.append((shape.rank, column))
        elif shape.kind is Kind.SECTION:
            body, column = line + _heading(segment), 0
            columns.append((shape.rank, 0))
        last = min(line + segment.lines, lines)
        yield Piece(segment, index, line, min(body, last), last, column)
        line += segment.lines


def runs(text: Text, node: Node) -> Iterator[tuple[int, int]]:
    """Line ranges of a node's body, blank lines at the end of each left out; never empty."""
    segments, shape = node.outline.segments, node.segment.shape
    start = first_body_line(text, node)
    end = trimmed(text, start, min(node.line + node.segment.lines, text.line_count))[1]
    if start < end:
        yield start, end
    line = node.line + node.segment.lines
    below = node.index + 1
    for index, segment in enumerate(segments.between(below, segments.branch_end(node.index)), below):
        if segment.shape.kind is Kind.SECTION:
            return  # what stands behind a heading is below it
        if segment.shape.kind is Kind.TEXT and (shape.kind is Kind.SECTION or segment.shape.rank == shape.rank + 1):
            end = trimmed(text, line, min(line + segment.lines, text.line_count))[1]
            if line < end and segments.parent(index) == node.index:
                yield line, end
        line += segment.lines


def outside(outline: Outline) -> Iterator[tuple[int, int]]:
    """The line ranges that no node has, without the front matter."""
    segments, front = outline.segments, outline.front_matter.end_line
    line = 0
    for index, segment in enumerate(segments):
        if segment.shape.kind is Kind.SECTION:
            return  # everything behind a heading is below it
        end = min(line + segment.lines, outline.text.line_count)
        if segment.shape.kind is Kind.TEXT and segments.parent(index) is None and end > front:
            yield max(line, front), end
        line += segment.lines


def first_body_line(text: Text, node: Node) -> int:
    if isinstance(node, Section):
        return min(node.line + _heading(node.segment), text.line_count)
    return node.line + 1


def _heading(segment: Segment) -> int:
    """Lines of a heading, with the one that underlines it."""
    return 1 if segment.shape.marker == "#" else (segment.shape.column or 1) + 1


def column_of(node: Node) -> int:
    """Where the text of its body starts."""
    return 0 if isinstance(node, Section) else node.content_column


def trimmed(text: Text, start: int, end: int) -> tuple[int, int]:
    """Without blank lines at both ends; empty, at the start, if all are blank."""
    while end > start and is_blank(text.line(end - 1)):
        end -= 1
    while start < end and is_blank(text.line(start)):
        start += 1
    return start, end


def blocks_of(text: Text, start: int, end: int, column: int) -> tuple[Block, ...]:
    """The blocks of these lines as a document of its own: line numbers count from `start`."""
    return blocks("\n".join(strip_columns(text.line(line), column) for line in range(start, end)))


def all_blocks(nested: Sequence[Block]) -> Iterator[Block]:
    """With those inside, in document order."""
    waiting = list(reversed(nested))
    while waiting:
        block = waiting.pop()
        yield block
        waiting.extend(reversed(block.children))
