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
from orchestrator.outline.own_text import all_blocks, blocks_of, column_of, first_body_line, outside, runs
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Outline

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
    """In document order within each node."""
    for start, end in outside(outline):
        yield from _of_lines(outline.text, start, end, 0)
    for node in outline.walk():
        yield from node_links(outline.text, node)


def node_links(text: Text, node: Node) -> Iterator[Link]:
    """Of its own lines."""
    taken: Spans = []
    for field in fields.places(text, node):
        taken.append((field.start, field.end))
        if field.key == "files":
            yield from (Link(start, end, path, path=True) for path, start, end in field.parts() if fields.is_path(path))
    for line in range(node.line, first_body_line(text, node)):
        for link in _of_line(text.line(line), text.line_start(line)):
            if not _meets(taken, link.start, link.end):
                yield link
    for start, end in runs(text, node):
        yield from _of_lines(text, start, end, column_of(node))


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
    if "](" not in written and "://" not in written:
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
