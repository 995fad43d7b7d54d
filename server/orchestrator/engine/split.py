"""Split one task into subtasks: decide, plan, recurse, show, and write one edit.

Somewhat over 400 lines, because its states, its journal and its one edit have to be read together.

Invariant: nothing is written before READY, and then in one edit (test_recursive_split_is_one_edit).
Invariant: what a person is told was stored before, streamed text excepted (test_events_are_stored_first).
Invariant: once the text has changed the run is completed, whoever stops it (test_stopped_after_the_edit_is_applied).
Invariant: a split that is in the text is remembered, whenever its program ended
(test_a_split_is_remembered_though_its_program_ended).
Invariant: a subtask whose own split fails stays as a leaf, and the failure is told (test_child_failure_keeps_the_rest).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator.config import Settings
from orchestrator.engine.attempts import Thinking
from orchestrator.engine.calls import Caller, spent
from orchestrator.engine.chat_updates import Hub
from orchestrator.engine.context import Brief, build_brief
from orchestrator.engine.decompose import Decomposer
from orchestrator.engine.editor import Place, Target
from orchestrator.engine.expected import expected_usage
from orchestrator.engine.experience import Experience, note_taken_back, remembered
from orchestrator.engine.gates import Gates
from orchestrator.engine.machine import Signal, next_split
from orchestrator.engine.new_ids import id_source
from orchestrator.engine.plans import Inherited, as_json, count_tasks, granted, replace_at, requests, select
from orchestrator.engine.prompt_library import PromptLibrary, allowed_by
from orchestrator.engine.prompt_set import PromptSet
from orchestrator.engine.proposal import Applied, Observer, Proposal, SplitRequest
from orchestrator.engine.routing import Asker, Route, Router
from orchestrator.engine.runner import Runner
from orchestrator.engine.stale import text_hash
from orchestrator.errors import AnswerUnusableError, EditRefusedError, OrchestratorError, ProtocolError, StoreError
from orchestrator.model.ids import record_id
from orchestrator.model.run import (
    Attempt,
    Conversation,
    Run,
    RunKind,
    RunState,
    SplitOutcome,
    SplitRecord,
    SplitState,
)
from orchestrator.model.task import DEFAULT_EXECUTOR, DEFAULT_MODE, Decision, Plan, Verdict
from orchestrator.model.usage import Cost, Usage
from orchestrator.outline import inherited
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.reparse import merged, reparse
from orchestrator.outline.writer import add_subtasks
from orchestrator.store.store import Store

HEARTBEAT_SECONDS = 10.0
APPLY_TRIES = 5
"""How often an edit is computed anew when the person types between computing and applying it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What a split works with, lent by its session."""

    settings: Settings
    runner: Runner
    router: Router
    gates: Gates
    open_store: Callable[[], Awaitable[Store]]
    """Raises StoreError."""
    config_folder: Path
    """Where the person's playbooks are."""
    hub: Hub
    """Who looks at conversations while they go on."""


class Split:
    """A split under way. Made by `Session.start_split`; call it from tasks of its event loop only."""

    kind = RunKind.SPLIT

    def __init__(
        self, means: Means, target: Target, place: Place, request: SplitRequest, asker: Asker, observer: Observer
    ) -> None:
        self._means = means
        self._target = target
        self._request = request
        self._asker = asker
        self._observer = observer
        self._brief = build_brief(place.outline, place.task)
        self._inherited = inherited_of(place)
        self._task_id = place.task.task_id
        self._text_hash = text_hash(place.task)
        self._children = len(place.task.children)
        self._verdict = ""
        self._begun = False
        self._route: Route | None = None
        self._experience = Experience()
        self._prompts = PromptSet()
        self._prompt_name = inherited.value(place.outline, place.task, "prompt") or ""
        self._proposal = Proposal(record_id("run"), 0, SplitState.DECIDING, place.task.title)
        self._spent: list[tuple[Usage, Cost]] = []
        self._notes: list[str] = []
        self._attempt_id = ""
        self._store: Store | None = None
        self._writing = asyncio.Lock()
        self._stop_reason = ""
        self._applied: Applied | None = None
        """Set at the moment at which the text has changed."""
        self._failure: OrchestratorError | None = None
        self._settled = asyncio.Event()
        self._ending = False
        self._ended = asyncio.Event()

    @property
    def run_id(self) -> str:
        return self._proposal.run_id

    @property
    def target(self) -> Target:
        return self._target

    @property
    def proposal(self) -> Proposal:
        """The newest."""
        return self._proposal

    @property
    def failure(self) -> OrchestratorError | None:
        """Why it is FAILED: what the proposal's message says, for who must tell one kind of failure from another."""
        return self._failure

    async def settled(self) -> Proposal:
        """Wait until it is READY or ended. Its own failures are in the proposal and not raised."""
        await self._settled.wait()
        return self._proposal

    async def ended(self) -> Proposal:
        """Wait until it has ended."""
        await self._ended.wait()
        return self._proposal

    async def accept(self, items: Sequence[tuple[int, ...]] | None = None, *, fields: bool = False) -> Applied:
        """Write the proposal (or the ghosts at these paths, with their parents) as one edit.

        `fields`: also the modes and executors in it that need a person's word (`plans.requests`).
        Raises EditRefusedError (the proposal stays READY), ProtocolError for a path that does not exist or a split
        that is not READY.
        """
        async with self._writing:
            self._require_ready()
            plan = self._proposal.plan if items is None else select(self._proposal.plan, items)
            return await self._apply(plan, fields=fields)

    async def preview(self, *, fields: bool = False) -> tuple[Place, tuple[TextEdit, ...]]:
        """What `accept` would write if the text stays as it is until then, with the very same ids.

        Raises EditRefusedError if the target is gone, ProtocolError when it is not READY.
        """
        self._require_ready()
        place = await self._target.place()
        return place, self._edits(place, self._proposal.plan, fields=fields)

    def edit(self, plan: Plan) -> None:
        """Replace the proposal by what a person made of it. ProtocolError when it is not READY."""
        self._require_ready()
        self._show(Signal.READY, plan=plan)

    async def discard(self) -> None:
        """Write nothing; it is recorded, since discarded splits are how prompts are judged."""
        async with self._writing:
            self._require_ready()
            await self._emit("split.discarded", {})
            await self._keep(SplitOutcome.DISCARDED, self._proposal.plan)
            await self._end(Signal.DISCARD, RunState.DISCARDED, "user")

    def stop(self, reason: str = "user") -> None:
        """Cancel and return at once; nothing is written. No effect after the end or while the edit is being made."""
        if not self._ended.is_set() and not self._writing.locked():
            self._stop_reason = reason
            self._means.runner.cancel(self.run_id)

    async def work(self) -> None:
        """The outermost frame of the run."""
        try:
            self._show(None)
            self._store = await self._means.open_store()
            await self._begin()
            await note_taken_back(self._store, self._target.uri, (await self._target.place()).outline)
            self._experience = await remembered(self._store, self._means.config_folder, self._asker.folder)
            self._prompts = await self._find_prompts(self._store)
            async with self._means.runner.beside(self._heartbeat()):
                await self._propose()
                await self._ended.wait()
        except asyncio.CancelledError:
            if self._applied is None:
                await self._end(Signal.CANCEL, RunState.CANCELLED, self._stop_reason or "the program ended")
            else:  # whoever was accepting was stopped right after the edit
                await self._end(Signal.APPLY, RunState.COMPLETED, self._proposal.message)
            raise
        except OrchestratorError as error:
            self._failure = error
            raw = error.raw if isinstance(error, AnswerUnusableError) else ""
            await self._end(Signal.FAIL, RunState.FAILED, str(error), raw=raw)
        except Exception as error:  # told to the person, then raised for the log
            await self._end(
                Signal.FAIL, RunState.FAILED, f"Orchestrator has a bug here ({type(error).__name__}). See the log."
            )
            raise

    async def _begin(self) -> None:
        run = Run(
            run_id=self.run_id,
            kind=self.kind,
            workspace=str(self._asker.folder),
            uri=self._target.uri,
            task_id=self._task_id,
            task_title=self._brief.title,
            started=time.time(),
        )
        if await self._journal.begin_run_alone(run):
            raise EditRefusedError(
                f"Another program is at work on “{self._brief.title}”.", hint="Wait until it has ended, then try again."
            )
        self._begun = True
        await self._emit("run.started", {"kind": run.kind.value, "levels": self._request.levels})

    async def _find_prompts(self, store: Store) -> PromptSet:
        folder = self._asker.folder
        library = PromptLibrary(store, self._means.config_folder)
        found = await library.in_force(folder, allowed_by(self._means.router.trust, folder))
        self._notes += found.notes
        return found.for_task(self._prompt_name)

    async def _propose(self) -> None:
        levels = max(1, min(self._request.levels, self._means.settings.split.max_depth))
        plan = await self._divide(self._brief, (), levels)
        if plan is None:
            await self._keep(SplitOutcome.SIMPLE, Plan(()))
            await self._end(Signal.SIMPLE, RunState.COMPLETED, self._proposal.message)
            return
        await self._emit("split.proposed", {"plan": as_json(plan), "textHash": self._text_hash})
        await self._offer(plan)

    async def _offer(self, plan: Plan) -> None:
        """Show what is proposed, and write it where no person is to see it first."""
        preview = self._means.settings.split.preview if self._request.preview is None else self._request.preview
        # Whoever hears READY may accept at once: take the pen first when it is ours to write.
        if preview:
            self._show(Signal.READY, plan=plan)
            self._settled.set()
            return
        async with self._writing:
            self._show(Signal.READY, plan=plan)
            self._settled.set()
            await self._apply(plan, fields=False)

    async def _divide(self, brief: Brief, path: tuple[int, ...], levels: int) -> Plan | None:
        """Decide and plan one task, and its subtasks as deep as asked; None when it is simple."""
        thinking = await self._begin_attempt(brief)
        async with thinking.to_its_end(lambda: self._stop_reason):
            if not (self._request.force and not path):
                await thinking.advance(Signal.DECIDE)
                decision = await thinking.decomposer.decide(brief)
                if not path:
                    self._verdict = decision.verdict.value
                    await self._tell_decision(brief, decision)
                if decision.verdict is Verdict.EXECUTE:
                    await thinking.advance(Signal.SIMPLE, decision.reason)
                    self._note_simple(path, decision)
                    return None
            await thinking.advance(Signal.PLAN)
            if not path:
                self._show(Signal.PLAN, message="")
            plan = await thinking.decomposer.plan(brief, lambda partial: self._show_plan(path, partial))
            await thinking.advance(Signal.PLANNED)
        self._show_plan(path, plan)
        return await self._divide_children(brief, path, plan, levels - 1) if levels > 1 else plan

    async def _divide_children(self, brief: Brief, path: tuple[int, ...], plan: Plan, levels: int) -> Plan:
        async def one(index: int) -> Plan | None:
            try:
                return await self._divide(brief.child(plan.tasks, index), (*path, index), levels)
            except OrchestratorError as error:
                self._notes.append(f"“{plan.tasks[index].title}” was not split: {error}")
                return None

        below = await self._means.runner.gather([one(index) for index in range(len(plan.tasks))])
        tasks = tuple(replace(task, plan=child) for task, child in zip(plan.tasks, below, strict=True))
        return replace(plan, tasks=tasks)

    async def _begin_attempt(self, brief: Brief) -> Thinking:
        top = brief is self._brief
        attempt = Attempt(
            attempt_id=record_id("attempt"),
            run_id=self.run_id,
            conversation_id=record_id("conversation"),
            task_id=self._task_id if top else None,
            task_title=brief.title,
            started=time.time(),
        )
        if top:
            self._attempt_id = attempt.attempt_id
        conversation = Conversation(
            conversation_id=attempt.conversation_id,
            workspace=str(self._asker.folder),
            uri=self._target.uri,
            task_id=attempt.task_id,
            title=brief.title,
            started=attempt.started,
            updated=attempt.started,
        )
        await self._journal.begin_attempt(attempt, conversation)
        caller = Caller(
            self._journal,
            self._means.runner,
            self._means.settings.calls,
            self._means.gates,
            attempt.attempt_id,
            attempt.conversation_id,
            on_spent=self._on_spent,
            on_wait=lambda text: self._show(None, message=text),
            hub=self._means.hub,
        )
        most = self._means.settings.split.max_children
        shown = self._means.settings.split.examples
        router, asker = self._means.router, self._asker
        decomposer = Decomposer(
            router,
            asker,
            caller,
            most,
            self._on_route,
            self._experience,
            shown,
            self._prompts,
            tell=lambda text: self._show(None, message=text),
        )
        return Thinking(decomposer, self._journal, attempt, self._emit)

    async def _apply(self, plan: Plan, *, fields: bool) -> Applied:
        """Write `plan` where the task is now; compute it anew when the text changed in between."""
        accepted = self._as_json(plan)
        await self._emit("split.accepted", {"plan": accepted, "textHash": self._text_hash, "fields": fields})
        for tries_left in reversed(range(APPLY_TRIES)):
            place = await self._target.place()
            self._require_no_other_split(place, plan)
            try:
                edits = self._edits(place, plan, fields=fields)
                await self._keep(SplitOutcome.WRITING, plan, task_id=_id_after(place, edits))
                version = await self._target.apply(place, edits, self._label(place))
                break
            except EditRefusedError:
                if not tries_left:
                    raise
        else:
            raise AssertionError("the loop ends by break or raise")
        self._applied = applied = Applied(version, self._count(plan))
        try:
            await self._emit("split.applied", {"added": applied.added, "version": version})
            await self._note_task_id()
            await self._keep(SplitOutcome.APPLIED, plan)
        except StoreError as error:  # the text has changed: the split is applied, whatever the store says
            _log.warning("%s was applied, which could not be stored: %s", self.run_id, error)
        older = self._is_for_older_text(place)
        message = "It was planned for an older text of this task." if older else self._proposal.message
        await self._end(Signal.APPLY, RunState.COMPLETED, message, plan=plan)
        return applied

    def _label(self, place: Place) -> str:
        return f"Split “{place.task.title}”"

    def _count(self, plan: Plan) -> int:
        return count_tasks(plan)

    def _edits(self, place: Place, plan: Plan, *, fields: bool) -> tuple[TextEdit, ...]:
        """The same for the same text: new ids are random, but drawn anew from the run's own seed."""
        plan = granted(plan, inherited_of(place), accepted=fields)
        return add_subtasks(place.outline, place.task, plan, self._new_ids(place))

    def _new_ids(self, place: Place) -> Callable[[], str]:
        seeded = random.Random(self.run_id)  # noqa: S311 - an id is no secret
        return id_source(place.outline, place.ids_elsewhere, place.tasks_elsewhere, seeded)

    def _is_for_older_text(self, place: Place) -> bool:
        return text_hash(place.task) != self._text_hash

    def _require_no_other_split(self, place: Place, plan: Plan) -> None:
        """Two splits of one task would leave its subtasks twice. Asking again is a person's word that it is meant.

        In an editor a person may have typed a subtask, and sees it; a file that nobody has open was split by a program.
        """
        added = len(place.task.children) - self._children
        titles = {child.title for child in place.task.children[self._children :]}
        if added <= 0 or (place.version is not None and titles.isdisjoint(task.title for task in plan.tasks)):
            return
        self._children += added
        raise EditRefusedError(
            f"“{place.task.title}” got {added} subtask{'s' if added != 1 else ''} while this split was planned.",
            hint="Look at them; accept again to add these behind them, or discard the split.",
        )

    async def _keep(self, outcome: SplitOutcome, plan: Plan, *, task_id: str | None = None) -> None:
        """For examples, for judging later tasks, and for noticing that the task has changed since.

        `task_id`: of a task that gets it by the edit.
        """
        record = SplitRecord(
            split_id=self.run_id,
            run_id=self.run_id,
            workspace=str(self._asker.folder),
            uri=self._target.uri,
            task_id=self._task_id or task_id,
            title=self._brief.title,
            description=self._brief.description,
            text_hash=self._text_hash,
            verdict=self._verdict,
            outcome=outcome,
            plan=self._as_json(plan),
            ended=time.time(),
        )
        await self._journal.keep_split(record)

    def _as_json(self, plan: Plan) -> dict[str, Any]:
        """What is written, or was not wanted, as the journal has it."""
        return as_json(plan)

    async def _note_task_id(self) -> None:
        """The edit gave the task an id; conversations are found again by it."""
        if self._task_id is not None:
            return
        with suppress(EditRefusedError):
            self._task_id = (await self._target.place()).task.task_id
        if self._task_id is not None:
            await self._journal.set_task_id(self._attempt_id, self._task_id)

    async def _end(
        self, signal: Signal, state: RunState, reason: str, *, raw: str = "", plan: Plan | None = None
    ) -> None:
        """Store the end, then show it. A store that fails now is logged: the end must be told all the same."""
        if self._ending:  # the first one counts; the store must stay open until it is written
            await self._ended.wait()
            return
        self._ending = True
        try:
            if self._store is not None and self._begun:
                await self._journal.end_run(self.run_id, state, reason, time.time())
                await self._emit("run.ended", {"state": state.value, "reason": reason})
        except StoreError as error:
            _log.warning("the end of %s could not be stored: %s", self.run_id, error)
        finally:
            try:
                self._show(signal, message=reason, raw=raw, plan=plan)
            finally:
                self._settled.set()
                self._ended.set()

    async def _emit(self, kind: str, detail: dict[str, Any]) -> None:
        self._observer.on_event(await self._journal.add_event(self.run_id, kind, detail, time.time()))

    def _show(
        self, signal: Signal | None, *, plan: Plan | None = None, message: str | None = None, raw: str = ""
    ) -> None:
        """The next proposal: a new state for a signal, the same state for None."""
        old = self._proposal
        usage, cost = spent(self._spent)
        text = old.message if message is None else message
        if signal is Signal.READY and self._notes:
            text = " ".join(self._notes)
        shown = old.plan if plan is None else plan
        self._proposal = replace(
            old,
            seq=old.seq + 1,
            state=next_split(old.state, signal) if signal else old.state,
            plan=shown,
            asks=tuple(requests(shown, self._inherited)),
            message=text,
            usage=usage,
            cost=cost,
            raw=raw,
        )
        self._observer.on_proposal(self._proposal)

    def _show_plan(self, path: tuple[int, ...], partial: Plan) -> None:
        self._show(None, plan=replace_at(self._proposal.plan, path, partial))

    async def _tell_decision(self, brief: Brief, decision: Decision) -> None:
        """The verdict, how sure it is, and what a plan would cost."""
        usage = await expected_usage(self._journal, self._route, brief, self._prompts.get("plan"))
        expected = self._route.cost(usage) if self._route else None
        self._proposal = replace(self._proposal, decision=decision, expected=expected)
        detail = {"verdict": decision.verdict.value, "reason": decision.reason, "chance": decision.chance}
        await self._emit("split.decided", {**detail, "expectedUsd": None if expected is None else float(expected)})

    def _note_simple(self, path: tuple[int, ...], decision: Decision) -> None:
        if not path:
            sure = f" ({decision.confidence:.0%} sure)" if decision.confidence is not None else ""
            self._proposal = replace(self._proposal, message=f"{decision.reason}{sure}".strip())

    def _on_route(self, route: Route) -> None:
        self._route = route
        self._proposal = replace(self._proposal, source=route.label)

    def _on_spent(self, usage: Usage, cost: Cost) -> None:
        self._spent.append((usage, cost))

    async def _heartbeat(self) -> None:
        while True:
            await self._journal.renew_lease([self.run_id], time.time())
            await asyncio.sleep(HEARTBEAT_SECONDS)

    def _require_ready(self) -> None:
        if self._proposal.state is not SplitState.READY:
            raise ProtocolError(
                f"This split is {self._proposal.state.value}, so there is nothing to accept.",
                hint="Wait until it is ready, or start another one.",
            )

    @property
    def _journal(self) -> Store:
        assert self._store is not None, "the store is opened first"
        return self._store


def _id_after(place: Place, edits: tuple[TextEdit, ...]) -> str | None:
    """The task's id once the edits are made; none of them stands before it."""
    if place.task.task_id is not None:
        return place.task.task_id
    after = reparse(place.outline, merged(place.outline.text, edits) or edits)
    task = after.task_at_line(place.task.line)
    return None if task is None else task.task_id


def inherited_of(place: Place) -> Inherited:
    """What the subtasks of this task inherit."""
    mode, executor = (inherited.value(place.outline, place.task, key) for key in ("mode", "executor"))
    return Inherited(mode or DEFAULT_MODE, executor or DEFAULT_EXECUTOR)
