"""What folds, one node after the other: slow, and plain to see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.outline.folding import Fold, FoldKind
from orchestrator.outline.own_text import all_blocks, blocks_of, column_of, first_body_line, trimmed
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Outline, Section


def folds(outline: Outline) -> list[Fold]:
    """By their first line."""
    text, front = outline.text, outline.front_matter
    found = [Fold(0, front.end_line - 1, FoldKind.FRONT_MATTER)] if front.end_line > 1 else []
    found += (fold for start, end in outside(outline) for fold in _code(text, start, end, 0))
    found += (moved(fold, node.line) for node in outline.walk() for fold in node_folds(text, node))
    return sorted(found, key=lambda fold: fold.start)


def node_folds(text: Text, node: Node) -> tuple[Fold, ...]:
    """Of the node itself; lines count from its own, levels from its own."""
    first = node.line
    if node.end_line <= first + 1:
        return ()
    kind = FoldKind.SECTION if isinstance(node, Section) else FoldKind.BRANCH
    found = [Fold(0, node.end_line - 1 - first, kind)]
    column = column_of(node)
    for start, end in gaps(node.children, first_body_line(text, node), node.end_line):
        code = [moved(fold, -first) for fold in _code(text, start, end, column)]
        if node.children and end == node.children[0].line:
            start, end = trimmed(text, start, end)  # noqa: PLW2901 - the same run without blank lines
            whole = Fold(start - first, end - 1 - first, FoldKind.DESCRIPTION)
            if whole.start < whole.end and all(fold.start != whole.start for fold in code):
                found.append(whole)
        found += code
    return tuple(found)


def _code(text: Text, start: int, end: int, column: int) -> Iterator[Fold]:
    """Fenced code in these lines. Most lines have none, and then Markdown is not asked."""
    end = trimmed(text, start, end)[1]
    if not any("```" in line or "~~~" in line for line in map(text.line, range(start, end))):
        return
    for block in all_blocks(blocks_of(text, start, end, column)):
        if block.kind == "fence" and block.end_line - block.line > 1:
            yield Fold(start + block.line, min(start + block.end_line, end) - 1, FoldKind.CODE)


def moved(fold: Fold, lines: int) -> Fold:
    return fold._replace(start=fold.start + lines, end=fold.end + lines)


def gaps(children: Sequence[Node], start: int, end: int) -> Iterator[tuple[int, int]]:
    """The line ranges in `start:end` that no child has."""
    for child in children:
        if start < child.line:
            yield start, child.line
        start = max(start, child.end_line)
    if start < end:
        yield start, end


def outside(outline: Outline) -> Iterator[tuple[int, int]]:
    yield from gaps(outline.nodes, outline.front_matter.end_line, outline.text.line_count)
