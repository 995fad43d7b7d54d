"""Splits that were planned for an older text of their task: what a person said since then is in no subtask."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.outline.problems.problem import Code, Found, Severity, named, place_in
from orchestrator.outline.tree import Task


def stale_split(task: Task) -> Iterator[Found]:
    """Of a task with subtasks whose words are others than those that it was split by."""
    if task.children and not task.status.settled:
        message = (
            f"The subtasks of {named(task)} were planned for an older text of it. "
            "Look whether they still fit, or plan the subtasks anew."
        )
        span = task.title_span if task.title else task.mark_span
        yield Found(Code.STALE_SPLIT, Severity.INFORMATION, place_in(task, span), message)
