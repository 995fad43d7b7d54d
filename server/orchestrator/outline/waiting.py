"""What waits for what: order and dependencies as one graph, and the cycles in it.

Apart from the problems because a run asks the same. Every node has two moments, its start and its end:

- a task ends after its own start, and after the end of each of its children;
- a child starts after the start of what it stands below, so it inherits the dependencies of its ancestors and headings;
- in an ordered list a task starts after the end of the one before it; a bullet list and headings imply no order;
- a task (or all tasks below a heading) starts after the end of each task that its `dependsOn` names.

Tasks that are completed or cancelled wait for nothing, so the one before them is waited for in their place.
A dependency on the task itself, or on one above or below it, is left out: it is a problem of its own. Where an id
stands twice, the first task is meant. Nothing here calls itself, however deep the outline.

Invariant: a cycle is found if and only if there is one (test_cycles_are_found_where_brute_force_finds_them).
Invariant: the cost grows with the outline, not faster (test_cycles_cost_what_the_outline_is_long).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from orchestrator.outline.references import Reference
from orchestrator.outline.segments import Container, Kind
from orchestrator.outline.tree import Node, Outline, Task


class Why(StrEnum):
    DEPENDENCY = "dependency"
    ORDER = "order"
    """The other comes before it in an ordered list."""
    CHILD = "child"
    """The other is a part of it."""
    PARENT = "parent"
    """It is a part of the other, and waits for what that waits for."""


@dataclass(frozen=True, slots=True)
class Step:
    node: Node
    why: Why
    on: Node
    """What it waits for."""


@dataclass(frozen=True, slots=True)
class Cycle:
    reference: Reference
    """The first dependency in the document that belongs to it; without it this cycle would be none."""
    steps: tuple[Step, ...]
    """From the reference's node back to it."""


def is_branch_of(node: Node, other: Node) -> bool:
    """Whether `node` is `other` or stands below it."""
    if node.index == other.index:
        return True
    return other.index < node.index < other.outline.segments.branch_end(other.index)


class Waiting:
    """A moment is a number: twice the node's place among the nodes for its start, and one more for its end."""

    def __init__(self, outline: Outline, references: Iterable[Reference], nodes: Iterable[Node] | None = None) -> None:
        """`nodes`: those that matter, in document order, with all that stand above them; all, if none are given.

        A node that has no dependency, is none and has none of them below it changes no cycle: what waits for it waits
        for what stands before it all the same.
        """
        self._nodes = tuple(outline.walk() if nodes is None else nodes)
        self._index = {node: index for index, node in enumerate(self._nodes)}
        self._parents, self._below = self._tree()
        self._before = self._predecessors(outline)
        self._references: list[tuple[Reference, int, int]] = []
        self._needs: dict[int, list[int]] = {}
        for reference in references:
            found = outline.by_id(reference.task_id)
            if found and not is_branch_of(reference.node, found[0]) and not is_branch_of(found[0], reference.node):
                start, end = 2 * self._index[reference.node], 2 * self._index[found[0]] + 1
                self._references.append((reference, start, end))
                self._needs.setdefault(start, []).append(end)

    def cycles(self) -> Iterator[Cycle]:
        """One for each set of nodes that all wait for each other, in document order."""
        component = _components([start for _, start, _ in self._references], self._after)
        seen: set[int] = set()
        for reference, start, end in self._references:
            knot = component[start]
            if knot == component.get(end) and knot not in seen:
                seen.add(knot)
                yield Cycle(reference, tuple(self._steps(self._way(end, start, component))))

    def in_sequence(self, one: Task, other: Task, patience: int) -> bool:
        """Whether one must be done before the other starts; True also if that is not known after `patience` looks."""
        return self._reaches(one, other, patience) or self._reaches(other, one, patience)

    def _reaches(self, one: Task, other: Task, patience: int) -> bool:
        goal = 2 * self._index[other] + 1
        waiting = [2 * self._index[one]]
        seen = set(waiting)
        while waiting:
            for after in self._after(waiting.pop()):
                if after == goal or len(seen) > patience:
                    return True
                if after not in seen:
                    seen.add(after)
                    waiting.append(after)
        return False

    def _tree(self) -> tuple[list[int], list[list[int]]]:
        """The parent of each node, or -1, and its children."""
        parents: list[int] = []
        below: list[list[int]] = [[] for _ in self._nodes]
        above: list[int] = []
        for index, node in enumerate(self._nodes):
            rank = node.segment.shape.rank
            while above and self._nodes[above[-1]].segment.shape.rank >= rank:
                above.pop()
            parents.append(above[-1] if above else -1)
            if above:
                below[above[-1]].append(index)
            above.append(index)
        return parents, below

    def _predecessors(self, outline: Outline) -> list[int]:
        """For each node the one before it in its ordered list that is not settled, or -1."""
        before = [-1] * len(self._nodes)
        ordered = {node.segment: index for index, node in enumerate(self._nodes) if _is_ordered(node)}
        if not ordered:
            return before
        last: dict[Container, int] = {}
        """In the list that is open in each item."""
        for segment in outline.segments:
            shape = segment.shape
            if shape.kind is not Kind.TASK:
                continue
            if not shape.joined:
                last.pop(shape.outer, None)
            index = ordered.get(segment)
            if index is not None:
                before[index] = last.get(shape.outer, -1)
                node = self._nodes[index]
                if isinstance(node, Task) and not node.status.settled:
                    last[shape.outer] = index
        return before

    def _after(self, moment: int) -> Iterator[int]:
        """The moments that this one waits for."""
        index = moment // 2
        node = self._nodes[index]
        if isinstance(node, Task) and node.status.settled:
            return
        if moment % 2:
            yield moment - 1
            for child in self._below[index]:
                yield 2 * child + 1
            return
        if self._parents[index] >= 0:
            yield 2 * self._parents[index]
        if self._before[index] >= 0:
            yield 2 * self._before[index] + 1
        yield from self._needs.get(moment, ())

    def _way(self, start: int, goal: int, component: dict[int, int]) -> list[int]:
        """The shortest one from the goal over `start` back to the goal, within their component."""
        came_from = {start: goal}
        waiting = deque([start])
        while waiting and goal not in came_from:
            moment = waiting.popleft()
            for after in self._after(moment):
                if after not in came_from and component.get(after) == component[goal]:
                    came_from[after] = moment
                    waiting.append(after)
        way = [goal]
        while way[-1] != start:
            way.append(came_from[way[-1]])
        return [goal, *reversed(way)]

    def _steps(self, way: Sequence[int]) -> Iterator[Step]:
        for one, other in pairwise(way):
            if one // 2 != other // 2:
                yield Step(self._nodes[one // 2], self._why(one, other), self._nodes[other // 2])

    def _why(self, one: int, other: int) -> Why:
        if one % 2:
            return Why.CHILD
        if other % 2 == 0:
            return Why.PARENT
        return Why.DEPENDENCY if other in self._needs.get(one, ()) else Why.ORDER


def _is_ordered(node: Node) -> bool:
    return isinstance(node, Task) and node.ordered


def _components(starts: Iterable[int], after: Callable[[int], Iterator[int]]) -> dict[int, int]:
    """Tarjan's strongly connected components, without recursion: a number for every moment that can be reached."""
    component: dict[int, int] = {}
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    for first in starts:
        if first in number:
            continue
        number[first] = low[first] = len(number)
        stack.append(first)
        walk = [(first, after(first))]
        while walk:
            moment, coming = walk[-1]
            for following in coming:
                if following not in number:
                    number[following] = low[following] = len(number)
                    stack.append(following)
                    walk.append((following, after(following)))
                    break
                if following not in component:
                    low[moment] = min(low[moment], number[following])
            else:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[moment])
                if low[moment] == number[moment]:
                    while True:
                        member = stack.pop()
                        component[member] = number[moment]
                        if member == moment:
                            break
    return component
