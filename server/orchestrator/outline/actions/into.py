"""Move tasks, with everything below them, to the end of another task or section: what dragging them there means.

Apart from `moves`, which goes one place further on the screen, because here the place is named.

Invariant: a task never comes to stand below itself (test_a_task_is_not_moved_into_its_own_branch).
Invariant: several are moved as they would be one after the other, in one edit
(test_several_come_behind_each_other_in_one_edit).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.errors import EditRefusedError
from orchestrator.outline.actions.chosen import after, before, continues, roots
from orchestrator.outline.actions.indent import (
    Slot,
    child_slot,
    direct_children,
    marker_of,
    put,
    require_alone,
    slot_behind,
    slot_of,
)
from orchestrator.outline.actions.intent import Row, branch_end, fits, index_of, refusal, require_writable, rows
from orchestrator.outline.actions.relocate import block_of, gaps, insertion_behind, line_above, removal
from orchestrator.outline.edits import TextEdit, between
from orchestrator.outline.reparse import reparse
from orchestrator.outline.tree import Outline, Section, Task


def move_into(outline: Outline, tasks: Sequence[Task], parent: Task | Section) -> tuple[TextEdit, ...]:
    """In the order of the text; what stands below another of them goes along with that."""
    chosen = roots(tasks)
    if len(chosen) == 1:
        return _move_one(outline, chosen[0], parent)
    now = outline
    places = [task.line for task in chosen]
    place = parent.line
    for number, _ in enumerate(chosen):
        task, into = now.node_at_line(places[number]), now.node_at_line(place)
        assert isinstance(task, Task), "no other move touched its line"
        assert into is not None, "a task is not moved below itself"
        edits = _move_one(now, task, into)
        then = reparse(now, edits)
        places = [_line_after(now, then, line, edits) for line in places]
        place = _line_after(now, then, place, edits)
        now = then
    return between(outline.text.string, now.text.string)


def _line_after(now: Outline, then: Outline, line: int, edits: Sequence[TextEdit]) -> int:
    """Of a line that the edits do not touch."""
    start = now.text.line_start(line)
    shift = sum(len(edit.text) - (edit.end - edit.start) for edit in edits if edit.end <= start)
    return then.text.line_of(start + shift)


def _move_one(outline: Outline, task: Task, parent: Task | Section) -> tuple[TextEdit, ...]:
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
            edits = [taken, *_begins(outline, task), insertion_behind(outline.text, line, content, gap)]
            if fits(outline, edits, expected, [task]):
                return tuple(edits)
    raise refusal()


def _begins(outline: Outline, task: Task) -> tuple[TextEdit, ...]:
    """The list that it was the first of begins with its number still: one that begins with 2 may be no list."""
    above, following = before(outline, task), after(outline, task)
    if following is None or not continues(task, following) or (above is not None and continues(above, task)):
        return ()
    slot = slot_of(outline.text, following)
    return put(outline.text, following, slot.with_marker(marker_of(outline.text, task))) if slot.ordered else ()


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
