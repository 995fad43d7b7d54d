"""Some lines of a document for markdown-it, as if the rest were not there.

Apart from `scan` because the oracle reads whole documents, and most of the time only a few lines are in question. What
stands before them matters only by the list items that hold them: so each of these is stood for by a first line of its
own, or, where no line is outside of an item, the lines are moved to the left by as much.

Invariant: the blocks are those that these lines have in the document (test_outlines_agree_with_the_reference).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.outline.scan import Block, blocks, skip_blanks
from orchestrator.outline.segments import Container
from orchestrator.outline.text import Text

_WIDEST = 4
"""Blanks behind a list marker, at most."""


@dataclass(frozen=True, slots=True)
class Window:
    text: Text
    """Lines that stand for the items around, then the lines as they are in the document."""
    blocks: tuple[Block, ...]
    standing_in: tuple[Container, ...]
    """The items that have a line of their own, in every second line of the text, the outermost first."""

    @property
    def first(self) -> int:
        """The line where the document's lines begin."""
        return 2 * len(self.standing_in)


def window(lines: Sequence[str], outer: Container) -> Window:
    """`lines` have no line breaks; the first one starts a block in `outer`."""
    base = _base(lines, outer)
    standing_in: list[Container] = []
    step = outer
    while step is not base:
        standing_in.append(step)
        assert step.parent is not None, "the base is one of the items around"
        step = step.parent
    standing_in.reverse()
    prefix: list[str] = []
    for container in standing_in:
        prefix += _first_line(container, base.column), ""
    moved = [line[base.column :] for line in lines] if base.column else lines
    text = Text("\n".join([*prefix, *lines]))
    return Window(text, blocks("\n".join([*prefix, *moved]), base.lists), tuple(standing_in))


def _base(lines: Sequence[str], outer: Container) -> Container:
    """The innermost item around that all of the lines are in. Of tabs the width depends on where they stand."""
    if any("\t" in line for line in lines):
        least = 0
    else:
        least = min((skip_blanks(line, 0, len(line), 0)[1] for line in lines if line.strip(" ")), default=outer.column)
    base = outer
    while base.column > least:
        assert base.parent is not None, "the document starts in column 0"
        base = base.parent
    return base


def _first_line(container: Container, base: int) -> str:
    width = container.column - container.indent
    indent = " " * (container.indent - base)
    if container.marker in {".", ")"}:
        digits = max(width - 1 - _WIDEST, 1)
        return indent + "1" * digits + container.marker + " " * (width - 1 - digits) + "x"
    return indent + container.marker + " " * (width - 1) + "x"
