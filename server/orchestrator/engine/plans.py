"""Small pure operations on a plan: a tree of proposed tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from orchestrator.errors import ProtocolError
from orchestrator.model.task import Plan, PlannedTask


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
            **({"plan": as_json(task.plan)} if task.plan else {}),
        }
        for task in plan.tasks
    ]
    return {"ordered": plan.ordered, "source": plan.source, "tasks": tasks}


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
