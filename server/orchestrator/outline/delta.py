"""What changed in the tree between two outlines of one document, as steps that a mirror of the old one can follow.

Apart from `identity` because only windows that show a tree need it. Only segments that are not the same are looked at,
and those whose parent is another one now.

Invariant: the steps, applied in order to the old tree of nodeIds, give the new one (test_delta_leads_to_the_new_tree).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from orchestrator.outline.identity import node_id
from orchestrator.outline.progress import children_between
from orchestrator.outline.segments import Kind, Segments
from orchestrator.outline.tree import Node, Outline, Section


@dataclass(frozen=True, slots=True)
class Inserted:
    """One node appears; what is below it follows in steps of its own."""

    parent: str | None
    """None at the top level."""
    index: int
    """Among its parent's children, once it is there."""
    node_id: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A node disappears with everything below it. What was moved is inserted again."""

    node_id: str


@dataclass(frozen=True, slots=True)
class Updated:
    """It stays where it is, and something that it says has changed."""

    node_id: str


Change: TypeAlias = Inserted | Removed | Updated


@dataclass(frozen=True, slots=True)
class Difference:
    """The segments from `start` up to `old_end` became those up to `new_end`; all others are the same objects."""

    start: int
    old_end: int
    new_end: int


@dataclass(frozen=True, slots=True)
class Delta:
    changes: tuple[Change, ...]
    around: tuple[Node, ...]
    """New nodes above what changed, outermost first: what they count below them may have changed."""
    changed: tuple[tuple[Node, Node], ...]
    """(old, new) of the nodes that stayed, among what changed."""
    counts: bool
    """Whether how many nodes there are of which status may have changed anywhere."""


def difference(old: Segments, new: Segments) -> Difference | None:
    """Where two sequences differ; None where they do not."""
    limit = min(len(old.pages), len(new.pages))
    before = 0
    while before < limit and old.pages[before] is new.pages[before]:
        before += 1
    behind = 0
    while behind < limit - before and old.pages[-1 - behind] is new.pages[-1 - behind]:
        behind += 1
    start = old.first_of(before)
    old_end, new_end = old.first_of(len(old.pages) - behind), new.first_of(len(new.pages) - behind)
    one, other = old.between(start, old_end), new.between(start, new_end)
    limit = min(len(one), len(other))
    same = 0
    while same < limit and one[same] is other[same]:
        same += 1
    rest = 0
    while rest < limit - same and one[-1 - rest] is other[-1 - rest]:
        rest += 1
    found = Difference(start + same, old_end - rest, new_end - rest)
    return None if found.start == found.old_end == found.new_end else found


def delta(old: Outline, new: Outline) -> Delta:
    """First what is removed, then what is inserted, from left to right, then what is updated."""
    found = difference(old.segments, new.segments)
    if found is None:
        return Delta((), (), (), counts=False)
    found = with_new_parents(old, new, found)
    comparison = _Comparison(old, new, found)
    comparison.compare()
    changes = (*comparison.removed, *comparison.inserted, *comparison.updated)
    return Delta(changes, comparison.around, tuple(comparison.changed), counts=_counts_changed(old, new, found))


def with_new_parents(old: Outline, new: Outline, found: Difference) -> Difference:
    """The difference, with what stands behind it and below other nodes than before."""
    start, old_end, new_end = found.start, found.old_end, found.new_end
    if old_end >= len(old.segments):
        return found
    one, other = _above(old.segments, old_end), _above(new.segments, new_end)
    shared = 0
    while shared < min(len(one), len(other)) and one[shared] == other[shared]:
        shared += 1
    ranks = [rank for rank, _ in (*one[shared:], *other[shared:])]
    if not ranks:
        return found
    end = old.segments.behind(old_end, min(ranks))
    return Difference(start, end, new_end + end - old_end)


def _counts_changed(old: Outline, new: Outline, found: Difference) -> bool:
    one, other = (
        [(segment.shape.kind, segment.shape.rank, segment.shape.mark) for segment in segments]
        for segments in (
            old.segments.between(found.start, found.old_end),
            new.segments.between(found.start, found.new_end),
        )
    )
    return one != other


def _above(segments: Segments, index: int) -> list[tuple[int, int]]:
    """(rank, key) of the nodes above a segment, outermost first."""
    found: list[tuple[int, int]] = []
    step = segments.parent(index)
    while step is not None:
        found.append((segments[step].shape.rank, segments[step].key))
        step = segments.parent(step)
    return found[::-1]


class _Comparison:
    def __init__(self, old: Outline, new: Outline, found: Difference) -> None:
        self._start = found.start
        self._new = new
        self.removed: list[Change] = []
        self.inserted: list[Change] = []
        self.updated: list[Change] = []
        self.changed: list[tuple[Node, Node]] = []
        around = self._nodes_above(new, found.start)
        self.around = tuple(around)
        self._around = {node.segment.key: node for node in around}
        self._old_nodes, self._old_below, self._old_text = _region(old, found.start, found.old_end, around)
        self._new_nodes, self._new_below, self._new_text = _region(new, found.start, found.new_end, around)

    @staticmethod
    def _nodes_above(outline: Outline, index: int) -> list[Node]:
        """The nodes that are open in front of a segment: the one before it, and those above that."""
        found: list[Node] = []
        step = index - 1 if index > 0 else None
        if step is not None and outline.segments[step].shape.kind is Kind.TEXT:
            step = outline.segments.parent(step)
        while step is not None:
            found.append(outline.node(step))
            step = outline.segments.parent(step)
        return found[::-1]

    def compare(self) -> None:
        """The children of the document and of the nodes around, and of all that stayed below them."""
        for parent in (0, *self._around):
            self._compare_children(parent)
        for parent in self._around:
            if self._old_text.get(parent, []) != self._new_text.get(parent, []):
                self.updated.append(Updated(node_id(parent)))

    def _compare_children(self, top: int) -> None:
        waiting = [top]
        while waiting:
            parent = waiting.pop()
            old, new = self._old_below.get(parent, []), self._new_below.get(parent, [])
            places = {key: index for index, key in enumerate(old)}
            staying = {new[index] for index in _increasing([places.get(key, -1) for key in new])}
            self.removed += (Removed(node_id(key)) for key in old if key not in staying)
            base = 0
            if len(staying) < len(new) and parent not in self._new_nodes:
                base = children_between(self._new, self._around.get(parent), self._start)
            stayed: list[int] = []
            for index, key in enumerate(new):
                if key in staying:
                    stayed.append(key)
                    self._compare_nodes(key)
                else:
                    self._insert(parent, base + index, key)
            waiting += reversed(stayed)

    def _compare_nodes(self, key: int) -> None:
        before, after = self._old_nodes[key], self._new_nodes[key]
        self.changed.append((before, after))
        same = before.segment is after.segment and self._old_text.get(key, []) == self._new_text.get(key, [])
        if not same and _said(before) != _said(after):
            self.updated.append(Updated(node_id(key)))

    def _insert(self, parent: int, index: int, key: int) -> None:
        waiting = [(parent, index, key)]
        while waiting:
            above, place, inserted = waiting.pop()
            self.inserted.append(Inserted(node_id(above) if above else None, place, node_id(inserted)))
            below = self._new_below.get(inserted, [])
            waiting += [(inserted, number, child) for number, child in enumerate(below)][::-1]


def _region(
    outline: Outline, start: int, end: int, around: Sequence[Node]
) -> tuple[dict[int, Node], dict[int, list[int]], dict[int, list[int]]]:
    """The nodes between two segments by key; the children there of each node; the other text of each, as identities."""
    nodes: dict[int, Node] = {}
    below: dict[int, list[int]] = {}
    text: dict[int, list[int]] = {}
    above = [(node.segment.shape.rank, node.segment.key) for node in around]
    index = start
    for segment in outline.segments.between(start, end):
        rank = segment.shape.rank
        while above and above[-1][0] >= rank:
            above.pop()
        parent = above[-1][1] if above else 0
        if segment.shape.kind is Kind.TEXT:
            text.setdefault(parent, []).append(id(segment))
        else:
            nodes[segment.key] = outline.node(index)
            below.setdefault(parent, []).append(segment.key)
            above.append((rank, segment.key))
        index += 1
    return nodes, below, text


def _said(node: Node) -> tuple[Any, ...]:
    """Everything a window may show of a node, without where it stands."""
    if isinstance(node, Section):
        return (node.title, node.level, dict(node.fields))
    return (
        node.title,
        node.mark,
        node.task_id,
        dict(node.fields),
        node.ordered,
        node.description,
        node.acceptance,
        node.result,
    )


def _increasing(places: Sequence[int]) -> Iterator[int]:
    """Indexes of a longest increasing subsequence of the places that are not negative."""
    ends: list[int] = []
    """For each length, the index at which a subsequence of that length ends lowest."""
    previous: list[int] = []
    for index, place in enumerate(places):
        length = bisect_left(ends, place, key=lambda end: places[end])
        previous.append(ends[length - 1] if length else -1)
        if place >= 0:
            ends[length : length + 1] = [index]
    index = ends[-1] if ends else -1
    while index >= 0:
        yield index
        index = previous[index]
