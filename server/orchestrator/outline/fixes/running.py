"""Tasks in each other's way, and work that nobody can judge."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.outline.actions.additions import add_acceptance
from orchestrator.outline.actions.chosen import same_list
from orchestrator.outline.actions.ids import id_written
from orchestrator.outline.actions.order import into_sequence
from orchestrator.outline.actions.values import set_value, written_field
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.fixes.fix import Edits, Fix, NewId, checked, shown, task_at
from orchestrator.outline.problems import Problem
from orchestrator.outline.tree import Outline, Task


def shared_file(outline: Outline, problem: Problem, new_id: NewId) -> Iterator[Fix]:
    task = task_at(outline, problem.start)
    other = task_at(outline, problem.related[0].start) if problem.related else None
    if task is None or other is None:
        return
    if same_list(task, other) and not task.ordered:
        yield Fix("sequence", "Turn the bullets into a sequence", lambda: into_sequence(outline, task), preferred=True)
    yield Fix("depend", f"Let {shown(task)} depend on {shown(other)}", lambda: _depending(outline, task, other, new_id))


def missing_acceptance(outline: Outline, problem: Problem, _: NewId) -> Iterator[Fix]:
    task = task_at(outline, problem.start)
    if task is not None:
        yield Fix(
            "add-acceptance",
            "Add an acceptance, to be filled in",
            lambda: add_acceptance(outline, task),
            preferred=True,
        )
        yield Fix(
            "interactive",
            f"Let {shown(task)} wait for a person",
            lambda: set_value(outline, [task], "mode", "interactive"),
        )


def _depending(outline: Outline, task: Task, other: Task, new_id: NewId) -> Edits:
    other_id = other.task_id or new_id()
    edits: list[TextEdit] = []
    changes: dict[int, dict[str, object]] = {}
    if other.task_id is None:
        edits.append(id_written(outline.text, other, other_id))
        changes[other.line] = {"task_id": other_id}
    before = task.fields.get("dependsOn", "")
    wanted = f"{before}, {other_id}" if before else other_id
    edits += written_field(outline.text, task, "dependsOn", wanted)
    changes[task.line] = {"fields": {**task.fields, "dependsOn": wanted}}
    return checked(outline, tuple(edits), changes)
