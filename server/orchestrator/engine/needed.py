"""What a branch waits for outside of itself: the offer is to run that too, it is never pulled in. Pure.

Apart from `schedule`, which only says that such a task cannot start.

Invariant: with what is needed a branch has no dependency outside of what runs (test_what_is_needed_is_complete).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.engine.schedule import runnable
from orchestrator.outline.references import named_by
from orchestrator.outline.tree import Node, Outline, Task
from orchestrator.outline.waiting import is_branch_of


def needed(outline: Outline, roots: Sequence[Task]) -> list[Task]:
    """Open tasks outside of these branches that they wait for, and what those wait for in turn."""
    found: list[Task] = []
    looking = list(roots)
    while looking:
        branch = looking.pop(0)
        for holder in _holders(outline, branch):
            for reference in named_by(outline, holder) if _names_any(outline, holder) else ():
                for other in outline.by_id(reference.task_id):
                    related = is_branch_of(holder, other) or is_branch_of(other, holder)
                    if other.status.settled or related or any(is_branch_of(other, one) for one in (*roots, *found)):
                        continue
                    found.append(other)
                    looking.append(other)
    return found


def with_needed(outline: Outline, roots: Sequence[Task]) -> list[Task]:
    """The branches together with what they need, none of them inside another, in document order."""
    every = sorted({*roots, *needed(outline, roots)}, key=lambda task: task.line)
    return [task for task in every if not any(task != other and is_branch_of(task, other) for other in every)]


def _names_any(outline: Outline, holder: Node) -> bool:
    """Looking for the word costs less than reading the line, and most lines do not have it."""
    return holder.segment.shape.fields and "dependsOn" in outline.text.line(holder.line)


def _holders(outline: Outline, branch: Task) -> Iterator[Node]:
    """Whose dependencies count: those of the tasks, and of all above the branch."""
    yield from runnable((branch,))
    yield from outline.path(branch)[:-1]
