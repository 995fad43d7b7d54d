"""One task of a run: from its brief to its outcome, through the states of `machine`.

Apart from `run`, which decides who may start: here one task is decided, executed, verified or summed up, and split
when doing it fails. Every state is stored before it is told. An attempt that is resumed begins here anew, with its
stored brief, and the journal answers for what was finished.

Invariant: an executor that raises anything fails its task only (test_a_broken_executor_fails_its_task).
Invariant: no call of a task sees a word of a sibling's conversation (test_no_sibling_transcript_reaches_a_call).
Invariant: a result is not written as completed into a task whose text changed meanwhile (test_person_edits_meanwhile).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from orchestrator.engine import context, executors, reading, task_types
from orchestrator.engine.acceptance import read as read_acceptance
from orchestrator.engine.answers import Flaw
from orchestrator.engine.attachments import attachments
from orchestrator.engine.calls import conversation_of
from orchestrator.engine.context import Brief, ResultBrief, build_brief, summed_up, text_hash
from orchestrator.engine.decompose import Decomposer
from orchestrator.engine.executors import Outcome, TaskContext
from orchestrator.engine.executors.checks import Checked, check
from orchestrator.engine.hands import TaskHands
from orchestrator.engine.machine import Signal, Standing, step
from orchestrator.engine.marks import change_of
from orchestrator.engine.prompt_set import PromptSet
from orchestrator.engine.prompting import Prompt
from orchestrator.engine.routing import BASIC, Asker, Route
from orchestrator.engine.schedule import End
from orchestrator.errors import (
    AnswerUnusableError,
    AuthenticationError,
    BudgetError,
    ConfigError,
    ConsentRequiredError,
    EditRefusedError,
    OrchestratorError,
    ProviderUnavailableError,
    StoreError,
)
from orchestrator.model.ids import record_id
from orchestrator.model.message import Role
from orchestrator.model.run import Approval, ApprovalState, Attempt, AttemptState, Conversation, OutboxEntry
from orchestrator.model.task import Plan, Verdict
from orchestrator.model.usage import Cost, Usage
from orchestrator.outline import inherited
from orchestrator.outline.outcome import Outcome as Written
from orchestrator.outline.outcome import clean_result
from orchestrator.outline.tree import Outline, Task
from orchestrator.outline.writer import add_subtasks
from orchestrator.providers.base import Request

if TYPE_CHECKING:
    from orchestrator.engine.run import BranchRun

VERIFY_TOKENS = 4_096
AGGREGATE_TOKENS = 4_096
ALIASES = ("fast", "balanced", "strong")
FATAL = (ConsentRequiredError, ProviderUnavailableError, AuthenticationError, StoreError)
"""Errors that every other task would meet as well: the run pauses, and no task is called failed for them."""
NOT_NOW, RUN_IT, RUN_ALL = "Not now", "Run it", "Run all by themselves"
LEAVE, COMPLETE = "Leave it open", "Mark it completed"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Delivered:
    """What a task came to, before it is verified."""

    result: str
    text: str
    verified: bool = False
    edited: bool = False
    checked: bool = False
    """The commands of its acceptance were run, and passed."""
    draft: bool = False
    """By the small model, which nobody can check with a model."""


class _StoppedError(Exception):
    """The task is over, in a way that is stored already."""


class TaskRun:
    """Made by the run for each task that may start; `leaf` or `gather` is the outermost frame of a child."""

    def __init__(self, run: BranchRun, task: Task, outline: Outline, stored: Attempt | None) -> None:
        self.run = run
        self.key = task.task_id or ""
        self.title = task.title
        self.accounts = (self.key, *run.schedule.above(self.key))
        self.stop_reason = ""
        """Why it is being stopped; the attempt ends as cancelled then."""
        self.ended_by_hand: End | None = None
        self.waiting = False
        """Whether it waits for a person, and that is stored."""
        self._fields = {key: value for key in _KEYS if (value := inherited.value(outline, task, key)) is not None}
        self._before = task.mark
        self._hash = text_hash(task)
        self._standing = Standing(levels_left=run.settings.run.max_depth)
        self._usage: list[tuple[Usage, Cost]] = []
        self._future: asyncio.Future[str] | None = None
        self._approval: Approval | None = None
        self.brief = context.from_json(stored.brief) if stored and stored.brief else Brief(self.title)
        self.attempt = replace(stored, state=AttemptState.PENDING) if stored else self._new_attempt()
        self._resumed = stored is not None
        self.hands = TaskHands(self, replay=self._resumed)
        for said in run.said_before(self.attempt.attempt_id):
            self.hands.correct(said)
        self.prompts = PromptSet()

    @property
    def state(self) -> AttemptState:
        return self._standing.state

    @property
    def approval(self) -> Approval | None:
        """What it waits for."""
        return self._approval

    # --- the two ways -------------------------------------------------------------------------------------------

    async def leaf(self, *, step_through: bool) -> None:
        """Do a task that has no subtasks."""

        async def work() -> None:
            if not self._resumed:
                self.brief = await self._brief()
            await self._begin()
            if step_through:
                await self._ask_to_start()
            if self.run.settings.run.decide and await self._decide():
                await self._split()
                return
            await self._signal(Signal.EXECUTE)
            delivered = await self._execute("")
            if delivered is None:
                await self._split()
                return
            await self._verify_and_complete(delivered)

        await self._supervised(work())

    async def gather(self, children: Sequence[ResultBrief]) -> None:
        """Make the result of a task of those of its subtasks."""

        async def work() -> None:
            if not self._resumed:
                self.brief = summed_up(await self._brief(), children)
            await self._begin()
            await self._signal(Signal.EXPAND, Signal.AGGREGATE)
            await self._verify_and_complete(await self._aggregate())

        await self._supervised(work())

    def stop(self, reason: str, by_hand: End | None = None) -> None:
        """Stop this task only."""
        if self._standing.live and not self.stop_reason:
            self.stop_reason = reason
            self.ended_by_hand = by_hand
            self.run.cancel_child(self.key)

    def on_spent(self, usage: Usage, price: Cost) -> None:
        self.run.on_spent(usage, price)

    @property
    def takes_in(self) -> str:
        """For a person: from when on it counts what is said to it now."""
        if self.waiting:
            return "It waits for a person; what you said counts when it goes on."
        if self.state is AttemptState.VERIFYING:
            return "Its result is being checked; what you said counts if it is done once more."
        if self.state in {AttemptState.PLANNING, AttemptState.AGGREGATING}:
            return "No step is left that could take it in; say it to the task that comes of this one."
        return "What you said counts from its next call on; the answer that is being written does not know it."

    def answered(self, approval: Approval) -> bool:
        """False when it was told before."""
        if self._future is None or self._future.done():
            return False
        self._future.set_result(approval.answer)
        return True

    # --- its steps ----------------------------------------------------------------------------------------------

    async def _supervised(self, work: Any) -> None:
        """Whatever happens, the run is told how it ended."""
        try:
            await work
        except _StoppedError:
            pass
        except asyncio.CancelledError:
            if self.stop_reason:
                await self._end(Signal.CANCEL, self.stop_reason)
                self.run.task_ended(self, self.ended_by_hand or End.CANCELLED)
            else:
                self.run.task_left(self)
            raise
        except FATAL as error:
            self.run.task_fatal(self, error)
        except BudgetError as error:
            await self._budget(error)
        except OrchestratorError as error:
            await self._fail(f"{error.message}")
        except Exception as error:  # noqa: BLE001 - an executor is anybody's code
            _log.exception("the executor of %s broke", self.attempt.attempt_id)
            await self._fail(f"its executor broke ({type(error).__name__})")

    async def _brief(self) -> Brief:
        view = await self.run.holder.look()
        task = self._task(view.outline)
        brief = build_brief(view.outline, task, self.run.fresh, siblings=False, above=self.run.above(view.outline))
        if named := task.fields.get("files", ""):
            files = await asyncio.to_thread(attachments, named, self.run.holder.uri, self.run.folder)
            brief = replace(brief, files=files)
        self._hash = text_hash(task)
        return brief

    def _task(self, outline: Outline) -> Task:
        found = outline.by_id(self.key)
        if len(found) != 1:
            raise EditRefusedError(f"“{self.title}” is not in the outline any more.", hint="Bring it back (undo).")
        return found[0]

    async def _begin(self) -> None:
        named = self._fields.get("prompt", "")
        if self._resumed:
            await self._store_move(("attempt.resumed", {}))
            before = await self.run.store.prompts_of(self.attempt.attempt_id)
            self.prompts = self.run.prompts.for_task(named).pinned(before)
            return
        attempt = self.attempt = replace(self.attempt, brief=context.as_json(self.brief))
        conversation = Conversation(
            attempt.conversation_id,
            str(self.run.folder),
            self.run.holder.uri,
            self.key,
            self.title,
            attempt.started,
            updated=attempt.started,
        )
        self.run.tell(await self.run.store.begin_task(attempt, conversation, [self._told("attempt.started")]))
        self.prompts = self.run.prompts.for_task(named)

    async def _ask_to_start(self) -> None:
        async with self.run.stepping:
            if self.run.auto:
                return
            answer = await self.hands.confirm(f"Run “{self.title}” now?", (NOT_NOW, RUN_IT, RUN_ALL), "start")
            if answer == RUN_ALL:
                self.run.auto = True
            elif answer != RUN_IT:
                await self._end(Signal.CANCEL, "it was left for later")
                self.run.task_blocked(self, "it was left for later")
                raise _StoppedError

    async def _decide(self) -> bool:
        """Whether it needs subtasks."""
        if self._standing.levels_left <= 0:
            return False
        await self._signal(Signal.DECIDE)
        decision = await self._decomposer().decide(self.brief)
        return decision.verdict is Verdict.DECOMPOSE

    async def _execute(self, evidence: str) -> _Delivered | None:
        """None: it failed, and may be split."""
        outcome = await self._outcome(evidence)
        late = self.hands.late_corrections()
        while late and outcome.plain:
            # Said during its last call: what it came to does not know it, so that is no end.
            outcome = await self._outcome("\n".join((*filter(None, (evidence,)), *(f"- {said}" for said in late))))
            before, late = late, self.hands.late_corrections()
            if late == before:  # an executor that takes nothing in
                break
        self._standing = replace(
            self._standing,
            edited=self._standing.edited or outcome.edited,
            affordable=not self.run.ledger.has_limit(self.accounts) or self.run.ledger.affordable(self.accounts, _CENT),
        )
        if outcome.findings is not None:
            findings = [finding.to_json() for finding in outcome.findings]
            await self._store_move(("attempt.findings", {"taskId": self.key, "findings": findings}))
        if outcome.needs_person:
            kept = _Delivered(outcome.result, outcome.text or outcome.result)
            await self._end(Signal.FAIL, outcome.needs_person, delivered=kept, mark=None)
            self.run.task_ended(self, End.FAILED, needs_person=outcome.needs_person)
            raise _StoppedError
        if outcome.failed:
            if self._standing.may_split:
                self.hands.tell(f"“{self.title}” failed ({outcome.failed}); it is split.")
                return None
            await self._fail(outcome.failed)
            raise _StoppedError
        draft = outcome.result.startswith(f"Draft by the {BASIC}")
        text = outcome.text or outcome.result
        return _Delivered(outcome.result, text, outcome.verified, outcome.edited, outcome.checked, draft)

    async def _outcome(self, evidence: str) -> Outcome:
        executor, task = await self._executor(self._context(evidence))
        self.attempt = replace(self.attempt, executor=executor.name)
        self.brief = replace(self.brief, acceptance=task.brief.acceptance)  # its type's, where it has none
        try:
            outcome = await executor.execute(task, self.hands)
        except (*FATAL, BudgetError):
            raise
        except AnswerUnusableError as error:
            return Outcome(failed=error.message)
        except OrchestratorError as error:
            return Outcome(failed=error.message)
        if not isinstance(outcome, Outcome):  # pyright: ignore[reportUnnecessaryIsInstance] - a plug-in may do anything
            return Outcome(failed=f"the executor {executor.name} gave no outcome")
        return outcome

    async def _executor(self, task: TaskContext) -> tuple[executors.Executor, TaskContext]:
        """With what the task's type adds. Plug-ins are looked for on the disk, in a thread; most tasks need none."""

        def look() -> tuple[executors.Executor, TaskContext]:
            name, typed = task_types.resolve(task)
            return executors.find(name, task.workspace), typed

        if "type" not in task.fields and task.fields.get("executor", executors.DEFAULT) in executors.BUILT_IN:
            return look()
        return await asyncio.to_thread(look)

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

    async def _verify_and_complete(self, delivered: _Delivered) -> None:
        acceptance = self.brief.acceptance
        if not acceptance or delivered.verified or not self.run.settings.run.verify:
            await self._complete(delivered, Signal.VERIFY, Signal.PASS)
            return
        await self._signal(Signal.VERIFY)
        checked = await self._check(delivered)
        if checked.waiting:
            await self._end(Signal.FAIL, checked.waiting, delivered=delivered, mark=None)
            self.run.task_ended(self, End.FAILED, needs_person=checked.waiting)
            return
        if checked.failure:
            await self._try_again(delivered, checked.evidence, checked.failure)
            return
        if checked.report:
            delivered = replace(delivered, text=f"{delivered.text}\n\nChecks:\n\n{checked.report}")
            if not read_acceptance(acceptance).words:
                await self._complete(delivered, Signal.PASS)
                return
        verification = await self._verify(delivered)
        if verification is None:
            text = f"“{self.title}”: the {BASIC} cannot check the acceptance. Is it met?"
            if await self.hands.confirm(text, (LEAVE, COMPLETE)) == COMPLETE:
                await self._complete(delivered, Signal.PASS)
            else:
                await self._end(Signal.FAIL, "its acceptance was not confirmed", delivered=delivered, mark=None)
                self.run.task_ended(self, End.FAILED)
            return
        if verification.passed:
            await self._complete(delivered, Signal.PASS)
            return
        missing = "; ".join(f"{one.criterion}: {one.evidence}" for one in verification.criteria if not one.met)
        await self._try_again(delivered, verification.missing, missing)

    async def _try_again(self, delivered: _Delivered, evidence: str, missing: str) -> None:
        """Once, with what was missing; then it has failed."""
        if not self._standing.may_retry:
            await self._fail(f"not accepted: {missing}", delivered)
            return
        await self._signal(Signal.EXECUTE, reason=evidence)
        again = await self._execute(evidence)
        if again is None:
            await self._split()
            return
        await self._verify_and_complete(again)

    async def _check(self, delivered: _Delivered) -> Checked:
        """Run the commands of the acceptance, if the executor has not."""
        return Checked() if delivered.checked else await check(self._context(), self.hands, "verify")

    async def _verify(self, delivered: _Delivered) -> reading.Verification | None:
        """None where no model can judge."""
        if (await self.hands.route(Role.VERIFY)).provider.capabilities.guided:
            return None
        brief = replace(self.brief, files=(), results=(), subtasks=(), parents=(), sections=())
        judged = context.as_text(brief)

        def make(route: Route) -> tuple[Prompt, Request]:
            prompt = self.prompts.get("verify")
            system, user = prompt.render(context=judged, answer=_indented(delivered.text))
            schema = reading.VERIFY_SCHEMA
            return prompt, Request(route.model, system, conversation_of(user), VERIFY_TOKENS, schema)

        answer = ""
        for _ in range(2):
            answer = (await self.hands.call(Role.VERIFY, make)).text
            found = reading.read_verification(answer, delivered.text)
            if not isinstance(found, Flaw):
                return found
        raise AnswerUnusableError(
            "The verification gave no usable answer.", hint="Run it again, or use another model.", raw=answer
        )

    async def _aggregate(self) -> _Delivered:
        children = self.brief.subtasks
        if not children:
            return _Delivered("All its subtasks are done.", "All its subtasks are done.")
        listed = "\n".join(f"- {child.title}: {child.result}" for child in children)
        if (await self.hands.route(Role.AGGREGATE)).provider.capabilities.guided:
            titles = "; ".join(child.title for child in children)
            return _Delivered(clean_result(f"{len(children)} subtasks are done: {titles}"), listed, draft=True)

        def make(route: Route) -> tuple[Prompt, Request]:
            prompt = self.prompts.get("aggregate")
            system, user = prompt.render(context=context.as_text(self.brief))
            schema = reading.AGGREGATE_SCHEMA
            return prompt, Request(route.model, system, conversation_of(user), AGGREGATE_TOKENS, schema)

        answer = ""
        for _ in range(2):
            answer = (await self.hands.call(Role.AGGREGATE, make)).text
            work = reading.read_work(answer)
            if not isinstance(work, Flaw):
                return _Delivered(work.result, f"{work.answer}\n\n{listed}")
        raise AnswerUnusableError(
            "The subtasks could not be summed up: no usable answer.", hint="Run it again.", raw=answer
        )

    async def _split(self) -> None:
        """It gets subtasks, which are done in its place; its own attempt ends when they are summed up."""
        await self._signal(Signal.PLAN)
        plan = await self._decomposer().plan(self.brief, lambda _plan: None)
        added = await self._write_subtasks(plan)
        await self._signal(Signal.PLANNED, reason=f"{added} subtasks")
        self.attempt = replace(self.attempt, ended=time.time())
        await self._store_move()
        self.run.task_expanded(self, await self.run.holder.look())

    async def _write_subtasks(self, plan: Plan) -> int:
        """One edit; subtasks of the same seed that are there already are not written again."""
        for tries_left in reversed(range(5)):
            view = await self.run.holder.look()
            task = self._task(view.outline)
            new_id = self.run.id_source(view, self.attempt.attempt_id)
            ids = self.run.first_ids(self.attempt.attempt_id)
            if any(child.task_id in ids for child in task.children):
                return len(plan.tasks)
            try:
                edits = add_subtasks(view.outline, task, plan, new_id, every_id=True)
                await self.run.holder.apply(view, edits, f"Split “{task.title}”")
                return len(plan.tasks)
            except EditRefusedError:
                if not tries_left:
                    raise
        raise AssertionError("the loop ends by return or raise")

    def _decomposer(self) -> Decomposer:
        most = self.run.settings.split.max_children
        return Decomposer(
            self.run.means.router, self.asker, self.hands.caller, most, lambda _route: None, prompts=self.prompts
        )

    # --- endings ------------------------------------------------------------------------------------------------

    async def _complete(self, delivered: _Delivered, *signals: Signal) -> None:
        if late := self.hands.late_corrections():
            said = "; ".join(late)
            self.hands.tell(f"“{self.title}” was done before it could take in what you said: {said}")
        await self._end(*signals, delivered=delivered, mark="x")
        self.run.task_ended(self, End.COMPLETED)

    async def _fail(self, reason: str, delivered: _Delivered | None = None) -> None:
        try:
            await self._end(Signal.FAIL, reason, delivered=delivered, mark="!")
        except StoreError as error:
            self.run.task_fatal(self, error)
            return
        self.run.task_ended(self, End.FAILED)

    async def _budget(self, error: BudgetError) -> None:
        """Of a branch: only that one stops. Of the run: all of it pauses."""
        if not error.account:
            self.run.task_fatal(self, error)
            return
        await self._end(Signal.CANCEL, error.message)
        self.run.task_blocked(self, error.message)

    async def _end(self, *signals: Signal | str, delivered: _Delivered | None = None, mark: str | None = None) -> None:
        """Store the end with its outcome, tell it, and have it written."""
        reason = "".join(part for part in signals if not isinstance(part, Signal))
        told: list[tuple[str, dict[str, Any]]] = []
        for signal in signals:
            if isinstance(signal, Signal):
                self._standing = step(self._standing, signal)
                told.append(self._told("attempt.state", reason))
        now = time.time()
        result = clean_result(delivered.result) if delivered else ""
        entry = self._entry(mark, reason, result) if mark else None
        self.attempt = replace(
            self.attempt,
            state=self.state,
            reason=reason,
            ended=now,
            result=result,
            answer=delivered.text if delivered else "",
        )
        self.run.tell(await self.run.store.move(self.attempt, told, entry, now))
        if self._approval is not None:
            await self.run.store.withdraw_approvals(self.attempt.attempt_id, now)
            self.run.observer.on_approval(replace(self._approval, state=ApprovalState.WITHDRAWN))
            self._approval = None
        if entry is not None:
            self.run.marks.put(entry)

    def _entry(self, mark: Any, reason: str, result: str = "", before: str = "") -> OutboxEntry:
        outcome = Written(mark, reason, result, self.run.ours.get(self.key, ""))
        change = change_of(self._hash, outcome, before or f"{self._before}?")
        return OutboxEntry(
            record_id("entry"),
            self.run.run_id,
            self.attempt.attempt_id,
            self.run.holder.uri,
            self.key,
            change,
            time.time(),
        )

    async def wait_for(self, approval: Approval, *, is_new: bool) -> str:
        """The person's answer; the task's mark says `[?]` meanwhile."""
        self._standing = step(self._standing, Signal.WAIT)
        self._approval = approval
        self._future = asyncio.get_running_loop().create_future()
        asks = approval.kind == "question"
        told = [self._told("attempt.state", approval.title)]
        entry = self._entry("?", approval.title) if asks else None
        if is_new:
            opened = ("approval.opened", {"approvalId": approval.approval_id, "kind": approval.kind})
            self.run.tell(await self.run.store.add_approval(approval, [opened]))
        self.attempt = replace(self.attempt, state=self.state, reason=approval.title)
        self.run.tell(await self.run.store.move(self.attempt, told, entry, time.time()))
        if entry is not None:
            self.run.marks.put(entry)
        self.run.observer.on_approval(approval)
        self.waiting = True
        self.run.news()
        try:
            answer = await self._future
        finally:
            self.waiting = False
            self._future = None
        self._approval = None
        self._standing = step(self._standing, Signal.RESUME)
        back = self._entry(" ", "", before="?") if asks else None
        self.attempt = replace(self.attempt, state=self.state, reason="")
        told = [self._told("approval.answered", answer), self._told("attempt.state")]
        self.run.tell(await self.run.store.move(self.attempt, told, back, time.time()))
        if back is not None:
            self._before = " "
            self.run.marks.put(back)
        return answer

    async def _signal(self, *signals: Signal, reason: str = "") -> None:
        told: list[tuple[str, dict[str, Any]]] = []
        for signal in signals:
            self._standing = step(self._standing, signal)
            told.append(self._told("attempt.state", reason))
        self.attempt = replace(self.attempt, state=self.state, reason=reason)
        await self._store_move(*told)

    async def _store_move(self, *told: tuple[str, dict[str, Any]]) -> None:
        self.run.tell(await self.run.store.move(self.attempt, told, None, time.time()))

    def _told(self, kind: str, reason: str = "") -> tuple[str, dict[str, Any]]:
        detail = {
            "attemptId": self.attempt.attempt_id,
            "taskId": self.key,
            "title": self.title,
            "state": self.state.value,
            "reason": reason,
        }
        return kind, detail

    def _new_attempt(self) -> Attempt:
        return Attempt(
            record_id("attempt"), self.run.run_id, record_id("conversation"), self.key, self.title, time.time()
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


_CENT = Decimal("0.01")
_KEYS = ("executor", "model", "type", "prompt", "mode", "files", "budget", "priority")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
