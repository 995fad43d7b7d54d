"""The lines that belong to a node itself, or to nobody: what is left when the nodes below are taken out.

Apart from `body`, which reads an item while it is parsed, because features ask later, for one node at a time, and need
lines where the parser needs text. Block structure is asked of `scan` for these lines alone, so that what a node says
about its lines depends on nothing around it.

Invariant: every line of a node is in one of its runs, in one of its children, or its first
(test_every_line_has_one_place).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from orchestrator.outline.scan import Block, blocks, is_blank, strip_columns
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Outline, Section

_HASHES = re.compile(r"\ufeff?[ \t]*#{1,6}(?=[ \t]|\Z)")


def runs(text: Text, node: Node) -> Iterator[tuple[int, int]]:
    """Line ranges of its body, without its first line (a heading's text) and without its children; never empty."""
    yield from gaps(node.children, first_body_line(text, node), node.end_line)


def gaps(children: Sequence[Node], start: int, end: int) -> Iterator[tuple[int, int]]:
    """The line ranges in `start:end` that no child has."""
    for child in children:
        if start < child.line:
            yield start, child.line
        start = max(start, child.end_line)
    if start < end:
        yield start, end


def outside(outline: Outline) -> Iterator[tuple[int, int]]:
    """The line ranges that no node has, without the front matter."""
    yield from gaps(outline.nodes, outline.front_matter.end_line, outline.text.line_count)


def first_body_line(text: Text, node: Node) -> int:
    if not isinstance(node, Section) or _HASHES.match(text.line(node.line)):
        return node.line + 1
    # An underlined heading: behind its line of `=` or `-`.
    return min(max(node.line, text.line_of(node.title_span[1])) + 2, node.end_line)


def column_of(node: Node) -> int:
    """Where the text of its body starts."""
    return 0 if isinstance(node, Section) else node.content_column


def trimmed(text: Text, start: int, end: int) -> tuple[int, int]:
    """Without blank lines at both ends; empty if all are blank."""
    while start < end and is_blank(text.line(start)):
        start += 1
    while end > start and is_blank(text.line(end - 1)):
        end -= 1
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
