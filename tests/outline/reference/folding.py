"""What folds, one node after the other: slow, and plain to see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.outline.folding import Fold, FoldKind
from orchestrator.outline.own_text import all_blocks, blocks_of, column_of, first_body_line, gaps, outside, trimmed
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Outline, Section


def folds(outline: Outline) -> list[Fold]:
    """By their first line."""
    text, front = outline.text, outline.front_matter
    found = [Fold(0, front.end_line - 1, FoldKind.FRONT_MATTER, 0)] if front.end_line > 1 else []
    found += (fold for start, end in outside(outline) for fold in _code(text, start, end, 0, 0))
    found += (moved(fold, node.line, level) for node, level in _levels(outline) for fold in node_folds(text, node))
    return sorted(found, key=lambda fold: fold.start)


def node_folds(text: Text, node: Node) -> tuple[Fold, ...]:
    """Of the node itself; lines count from its own, levels from its own."""
    first = node.line
    if node.end_line <= first + 1:
        return ()
    kind = FoldKind.SECTION if isinstance(node, Section) else FoldKind.BRANCH
    found = [Fold(0, node.end_line - 1 - first, kind, 0)]
    column = column_of(node)
    for start, end in gaps(node.children, first_body_line(text, node), node.end_line):
        code = [moved(fold, -first, 0) for fold in _code(text, start, end, column, 1)]
        if node.children and end == node.children[0].line:
            start, end = trimmed(text, start, end)  # noqa: PLW2901 - the same run without blank lines
            whole = Fold(start - first, end - 1 - first, FoldKind.DESCRIPTION, 1)
            if whole.start < whole.end and all(fold.start != whole.start for fold in code):
                found.append(whole)
        found += code
    return tuple(found)


def _levels(outline: Outline) -> Iterator[tuple[Node, int]]:
    """Every node in document order, and how many stand above it."""
    waiting = [(node, 0) for node in reversed(outline.nodes)]
    while waiting:
        node, level = waiting.pop()
        yield node, level
        waiting.extend((child, level + 1) for child in reversed(node.children))


def _code(text: Text, start: int, end: int, column: int, level: int) -> Iterator[Fold]:
    """Fenced code in these lines. Most lines have none, and then Markdown is not asked."""
    if not any("```" in line or "~~~" in line for line in map(text.line, range(start, end))):
        return
    for block in all_blocks(blocks_of(text, start, end, column)):
        if block.kind == "fence" and block.end_line - block.line > 1:
            yield Fold(start + block.line, min(start + block.end_line, end) - 1, FoldKind.CODE, level)


def moved(fold: Fold, lines: int, levels: int) -> Fold:
    return replace(fold, start=fold.start + lines, end=fold.end + lines, level=fold.level + levels)
