"""The nodes in a part of the document, found without looking at the others.

Apart from the tree because an editor asks for what is on its screen, at every scroll.

Invariant: exactly the nodes whose first line is in the part, in document order (test_what_is_in_sight).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from orchestrator.outline.tree import Node, Outline


def nodes_in(outline: Outline, start: int, end: int) -> Iterator[Node]:
    """Those whose first line is in `start:end`."""
    return (node for node in nodes_holding(outline, start, end) if node.line >= start)


def nodes_holding(outline: Outline, start: int, end: int) -> Iterator[Node]:
    """Those that have a line in `start:end`."""
    waiting = list(reversed(holding(outline.nodes, start, end)))
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(holding(node.children, start, end)))


def holding(nodes: Sequence[Node], start: int, end: int) -> Sequence[Node]:
    """Of nodes beside each other, those that have a line in `start:end`."""
    first = bisect_left(nodes, start + 1, key=lambda node: node.end_line)
    return nodes[first : bisect_left(nodes, end, lo=first, key=lambda node: node.line)]
