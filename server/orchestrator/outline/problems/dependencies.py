"""Dependencies that can never be met: on nothing, on the own branch, or around in a circle."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.outline.fields import place
from orchestrator.outline.problems.problem import (
    MAX_RELATED,
    Code,
    Problem,
    Related,
    Severity,
    Subject,
    capital,
    named,
)
from orchestrator.outline.tree import Outline
from orchestrator.outline.waiting import Cycle, Step, Why, is_branch_of

_SHOWN = 5
"""Tasks of a cycle that the message names; the related places have more."""


def missing(subject: Subject) -> Iterator[Problem]:
    """A warning and no error, because ids are unique in a workspace and only this file is known here."""
    outline = subject.outline
    foreign: set[str] | None = None
    for reference in subject.references:
        if outline.by_id(reference.task_id):
            continue
        if foreign is None:
            foreign = {task.fields["id"] for task in outline.tasks() if "id" in task.fields}
        # What is no id at all is a bad value already. `[id:: x]` is how Dataview writes an id.
        if reference.task_id in foreign or not _is_id(reference.task_id):
            continue
        message = (
            f"No task of this file has the id ^{reference.task_id} (other files are not looked at), "
            "so what depends on it may never start. Correct the id, or write it behind the task that is meant."
        )
        yield Problem(Code.MISSING_DEPENDENCY, Severity.WARNING, reference.start, reference.end, message)


def in_branch(subject: Subject) -> Iterator[Problem]:
    for reference in subject.references:
        found = subject.outline.by_id(reference.task_id)
        if not found:
            continue
        other = found[0]
        if other == reference.node:
            why = "This task depends on itself"
        elif is_branch_of(reference.node, other):
            why = f"{capital(named(other))} is done only when everything below it is, and this depends on it from below"
        elif is_branch_of(other, reference.node):
            why = f"{capital(named(other))} stands below and so waits for the same dependencies as this"
        else:
            continue
        message = f"{why}, so it can never start. Remove this dependency; parents wait for their subtasks anyway."
        related = (Related(*other.title_span, f"This is {named(other)}"),) if other is not reference.node else ()
        yield Problem(Code.DEPENDENCY_IN_BRANCH, Severity.ERROR, reference.start, reference.end, message, related)


def cycles(subject: Subject) -> Iterator[Problem]:
    """One for each knot of tasks that wait for each other, at its first dependency, with the shortest way around."""
    if not subject.references:
        return
    for cycle in subject.waiting.cycles():
        message = (
            f"These wait for each other, so none of them can be done: {_path(cycle)}. "
            "Remove one of the dependencies, or change the order of the list."
        )
        related = tuple([_explain(subject.outline, step) for step in cycle.steps[:MAX_RELATED]])
        start, end = cycle.reference.start, cycle.reference.end
        yield Problem(Code.DEPENDENCY_CYCLE, Severity.ERROR, start, end, message, related)


def _path(cycle: Cycle) -> str:
    names = [named(step.node) for step in cycle.steps[:_SHOWN]]
    if left_out := len(cycle.steps) - len(names):
        names.append(f"{left_out:,} more")
    return " → ".join([*names, named(cycle.steps[0].node)])


def _explain(outline: Outline, step: Step) -> Related:
    node, on = capital(named(step.node)), named(step.on)
    field = place(outline.text, step.node, "dependsOn") if step.why is Why.DEPENDENCY else None
    start, end = (field.start, field.end) if field else step.node.title_span
    match step.why:
        case Why.DEPENDENCY:
            why = f"{node} depends on {on}"
        case Why.ORDER:
            why = f"{node} comes after {on} in an ordered list"
        case Why.CHILD:
            why = f"{node} is done only when {on} is, a task below it"
        case Why.PARENT:
            why = f"{node} stands below {on}, and waits for what that waits for"
    return Related(start, end, why)


def _is_id(text: str) -> bool:
    return text.isascii() and text.replace("-", "a").isalnum()
