"""What in a line leads somewhere: Markdown links, addresses in the text, and the paths of `files` fields.

Apart from Markdown's own inline rules because only the places of targets are wanted, and a line at a time. A target is
what is written: whoever shows it decides what may be followed.

Invariant: a link lies in its line, and links do not overlap (test_links_never_overlap).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.outline import fields
from orchestrator.outline.inline import code_spans, plain
from orchestrator.outline.own_text import Piece, all_blocks, blocks_of, pieces
from orchestrator.outline.segments import Kind
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline

LONGEST = 2_000
"""Characters of a target; a longer one is no link."""

_LINK = re.compile(
    rf"\]\((?:<([^<>\r\n]{{1,{LONGEST}}})>|([^\s<>()\\]{{1,{LONGEST}}}))(?:[ \t]+\"[^\"\r\n]{{0,500}}\")?\)"
)
_ADDRESS = re.compile(rf"https?://[^\s<>`\"\[\]\\]{{1,{LONGEST}}}", re.IGNORECASE)
_TRAILING = ".,;:!?'*_~"

Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Link:
    start: int
    end: int
    target: str
    """As it was meant: escapes undone."""
    path: bool
    """From a `files` field: always a path, whatever it looks like."""


def links(outline: Outline) -> Iterator[Link]:
    """Segment by segment."""
    text, front = outline.text, outline.front_matter.end_line
    for piece in pieces(outline):
        if piece.segment.shape.kind is not Kind.TEXT:
            yield from _of_first_lines(outline, piece)
        yield from _of_lines(text, max(piece.body, front), piece.end, piece.column)


def _of_first_lines(outline: Outline, piece: Piece) -> Iterator[Link]:
    text = outline.text
    first = [(text.line(line), text.line_start(line)) for line in range(piece.line, piece.body)]
    taken: Spans = []
    if any("[files::" in written for written, _ in first) or any(_may_link(written) for written, _ in first):
        for field in fields.places(text, outline.node(piece.number)):
            taken.append((field.start, field.end))
            if field.key == "files":
                paths = (part for part in field.parts() if fields.is_path(part[0]))
                yield from (Link(start, end, path, path=True) for path, start, end in paths)
    for written, at in first:
        yield from (link for link in _of_line(written, at) if not _meets(taken, link.start, link.end))


def _of_lines(text: Text, start: int, end: int, column: int) -> Iterator[Link]:
    """Most lines have none, and then Markdown is not asked which of them are code."""
    found = [(line, link) for line in range(start, end) for link in _of_line(text.line(line), text.line_start(line))]
    if not found:
        return
    code: set[int] = set()
    for block in all_blocks(blocks_of(text, start, end, column)):
        if block.kind in {"fence", "code", "html"}:
            code.update(range(start + block.line, start + block.end_line))
    yield from (link for line, link in found if line not in code)


def _of_line(written: str, at: int) -> Iterator[Link]:
    if not _may_link(written):
        return
    code = code_spans(written)
    position = 0
    for match in sorted([*_LINK.finditer(written), *_ADDRESS.finditer(written)], key=lambda match: match.start()):
        if match.start() < position:
            continue
        if match.re is _LINK:
            group = 1 if match.group(1) is not None else 2
            start, end = match.span(group)
            target = plain(match.group(group))
        else:
            start, end = match.start(), _address_end(match)
            target = written[start:end]
        if start < end and not _meets(code, start, end):
            position = match.end()
            yield Link(at + start, at + end, target, path=False)


def _may_link(written: str) -> bool:
    return "](" in written or "://" in written


def _address_end(match: re.Match[str]) -> int:
    """Without what belongs to the sentence around it."""
    found = match.group()
    end, open_brackets = len(found), found.count("(") - found.count(")")
    while end and (found[end - 1] in _TRAILING or (found[end - 1] == ")" and open_brackets < 0)):
        open_brackets += found[end - 1] == ")"
        end -= 1
    return match.start() + end


def _meets(spans: Spans, start: int, end: int) -> bool:
    """Whether one of the spans, which are in order and apart, has a part of this one."""
    index = bisect_left(spans, end, key=lambda span: span[0])
    return index > 0 and spans[index - 1][1] > start
