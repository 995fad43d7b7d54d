"""Which value of a field holds for a task: its own, or the one that it inherits.

Apart from `tree` because a tree says what is written, and this what it means. The nearest wins, in this order:

1. the task's own field (test_a_field_of_its_own_wins);
2. the nearest task above it that has one (test_the_nearest_task_above_wins);
3. the innermost heading above it that has one (test_a_heading_stands_behind_the_tasks_above,
   test_the_innermost_heading_wins);
4. `defaults` in the front matter (test_the_front_matter_is_last);
5. nothing: the settings decide (test_nothing_is_inherited_where_nothing_is_written).

A value that is not allowed counts as not written (test_a_bad_value_counts_as_not_written), because it is a problem and
the person sees that. Only the fields in INHERITED come down: a budget is one amount for a whole branch, a reason and
files belong to one task (test_what_belongs_to_one_task_is_not_inherited). Dependencies add up instead, see `waiting`.

Invariant: `values` and `Known` say of every node what `value` says (test_values_agree_with_value).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from orchestrator.outline.fields import flaw
from orchestrator.outline.segments import Kind
from orchestrator.outline.tree import Node, Outline

INHERITED = ("mode", "executor", "model", "priority", "prompt", "type")


def value(outline: Outline, node: Node, key: str) -> str | None:
    """For one node. `key` is one of INHERITED, or else only the node's own field is looked at."""
    found = source(outline, node, key)
    return None if found is None else found[0]


def source(outline: Outline, node: Node, key: str) -> tuple[str, Node | None] | None:
    """The value, and the node that it is written at; without a node it stands in the front matter."""
    step: Node | None = node
    while step is not None:
        if (written := own(step, key)) is not None:
            return written, step
        if key not in INHERITED:
            return None
        step = outline.parent(step)
    top = default(outline, key)
    return None if top is None else (top, None)


def values(outline: Outline, key: str) -> Mapping[int, str | None]:
    """For every node, by its place, in one pass that reads only lines with fields."""
    inherits = key in INHERITED
    top = default(outline, key) if inherits else None
    found: dict[int, str | None] = {}
    above: list[tuple[int, str | None]] = []
    """Rank and value of the nodes around, the outermost first."""
    for index, segment in enumerate(outline.segments):
        shape = segment.shape
        if shape.kind is Kind.TEXT:
            continue
        written = own(outline.node(index), key) if shape.fields else None
        if inherits:
            rank = shape.rank
            while above and above[-1][0] >= rank:
                above.pop()
            if written is None:
                written = above[-1][1] if above else top
            above.append((rank, written))
        found[index] = written
    return found


class Known:
    """Several fields of many nodes of one outline: what nodes hand down is read once for each of these."""

    def __init__(self, outline: Outline, keys: Sequence[str]) -> None:
        self._outline = outline
        self._keys = keys
        self._down = tuple(key for key in keys if key in INHERITED)
        self._top = {key: found for key in self._down if (found := default(outline, key)) is not None}
        self._below: dict[int, Mapping[str, str]] = {}
        """What the node at this place hands down."""

    def of(self, node: Node) -> dict[str, str]:
        """Those that hold for the node, as `value` says of each."""
        return self.of_child(node, self._outline.parent(node))

    def of_child(self, node: Node, parent: Node | None) -> dict[str, str]:
        """The same, of one whose parent is known."""
        found = dict(self._top if parent is None else self._from(parent))
        found.update(self._own(node, self._keys))
        return found

    def _from(self, node: Node) -> Mapping[str, str]:
        if (known := self._below.get(node.index)) is None:
            parent = self._outline.parent(node)
            known = self._top if parent is None else self._from(parent)
            if own := self._own(node, self._down):
                known = {**known, **own}
            self._below[node.index] = known
        return known

    def _own(self, node: Node, keys: Sequence[str]) -> dict[str, str]:
        if not node.fields:
            return {}
        return {key: written for key in keys if (written := own(node, key)) is not None}


def default(outline: Outline, key: str) -> str | None:
    """What the front matter says for the whole outline."""
    defaults: object = outline.front_matter.settings.get("defaults")
    if not isinstance(defaults, Mapping):
        return None
    written = cast("Mapping[Any, Any]", defaults).get(key)
    return written if isinstance(written, str) and flaw(key, written) is None else None


def own(node: Node, key: str) -> str | None:
    """The node's own value, if it is an allowed one."""
    written = node.fields.get(key)
    return written if written is not None and flaw(key, written) is None else None
