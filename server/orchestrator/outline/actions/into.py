"""Move a task, with everything below it, to the end of another task or section: what dragging it there means.

Apart from `moves`, which goes one place further on the screen, because here the place is named.

Invariant: a task never comes to stand below itself (test_a_task_is_not_moved_into_its_own_branch).
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.errors import EditRefusedError
from orchestrator.outline.actions.chosen import before
from orchestrator.outline.actions.indent import (
    Slot,
    child_slot,
    direct_children,
    marker_of,
    require_alone,
    slot_behind,
    slot_of,
)
from orchestrator.outline.actions.intent import Row, branch_end, fits, index_of, refusal, require_writable, rows
from orchestrator.outline.actions.relocate import block_of, gaps, insertion_behind, line_above, removal
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.tree import Outline, Section, Task


def move_into(outline: Outline, task: Task, parent: Task | Section) -> tuple[TextEdit, ...]:
    require_writable(outline)
    require_alone(outline.text, [task])
    if any(node.line == task.line for node in outline.path(parent)):
        raise EditRefusedError("A task cannot stand below itself.", hint="Choose a place outside its branch.")
    own = [child for child in parent.children if isinstance(child, Task)]
    last = direct_children(parent)[-1:] if isinstance(parent, Task) else tuple(own[-1:])
    if last and last[0].line == task.line:
        return ()
    tree = rows(outline)
    for slot, line, neighbour in _places(outline, task, parent, last[0] if last else None):
        start = index_of(tree, task)
        branch, rest = tree[start : branch_end(tree, start)], [*tree[:start], *tree[branch_end(tree, start) :]]
        into = index_of(rest, parent)
        shift = rest[into].depth + 1 - branch[0].depth
        branch = [Row(row.depth + shift, row.node, row.changes) for row in branch]
        branch[0] = branch[0].with_(ordered=slot.ordered)
        into = branch_end(rest, into) if neighbour is None else branch_end(rest, index_of(rest, neighbour))
        if isinstance(parent, Section) and neighbour is None:
            into = index_of(rest, parent) + 1
        expected = [*rest[:into], *branch, *rest[into:]]
        content = block_of(outline.text, [task], [slot])
        taken = removal(outline.text, task.line, task.end_line)
        wanted = gaps(outline, neighbour, task) if neighbour is not None or isinstance(parent, Task) else (1,)
        for gap in wanted:
            edits = [taken, insertion_behind(outline.text, line, content, gap)]
            if fits(outline, edits, expected, [task]):
                return tuple(edits)
    raise refusal()


def _places(
    outline: Outline, task: Task, parent: Task | Section, last: Task | None
) -> Iterator[tuple[Slot, int, Task | None]]:
    """Slot, line behind which it comes, and the task that it comes behind."""
    text = outline.text
    if isinstance(parent, Task):
        yield child_slot(outline, parent, marker_of(text, task)), parent.end_line - 1, last
    elif last is not None:
        above = before(outline, last)
        yield slot_behind(text, [last] if above is None else [above, last]), last.end_line - 1, last
    else:
        own = slot_of(text, task)
        following = next((child.line for child in parent.children), parent.end_line)
        line = line_above(text, following)
        assert line is not None, "a heading has a line"
        yield Slot("", "1" + own.marker[-1] if own.ordered else own.marker), line, None
