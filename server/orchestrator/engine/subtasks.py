"""The subtasks of a task that a run splits: written in one edit, once.

Apart from `split`, which shows them to a person first.

Invariant: a split whose end could not be stored is not written again (test_kills_apply_no_edit_twice).
"""

from __future__ import annotations

from orchestrator.engine.editor import Holder
from orchestrator.engine.new_ids import first_ids, seeded_source
from orchestrator.errors import EditRefusedError
from orchestrator.model.task import Plan
from orchestrator.outline.writer import add_subtasks

TRIES = 5


async def write_subtasks(holder: Holder, task_id: str, plan: Plan, *, seed: str) -> int:
    """How many it has. Those of the same seed that are there already are not written again."""
    for tries_left in reversed(range(TRIES)):
        view = await holder.look()
        found = view.outline.by_id(task_id)
        if len(found) != 1:
            raise EditRefusedError(f"The task ^{task_id} is not in the outline any more.", hint="Bring it back (undo).")
        task = found[0]
        if any(child.task_id in first_ids(seed) for child in task.children):
            return len(plan.tasks)
        try:
            edits = add_subtasks(view.outline, task, plan, seeded_source(view, seed), every_id=True)
            await holder.apply(view, edits, f"Split “{task.title}”")
            return len(plan.tasks)
        except EditRefusedError:
            if not tries_left:
                raise
    raise AssertionError("the loop ends by return or raise")
