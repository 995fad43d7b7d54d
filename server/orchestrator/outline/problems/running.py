"""What goes wrong only when the plan runs: tasks in each other's way, and work that nobody can judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from orchestrator.outline.fields import path_key, place
from orchestrator.outline.inherited import own, value
from orchestrator.outline.problems.problem import Also, Code, Found, Place, Severity, capital, named, place_in
from orchestrator.outline.problems.statuses import OPEN
from orchestrator.outline.tree import Node, Task
from orchestrator.outline.waiting import Waiting

_COMPARED = 4
"""Tasks before this one that name the same file and are looked at: a thousand need no million looks."""
_PATIENCE = 100
"""Moments that are looked at to find that one task waits for another; then it is taken for granted."""


@dataclass(frozen=True, slots=True)
class NamedFile:
    key: str
    """The same for two ways to write one path."""
    place: Place


def files_of(node: Node) -> tuple[NamedFile, ...]:
    """What the task's own `files` field names, if the task is open."""
    if not isinstance(node, Task) or not node.segment.shape.fields or node.status not in OPEN:
        return ()
    field = place(node.outline.text, node, "files")
    if field is None:
        return ()
    return tuple(NamedFile(path_key(path), place_in(node, (start, end))) for path, start, end in field.parts())


def shared_files(
    tasks: Iterable[tuple[Task, tuple[NamedFile, ...]]], waiting: Callable[[], Waiting | None]
) -> Iterator[Found]:
    """Of open tasks that stand directly below the same task or heading, in no sequence, by `files` of their own.

    The tasks are in document order. `waiting` knows them, or is None where nothing depends on anything.
    """
    named_by: dict[tuple[Node | None, str], list[tuple[Task, Place]]] = {}
    for task, files in tasks:
        parent = task.outline.parent(task)
        for file in files:
            before = named_by.setdefault((parent, file.key), [])
            for other, found in reversed(before[-_COMPARED:]):
                if other != task and not _in_sequence(waiting, task, other):
                    message = (
                        f"{capital(named(other))} names this file too, and both may run at the same time. "
                        "Make them an ordered list, or let one depend on the other."
                    )
                    related = (Also(found, f"Also here: {named(other)}"),)
                    yield Found(Code.SHARED_FILE, Severity.WARNING, file.place, message, related)
                    break
            before.append((task, file.place))


def _in_sequence(waiting: Callable[[], Waiting | None], task: Task, other: Task) -> bool:
    if task.ordered and other.ordered and task.segment.shape.outer is other.segment.shape.outer:
        outline = task.outline
        if outline.list_start(task.index) == outline.list_start(other.index):
            return True
    graph = waiting()
    return graph is not None and graph.in_sequence(task, other, _PATIENCE)


def missing_acceptances(top: Task, accepts: Callable[[Task], bool]) -> Iterator[Found]:
    """Of open tasks that run by themselves, in the branch of a task that stands below no other one.

    One above that says how to see it is enough, and so is one in every part. Where none has, the outermost task is
    named once, not all below it too.
    """
    branch = _Branch(top)
    tasks, below = branch.tasks, branch.open_below
    unjudged: set[int] = set()
    for index in range(len(tasks) - 1, -1, -1):  # parts before their wholes
        task = tasks[index]
        if task.status in OPEN and branch.modes[index] == "auto" and not accepts(task):
            left = below[index]
            if not left or any(child in unjudged for child in left):
                unjudged.add(index)
    if not unjudged:
        return
    silent: set[int] = set()
    """Whatever stands directly below these is judged, or named, with them."""
    for index, task in enumerate(tasks):
        if branch.parents[index] in silent or accepts(task):
            silent.add(index)
        elif index in unjudged and all(child in unjudged for child in below[index]):
            silent.add(index)
            span = task.title_span if task.title else task.mark_span
            message = (
                f"{capital(named(task))} runs by itself, and nothing says how to see that it is done. "
                "Write a paragraph that starts with `Accept:` below it, or give it [mode:: interactive]."
            )
            yield Found(Code.MISSING_ACCEPTANCE, Severity.WARNING, place_in(task, span), message)


class _Branch:
    """A branch as lists, by the order of its tasks."""

    def __init__(self, top: Task) -> None:
        outline = top.outline
        nodes = outline.nodes_between(top.index, outline.segments.branch_end(top.index))
        self.tasks = [node for node in nodes if isinstance(node, Task)]
        self.parents: list[int] = []
        self.open_below: list[list[int]] = [[] for _ in self.tasks]
        """The open children of each."""
        self.modes: list[str | None] = []
        above: list[int] = []
        for index, task in enumerate(self.tasks):
            rank = task.segment.shape.rank
            while above and self.tasks[above[-1]].segment.shape.rank >= rank:
                above.pop()
            self.parents.append(above[-1] if above else -1)
            if above and task.status in OPEN:
                self.open_below[above[-1]].append(index)
            written = own(task, "mode") if task.segment.shape.fields or not above else None
            if written is None:
                written = self.modes[above[-1]] if above else value(outline, task, "mode")
            self.modes.append(written)
            above.append(index)
