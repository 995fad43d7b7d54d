"""Dependencies that can never be met: on nothing, on the own branch, or around in a circle."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.outline.fields import place
from orchestrator.outline.problems.problem import (
    MAX_RELATED,
    Also,
    Code,
    Found,
    Place,
    Severity,
    capital,
    named,
    place_in,
)
from orchestrator.outline.references import Reference
from orchestrator.outline.tree import Task
from orchestrator.outline.waiting import Cycle, Step, Waiting, Why, is_branch_of

_SHOWN = 5
"""Tasks of a cycle that the message names; the related places have more."""


def missing(reference: Reference, *, everywhere: bool) -> Iterator[Found]:
    """Of a reference to nothing in this file, or nothing in the whole workspace.

    A warning and no error, because ids are unique in a workspace, and a workspace may be a part of another.
    """
    # What is no id at all is a bad value already.
    if _is_id(reference.task_id):
        where = "this workspace" if everywhere else "this file"
        unseen = "" if everywhere else " (other files are not looked at)"
        message = (
            f"No task of {where} has the id ^{reference.task_id}{unseen}, "
            "so what depends on it may never start. Correct the id, or write it behind the task that is meant."
        )
        yield Found(Code.MISSING_DEPENDENCY, Severity.WARNING, _place(reference), message)


def in_branch(reference: Reference, other: Task) -> Iterator[Found]:
    """Of a reference to this task."""
    if other == reference.node:
        why = "This task depends on itself"
    elif is_branch_of(reference.node, other):
        why = f"{capital(named(other))} is done only when everything below it is, and this depends on it from below"
    elif is_branch_of(other, reference.node):
        why = f"{capital(named(other))} stands below and so waits for the same dependencies as this"
    else:
        return
    message = f"{why}, so it can never start. Remove this dependency; parents wait for their subtasks anyway."
    also = Also(place_in(other, other.title_span), f"This is {named(other)}")
    related = (also,) if other != reference.node else ()
    yield Found(Code.DEPENDENCY_IN_BRANCH, Severity.ERROR, _place(reference), message, related)


def cycles(waiting: Waiting) -> Iterator[Found]:
    """One for each knot of tasks that wait for each other, at its first dependency, with the shortest way around."""
    for cycle in waiting.cycles():
        message = (
            f"These wait for each other, so none of them can be done: {_path(cycle)}. "
            "Remove one of the dependencies, or change the order of the list."
        )
        related = tuple([_explain(step) for step in cycle.steps[:MAX_RELATED]])
        yield Found(Code.DEPENDENCY_CYCLE, Severity.ERROR, _place(cycle.reference), message, related)


def _place(reference: Reference) -> Place:
    return place_in(reference.node, (reference.start, reference.end))


def _path(cycle: Cycle) -> str:
    names = [named(step.node) for step in cycle.steps[:_SHOWN]]
    if left_out := len(cycle.steps) - len(names):
        names.append(f"{left_out:,} more")
    return " → ".join([*names, named(cycle.steps[0].node)])


def _explain(step: Step) -> Also:
    node, on = capital(named(step.node)), named(step.on)
    field = place(step.node.outline.text, step.node, "dependsOn") if step.why is Why.DEPENDENCY else None
    span = (field.start, field.end) if field else step.node.title_span
    match step.why:
        case Why.DEPENDENCY:
            why = f"{node} depends on {on}"
        case Why.ORDER:
            why = f"{node} comes after {on} in an ordered list"
        case Why.CHILD:
            why = f"{node} is done only when {on} is, a task below it"
        case Why.PARENT:
            why = f"{node} stands below {on}, and waits for what that waits for"
    return Also(place_in(step.node, span), why)


def _is_id(text: str) -> bool:
    return text.isascii() and text.replace("-", "a").isalnum()
