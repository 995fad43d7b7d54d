"""What goes wrong only when the plan runs: tasks in each other's way, and work that nobody can judge."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.outline.fields import path_key, place
from orchestrator.outline.inherited import values
from orchestrator.outline.problems.problem import Code, Problem, Related, Severity, Subject, capital, named
from orchestrator.outline.problems.statuses import OPEN
from orchestrator.outline.tree import Node, Task

_COMPARED = 4
"""Tasks before this one that name the same file and are looked at: a thousand need no million looks."""
_PATIENCE = 100
"""Moments that are looked at to find that one task waits for another; then it is taken for granted."""


def shared_files(subject: Subject) -> Iterator[Problem]:
    """Of open tasks that stand directly below the same task or heading, in no sequence, by `files` of their own."""
    outline = subject.outline
    named_by: dict[tuple[Node | None, str], list[tuple[Task, tuple[int, int]]]] = {}
    for task in outline.tasks():
        field = place(outline.text, task, "files") if task.status in OPEN else None
        if field is None:
            continue
        parent = outline.parent(task)
        for path, start, end in field.parts():
            before = named_by.setdefault((parent, path_key(path)), [])
            for other, span in reversed(before[-_COMPARED:]):
                if other != task and not _in_sequence(subject, task, other):
                    message = (
                        f"{capital(named(other))} names this file too, and both may run at the same time. "
                        "Make them an ordered list, or let one depend on the other."
                    )
                    related = (Related(*span, f"Also here: {named(other)}"),)
                    yield Problem(Code.SHARED_FILE, Severity.WARNING, start, end, message, related)
                    break
            before.append((task, (start, end)))


def _in_sequence(subject: Subject, task: Task, other: Task) -> bool:
    if task.ordered and (task.list_line, task.depth) == (other.list_line, other.depth):
        return True
    return bool(subject.references) and subject.waiting.in_sequence(task, other, _PATIENCE)


def missing_acceptances(subject: Subject) -> Iterator[Problem]:
    """Of open tasks that run by themselves. One above that says how to see it is enough, and so is one in every part.

    Where none has, the outermost task is named once, not all below it too.
    """
    modes = values(subject.outline, "mode")
    tasks = list(subject.outline.tasks())
    unjudged: set[Task] = set()
    for task in reversed(tasks):  # parts before their wholes
        if task.status in OPEN and modes[task] == "auto" and not task.acceptance:
            left = [child for child in task.children if child.status in OPEN]
            if not left or any(child in unjudged for child in left):
                unjudged.add(task)
    silent: set[Task] = set()
    """Whatever stands directly below these is judged, or named, with them."""
    for task in tasks:
        parent = subject.outline.parent(task)
        if parent in silent or task.acceptance:
            silent.add(task)
        elif task in unjudged and all(child in unjudged for child in task.children if child.status in OPEN):
            silent.add(task)
            span = task.title_span if task.title else task.mark_span
            message = (
                f"{capital(named(task))} runs by itself, and nothing says how to see that it is done. "
                "Write a paragraph that starts with `Accept:` below it, or give it [mode:: interactive]."
            )
            yield Problem(Code.MISSING_ACCEPTANCE, Severity.WARNING, *span, message)
