"""What changed between two moments of a tree, as steps that a mirror of the old one can follow.

Apart from `identity` because only windows that show a tree need it.

Invariant: the steps, applied in order to the old tree of nodeIds, give the new one (test_delta_leads_to_the_new_tree).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from orchestrator.outline.identity import Identities
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

_Moment: TypeAlias = tuple[Outline, Identities]


def delta(old: _Moment, new: _Moment) -> tuple[Change, ...]:
    """First what is removed, then what is inserted, from left to right, then what is updated."""
    comparison = _Comparison(old[1], new[1])
    comparison.compare(None, old[0].nodes, new[0].nodes)
    return (*comparison.removed, *comparison.inserted, *comparison.updated)


class _Comparison:
    def __init__(self, old: Identities, new: Identities) -> None:
        self._old = old
        self._new = new
        self.removed: list[Change] = []
        self.inserted: list[Change] = []
        self.updated: list[Change] = []

    def compare(self, parent: str | None, old: Sequence[Node], new: Sequence[Node]) -> None:
        """The children of a node that both trees have at the same place."""
        places = {self._old.id_of(node): index for index, node in enumerate(old)}
        names = [self._new.id_of(node) for node in new]
        staying = {names[index] for index in _increasing([places.get(name, -1) for name in names])}
        self.removed += (Removed(name) for name in places if name not in staying)
        for index, (name, node) in enumerate(zip(names, new, strict=True)):
            if name not in staying:
                self.inserted.append(Inserted(parent, index, name))
                self._insert_below(name, node)
                continue
            before = old[places[name]]
            if _said(before) != _said(node):
                self.updated.append(Updated(name))
            self.compare(name, before.children, node.children)

    def _insert_below(self, parent: str, node: Node) -> None:
        for index, child in enumerate(node.children):
            name = self._new.id_of(child)
            self.inserted.append(Inserted(parent, index, name))
            self._insert_below(name, child)


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
