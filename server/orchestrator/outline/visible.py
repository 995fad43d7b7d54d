"""The nodes in a part of the document, found without looking at the others.

Apart from the tree because an editor asks for what is on its screen, at every scroll.

Invariant: exactly the nodes whose first line is in the part, in document order (test_what_is_in_sight).
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.outline.tree import Node, Outline


def span_of(outline: Outline, start: int, end: int) -> tuple[int, int]:
    """The segments (from, up to) that have a line in `start:end`."""
    segments, start = outline.segments, max(start, 0)
    if start >= min(end, outline.text.line_count) or not len(segments):
        return 0, 0
    return segments.at_line(start), segments.at_line(end - 1) + 1


def nodes_in(outline: Outline, start: int, end: int) -> Iterator[Node]:
    """Those whose first line is in `start:end`."""
    return (node for node in outline.nodes_between(*span_of(outline, start, end)) if start <= node.line < end)
