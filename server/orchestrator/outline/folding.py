"""What can be folded away: branches, sections, front matter, code, and descriptions that stand above subtasks.

Apart from the tree because folds are lines that a person sees. One pass over the segments, each looked at alone.

Invariant: folds nest or are apart, and each hides at least one line (test_folds_nest_and_hide_something).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from heapq import nsmallest
from typing import NamedTuple

from orchestrator.outline.own_text import Piece, all_blocks, blocks_of, pieces, trimmed
from orchestrator.outline.segments import Kind
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline


class FoldKind(StrEnum):
    BRANCH = "branch"
    SECTION = "section"
    FRONT_MATTER = "frontMatter"
    CODE = "code"
    DESCRIPTION = "description"


class Fold(NamedTuple):
    start: int
    """The line that stays."""
    end: int
    """The last line that is hidden."""
    kind: FoldKind
    level: int
    """In how many folds of nodes it stands."""


class _Open:
    """A node whose end is not known yet."""

    __slots__ = ("description", "end", "rank", "section", "start")

    def __init__(self, piece: Piece, end: int, description: Fold | None) -> None:
        self.rank = piece.segment.shape.rank
        self.section = piece.segment.shape.kind is Kind.SECTION
        self.start = piece.line
        self.end = end
        """Behind its last line with text, as far as that is known."""
        self.description = description
        """A fold, if subtasks follow."""


def folds(outline: Outline) -> list[Fold]:
    """By their first line."""
    text, front = outline.text, outline.front_matter
    found = [Fold(0, front.end_line - 1, FoldKind.FRONT_MATTER, 0)] if front.end_line > 1 else []
    around: list[_Open] = []

    def close(rank: int) -> None:
        while around and around[-1].rank >= rank:
            node = around.pop()
            if node.end > node.start + 1:
                kind = FoldKind.SECTION if node.section else FoldKind.BRANCH
                found.append(Fold(node.start, node.end - 1, kind, len(around)))
            if around:
                around[-1].end = max(around[-1].end, node.end)

    for piece in pieces(outline):
        shape = piece.segment.shape
        close(shape.rank)
        level = len(around)
        start, end = piece.body, piece.end
        code: list[Fold] = []
        if start < end:
            start, end = trimmed(text, start, end)
            if end - start > 1:
                code = list(_code(text, start, end, piece.column, level + 1))
        if shape.kind is Kind.TEXT:
            if around:
                around[-1].end = max(around[-1].end, end)
            found += (fold for fold in code if fold.start >= front.end_line)
            continue
        found += code
        if around and (above := around[-1].description) is not None:
            found.append(above)
            around[-1].description = None
        description = None
        if start < end - 1 and all(fold.start != start for fold in code):
            description = Fold(start, end - 1, FoldKind.DESCRIPTION, level + 1)
        around.append(_Open(piece, max(end, piece.line + 1), description))
    close(0)
    return sorted(found, key=lambda fold: fold.start)


def outermost(found: Sequence[Fold], most: int) -> list[Fold]:
    """At most so many, those of lower levels first, in the order they came."""
    kept = nsmallest(most, range(len(found)), key=lambda index: (found[index].level, index))
    return [found[index] for index in sorted(kept)]


def _code(text: Text, start: int, end: int, column: int, level: int) -> Iterator[Fold]:
    """Fenced code in these lines. Most lines have none, and then Markdown is not asked."""
    if not any("```" in line or "~~~" in line for line in map(text.line, range(start, end))):
        return
    for block in all_blocks(blocks_of(text, start, end, column)):
        if block.kind == "fence" and block.end_line - block.line > 1:
            yield Fold(start + block.line, min(start + block.end_line, end) - 1, FoldKind.CODE, level)
