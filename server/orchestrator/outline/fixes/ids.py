"""An id that stands twice, and one that words stand behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.outline.actions.ids import id_written
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.fixes.fix import Edits, Fix, NewId, checked, shown, task_at
from orchestrator.outline.problems import Problem
from orchestrator.outline.problems.ids import misplaced
from orchestrator.outline.references import Reference, references
from orchestrator.outline.tree import Outline, Task


def duplicate_id(outline: Outline, problem: Problem, new_id: NewId) -> Iterator[Fix]:
    """Dependencies mean the first task of an id, so a fresh one for a later task changes nothing that was said."""
    task = task_at(outline, problem.start)
    if task is None or task.task_id is None:
        return
    old = task.task_id
    named = [reference for reference in references(outline) if reference.task_id == old]
    later = outline.by_id(old)[0].line != task.line
    fresh = Fix("fresh", f"Give {shown(task)} a fresh id", lambda: _fresh(outline, task, (), new_id), later, later)
    moving = Fix(
        "fresh-with-references",
        f"Give {shown(task)} a fresh id, and let what depends on ^{old} depend on it",
        lambda: _fresh(outline, task, named, new_id),
    )
    yield fresh
    if named:
        yield moving
    yield Fix("remove", f"Remove the id of {shown(task)}", lambda: _removed(outline, task))


def misplaced_id(outline: Outline, problem: Problem, _: NewId) -> Iterator[Fix]:
    task = task_at(outline, problem.start)
    found = None if task is None else misplaced(task)
    if task is not None and found is not None:
        yield Fix("move", f"Move ^{found[2]} to the end of the line", lambda: _moved(outline, task, *found), True)


def _moved(outline: Outline, task: Task, start: int, end: int, task_id: str) -> Edits:
    before = start - 1
    while outline.text.slice(before - 1, before) in {" ", "\t"}:
        before -= 1
    edits = (TextEdit(before, end, ""), id_written(outline.text, task, task_id))
    title = " ".join(task.title.replace(f"^{task_id}", "", 1).split())
    return checked(outline, edits, {task.line: {"task_id": task_id, "title": title}})


def _fresh(outline: Outline, task: Task, named: Sequence[Reference], new_id: NewId) -> Edits:
    made = new_id()
    edits = [id_written(outline.text, task, made)]
    changes: dict[int, dict[str, object]] = {task.line: {"task_id": made}}
    for reference in named:
        written = outline.text.slice(reference.start, reference.end)
        edits.append(TextEdit(reference.start, reference.end, "^" * written.startswith("^") + made))
        node = reference.node
        before = changes.setdefault(node.line, {})
        fields = dict(node.fields)
        fields["dependsOn"] = _renamed(fields["dependsOn"], task.task_id or "", made)
        before["fields"] = fields
    return checked(outline, tuple(edits), changes)


def _renamed(value: str, old: str, new: str) -> str:
    """As the first such name in a list of ids is rewritten."""
    parts = value.split(",")
    for index, part in enumerate(parts):
        name = part.strip()
        if name.removeprefix("^") == old:
            parts[index] = part.replace(name, "^" * name.startswith("^") + new)
            break
    return ",".join(parts)


def _removed(outline: Outline, task: Task) -> Edits:
    assert task.id_span is not None
    start, end = task.id_span
    first = task.mark_span[1] + 1
    before = first + len(outline.text.slice(first, start).rstrip(" \t"))
    return checked(outline, (TextEdit(before, end, ""),), {task.line: {"task_id": None}})
