"""What stands behind a first line without being written there: how far a task is, and a mode that it inherits.

Apart from `progress` and `inherited`, which answer for one node, because hints are for many lines at once: each count
is made once, and the mode is carried down.

Invariant: hints of two parts together are the hints of the whole (test_hints_of_parts_are_hints_of_the_whole).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.model.task import Status
from orchestrator.outline.inherited import default, own
from orchestrator.outline.tree import Node, Outline, Task
from orchestrator.outline.visible import holding
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
    counts: dict[int, tuple[int, int]] = {}
    waiting: list[tuple[Node, str, Node | None]] = [
        (node, usual, None) for node in reversed(holding(outline.nodes, start, end))
    ]
    while waiting:
        node, mode, mode_of = waiting.pop()
        written = own(node, MODE)
        if isinstance(node, Task) and node.line >= start:
            done, total = _count(node, counts) if node.children else (0, 0)
            shown = mode if written is None and mode != usual and not node.status.settled else None
            if total or shown:
                yield Hint(node.line, done, total, shown, mode_of if shown else None)
        if written is not None:
            mode, mode_of = written, node
        waiting.extend((child, mode, mode_of) for child in reversed(holding(node.children, start, end)))


def _count(task: Task, counts: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """As `progress` counts, remembering what was counted by first lines."""
    waiting = [(task, False)]
    while waiting:
        step, seen = waiting.pop()
        if step.line in counts:
            continue
        below = [child for child in step.children if child.status is not Status.CANCELLED]
        if not seen:
            waiting.append((step, True))
            waiting.extend((child, False) for child in below)
            continue
        done = total = 0
        for child in below:
            child_done, child_total = counts[child.line]
            done += child_done + (child.status is Status.COMPLETED)
            total += child_total + 1
        counts[step.line] = done, total
    return counts[task.line]
