"""What stands behind a first line without being written there: how far a task is, and a mode that it inherits.

Apart from `inherited`, which answers for one node, because hints are for many lines at once: the mode is carried down.

Invariant: hints of two parts together are the hints of the whole (test_hints_of_parts_are_hints_of_the_whole).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.outline.inherited import default, own
from orchestrator.outline.progress import progress
from orchestrator.outline.tree import Node, Outline, Section, Task
from orchestrator.outline.visible import nodes_in
from orchestrator.outline.vocabulary import FIELDS

MODE = "mode"


@dataclass(frozen=True, slots=True)
class Hint:
    line: int
    """It stands behind the text of this line."""
    done: int
    total: int
    """Of the tasks below; 0 where there are none."""
    mode: str | None
    """Inherited, and another than the outline's own; else None."""
    mode_of: Node | None
    """The node that the mode is inherited from."""


def hints(outline: Outline, start: int, end: int) -> Iterator[Hint]:
    """Of the tasks whose first line is in `start:end`, in document order; none without anything to say."""
    usual = default(outline, MODE) or FIELDS[MODE].default
    around: list[tuple[int, str, Node | None]] = [(0, usual, None)]
    """Rank, mode below it, and where that is written: of the nodes around, the outermost first."""

    def enter(node: Node) -> tuple[str | None, str, Node | None]:
        """The node's own mode, and the one that it would inherit with its origin."""
        rank = node.segment.shape.rank
        while around[-1][0] >= rank:
            around.pop()
        _, mode, mode_of = around[-1]
        # Looking for the word costs less than reading the line, and most lines do not have it.
        may_say = node.segment.shape.fields and (isinstance(node, Section) or MODE in outline.text.line(node.line))
        written = own(node, MODE) if may_say else None
        around.append((rank, mode, mode_of) if written is None else (rank, written, node))
        return written, mode, mode_of

    for index, node in enumerate(nodes_in(outline, start, end)):
        if index == 0:
            for above in outline.path(node)[:-1]:
                enter(above)
        written, mode, mode_of = enter(node)
        if isinstance(node, Task):
            done, total = progress(node)
            shown = mode if written is None and mode != usual and not node.status.settled else None
            if total or shown:
                yield Hint(node.line, done, total, shown, mode_of if shown else None)
