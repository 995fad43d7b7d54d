"""One task of a run: from its brief to its outcome, through the states of `machine`.

Apart from `run`, which decides who may start: here one task is decided, executed, verified or summed up, and split
when doing it fails. An attempt that is resumed begins here anew, with its stored brief, and the journal answers for
what was finished.

Invariant: an executor that raises anything fails its task only (test_a_broken_executor_fails_its_task).
Invariant: no call of a task sees a word of a sibling's conversation (test_no_sibling_transcript_reaches_a_call).
Invariant: a result is not written as completed into a task whose text changed meanwhile (test_person_edits_meanwhile).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from orchestrator.engine import context, executing, judging, stale
from orchestrator.engine.acceptance import read as read_acceptance
from orchestrator.engine.attachments import attachments
from orchestrator.engine.attempt_record import AttemptRecord, Delivered
from orchestrator.engine.context import ResultBrief, build_brief, summed_up
from orchestrator.engine.decompose import Decomposer
from orchestrator.engine.executors import Outcome, TaskContext
from orchestrator.engine.executors.checks import check
from orchestrator.engine.hands import TaskHands
from orchestrator.engine.machine import Signal
from orchestrator.engine.plans import as_json
from orchestrator.engine.routing import BASIC, Asker
from orchestrator.engine.schedule import End
from orchestrator.engine.subtasks import write_subtasks
from orchestrator.errors import (
    BudgetError,
    ConfigError,
    OrchestratorError,
    StoreError,
)
from orchestrator.model.run import Approval, Attempt, AttemptState, SplitOutcome, SplitRecord
from orchestrator.model.safe_text import one_line
from orchestrator.model.task import Plan, Verdict
from orchestrator.model.usage import Cost, Usage
from orchestrator.outline.fields import MAX_REASON
from orchestrator.outline.tree import Outline, Task

if TYPE_CHECKING:
    from orchestrator.engine.run import BranchRun

ALIASES = ("fast", "balanced", "strong")
NOT_NOW, RUN_IT, RUN_ALL = "Not now", "Run it", "Run all by themselves"
LEAVE, COMPLETE = "Leave it open", "Mark it completed"

_log = logging.getLogger(__name__)


class _StoppedError(Exception):
    """The task is over, in a way that is in the journal already."""


class TaskRun:
    """Made by the run for each task that may start; `leaf` or `gather` is the outermost frame of a child."""

    def __init__(self, run: BranchRun, task: Task, outline: Outline, stored: Attempt | None) -> None:
        self.run = run
        self.record = AttemptRecord(run, task, stored)
        self.key, self.title = self.record.key, self.record.title
        self.accounts = run.budgets.accounts(run.schedule, self.key)
        self.stop_reason = ""
        """Why it is being stopped; the attempt ends as cancelled then."""
        self.ended_by_hand: End | None = None
        around = run.around(outline)
        self._fields = around.fields(task)
        self._planned_for = ""
        """The hash of the words that an attempt which goes on began with; else the task's own."""
        if stored and stored.brief:
            self.brief = context.from_json(stored.brief)
            self._planned_for = stale.words_hash(self.brief.title, self.brief.description, self.brief.acceptance)
        else:
            self.brief = build_brief(outline, task, run.crew.fresh, siblings=False, around=around)
        self._files = task.fields.get("files", "")
        self._verdict = ""
        """What a model judged of it, if it was asked."""
        self._task = task
        self._failed = ""
        """Why doing it failed, when it is split for that."""
        self.prompts = run.prompts
        self.hands = TaskHands(self, replay=self.record.resumed)
        for said in run.said_before(self.attempt.attempt_id):
            self.hands.correct(said)

    @property
    def attempt(self) -> Attempt:
        return self.record.attempt

    def asks(self, approval: Approval) -> bool:
        """Whether it waits for this."""
        waits_for = self.record.approval
        return waits_for is not None and waits_for.approval_id == approval.approval_id

    @property
    def waiting(self) -> bool:
        """Whether it waits for a person, and that is stored."""
        return self.record.waiting

    @property
    def takes_in(self) -> str:
        """For a person: from when on it counts what is said to it now."""
        if self.waiting:
            return "It waits for a person; what you said counts when it goes on."
        if self.record.state is AttemptState.VERIFYING:
            return "Its result is being checked; what you said counts if it is done once more."
        if self.record.state in {AttemptState.PLANNING, AttemptState.AGGREGATING}:
            return "No step is left that could take it in; say it to the task that comes of this one."
        return "What you said counts from its next call on; the answer that is being written does not know it."

    # --- the two ways -------------------------------------------------------------------------------------------

    async def leaf(self, *, step_through: bool) -> None:
        """Do a task that has no subtasks."""

        async def work() -> None:
            await self._attach()
            decide = self.run.settings.run.decide and self.record.standing.levels_left > 0
            if step_through:
                self.record.begin(self.brief)
                await self._ask_to_start()
                self.record.signal(Signal.DECIDE if decide else Signal.EXECUTE)
            else:
                self.record.begin(self.brief, Signal.DECIDE if decide else Signal.EXECUTE)
            await self._choose_prompts()
            if decide:
                await self.run.remember()
                verdict = (await self._decomposer().decide(self.brief)).verdict
                self._verdict = verdict.value
                if verdict is Verdict.DECOMPOSE:
                    await self._split()
                    return
                self.record.signal(Signal.EXECUTE)
            await self._deliver(await self._execute(""))

        await self._supervised(work())

    async def gather(self, children: Sequence[ResultBrief]) -> None:
        """Make the result of a task of those of its subtasks."""

        async def work() -> None:
            await self._attach()
            if not self.record.resumed:
                self.brief = summed_up(self.brief, children)
            self.record.begin(self.brief, Signal.EXPAND, Signal.AGGREGATE)
            await self._choose_prompts()
            await self._verify_and_complete(await judging.aggregate(self.brief, self.hands))

        await self._supervised(work())

    def stop(self, reason: str, by_hand: End | None = None) -> None:
        """Stop this task only."""
        if self.record.standing.live and not self.stop_reason:
            self.stop_reason = reason
            self.ended_by_hand = by_hand
            self.run.crew.cancel(self.key)

    def on_spent(self, usage: Usage, price: Cost) -> None:
        self.run.board.spend(usage, price)

    def answered(self, approval: Approval) -> bool:
        """False when it was told before."""
        return self.record.answered(approval)

    async def wait_for(self, approval: Approval, *, is_new: bool) -> str:
        return await self.record.wait_for(approval, is_new=is_new)

    # --- its steps ----------------------------------------------------------------------------------------------

    async def _supervised(self, work: Coroutine[Any, Any, None]) -> None:
        """Whatever happens, the run is told how it ended."""
        try:
            await work
        except _StoppedError:
            pass
        except asyncio.CancelledError:
            if self.stop_reason:
                self._end(Signal.CANCEL, self.ended_by_hand or End.CANCELLED, self.stop_reason)
            else:
                self.run.crew.left(self)
            raise
        except BudgetError as error:
            self.run.crew.short(self, error)
        except OrchestratorError as error:
            if executing.met_by_all(error):
                self.run.crew.fatal(self, error)
            else:
                self._fail(error.message)
        except Exception as error:  # noqa: BLE001 - an executor is anybody's code
            _log.exception("the executor of %s broke", self.attempt.attempt_id)
            self._fail(f"its executor broke ({type(error).__name__})")
        finally:
            self.hands.let_go()

    async def _attach(self) -> None:
        """The files that it names."""
        if self._files and not self.record.resumed:
            files = await asyncio.to_thread(attachments, self._files, self.run.holder.uri, self.run.folder)
            self.brief = replace(self.brief, files=files)

    async def _choose_prompts(self) -> None:
        """Those of the run, with what the task names; an attempt that goes on keeps the versions it began with."""
        self.prompts = self.run.prompts.for_task(self._fields.get("prompt", ""))
        if self.record.resumed:
            self.prompts = self.prompts.pinned(await self.run.store.prompts_of(self.attempt.attempt_id))

    async def _ask_to_start(self) -> None:
        async with self.run.stepping:
            if self.run.auto:
                return
            answer = await self.hands.confirm(f"Run “{self.title}” now?", (NOT_NOW, RUN_IT, RUN_ALL), "start")
            if answer == RUN_ALL:
                self.run.auto = True
            elif answer != RUN_IT:
                self._block("it was left for later")
                raise _StoppedError

    async def _deliver(self, delivered: Delivered | None) -> None:
        """Go on with what came of executing it."""
        if delivered is None:
            await self._split()
        else:
            await self._verify_and_complete(delivered)

    async def _execute(self, evidence: str) -> Delivered | None:
        """None: it failed, and may be split."""
        outcome = await self._outcome(evidence)
        late = self.hands.late_corrections()
        while late and outcome.plain:
            # Said during its last call: what it came to does not know it, so that is no end.
            outcome = await self._outcome("\n".join((*filter(None, (evidence,)), *(f"- {said}" for said in late))))
            before, late = late, self.hands.late_corrections()
            if late == before:  # an executor that takes nothing in
                break
        ledger, standing = self.run.ledger, self.record.standing
        if outcome.edited or ledger.has_limit(self.accounts):
            affordable = not ledger.has_limit(self.accounts) or ledger.affordable(self.accounts, _CENT)
            self.record.standing = replace(standing, edited=standing.edited or outcome.edited, affordable=affordable)
        if outcome.findings is not None:
            findings = [finding.to_json() for finding in outcome.findings]
            self.record.note("attempt.findings", {"taskId": self.key, "findings": findings})
        if outcome.needs_person:
            kept = Delivered(outcome.result, outcome.text or outcome.result)
            self._end(Signal.FAIL, End.FAILED, outcome.needs_person, kept, needs_person=outcome.needs_person)
            raise _StoppedError
        if outcome.failed:
            if self.record.standing.may_split:
                self.hands.tell(f"“{self.title}” failed ({outcome.failed}); it is split.")
                self._failed = outcome.failed
                return None
            self._fail(outcome.failed)
            raise _StoppedError
        draft = outcome.result.startswith(f"Draft by the {BASIC}")
        text = outcome.text or outcome.result
        return Delivered(outcome.result, text, outcome.verified, outcome.edited, outcome.checked, draft)

    async def _outcome(self, evidence: str) -> Outcome:
        executor, task = await executing.prepared(self._context(evidence))
        self.record.done_by(executor.name)
        if task.brief.acceptance != self.brief.acceptance:  # its type's, where it has none
            self.brief = replace(self.brief, acceptance=task.brief.acceptance)
        return await executing.outcome_of(executor, task, self.hands)

    def _context(self, evidence: str = "") -> TaskContext:
        return TaskContext(
            self.run.run_id,
            self.attempt.attempt_id,
            self.key,
            self.brief,
            self.run.folder,
            self.run.holder.uri,
            self._fields,
            self.run.trusted,
            evidence,
        )

    async def _verify_and_complete(self, delivered: Delivered) -> None:
        acceptance = self.brief.acceptance
        if not acceptance or delivered.verified or not self.run.settings.run.verify:
            self._complete(delivered, Signal.VERIFY, Signal.PASS)
            return
        self.record.signal(Signal.VERIFY)
        if not delivered.checked:  # else the executor has run the commands of the acceptance
            checked = await check(self._context(), self.hands, "verify")
            if checked.waiting:
                self._end(Signal.FAIL, End.FAILED, checked.waiting, delivered, needs_person=checked.waiting)
                return
            if checked.failure:
                await self._try_again(delivered, checked.evidence, checked.failure)
                return
            if checked.report:
                delivered = replace(delivered, text=f"{delivered.text}\n\nChecks:\n\n{checked.report}")
                if not read_acceptance(acceptance).words:
                    self._complete(delivered, Signal.PASS)
                    return
        verification = await judging.verify(self.brief, delivered.text, self.hands)
        if verification is None:
            text = f"“{self.title}”: the {BASIC} cannot check the acceptance. Is it met?"
            if await self.hands.confirm(text, (LEAVE, COMPLETE)) == COMPLETE:
                self._complete(delivered, Signal.PASS)
            else:
                self._end(Signal.FAIL, End.FAILED, "its acceptance was not confirmed", delivered)
            return
        if verification.passed:
            self._complete(delivered, Signal.PASS)
            return
        missing = "; ".join(f"{one.criterion}: {one.evidence}" for one in verification.criteria if not one.met)
        await self._try_again(delivered, verification.missing, missing)

    async def _try_again(self, delivered: Delivered, evidence: str, missing: str) -> None:
        """Once, with what was missing; then it has failed."""
        if not self.record.standing.may_retry:
            self._fail(f"not accepted: {missing}", delivered)
            return
        self.record.signal(Signal.EXECUTE, reason=evidence)
        await self._deliver(await self._execute(evidence))

    async def _split(self) -> None:
        """It gets subtasks, which are done in its place; its own attempt ends when they are summed up."""
        self.record.signal(Signal.PLAN)
        holder = self.run.holder
        try:
            await self.run.remember()
            plan = await self._decomposer().plan(self.brief, lambda _plan: None)
            await self.hands.settled()
            await self.run.store.keep_split(replace(self._as_split(plan), outcome=SplitOutcome.WRITING))
            count = await write_subtasks(holder, self.key, plan, seed=self.attempt.attempt_id)
        except OrchestratorError as error:
            if not self._failed or isinstance(error, BudgetError) or executing.met_by_all(error):
                raise
            self.hands.tell(f"“{self.title}” could not be split: {error}")
            self._fail(_both(self._failed, error.message))
            raise _StoppedError from error
        await self.run.store.keep_split(self._as_split(plan))
        self.record.expanded(count)
        self.run.crew.expanded(self, await holder.look())

    def _as_split(self, plan: Plan) -> SplitRecord:
        """For noticing that the task has changed since, and for learning from it when it is taken back."""
        return SplitRecord(
            split_id=self.attempt.attempt_id,
            run_id=self.run.run_id,
            workspace=str(self.run.folder),
            uri=self.run.holder.uri,
            task_id=self.key,
            title=self.title,
            description=self.brief.description,
            text_hash=self._planned_for or stale.text_hash(self._task),
            verdict=self._verdict,
            outcome=SplitOutcome.APPLIED,
            plan=as_json(plan),
            ended=time.time(),
        )

    def _decomposer(self) -> Decomposer:
        most = self.run.settings.split.max_children
        return Decomposer(
            self.run.means.router,
            self.asker,
            self.hands.caller,
            most,
            lambda _route: None,
            experience=self.run.experience,
            examples=self.run.settings.split.examples,
            verdict_alone=True,
            prompts=self.prompts,
            find_route=self.hands.route,
            tell=self.hands.tell,
        )

    @property
    def asker(self) -> Asker:
        """With the task's own alias, unless the person named a model for the run. A file names aliases only."""
        alias = self._fields.get("model", "")
        if self.run.asker.model or not alias:
            return self.run.asker
        if alias not in ALIASES:
            raise ConfigError(
                f"“{self.title}” names the model “{alias}”.", hint=f"A file may only name {', '.join(ALIASES)}."
            )
        return replace(self.run.asker, model=alias, consented=False)

    # --- endings ------------------------------------------------------------------------------------------------

    def _complete(self, delivered: Delivered, *signals: Signal) -> None:
        if late := self.hands.late_corrections():
            said = "; ".join(late)
            self.hands.tell(f"“{self.title}” was done before it could take in what you said: {said}")
        key, board = self.key, self.run.board
        self.record.end(
            *signals,
            delivered=delivered,
            mark="x",
            then=lambda: board.note_result(key, self.attempt.result),
        )
        self.run.crew.ended(self, End.COMPLETED)

    def _fail(self, reason: str, delivered: Delivered | None = None) -> None:
        self._end(Signal.FAIL, End.FAILED, reason, delivered, mark="!")

    def _end(
        self,
        signal: Signal,
        end: End,
        reason: str,
        delivered: Delivered | None = None,
        *,
        mark: str | None = None,
        needs_person: str = "",
    ) -> None:
        """Otherwise than completed."""
        try:
            self.record.end(signal, reason=reason, delivered=delivered, mark=mark)
        except StoreError as error:
            self.run.crew.fatal(self, error)
            return
        self.run.crew.ended(self, end, needs_person=needs_person)

    def _block(self, reason: str) -> None:
        """It is not done in this run, and stays open."""
        try:
            self.record.end(Signal.CANCEL, reason=reason)
        except StoreError as error:
            self.run.crew.fatal(self, error)
            return
        self.run.crew.blocked(self, reason)


def _both(failed: str, not_split: str) -> str:
    """Why doing it failed and why it was not split, within what a mark's reason holds."""
    room = MAX_REASON - len(_NOT_SPLIT.format("", ""))
    first = one_line(failed, max(room // 2, room - len(not_split)))
    return _NOT_SPLIT.format(first, one_line(not_split, room - len(first)))


_NOT_SPLIT = "{} (not split: {})"
_CENT = Decimal("0.01")
