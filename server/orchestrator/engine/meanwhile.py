"""The text while a run works on it: what a person does there, and what became of outcomes that we wrote.

Apart from `run`, which decides by what the journal says, because the text is another's: a person's hand counts more
than what a task comes to.

Invariant: what a person does to a task under way is heeded (test_person_edits_meanwhile).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.engine.crew import settled_above
from orchestrator.engine.marks import BY_HAND, GONE, OLDER, Written
from orchestrator.engine.schedule import End
from orchestrator.errors import EditRefusedError, FileError
from orchestrator.model.ids import record_id
from orchestrator.model.run import Approval, OutboxEntry, OutboxState
from orchestrator.model.task import Status
from orchestrator.outline.tree import Outline

if TYPE_CHECKING:
    from orchestrator.engine.run import BranchRun

POLL_SECONDS = 1.0
LOOK_SECONDS = 0.1
"""How long after a change of the text it is looked at: people type in bursts."""
CONFIRM = ("Leave it open", "Mark it completed")


class Meanwhile:
    def __init__(self, run: BranchRun) -> None:
        self._run = run
        self._changed = asyncio.Event()
        self._gone: dict[str, float] = {}
        """Since when tasks under way are not in the text."""

    def touched(self) -> None:
        """A person may have changed the text."""
        self._changed.set()

    async def watch(self) -> None:
        """Look at every change, until cancelled."""
        run = self._run
        while True:
            # A file tells nothing by itself; one that an editor has open does.
            waits = self._gone or run.crew.absent or not run.holder.is_open
            try:
                async with asyncio.timeout(min(POLL_SECONDS, run.settings.run.grace / 2) if waits else None):
                    await self._changed.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(LOOK_SECONDS)
            self._changed.clear()
            try:
                view = await run.holder.look()
            except (FileError, EditRefusedError):
                continue
            self._react(view.outline)
            run.crew.look_for_absent(view.outline)

    def _react(self, outline: Outline) -> None:
        now = time.monotonic()
        run = self._run
        under_way = run.crew.tasks()
        for key, task in under_way.items():
            found = outline.by_id(key)
            if len(found) != 1:
                since = self._gone.setdefault(key, now)
                if now - since >= run.settings.run.grace:
                    del self._gone[key]
                    task.stop(GONE)
                continue
            self._gone.pop(key, None)
            if found[0].status is Status.COMPLETED:
                task.stop(BY_HAND, End.COMPLETED)
            elif found[0].status is Status.CANCELLED or settled_above(run, outline, found[0]):
                task.stop(BY_HAND)
        for key in self._gone.keys() - under_way.keys():
            del self._gone[key]

    async def on_written(self, written: Sequence[Written]) -> None:
        """Outcomes were written or refused."""
        run = self._run
        tasks = [{"taskId": one.entry.task_id, "mark": one.entry.change["mark"]} for one in written if one.changed]
        if tasks:
            await run.emit("outcome.written", {"tasks": tasks})
        for entry in (one.entry for one in written if one.entry.state is OutboxState.REFUSED):
            run.board.note_reason(entry.task_id, entry.reason)
            await run.emit("outcome.refused", {"taskId": entry.task_id, "reason": entry.reason})
            if entry.reason == OLDER and entry.attempt_id and entry.change["mark"] == "x":
                await self._ask_whether_done(entry, entry.attempt_id)

    async def _ask_whether_done(self, entry: OutboxEntry, attempt_id: str) -> None:
        """It was done for an older text: only a person can say whether that still counts."""
        run = self._run
        title = run.board.title_of(entry.task_id)
        run.needs(f"“{title}” was changed while it ran")
        approval = Approval(
            record_id("approval"),
            run.run_id,
            attempt_id,
            "confirm",
            f"“{title}” was done for an older text of it. Mark it completed all the same?",
            {"choices": list(CONFIRM), "taskId": entry.task_id, "task": title, "change": entry.change},
            time.time(),
        )
        opened = ("approval.opened", {"approvalId": approval.approval_id, "kind": approval.kind})
        stored = run.store.add_approval(approval, [opened])
        run.when_stored(stored)
        await stored
        run.observer.on_approval(approval)
