"""Names for nodes: ids that stand in the file, and nodeIds that last as long as the server.

Apart from `tree` because a tree is one moment, and these connect two of them.

Invariant: no two nodes share a nodeId, and none is ever given out again (test_node_ids_are_unique_and_not_reused).
Invariant: a node that an edit does not touch keeps its nodeId (test_untouched_nodes_keep_their_node_ids).
"""

from __future__ import annotations

import random
import secrets
from bisect import bisect_left
from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from itertools import accumulate
from typing import Self

from orchestrator.model.ids import TASK_ID_LENGTH, random_id
from orchestrator.outline.edits import TextEdit, in_order
from orchestrator.outline.tree import Node, Outline, Task

LONGER_FROM = 1500
"""Tasks in a workspace from which on a new id gets one more character."""

_ATTEMPTS = 64
"""Clashes after which an id gets longer: they only happen when nearly all short ones are taken."""

_system_random = secrets.SystemRandom()


def fresh_id(taken: Container[str], count: int, rng: random.Random = _system_random) -> str:
    """An id that is not in `taken`; `count` is how many tasks the workspace has."""
    length = TASK_ID_LENGTH + (count >= LONGER_FROM)
    while True:
        for _ in range(_ATTEMPTS):
            candidate = random_id(length, rng)
            if candidate not in taken:
                return candidate
        length += 1


class Identities:
    """The nodeId of every node of one outline. Never changes; `after` makes those of the next outline."""

    def __init__(self, outline: Outline, ids: dict[Node, str], next_number: int) -> None:
        """Use `first` and `after`."""
        self.outline = outline
        self._ids = ids
        self._nodes = {node_id: node for node, node_id in ids.items()}
        self._next_number = next_number

    @classmethod
    def first(cls, outline: Outline) -> Self:
        ids: dict[Node, str] = {node: f"n{number}" for number, node in enumerate(outline.walk(), start=1)}
        return cls(outline, ids, len(ids) + 1)

    def id_of(self, node: Node) -> str:
        """Of a node of this outline; KeyError for any other."""
        return self._ids[node]

    def node_of(self, node_id: str) -> Node | None:
        return self._nodes.get(node_id)

    def after(self, outline: Outline, edits: Sequence[TextEdit]) -> Self:
        """The identities of the outline that these edits (one batch against the old text) made."""
        same = _match(self.outline, outline, edits)
        next_number = self._next_number
        ids: dict[Node, str] = {}
        for node in outline.walk():
            old = same.get(node)
            if old is None:
                ids[node] = f"n{next_number}"
                next_number += 1
            else:
                ids[node] = self._ids[old]
        return type(self)(outline, ids, next_number)


def _match(old: Outline, new: Outline, edits: Sequence[TextEdit]) -> dict[Node, Node]:
    """New node -> the old node that it is.

    The surest sign first: its own id, its place with an unchanged line, its line elsewhere (it was moved), its place
    with a changed line (it was edited).
    """
    move = _mover(old.text.string, edits)
    moved = {node: move(node.start) for node in old.walk()}
    same: dict[Node, Node] = {}
    remaining_old: dict[Node, None] = dict.fromkeys(old.walk())
    remaining_new: dict[Node, None] = dict.fromkeys(new.walk())

    def pair(key_of_old: Callable[[Node], Hashable], key_of_new: Callable[[Node], Hashable]) -> None:
        candidates = _unique(remaining_old, key_of_old)
        for key, node in _unique(remaining_new, key_of_new).items():
            partner = candidates.get(key)
            if partner is not None:
                same[node] = partner
                del remaining_new[node], remaining_old[partner]

    def place(offset: int | None, node: Node) -> Hashable:
        return None if offset is None else (type(node), offset)

    pair(_own_id, _own_id)
    pair(
        lambda node: None if moved[node] is None else (place(moved[node], node), _first_line(old, node)),
        lambda node: (place(node.start, node), _first_line(new, node)),
    )
    pair(lambda node: _first_line(old, node), lambda node: _first_line(new, node))
    pair(lambda node: place(moved[node], node), lambda node: place(node.start, node))
    return same


def _unique(nodes: Iterable[Node], key_of: Callable[[Node], Hashable]) -> dict[Hashable, Node]:
    """By key, without those that have no key (None) or share it."""
    found: dict[Hashable, Node | None] = {}
    for node in nodes:
        key = key_of(node)
        found[key] = None if key in found else node
    return {key: node for key, node in found.items() if node is not None and key is not None}


def _own_id(node: Node) -> str | None:
    return node.task_id if isinstance(node, Task) else None


def _first_line(outline: Outline, node: Node) -> str:
    return outline.text.line(node.line).strip(" \t")


def _mover(string: str, edits: Sequence[TextEdit]) -> Callable[[int], int | None]:
    """From an offset in the old text to its offset in the new one, None where it was replaced.

    What is inserted exactly at an offset stands before it.
    """
    changes = [_shrunk(string, edit) for edit in in_order(edits)]
    ends = [change.end for change in changes]
    shifts = [0, *accumulate(len(change.text) - (change.end - change.start) for change in changes)]

    def move(offset: int) -> int | None:
        # The first change that does not end at or before the offset; insertions at it count as before.
        index = bisect_left(ends, offset + 1)
        if index < len(changes) and changes[index].start <= offset:
            return None
        return offset + shifts[index]

    return move


def _shrunk(string: str, edit: TextEdit) -> TextEdit:
    """Without what the old and the new text share at both ends."""
    old, new = string[edit.start : edit.end], edit.text
    limit = min(len(old), len(new))
    before = 0
    while before < limit and old[before] == new[before]:
        before += 1
    after = 0
    while after < limit - before and old[len(old) - 1 - after] == new[len(new) - 1 - after]:
        after += 1
    return TextEdit(edit.start + before, edit.end - after, new[before : len(new) - after])
