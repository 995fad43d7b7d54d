"""One attempt in the journal: where it stands, what it waits for, and what its outline is to say.

Apart from `attempt`, which does the work, because here every state is stored before anybody is told of it. States are
queued in their order and not waited for: what comes after them in the journal (a call, an outcome) is stored after
them too.

Invariant: nothing is told before it is stored (test_nothing_is_told_before_it_is_stored).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchestrator.engine import context
from orchestrator.engine.context import Brief, text_hash
from orchestrator.engine.machine import Signal, Standing, step
from orchestrator.engine.marks import change_of
from orchestrator.model.altered import altered
from orchestrator.model.ids import record_id
from orchestrator.model.record import record
from orchestrator.model.run import Approval, ApprovalState, Attempt, AttemptState, Conversation, OutboxEntry
from orchestrator.outline.outcome import Outcome, clean_result
from orchestrator.outline.tree import Task
from orchestrator.store.writer import Write

if TYPE_CHECKING:
    from orchestrator.engine.run import BranchRun

Told = tuple[str, dict[str, Any]]


@record
class Delivered:
    """What a task came to, before it is verified."""

    result: str
    text: str
    verified: bool = False
    edited: bool = False
    checked: bool = False
    """The commands of its acceptance were run, and passed."""
    draft: bool = False
    """By the small model, which nobody can check with a model."""


class AttemptRecord:
    """Of one task, as it stands in the outline when the attempt begins."""

    def __init__(self, run: BranchRun, task: Task, stored: Attempt | None) -> None:
        self._run = run
        self.key = task.task_id or ""
        self.title = task.title
        self.standing = Standing(levels_left=run.settings.run.max_depth)
        self.resumed = stored is not None
        self.attempt = replace(stored, state=AttemptState.PENDING) if stored else _new(run.run_id, task)
        self._executor = self.attempt.executor
        self.approval: Approval | None = None
        """What it waits for."""
        self.waiting = False
        """Whether it waits for a person, and that is stored."""
        self._answer: asyncio.Future[str] | None = None
        self._before = task.mark
        self._text_hash = text_hash(task)

    @property
    def state(self) -> AttemptState:
        return self.standing.state

    def begin(self, brief: Brief, *signals: Signal) -> None:
        """With its first states, where nothing has to be asked before them: what is told is the last of them."""
        if self.resumed:
            self.note("attempt.resumed", {})
            self.signal(*signals)
            return
        self._steps(signals)
        told = [self._told("attempt.started")]
        self.attempt = altered(self.attempt, brief=context.as_json(brief), state=self.state)
        attempt, run = self.attempt, self._run
        conversation = Conversation(
            attempt.conversation_id,
            str(run.folder),
            run.holder.uri,
            self.key,
            self.title,
            attempt.started,
            updated=attempt.started,
        )
        run.when_stored(run.store.begin_task(attempt, conversation, told))

    def signal(self, *signals: Signal, reason: str = "") -> None:
        if signals:
            told = self._steps(signals, reason)
            self._becomes(reason=reason)
            self._move(told)

    def done_by(self, executor: str) -> None:
        """Stored with the next state."""
        self._executor = executor

    def note(self, kind: str, detail: dict[str, Any]) -> None:
        self._move([(kind, detail)])

    def expanded(self, count: int) -> None:
        """It has subtasks now; another attempt sums them up."""
        told = self._steps([Signal.PLANNED], f"{count} subtasks")
        self._becomes(reason=f"{count} subtasks", ended=time.time())
        self._move(told)

    def end(
        self,
        *signals: Signal,
        reason: str = "",
        delivered: Delivered | None = None,
        mark: str | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Store the end with its outcome, then tell it, have it written, and do what comes then."""
        told = self._steps(signals, reason)
        now = time.time()
        result = clean_result(delivered.result) if delivered else ""
        entry = self._entry(mark, reason, result) if mark else None
        answer = delivered.text if delivered else ""
        self._becomes(reason=reason, ended=now, result=result, answer=answer)
        run, approval, self.approval = self._run, self.approval, None

        def stored() -> None:
            if approval is not None:
                run.observer.on_approval(replace(approval, state=ApprovalState.WITHDRAWN))
            if entry is not None:
                run.marks.put(entry)
            if then is not None:
                then()

        if approval is not None:
            run.store.withdraw_approvals(self.attempt.attempt_id, now)
        run.when_stored(run.store.move(self.attempt, told, entry, now), stored)

    async def wait_for(self, approval: Approval, *, is_new: bool) -> str:
        """The person's answer; the task's mark says `[?]` meanwhile."""
        run = self._run
        told = self._steps([Signal.WAIT], approval.title)
        self.approval = approval
        self._answer = asyncio.get_running_loop().create_future()
        asks = approval.kind == "question"
        entry = self._entry("?", approval.title) if asks else None
        if is_new:
            opened = ("approval.opened", {"approvalId": approval.approval_id, "kind": approval.kind})
            run.when_stored(run.store.add_approval(approval, [opened]))
        self._becomes(reason=approval.title)
        await self._move(told, entry)
        run.observer.on_approval(approval)
        self.waiting = True
        run.crew.asks(self.key)
        try:
            answer = await self._answer
        finally:
            self.waiting = False
            run.crew.goes_on(self.key)
            self._answer = None
        self.approval = None
        states = self._steps([Signal.RESUME])
        back = self._entry(" ", "", before="?") if asks else None
        self._becomes(reason="")
        if back is not None:
            self._before = " "
        await self._move([self._told("approval.answered", answer), *states], back)
        return answer

    def answered(self, approval: Approval) -> bool:
        """False when it was told before."""
        if self._answer is None or self._answer.done():
            return False
        self._answer.set_result(approval.answer)
        return True

    def _becomes(self, **changes: Any) -> None:
        """As the journal is to have it."""
        self.attempt = altered(self.attempt, state=self.state, executor=self._executor, **changes)

    def _move(self, told: list[Told], entry: OutboxEntry | None = None) -> Write[Any]:
        run = self._run
        stored = run.store.move(self.attempt, told, entry, time.time())
        run.when_stored(stored, None if entry is None else lambda: run.marks.put(entry))
        return stored

    def _steps(self, signals: Sequence[Signal], reason: str = "") -> list[Told]:
        """Through these states, and what is told of the last one: nobody sees those that it only passes."""
        for signal in signals:
            self.standing = step(self.standing, signal)
        return [self._told("attempt.state", reason)] if signals else []

    def _told(self, kind: str, reason: str = "") -> Told:
        return kind, {
            "attemptId": self.attempt.attempt_id,
            "taskId": self.key,
            "title": self.title,
            "state": str(self.standing.state),
            "reason": reason,
        }

    def _entry(self, mark: Any, reason: str, result: str = "", before: str = "") -> OutboxEntry:
        outcome = Outcome(mark, reason, result, self._run.ours.get(self.key, ""))
        change = change_of(self._text_hash, outcome, before or f"{self._before}?")
        run, attempt_id = self._run, self.attempt.attempt_id
        return OutboxEntry(record_id("entry"), run.run_id, attempt_id, run.holder.uri, self.key, change, time.time())


def _new(run_id: str, task: Task) -> Attempt:
    return Attempt(record_id("attempt"), run_id, record_id("conversation"), task.task_id or "", task.title, time.time())
