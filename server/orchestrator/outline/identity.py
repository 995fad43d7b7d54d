"""Names for nodes: ids that stand in the file, and nodeIds that last as long as the server.

Apart from `tree` because a tree is one moment, and these connect two of them: `reparse` gives a node the number of the
node that it was.

Invariant: no two nodes share a nodeId, and none is ever given out again (test_node_ids_are_unique_and_not_reused).
Invariant: a node that an edit does not touch keeps its nodeId (test_untouched_nodes_keep_their_node_ids).
"""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Container

from orchestrator.model.ids import TASK_ID_LENGTH, random_id
from orchestrator.outline.segments import Page
from orchestrator.outline.tree import Node, Outline

LONGER_FROM = 1500
"""Tasks in a workspace from which on a new id gets one more character."""

_ATTEMPTS = 64
"""Clashes after which an id gets longer: they only happen when nearly all short ones are taken."""

_NODE_ID = re.compile(r"n([1-9][0-9]{0,17})", re.ASCII)

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
    """The nodeId of every node of one outline."""

    __slots__ = ("outline",)

    def __init__(self, outline: Outline) -> None:
        self.outline = outline

    def id_of(self, node: Node) -> str:
        """Of a node of this outline; KeyError for any other."""
        self.outline.index_of(node)
        return node_id(node.segment.key)

    def node_of(self, node_id: str) -> Node | None:
        index = self.index_of(node_id)
        return None if index is None else self.outline.node(index)

    def index_of(self, node_id: str) -> int | None:
        """The segment of a node."""
        match = _NODE_ID.fullmatch(node_id)
        return None if match is None else index_of_key(self.outline, int(match.group(1)))


def node_id(key: int) -> str:
    return f"n{key}"


class _Keys:
    """Between which numbers the keys of a page are, so that most pages need no search."""

    def __init__(self, page: Page) -> None:
        keys = [segment.key for segment in page.segments if segment.key]
        self.least, self.most = min(keys, default=1), max(keys, default=0)


def index_of_key(outline: Outline, key: int) -> int | None:
    """The segment of the node that has this number."""
    for number, page in enumerate(outline.segments.pages):
        keys = page.derived(_Keys)
        if keys.least <= key <= keys.most:
            for slot, segment in enumerate(page.segments):
                if segment.key == key:
                    return outline.segments.index(number, slot)
    return None
