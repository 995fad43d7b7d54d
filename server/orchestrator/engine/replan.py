"""Plan a task's subtasks anew: what to keep, to reword, to add, and what is obsolete.

A re-plan is a split in all that a person sees: it is journaled, previewed, accepted, discarded and undone as one.
Apart from `split` because what it proposes are changes of subtasks that exist. `Proposal.changes` has them.

Invariant: running it twice changes nothing (test_replanning_twice_changes_nothing).
Invariant: a subtask that is done keeps its every byte (test_completed_subtasks_are_locked).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from orchestrator.engine.changes import Change, ChangeKind, changes_as_json, existing, rewrite_edits
from orchestrator.engine.editor import Place
from orchestrator.engine.machine import Signal
from orchestrator.engine.plans import granted
from orchestrator.engine.proposal import Applied
from orchestrator.engine.split import Split, inherited_of
from orchestrator.errors import EditRefusedError, ProtocolError
from orchestrator.model.run import RunKind, RunState
from orchestrator.model.task import Plan
from orchestrator.outline.edits import TextEdit

NOTHING = "The subtasks fit the task as they are."


class Replan(Split):
    """Made by `Session.start_split` for a request that says `replan`."""

    kind = RunKind.REPLAN

    async def accept(self, items: Sequence[tuple[int, ...]] | None = None, *, fields: bool = False) -> Applied:
        """Write the changes, or those with these numbers (paths of one index)."""
        async with self._writing:
            self._require_ready()
            whole = self._proposal
            if items is not None:
                self._select(items)
            try:
                return await self._apply(self._proposal.plan, fields=fields)
            except EditRefusedError:  # it stays as it was, to be accepted again
                self._proposal = replace(self._proposal, changes=whole.changes, plan=whole.plan)
                raise

    def edit(self, plan: Plan) -> None:  # noqa: ARG002 - the signature is the split's
        raise ProtocolError("A re-plan cannot be edited.", hint="Accept some of its changes, or discard it.")

    async def _propose(self) -> None:
        place = await self._target.place()
        subtasks = existing(place.task)
        thinking = await self._begin_attempt(self._brief)
        async with thinking.to_its_end(lambda: self._stop_reason):
            await thinking.advance(Signal.PLAN)
            self._show(Signal.PLAN, message="")
            changes = await thinking.decomposer.revise(self._brief, subtasks)
            await thinking.advance(Signal.PLANNED)
        if not changes:
            await self._end(Signal.SIMPLE, RunState.COMPLETED, NOTHING)
            return
        self._proposal = replace(self._proposal, changes=changes)
        await self._emit("split.proposed", {"changes": changes_as_json(changes), "textHash": self._text_hash})
        await self._offer(_added(changes))

    def _label(self, place: Place) -> str:
        return f"Re-plan “{place.task.title}”"

    def _count(self, plan: Plan) -> int:  # noqa: ARG002 - the changes are counted, not what of them is new
        return len(self._proposal.changes)

    def _as_json(self, plan: Plan) -> dict[str, Any]:
        return {**super()._as_json(plan), "changes": changes_as_json(self._proposal.changes)}

    def _edits(self, place: Place, plan: Plan, *, fields: bool) -> tuple[TextEdit, ...]:
        allowed = iter(granted(plan, inherited_of(place), accepted=fields).tasks)
        changes = [
            replace(change, task=next(allowed)) if change.kind is ChangeKind.ADD else change
            for change in self._proposal.changes
        ]
        return rewrite_edits(place.outline, place.task, changes, self._new_ids(place))

    def _select(self, items: Sequence[tuple[int, ...]]) -> None:
        changes = self._proposal.changes
        if not items or any(len(path) != 1 or not 0 <= path[0] < len(changes) for path in items):
            raise ProtocolError(
                "There is no such change in this plan.", hint=f"It has {len(changes)}; choose among them."
            )
        chosen = tuple(changes[index] for index in sorted({path[0] for path in items}))
        self._proposal = replace(self._proposal, changes=chosen, plan=_added(chosen))


def _added(changes: Sequence[Change]) -> Plan:
    return Plan(tuple(change.task for change in changes if change.kind is ChangeKind.ADD))
