"""The tree that an action means, and the check that its edits give exactly that.

Apart from the actions because it is what makes them safe: each says in its own words what shall be, and here the
edited text is read as anybody would read it.

A tree is a list of rows in document order, each with its depth, because moving a branch then is moving a slice.

Invariant: edits that are given back are for an outline that we may write, and read back as the rows say
(test_an_action_gives_the_tree_it_means_or_is_refused).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.errors import EditRefusedError
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.reparse import reparse
from orchestrator.outline.scan import Block, blocks
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Outline, Section, Task
from orchestrator.outline.writer import markers

Said = dict[str, Any]

_LOOK = "Look for a code fence, a comment or a list that is left open there, or make the change by hand."


@dataclass(frozen=True, slots=True)
class Row:
    """One node as it shall be."""

    depth: int
    """0 at the top level."""
    node: Node | None
    """What it was; None for a new task."""
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What it shall say, where that is not what `node` says."""
    loosely: bool = False
    """Only the lines of its description are compared, not the blank ones: some of them were taken out."""

    def with_(self, **changes: Any) -> Row:
        return replace(self, changes={**self.changes, **changes})


def new_row(depth: int, **said: Any) -> Row:
    """A task that the action adds; what is not said is empty."""
    empty: Said = {
        "title": "",
        "mark": " ",
        "task_id": None,
        "fields": {},
        "ordered": False,
        "description": "",
        "acceptance": "",
        "result": None,
    }
    return Row(depth, None, {**empty, **said})


def rows(outline: Outline, *near: Node) -> list[Row]:
    """Of all nodes; or of these, what is below them and what stands between, which is enough where only they change."""
    return _rows(outline, *(_window(outline, near) if near else (0, len(outline.segments))))


def _rows(outline: Outline, start: int, end: int) -> list[Row]:
    """Of the nodes between these segments."""
    found: list[Row] = []
    ranks: list[int] = []
    """Of the nodes that hold the next one."""
    for node in outline.nodes_between(start, end):
        rank = node.segment.shape.rank
        if not found:
            ranks = [above.segment.shape.rank for above in outline.path(node)[:-1]]
        while ranks and ranks[-1] >= rank:
            ranks.pop()
        found.append(Row(len(ranks), node))
        ranks.append(rank)
    return found


def _window(outline: Outline, near: Sequence[Node]) -> tuple[int, int]:
    """The segments from the first of these nodes to where nothing stands below one of them any more."""
    segments = outline.segments
    start, last = min(node.index for node in near), max(node.index for node in near)
    lowest = min(segment.shape.rank for segment in segments.between(start, last + 1))
    return start, segments.behind(last, lowest)


def index_of(tree: Sequence[Row], node: Node) -> int:
    return next(index for index, row in enumerate(tree) if row.node is not None and row.node.line == node.line)


def branch_end(tree: Sequence[Row], index: int) -> int:
    """Behind the last row below the one at `index`."""
    end = index + 1
    while end < len(tree) and tree[end].depth > tree[index].depth:
        end += 1
    return end


def changed(tree: Sequence[Row], changes: Mapping[int, Mapping[str, Any]]) -> list[Row]:
    """With these changes to the nodes at these lines."""
    return [
        row.with_(**changes[row.node.line]) if row.node is not None and row.node.line in changes else row
        for row in tree
    ]


def settled(
    outline: Outline,
    edits: Sequence[TextEdit],
    tree: Sequence[Row],
    moved: Iterable[Task] = (),
    *,
    near: Sequence[Node] = (),
) -> tuple[TextEdit, ...]:
    """The edits, if they make this tree. Raises EditRefusedError. The arguments are those of `fits`."""
    require_writable(outline)
    if not fits(outline, edits, tree, moved, near=near):
        raise refusal()
    return tuple(edits)


def fits(
    outline: Outline,
    edits: Sequence[TextEdit],
    tree: Sequence[Row],
    moved: Iterable[Task] = (),
    *,
    near: Sequence[Node] = (),
) -> bool:
    """Whether the edits make this tree.

    `moved` are the tasks whose branch was indented anew. With `near` the tree is of `rows(outline, *near)`: then all
    other lines must be what they were, which costs little to see where they were not even read again.
    """
    after = reparse(outline, edits)
    touched = _touched(outline, edits)
    if near:
        start, end = _window(outline, near)
        first, last = _changed_part(outline, after, start, end)
        tree = [*_rows(outline, first, start), *tree, *_rows(outline, end, last)]
        found = _found_there(outline, after, first, last, touched)
        if found is None:
            size = len(outline.segments)
            tree, found = [*_rows(outline, 0, first), *tree, *_rows(outline, last, size)], rows(after)
    else:
        found = rows(after)
    if len(found) != len(tree):
        return False
    if not all(_agrees(want, have, touched) for want, have in zip(tree, found, strict=True)):
        return False
    lines = {task.line for task in moved}
    return all(
        _shape(outline.text, want.node) == _shape(after.text, have.node)
        for want, have in zip(tree, found, strict=True)
        if isinstance(want.node, Task) and isinstance(have.node, Task) and want.node.line in lines
    )


def _changed_part(outline: Outline, after: Outline, start: int, end: int) -> tuple[int, int]:
    """The segments from `start` up to `end`, and those around them that were read again."""
    old, new = outline.segments, after.segments
    shift = len(new) - len(old)
    first = _longest(start, lambda length: old.between(0, length) == new.between(0, length))
    behind = len(old) - end
    kept = _longest(
        min(behind, len(new) - first),
        lambda length: old.between(len(old) - length, len(old)) == new.between(len(new) - length, len(new)),
    )
    last = len(old) - kept
    if last > end:  # what follows must stand below none of these
        last = old.behind(last - 1, min(segment.shape.rank for segment in old.between(first, last)))
    return first, max(last, first - shift)


def _longest(limit: int, holds: Callable[[int], bool]) -> int:
    """The greatest length up to `limit` for which `holds` is true; it is true up to some length and never after."""
    low, high = 0, max(limit, 0)
    if holds(high):
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _found_there(
    outline: Outline, after: Outline, start: int, end: int, touched: Mapping[int, Node]
) -> list[Row] | None:
    """The rows that stand there now, where all other nodes are what they were; else None."""
    old, new = outline.segments, after.segments
    shift = len(new) - len(old)
    if end + shift < start or old.between(0, start) != new.between(0, start):
        return None
    if old.between(end, len(old)) != new.between(end + shift, len(new)):
        return None
    found = _rows(after, start, end + shift)
    there = [*old.between(start, end), *new.between(start, end + shift)]
    lowest = min((segment.shape.rank for segment in there), default=0)
    if end < len(old) and old[end].shape.rank > lowest:
        return None
    for node in touched.values():
        if not start <= node.index < end:
            other = after.node(node.index if node.index < start else node.index + shift)
            if _said(node) != _said(other):
                return None
    return found


def refusal() -> EditRefusedError:
    return EditRefusedError("This cannot be changed here without changing what other lines say.", hint=_LOOK)


def require_writable(outline: Outline) -> None:
    """Raises EditRefusedError."""
    if outline.front_matter.newer:
        raise EditRefusedError(
            "This outline was written for a newer version of Orchestrator, so it is read-only.",
            hint="Update Orchestrator.",
        )


def _touched(outline: Outline, edits: Sequence[TextEdit]) -> dict[int, Node]:
    """By line, the nodes that may say something else: an edit, or the line beside it, lies in their branch."""
    text = outline.text
    found: dict[int, Node] = {}
    for edit in edits:
        for line in range(max(text.line_of(edit.start) - 1, 0), text.line_of(edit.end) + 2):
            node = outline.node_at_line(line)
            while node is not None and node.line not in found:
                found[node.line] = node
                node = outline.parent(node)
    return found


def _agrees(want: Row, have: Row, touched: Container[int]) -> bool:
    if want.depth != have.depth:
        return False
    assert have.node is not None, "it was read"
    if want.node == have.node and not want.changes and want.node is not None and want.node.line not in touched:
        return True  # the same lines, read once: what they say is not read again
    wanted = {**(_said(want.node) if want.node else {}), **want.changes}
    found = _said(have.node)
    if want.loosely:
        wanted["description"] = _lines(wanted["description"])
        found["description"] = _lines(found["description"])
    return wanted == found


def _said(node: Node) -> Said:
    if isinstance(node, Section):
        return {"title": node.title, "fields": dict(node.fields), "level": node.level}
    return {
        "title": node.title,
        "mark": node.mark,
        "task_id": node.task_id,
        "fields": dict(node.fields),
        "ordered": node.ordered,
        "description": node.description,
        "acceptance": node.acceptance,
        "result": node.result,
    }


def _lines(description: str) -> list[str]:
    return [line for line in description.split("\n") if line.strip(" \t")]


def _shape(text: Text, task: Task) -> object:
    """The blocks of a branch, wherever it stands: what is a fence, a heading, a list in it."""
    if task.end_line == task.line + 1:
        return ()  # one line of text
    end = text.line_end(task.end_line - 1)
    branch = markers(task.content_column) + text.slice(task.mark_span[0] - 1, end)
    document = blocks(branch)
    if not document:
        return ()
    block = document[0]
    while block.children and (block.kind == "list" or block.children[0].kind == "list"):
        block = block.children[0]
    return tuple(_outline_of(child) for child in block.children)


def _outline_of(block: Block) -> object:
    return (
        block.kind,
        block.line,
        block.end_line,
        block.markup,
        block.level,
        tuple(_outline_of(child) for child in block.children),
    )
