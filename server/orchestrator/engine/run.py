"""A run of a branch: how it begins, what is told of it, how it ends and goes on.

The outline owns the plan and the lasting outcome, the store owns what happened. A run gives ids to its tasks in one
edit (`beginning`), schedules them (`schedule`), has each done in a child of its own (`crew`, `attempt`) and outcomes
written (`marks`), heeds what its person does to the text (`meanwhile`), and shows how it stands (`board`).
It ends as completed (nothing is left that can be done), paused (a person is needed: questions, a budget, a key),
cancelled or failed. A run that paused or was stopped can be resumed (`resuming`); what is finished is not done again.

Invariant: a run is one process's, and ends in the store whatever ends it (test_every_run_ends_in_the_store).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.config import Settings
from orchestrator.engine import beginning, limits, resuming
from orchestrator.engine.beginning import Roots
from orchestrator.engine.board import Board
from orchestrator.engine.branch import BranchObserver, BranchRequest, BranchView, TaskView
from orchestrator.engine.context import Surroundings
from orchestrator.engine.crew import Crew
from orchestrator.engine.editor import Holder
from orchestrator.engine.estimate_line import estimate_line
from orchestrator.engine.experience import Experience, note_taken_back, remembered
from orchestrator.engine.heartbeat import heartbeat
from orchestrator.engine.marks import Marks
from orchestrator.engine.means import BranchMeans
from orchestrator.engine.meanwhile import Meanwhile
from orchestrator.engine.money import Estimate
from orchestrator.engine.prompt_library import PromptLibrary, allowed_by
from orchestrator.engine.prompt_set import PromptSet
from orchestrator.engine.routing import Asker
from orchestrator.engine.schedule import Schedule, refuse, runnable, schedule
from orchestrator.errors import BudgetError, OrchestratorError, StoreError
from orchestrator.model.ids import record_id
from orchestrator.model.run import Approval, AttemptState, Run, RunKind, RunState
from orchestrator.model.safe_text import one_line
from orchestrator.outline.tree import Outline, Task
from orchestrator.providers.prices import Price
from orchestrator.store.store import Store
from orchestrator.store.writer import Write

FLUSHES = 5
ENDED_HERE = "the program ended"
Estimator = Callable[[Outline, Sequence[Task], str], Awaitable[Estimate]]

_log = logging.getLogger(__name__)


class BranchRun:
    """Made by the session; call it from tasks of its event loop only."""

    def __init__(
        self,
        means: BranchMeans,
        holder: Holder,
        roots: Sequence[Task],
        outline: Outline,
        request: BranchRequest,
        asker: Asker,
        observer: BranchObserver,
        estimate: Estimator,
        resumed: Run | None = None,
    ) -> None:
        self.means = means
        self.settings: Settings = means.settings
        self.holder = holder
        self.asker = asker
        self.folder: Path = asker.folder
        self.observer = observer
        self.request = request
        self.run_id = resumed.run_id if resumed else record_id("run")
        self.title = resumed.task_title if resumed else _title(roots)
        self.auto = request.auto
        self.trusted = request.trusted or means.trusted(asker.folder)
        self.ledger = limits.ledger(request, outline)
        self.budgets = limits.Budgets(self.ledger)
        self.schedule = Schedule()
        self.board = Board(observer)
        self.prompts = PromptSet()
        self.crew = Crew(self)
        self.roots = Roots(roots)
        self.outline = outline
        """As it was last planned."""
        self.ours: dict[str, str] = {}
        """Results that we wrote into tasks before."""
        self.stepping = asyncio.Lock()
        self.asking_for_limit = asyncio.Lock()
        self.own_prices: dict[str, Price] = {}
        """By `provider/model`: what the person said in this run."""
        self.experience = Experience()
        self._remembered = False
        self._broke: BudgetError | None = None
        self.said: dict[str, list[str]] = {}
        """What a person said to attempts before the run was resumed."""
        self._estimate = estimate
        self._resumed = resumed
        self._state = RunState.RUNNING
        self._reason = ""
        self._leaves: list[tuple[str, Mapping[str, Any], str]] | None = None if resumed else []
        self._failure: OrchestratorError | None = None
        self._needs_person = ""
        self._stop_reason = ""
        self.unstored: tuple[RunState, str] | None = None
        """How it ended, when that could not be stored: its session does it when the store can be written again."""
        self._ended = asyncio.Event()
        self._meanwhile = Meanwhile(self)
        self._around = Surroundings(outline)
        self._begun = resumed is not None
        self._store: Store | None = None
        self._marks: Marks | None = None

    # --- for edges ----------------------------------------------------------------------------------------------

    @property
    def failure(self) -> OrchestratorError | None:
        """Why it paused or failed, for who must tell one kind from another."""
        return self._failure or self._broke

    @property
    def needs_person(self) -> str:
        """What waits for a person; empty when nothing does."""
        asking = len(self.crew.asking())
        return _questions(asking) if asking else self._needs_person

    @property
    def view(self) -> BranchView:
        return self.board.view(self.run_id, self.title, self._state, self._reason, self.schedule.blocked)

    def tasks(self) -> list[TaskView]:
        """All tasks of the run, in the order in which they came into it."""
        return self.board.tasks(self.schedule.blocked)

    def covers(self, outline: Outline, roots: Sequence[Task]) -> bool:
        """Whether this run works on any of these branches."""
        keys = self.board.keys() or set(self.roots.ids)
        wanted = {task.task_id for task in runnable(roots)}
        return bool(keys & wanted or beginning.above(outline, roots) & set(self.roots.ids))

    async def ended(self) -> BranchView:
        await self._ended.wait()
        return self.view

    def stop(self, reason: str = "user") -> None:
        """Stop all of it; what is finished stays, and it can be resumed."""
        if not self._stop_reason:
            self._stop_reason = reason
            self.crew.news()

    def stop_task(self, task_id: str, reason: str = "user") -> bool:
        """Stop one task, or all that stands below it; the rest goes on. False when it is not in this run."""
        if task_id not in self.schedule:
            return False
        self.crew.stop_branch(task_id, reason)
        return True

    def correct(self, task_id: str, text: str) -> bool:
        """Say something to a task under way, for its next call. False when it is not under way."""
        task = self.crew.find(task_id)
        if task is not None:
            task.hands.correct(text)
        return task is not None

    async def say(self, task_id: str, text: str) -> str:
        """The same, stored first; answers for a person when it counts, and nothing when it is not under way."""
        task = self.crew.find(task_id)
        if task is None:
            return ""
        detail = {"attemptId": task.attempt.attempt_id, "taskId": task_id, "title": task.title, "text": text}
        await self.emit("attempt.corrected", detail)
        return task.takes_in if self.correct(task_id, text) else ""

    def answered(self, approval: Approval) -> None:
        """A question was answered, and that is stored."""
        task = self.crew.waits_for(approval)
        if task is None or task.answered(approval):
            self.observer.on_approval(approval)

    # --- for its tasks, and what works beside them --------------------------------------------------------------

    @property
    def store(self) -> Store:
        assert self._store is not None, "the store is opened first"
        return self._store

    @property
    def marks(self) -> Marks:
        assert self._marks is not None, "made with the store"
        return self._marks

    @property
    def stopping(self) -> bool:
        """Nothing more is to be started."""
        return bool(self._stop_reason) or self._failure is not None

    @property
    def broke(self) -> bool:
        """The money of the whole run is used up: nothing new begins, and what was paid for ends."""
        return self._broke is not None

    def short_of_money(self, error: BudgetError) -> None:
        if error.account:
            self.needs(error.message, first=True)
        else:
            self._broke = self._broke or error

    async def remember(self) -> None:
        """Before its first plan: what the person's own splits teach, as for a single split."""
        if not self._remembered:
            await note_taken_back(self.store, self.holder.uri, (await self.holder.look()).outline)
            self.experience = await remembered(self.store, self.means.config_folder, self.folder)
            self._remembered = True

    def when_stored(self, stored: Write[Any], then: Callable[[], None] | None = None) -> None:
        """Tell the events that it answers as soon as they are stored, then do what may only be done then.

        A store that fails ends the run; whoever queued it need not wait for it.
        """

        def told(done: Write[Any]) -> None:
            if isinstance(done.error, OrchestratorError):
                self.fail(done.error)
                return
            if events := done.result():
                self.board.tell(events)
            if then is not None:
                then()

        stored.add_done_callback(told)

    def said_before(self, attempt_id: str) -> list[str]:
        """What a person said to this attempt before the run was resumed."""
        return self.said.get(attempt_id, [])

    def look_again(self) -> None:
        """The text is not as it was expected."""
        self._meanwhile.touched()

    async def leaves(self) -> list[tuple[str, Mapping[str, Any], str]]:
        """What a person answered in this run when leave was asked: kind, what for, and the answer."""
        if self._leaves is None:
            answered = await self.store.answered_approvals(self.run_id)
            self._leaves = [(one.kind, one.detail, one.answer) for one in answered]
        return self._leaves

    def fail(self, error: OrchestratorError) -> None:
        """It cannot go on as it is; the first reason counts."""
        self._failure = self._failure or error
        self.crew.news()

    def needs(self, what: str, *, first: bool = False) -> None:
        """A person has to see to this; with `first` only if nothing else is known yet."""
        self._needs_person = (self._needs_person or what) if first else what

    def around(self, outline: Outline) -> Surroundings:
        """What stands above the tasks of this outline, as far as it was read already."""
        if self._around.outline is not outline:
            self._around = Surroundings(outline)
        return self._around

    async def emit(self, kind: str, detail: dict[str, Any]) -> None:
        stored = self.store.add_event(self.run_id, kind, detail, time.time())
        # Not behind the wait: what was stored together with it and is not waited for is told before that.
        stored.add_done_callback(lambda done: None if done.exception() else self.board.tell([done.result()]))
        await stored

    # --- the run itself -----------------------------------------------------------------------------------------

    async def work(self) -> None:
        """The outermost frame."""
        unwatch = self.holder.watch(self._meanwhile.touched)
        try:
            self._store = await self.means.open_store()
            self._marks = Marks(self._store, self.holder, self._meanwhile.on_written, self.settings.run.grace)
            library = PromptLibrary(self._store, self.means.config_folder)
            self.prompts = await library.in_force(self.folder, allowed_by(self.means.router.trust, self.folder))
            for note in self.prompts.notes:
                self.observer.on_note(note)
            if self._resumed is None:
                await self._begin()
                told = {"kind": RunKind.BRANCH.value, "title": self.title, "tasks": len(self.schedule)}
                await self.emit("run.started", told)
            else:
                await resuming.go_on(self, self._resumed)
                await self.emit("run.resumed", {"title": self.title, "tasks": len(self.schedule)})
            runner = self.means.runner
            async with (
                runner.beside(heartbeat(self)),
                runner.beside(self._marks.work()),
                runner.beside(self._meanwhile.watch()),
            ):
                await self.crew.work()
                await self.crew.stop()
                await self._store.settled()
                for key, reason in self.crew.without_money.items():
                    self.board.hold(key, reason)
                await self._flush()
            await self._end(*self._outcome())
        except asyncio.CancelledError:
            await self._end(RunState.PAUSED, self._stop_reason or ENDED_HERE)
            raise
        except beginning.NotStartedError:
            await self._end(RunState.CANCELLED, beginning.NOT_STARTED)
        except OrchestratorError as error:
            self._failure = self._failure or error
            await self._end(RunState.PAUSED if self._begun and len(self.board) else RunState.FAILED, error.message)
        except Exception as error:
            await self._end(RunState.PAUSED, f"Orchestrator has a bug here ({type(error).__name__}). See the log.")
            raise
        finally:
            unwatch()

    async def _begin(self) -> None:
        outline = (await self.holder.look()).outline
        roots = self.roots.find(outline)
        refuse(outline, roots)
        await beginning.refuse_second(self.store, self.holder.uri, outline, roots)
        price = "" if self.request.accepted else await self._price(outline, roots)
        self.auto = await beginning.ask_before(self.asker.person, outline, roots, price, self.request)
        view, roots = await beginning.with_ids(self.holder, self.roots.find, self.run_id)
        self.roots = Roots(roots)
        self.plan(view.outline, roots)
        run = Run(
            self.run_id,
            RunKind.BRANCH,
            str(self.folder),
            self.holder.uri,
            roots[0].task_id if len(roots) == 1 else None,
            self.title,
            time.time(),
            request={**self.request.as_json(), "roots": self.roots.ids},
        )
        await self.store.begin_run(run)
        self._begun = True

    async def _price(self, outline: Outline, roots: Sequence[Task]) -> str:
        """What it may take, for the question; what costs nothing is only told."""
        found = await self._estimate(outline, roots, self.request.model)
        line = estimate_line(found)
        if found.cost is not None and found.cost[1] == 0:
            self.observer.on_note(line)
            return ""
        return f"“{one_line(self.title, 60)}”, {line}"

    def plan(self, outline: Outline, roots: Sequence[Task], *, done: Sequence[Task] = ()) -> None:
        """`done`: what was completed before it was resumed."""
        self.schedule = schedule(outline, roots)
        self.budgets.add(outline, roots)
        self.show_new(outline)
        for task in done:
            key = task.task_id or ""
            above = (one.task_id for one in reversed(outline.ancestors(task)) if (one.task_id or "") in self.board)
            self.board.show(key, task.title, next(above, None))
            self.board.note_state(key, AttemptState.COMPLETED)
            self.board.note_result(key, self.crew.fresh.get(key, ""))

    def show_new(self, outline: Outline) -> None:
        """Tasks that came into the run."""
        self.outline = outline
        for key in self.schedule:
            self.board.show(key, self.schedule.title(key), self.schedule.parent(key))

    async def _flush(self) -> None:
        """What cannot be written now stays in the outbox."""
        for _ in range(FLUSHES):
            await self.marks.flush()

    def _outcome(self) -> tuple[RunState, str]:
        if self._stop_reason:
            return RunState.CANCELLED, self._stop_reason
        if self._failure is not None:
            return RunState.PAUSED, self._failure.message
        if self._broke is not None:
            return RunState.PAUSED, self._broke.message
        if self.crew.without_money:
            return RunState.PAUSED, next(iter(self.crew.without_money.values()))
        if waiting := self.board.count(AttemptState.WAITING):
            self._needs_person = _questions(waiting)
            return RunState.PAUSED, self._needs_person
        return RunState.COMPLETED, ""

    async def _end(self, state: RunState, reason: str) -> None:
        if self._ended.is_set():
            return
        self._state, self._reason = state, reason
        try:
            if self._begun:
                await self.store.end_run(self.run_id, state, reason, time.time())
                await self.emit("run.ended", {"state": state.value, "reason": reason})
        except StoreError as error:
            self._failure = self._failure or error
            self.unstored = state, reason
            _log.warning("the end of %s could not be stored: %s", self.run_id, error)
        finally:
            self._ended.set()


def _title(roots: Sequence[Task]) -> str:
    if len(roots) == 1:
        return roots[0].title
    return f"{len(roots)} tasks" if roots else "nothing"


def _questions(count: int) -> str:
    return f"{count} {'question waits' if count == 1 else 'questions wait'} for an answer"
