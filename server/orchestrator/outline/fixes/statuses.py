"""Marks that say something which the rest of the plan does not."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.model.task import Status
from orchestrator.outline.actions.status import set_status
from orchestrator.outline.fixes.fix import Fix, NewId, shown, task_at
from orchestrator.outline.problems import Problem
from orchestrator.outline.tree import Outline, Task
from orchestrator.outline.vocabulary import STATUSES, WRITTEN_MARKS


def unknown_status(outline: Outline, problem: Problem, _: NewId) -> Iterator[Fix]:
    task = task_at(outline, problem.start)
    if task is None:
        return
    for mark, status in WRITTEN_MARKS.items():
        if status not in {Status.FAILED, Status.ASKING}:
            yield _mark(outline, [task], status, f"Write [{mark}]: {STATUSES[status][0]}", status.value)


def missing_reason(outline: Outline, problem: Problem, _: NewId) -> Iterator[Fix]:
    task = task_at(outline, problem.start)
    if task is None:
        return
    yield Fix(
        "add-reason",
        "Add a reason, to be filled in",
        lambda: set_status(outline, [task], task.status),
        preferred="reason" not in task.fields,
    )
    yield _mark(outline, [task], Status.PENDING, f"Open {shown(task)} again", "open")


def completed_with_open_subtasks(outline: Outline, problem: Problem, _: NewId) -> Iterator[Fix]:
    task = task_at(outline, problem.start)
    if task is None:
        return
    left = list(_open_below(task))
    what = "the open subtask" if len(left) == 1 else f"the {len(left):,} open tasks below it"
    yield _mark(outline, [task], Status.PENDING, f"Open {shown(task)} again", "open", preferred=True)
    yield _mark(outline, left, Status.COMPLETED, f"Complete {what}", "complete")
    yield _mark(outline, left, Status.CANCELLED, f"Cancel {what}", "cancel")


def open_with_completed_subtasks(outline: Outline, problem: Problem, _: NewId) -> Iterator[Fix]:
    task = task_at(outline, problem.start)
    if task is not None:
        yield _mark(outline, [task], Status.COMPLETED, f"Complete {shown(task)}", "complete", preferred=True)


def _mark(
    outline: Outline, tasks: list[Task], status: Status, title: str, name: str, *, preferred: bool = False
) -> Fix:
    return Fix(name, title, lambda: set_status(outline, tasks, status), preferred)


def _open_below(task: Task) -> Iterator[Task]:
    """Children that are open, and what is open below them and below completed ones."""
    waiting = list(reversed(task.children))
    while waiting:
        child = waiting.pop()
        if child.status is Status.CANCELLED or child.status is Status.OTHER:
            continue
        if not child.status.settled:
            yield child
        waiting.extend(reversed(child.children))
