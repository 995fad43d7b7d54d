"""Why a task cannot start yet: what it waits for, by the rules of `waiting`.

Apart from `waiting`, which sees the whole outline as a graph, because here one task is asked about: itself and what
stands above it, each with its own dependencies and its place in an ordered list. What a dependency is worth as the text
stands is said here alone (`dependency`): a card says it to a person, and a run acts by it.

Invariant: nothing blocks a task if and only if it may start as the outline stands
(test_what_may_start_is_not_blocked).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.model.task import Status
from orchestrator.outline.references import named_by
from orchestrator.outline.tree import Node, Outline, Task
from orchestrator.outline.waiting import Why, is_branch_of


class Worth(StrEnum):
    """What a dependency is worth as the text stands."""

    MISSING = "missing"
    """No task has that id."""
    OWN_BRANCH = "own branch"
    """It stands above or below who depends on it, so it is none: a fault of the plan."""
    MET = "met"
    OPEN = "open"
    """Not completed, whatever else its mark says."""


def dependency(outline: Outline, node: Node, task_id: str) -> tuple[Worth, Task | None]:
    """Of what this node depends on, with the task that is named."""
    found = outline.by_id(task_id)
    if not found:
        return Worth.MISSING, None
    if is_branch_of(node, found[0]) or is_branch_of(found[0], node):
        return Worth.OWN_BRANCH, found[0]
    return (Worth.MET if found[0].status is Status.COMPLETED else Worth.OPEN), found[0]


@dataclass(frozen=True, slots=True)
class Blocker:
    why: Why
    """DEPENDENCY or ORDER."""
    node: Node
    """Who waits: the task, or what stands above it."""
    task_id: str | None
    """Of the dependency."""
    on: Task | None
    """None where no task has that id."""


def blockers(outline: Outline, task: Task) -> Iterator[Blocker]:
    """From the task outwards; nothing for one that is completed or cancelled."""
    for node in reversed(outline.path(task)):
        if isinstance(node, Task):
            if node.status.settled:
                return
            before = _before(outline, node)
            if before is not None:
                yield Blocker(Why.ORDER, node, None, before)
        for reference in named_by(outline, node):
            worth, on = dependency(outline, node, reference.task_id)
            if worth in {Worth.MISSING, Worth.OPEN}:
                yield Blocker(Why.DEPENDENCY, node, reference.task_id, on)


def _before(outline: Outline, task: Task) -> Task | None:
    """The nearest one before it in its ordered list that is not settled."""
    if not task.ordered:
        return None
    parent = outline.parent(task)
    found: Task | None = None
    for sibling in outline.nodes if parent is None else parent.children:
        if sibling == task:
            return found
        if (
            isinstance(sibling, Task)
            and sibling.list_line == task.list_line
            and sibling.depth == task.depth
            and not sibling.status.settled
        ):
            found = sibling
    return found
