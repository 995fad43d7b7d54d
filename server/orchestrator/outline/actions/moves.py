"""Move up and down: a task, or neighbours, with everything below, one place in the order.

Within a list two places are exchanged: the lines between stay where they are, and each branch takes the number of its
new place. At the border of a list the task goes on into what comes next on the screen: the list beyond a paragraph, the
section beyond a heading, the task beside its parent. Its depth stays.

Invariant: moving down what was moved up within its list restores the bytes (test_down_takes_up_back).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from orchestrator.errors import EditRefusedError
from orchestrator.outline.actions.chosen import after, before, continues, only_run
from orchestrator.outline.actions.following import offset_after
from orchestrator.outline.actions.indent import (
    Slot,
    child_slot,
    direct_children,
    marker_of,
    put,
    require_alone,
    slot_behind,
    slot_of,
    written,
)
from orchestrator.outline.actions.intent import (
    Row,
    branch_end,
    fits,
    index_of,
    refusal,
    require_writable,
    rows,
)
from orchestrator.outline.actions.relocate import (
    block_of,
    gaps,
    insertion_before,
    insertion_behind,
    line_above,
    removal,
)
from orchestrator.outline.edits import TextEdit, between
from orchestrator.outline.reparse import reparse
from orchestrator.outline.scan import start_of
from orchestrator.outline.segments import TOP_TASK, Kind
from orchestrator.outline.tree import Node, Outline, Section, Task

MAX_STEPS = 1000
"""Places in one go."""


def move(outline: Outline, tasks: Sequence[Task], steps: int) -> tuple[TextEdit, ...]:
    """Up by negative, down by positive `steps`; as far as there is a place, at least one."""
    require_writable(outline)
    current, run = outline, only_run(outline, tasks)
    require_alone(outline.text, run)
    for count in range(min(abs(steps), MAX_STEPS)):
        try:
            edits, _ = _moved(current, run, -1 if steps < 0 else 1)
        except EditRefusedError:
            if count:
                break
            raise
        if abs(steps) == 1:
            return tuple(edits)
        following = reparse(current, edits)
        boxes = [offset_after(current.text, task, edits) for task in run]
        places = [following.task_at_line(following.text.line_of(box)) for box in boxes if box is not None]
        run = tuple(task for task in places if task is not None)
        current = following
    return between(outline.text.string, current.text.string)


def can_move(outline: Outline, tasks: Sequence[Task], direction: int) -> bool:
    """Whether there is a place; the move may still be refused."""
    task = tasks[-1] if direction > 0 else tasks[0]
    if (after if direction > 0 else before)(outline, task) is not None:
        return True
    parent = outline.parent(task)
    if isinstance(parent, Task):
        return (after if direction > 0 else before)(outline, parent) is not None
    return _heading(outline, task, direction) is not None


def _moved(outline: Outline, run: Sequence[Task], direction: int) -> tuple[Sequence[TextEdit], Sequence[Row]]:
    edge = run[-1] if direction > 0 else run[0]
    beside = (after if direction > 0 else before)(outline, edge)
    if beside is not None and (continues(edge, beside) if direction > 0 else continues(beside, edge)):
        require_alone(outline.text, [beside])
        return _exchanged(outline, run, beside)
    parent = outline.parent(edge)
    if beside is not None:
        near = (*run, beside)
        return _settled(outline, run, near, _beyond_text(outline, run, beside, near, direction))
    if isinstance(parent, Task):
        other = (after if direction > 0 else before)(outline, parent)
        if other is None:
            raise EditRefusedError(
                f"This task is the {'last' if direction > 0 else 'first'} one below its parent.",
                hint="Promote it to move it further.",
            )
        near = (parent, other)
        return _settled(outline, run, near, _beside_parent(outline, run, other, near, direction))
    heading = _heading(outline, edge, direction)
    if heading is None:
        raise EditRefusedError(
            f"This task is the {'last' if direction > 0 else 'first'} one of the outline.", hint="Move another task."
        )
    above = _next_heading(outline, heading.index, -1) if direction < 0 else None
    near = (*run, heading) if above is None else (above, *run, heading)
    return _settled(outline, run, near, _beyond_heading(outline, run, heading, near, direction))


def _exchanged(outline: Outline, run: Sequence[Task], other: Task) -> tuple[Sequence[TextEdit], Sequence[Row]]:
    text = outline.text
    in_order = sorted([*run, other], key=lambda task: task.line)
    slots = [slot_of(text, task) for task in in_order]
    spaces = [
        text.slice(text.line_end(one.end_line - 1), start_of(text, following.line))
        for one, following in pairwise(in_order)
    ]
    tree = rows(outline, *in_order)
    up = other.line < run[0].line
    start, end = index_of(tree, in_order[0]), branch_end(tree, index_of(tree, in_order[-1]))
    middle = index_of(tree, run[0] if up else other)
    expected = [*tree[:start], *tree[middle:end], *tree[start:middle], *tree[end:]]
    first, last = start_of(text, in_order[0].line), text.line_end(in_order[-1].end_line - 1)
    if up:
        block = [written(text, task, slot) for task, slot in zip(run, slots[:-1], strict=True)]
        new = "".join(part for pair in zip(block, spaces, strict=True) for part in pair)
        edits = [
            TextEdit(first, first, new),
            *put(text, other, slots[-1]),
            TextEdit(text.line_end(other.end_line - 1), last, ""),
        ]
    else:
        block = [written(text, task, slot) for task, slot in zip(run, slots[1:], strict=True)]
        new = "".join(part for pair in zip(spaces, block, strict=True) for part in pair)
        edits = [
            TextEdit(first, start_of(text, other.line), ""),
            *put(text, other, slots[0]),
            TextEdit(last, last, new),
        ]
    if not fits(outline, edits, expected, in_order, near=in_order):
        raise refusal()
    return edits, expected


def _settled(
    outline: Outline,
    run: Sequence[Task],
    near: Sequence[Node],
    ways: Iterator[tuple[list[TextEdit], list[Row]]],
) -> tuple[Sequence[TextEdit], Sequence[Row]]:
    for edits, expected in ways:
        if fits(outline, edits, expected, run, near=near):
            return edits, expected
    raise refusal()


def _beyond_text(
    outline: Outline, run: Sequence[Task], other: Task, near: Sequence[Node], direction: int
) -> Iterator[tuple[list[TextEdit], list[Row]]]:
    """Into the other list below the same node. The order of the tree stays."""
    text = outline.text
    slot = _slot_beside(outline, other, direction)
    tree = _ordered(rows(outline, *near), run, ordered=slot.ordered)
    content = block_of(text, run, _slots(run, slot))
    taken = removal(text, run[0].line, run[-1].end_line)
    for gap in gaps(outline, other, run[0]):
        yield [taken, _insertion(outline, other, direction, content, gap)], tree


def _beside_parent(
    outline: Outline, run: Sequence[Task], other: Task, near: Sequence[Node], direction: int
) -> Iterator[tuple[list[TextEdit], list[Row]]]:
    """Below the parent's neighbour: as its last subtask going up, as its first going down."""
    text = outline.text
    tree = rows(outline, *near)
    start, end = index_of(tree, run[0]), branch_end(tree, index_of(tree, run[-1]))
    branch, rest = tree[start:end], [*tree[:start], *tree[end:]]
    direct = direct_children(other)
    if direction < 0 or not direct:
        slot = child_slot(outline, other, marker_of(text, run[0]))
        into = branch_end(rest, index_of(rest, other))
        neighbour = direct[-1] if direct else None
    else:
        slot = slot_of(text, direct[0])
        into = index_of(rest, direct[0])
        neighbour = direct[0]
    slots = _slots(run, slot)
    expected = _ordered([*rest[:into], *branch, *rest[into:]], run, ordered=slot.ordered)
    content = block_of(text, run, slots)
    taken = removal(text, run[0].line, run[-1].end_line)
    for gap in gaps(outline, neighbour, run[0]):
        if direction > 0 and neighbour is not None:
            yield [taken, insertion_before(text, neighbour.line, content, gap)], expected
        else:
            yield [taken, insertion_behind(text, other.end_line - 1, content, gap)], expected


def _beyond_heading(
    outline: Outline, run: Sequence[Task], heading: Section, near: Sequence[Node], direction: int
) -> Iterator[tuple[list[TextEdit], list[Row]]]:
    """Above the heading going up, below it going down: behind or before the tasks that stand there."""
    text = outline.text
    tree = rows(outline, *near)
    start, end = index_of(tree, run[0]), branch_end(tree, index_of(tree, run[-1]))
    branch, rest = tree[start:end], [*tree[:start], *tree[end:]]
    taken = removal(text, run[0].line, run[-1].end_line)
    neighbour, into, depth = _first_below(rest, heading) if direction > 0 else _last_above(outline, rest, heading)
    branch = [Row(row.depth + depth - branch[0].depth, row.node, row.changes) for row in branch]
    if neighbour is not None:
        slot = _slot_beside(outline, neighbour, direction)
        expected = _ordered([*rest[:into], *branch, *rest[into:]], run, ordered=slot.ordered)
        content = block_of(text, run, _slots(run, slot))
        for gap in gaps(outline, neighbour, run[0]):
            yield [taken, _insertion(outline, neighbour, direction, content, gap)], expected
        return
    first = slot_of(text, run[0])
    start_slot = Slot("", "1" + first.marker[-1] if first.ordered else first.marker)
    content = block_of(text, run, [start_slot.next(index) for index in range(len(run))])
    expected = [*rest[:into], *branch, *rest[into:]]
    line = _text_end(outline, heading) if direction > 0 else line_above(text, heading.line)
    if direction > 0 or (line is not None and line >= outline.front_matter.end_line):
        assert line is not None, "a heading has a line"
        yield [taken, insertion_behind(text, line, content, 1)], expected
    else:
        yield [taken, insertion_before(text, heading.line, content, 1)], expected


def _heading(outline: Outline, task: Task, direction: int) -> Section | None:
    """The next heading on the screen beyond a task at its section's edge."""
    return _next_heading(outline, task.index, direction)


def _next_heading(outline: Outline, index: int, direction: int) -> Section | None:
    segments = outline.segments
    lowest = TOP_TASK - 1
    while True:
        found = segments.behind(index, lowest) if direction > 0 else segments.before(index, lowest)
        if found is None or found >= len(segments):
            return None
        if segments[found].shape.kind is Kind.SECTION:
            node = outline.node(found)
            return node if isinstance(node, Section) else None
        index = found


def _first_below(rest: Sequence[Row], heading: Section) -> tuple[Task | None, int, int]:
    """The first task directly below the heading; where a new one comes among the rows, and at which depth."""
    index = index_of(rest, heading)
    first = heading.children[0] if heading.children and isinstance(heading.children[0], Task) else None
    return first, index + 1, rest[index].depth + 1


def _last_above(outline: Outline, rest: Sequence[Row], heading: Section) -> tuple[Task | None, int, int]:
    """The last task of what stands above the heading, a section or the document's beginning."""
    index = index_of(rest, heading)
    above = _next_heading(outline, heading.index, -1)
    if above is None:
        nodes = [node for node in outline.nodes if isinstance(node, Task)]
        return (nodes[-1] if nodes else None), index, 0
    own = [node for node in above.children if isinstance(node, Task)]
    return (own[-1] if own else None), index, rest[index_of(rest, above)].depth + 1


def _text_end(outline: Outline, heading: Section) -> int:
    """The last line of what the heading says by itself, that is not blank."""
    following = _next_heading(outline, heading.index, 1)
    line = line_above(outline.text, following.line if following else outline.text.line_count)
    assert line is not None, "the heading itself is not blank"
    return line


def _slot_beside(outline: Outline, other: Task, direction: int) -> Slot:
    """Behind the last task of a list going up, in place of its first going down."""
    text = outline.text
    if direction > 0:
        return slot_of(text, other)
    above = before(outline, other)
    return slot_behind(text, [other] if above is None else [above, other])


def _slots(run: Sequence[Task], first: Slot) -> list[Slot]:
    return [first.next(index) for index in range(len(run))]


def _insertion(outline: Outline, other: Task, direction: int, content: str, gap: int) -> TextEdit:
    text = outline.text
    if direction > 0:
        return insertion_before(text, other.line, content, gap)
    return insertion_behind(text, other.end_line - 1, content, gap)


def _ordered(tree: Sequence[Row], run: Sequence[Task], *, ordered: bool) -> list[Row]:
    lines = {task.line for task in run}
    return [row.with_(ordered=ordered) if row.node is not None and row.node.line in lines else row for row in tree]
