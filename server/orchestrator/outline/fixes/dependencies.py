"""Dependencies that can never be met."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from orchestrator.outline.actions.indent import slot_of, stands_alone
from orchestrator.outline.actions.intent import index_of, new_row, rows, settled
from orchestrator.outline.actions.relocate import insertion_before
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.fields import place
from orchestrator.outline.fixes.fix import Edits, Fix, NewId, checked, fields_after, node_at, shown, without_part
from orchestrator.outline.problems import Problem
from orchestrator.outline.tree import Node, Outline, Task

TITLE = "New task"


def missing_dependency(outline: Outline, problem: Problem, _: NewId) -> Iterator[Fix]:
    node = node_at(outline, problem.start)
    if node is None:
        return
    written = outline.text.slice(problem.start, problem.end)
    task_id = written.removeprefix("^")
    known = [task.task_id for task in outline.tasks() if task.task_id is not None and task.line != node.line]
    near = difflib.get_close_matches(task_id, dict.fromkeys(known), n=2, cutoff=0.7)
    for index, other in enumerate(near):
        task = outline.by_id(other)[0]
        yield Fix(
            f"replace:{other}",
            f"Depend on ^{other} {shown(task)} instead",
            lambda other=other: _replaced(outline, node, problem, written, other),
            preferred=index == 0 and len(near) == 1,
        )
    if isinstance(node, Task) and stands_alone(outline.text, node):
        yield Fix("create", f"Create the task ^{task_id}", lambda: _created(outline, node, task_id))
    yield _removal(outline, node, problem, "Remove this dependency")


def in_branch(outline: Outline, problem: Problem, _: NewId) -> Iterator[Fix]:
    """Nothing is lost: a parent waits for its subtasks, and nothing can wait for itself."""
    node = node_at(outline, problem.start)
    if node is not None:
        yield _removal(outline, node, problem, "Remove this dependency", preferred=True, safe=True)


def cycle(outline: Outline, problem: Problem, _: NewId) -> Iterator[Fix]:
    node = node_at(outline, problem.start)
    if node is not None:
        title = f"Break the cycle here: {shown(node)} no longer depends on this"
        yield _removal(outline, node, problem, title, preferred=True)


def _removal(
    outline: Outline, node: Node, problem: Problem, title: str, *, preferred: bool = False, safe: bool = False
) -> Fix:
    def edits() -> Edits:
        field = place(outline.text, node, "dependsOn")
        assert field is not None, "the problem is a part of it"
        return _checked(outline, node, without_part(outline.text, node, field, problem.start))

    return Fix("remove", title, edits, preferred, safe)


def _replaced(outline: Outline, node: Node, problem: Problem, written: str, other: str) -> Edits:
    edit = TextEdit(problem.start, problem.end, "^" * written.startswith("^") + other)
    return _checked(outline, node, edit)


def _checked(outline: Outline, node: Node, edit: TextEdit) -> Edits:
    return checked(outline, (edit,), {node.line: {"fields": fields_after(outline, node, edit)}})


def _created(outline: Outline, task: Task, task_id: str) -> Edits:
    """Before the task, because in a sequence it has to come first."""
    slot = slot_of(outline.text, task)
    tree = rows(outline)
    index = index_of(tree, task)
    row = new_row(tree[index].depth, title=TITLE, task_id=task_id, ordered=task.ordered)
    edit = insertion_before(outline.text, task.line, f"{slot.indent}{slot.marker} [ ] {TITLE}  ^{task_id}")
    return settled(outline, [edit], [*tree[:index], row, *tree[index:]])
