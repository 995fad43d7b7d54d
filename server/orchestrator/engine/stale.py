"""Which splits were planned for an older text of their task.

Apart from the split, because a split ends and its task goes on being edited: the store keeps what the text was.
Only the task's own words count, its title, description and acceptance: an edit further up, or below, makes no plan
wrong.

Invariant: a task is stale exactly when its words are others than those of its last split (test_stale_after_an_edit).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from orchestrator.outline.tree import Outline, Task


def text_hash(task: Task) -> str:
    """Of what a planner was asked to divide. Not of its formatting."""
    return words_hash(task.title, task.description, task.acceptance)


def words_hash(*parts: str) -> str:
    words = "\0".join(" ".join(part.split()) for part in parts)
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


def stale_tasks(outline: Outline, hashes: Mapping[str, str]) -> tuple[Task, ...]:
    """Tasks with subtasks whose last split (by task id: the hash of what it was planned for) does not fit any more.

    Settled ones are left alone: nobody plans them anew.
    """
    found: list[Task] = []
    for task_id, planned_for in hashes.items():
        holders = outline.by_id(task_id)
        if len(holders) != 1:
            continue
        (task,) = holders
        if task.children and not task.status.settled and text_hash(task) != planned_for:
            found.append(task)
    return tuple(sorted(found, key=lambda task: task.line))
