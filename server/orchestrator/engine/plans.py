"""Small pure operations on a plan: a tree of proposed tasks.

Invariant: what `granted` leaves without a person's word lets no task run by itself or touch a file that would not have
without the plan (test_nothing_runs_by_itself_without_a_word).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.errors import ProtocolError
from orchestrator.model.task import DEFAULT_EXECUTOR, DEFAULT_MODE, Plan, PlannedTask


def count_tasks(plan: Plan) -> int:
    return sum(1 + (count_tasks(task.plan) if task.plan else 0) for task in plan.tasks)


def as_json(plan: Plan) -> dict[str, Any]:
    """As events hold it, in the words of the wire."""
    tasks = [
        {
            "title": task.title,
            "description": task.description,
            "acceptance": task.acceptance,
            "dependsOn": list(task.depends_on),
            **({"mode": task.mode} if task.mode else {}),
            **({"executor": task.executor} if task.executor else {}),
            **({"plan": as_json(task.plan)} if task.plan else {}),
        }
        for task in plan.tasks
    ]
    return {"ordered": plan.ordered, "source": plan.source, "tasks": tasks}


def task_at(plan: Plan, path: tuple[int, ...]) -> PlannedTask:
    """The task at a path that exists."""
    index, *rest = path
    task = plan.tasks[index]
    return task_at(task.plan or Plan(()), tuple(rest)) if rest else task


def replace_at(plan: Plan, path: tuple[int, ...], below: Plan) -> Plan:
    """`plan` with `below` as the subtasks of the task at `path` (the empty path: as the plan itself)."""
    if not path:
        return below
    index, rest = path[0], path[1:]
    if index >= len(plan.tasks):
        return plan
    task = plan.tasks[index]
    changed = replace(task, plan=replace_at(task.plan or Plan(()), rest, below))
    return replace(plan, tasks=(*plan.tasks[:index], changed, *plan.tasks[index + 1 :]))


def select(plan: Plan, items: Sequence[tuple[int, ...]]) -> Plan:
    """Only the tasks at these paths, each with its parents; a task that is named brings all that is below it.

    Dependencies on a task that is left out are dropped. Raises ProtocolError for a path that does not exist.
    """
    if not items or not all(items):
        raise ProtocolError("No subtask was chosen.", hint="Name at least one, or discard the split.")
    wanted: dict[int, list[tuple[int, ...]]] = {}
    for index, *rest in items:
        if not 0 <= index < len(plan.tasks):
            raise ProtocolError(
                f"There is no subtask {index + 1} in this split.", hint=f"It has {len(plan.tasks)}; choose among them."
            )
        wanted.setdefault(index, []).append(tuple(rest))
    kept = sorted(wanted)
    renumbered = {old: new for new, old in enumerate(kept)}
    tasks: list[PlannedTask] = []
    for index in kept:
        task = plan.tasks[index]
        depends_on = tuple(renumbered[other] for other in task.depends_on if other in renumbered)
        below = task.plan if () in wanted[index] else select(task.plan or Plan(()), wanted[index])
        tasks.append(replace(task, depends_on=depends_on, plan=below))
    return replace(plan, tasks=tuple(tasks))


@dataclass(frozen=True, slots=True)
class Inherited:
    """What holds for the subtasks of a task when they say nothing themselves."""

    mode: str = DEFAULT_MODE
    executor: str = DEFAULT_EXECUTOR


def granted(plan: Plan, inherited: Inherited, *, accepted: bool) -> Plan:
    """With only those modes and executors that may be written, and only where they differ from what is inherited.

    A model may always make a task more careful. What lets it run by itself, or do more than answer, needs a person's
    word: `accepted`.
    """
    return replace(plan, tasks=tuple(_granted(task, inherited, accepted=accepted) for task in plan.tasks))


def requests(plan: Plan, inherited: Inherited, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], str]]:
    """Which subtasks would need a person's word, and for what: "mode auto", "executor code"."""
    for index, task in enumerate(plan.tasks):
        asked = granted(Plan((task,)), inherited, accepted=True).tasks[0]
        given = granted(Plan((task,)), inherited, accepted=False).tasks[0]
        wanted = [
            f"{name} {value}"
            for name, value, without in (
                ("mode", asked.mode, given.mode),
                ("executor", asked.executor, given.executor),
            )
            if value != without
        ]
        if wanted:
            yield (*path, index), ", ".join(wanted)
        if task.plan:
            yield from requests(task.plan, _below(asked, inherited), (*path, index))


def _granted(task: PlannedTask, inherited: Inherited, *, accepted: bool) -> PlannedTask:
    mode = task.mode if task.mode != inherited.mode else ""
    executor = task.executor if task.executor != inherited.executor else ""
    if not accepted:
        mode = mode if mode == DEFAULT_MODE else ""
        executor = executor if executor == DEFAULT_EXECUTOR else ""
    kept = replace(task, mode=mode, executor=executor)
    if task.plan is None:
        return kept
    return replace(kept, plan=granted(task.plan, _below(kept, inherited), accepted=accepted))


def _below(task: PlannedTask, inherited: Inherited) -> Inherited:
    return Inherited(task.mode or inherited.mode, task.executor or inherited.executor)
