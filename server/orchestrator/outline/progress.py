"""How far the tasks below a task are."""

from __future__ import annotations

from orchestrator.model.task import Status
from orchestrator.outline.tree import Task


def progress(task: Task) -> tuple[int, int]:
    """(done, total) of the tasks below it. A cancelled one is left out, with everything below it."""
    done = total = 0
    waiting = list(task.children)
    while waiting:
        child = waiting.pop()
        if child.status is Status.CANCELLED:
            continue
        total += 1
        done += child.status is Status.COMPLETED
        waiting += child.children
    return done, total
