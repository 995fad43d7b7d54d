"""A run of a branch: who may start, what it costs, what is stored, what is told, how it ends and goes on.

Longer than most files here, because starting, pausing, stopping and resuming must not drift apart.

The outline owns the plan and the lasting outcome, the store owns what happened. A run gives ids to its tasks in one
edit, schedules them (`schedule`), does each in a child of its own (`attempt`), and has outcomes written (`marks`).
It ends as completed (nothing is left that can be done), paused (a person is needed: questions, a budget, a key),
cancelled or failed. A run that paused or was stopped can be resumed; what is finished is not done again.

Invariant: a failure holds only what builds on it (test_a_failure_leaves_the_others_alone).
Invariant: a run is one process's, and ends in the store whatever ends it (test_every_run_ends_in_the_store).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from orchestrator.config import Settings
from orchestrator.engine.attempt import TaskRun
from orchestrator.engine.branch import BranchObserver, BranchRequest, BranchView, TaskView
from orchestrator.engine.calls import spent
from orchestrator.engine.context import ParentBrief, ResultBrief
from orchestrator.engine.editor import Holder, Question, View
from orchestrator.engine.estimate_line import estimate_line
from orchestrator.engine.marks import BY_HAND, GONE, OLDER, Marks, Written
from orchestrator.engine.means import BranchMeans
from orchestrator.engine.money import Estimate, Ledger, budget_of
from orchestrator.engine.new_ids import id_source
from orchestrator.engine.prompt_library import PromptLibrary, allowed_by
from orchestrator.engine.prompt_set import PromptSet
from orchestrator.engine.routing import Asker
from orchestrator.engine.schedule import End, Kind, Schedule, refuse, runnable, schedule
from orchestrator.errors import EditRefusedError, FileError, OrchestratorError, StoreError, TaskError, TrustError
from orchestrator.model.ids import record_id
from orchestrator.model.run import (
    Approval,
    ApprovalState,
    Attempt,
    AttemptState,
    Event,
    OutboxEntry,
    OutboxState,
    Run,
    RunKind,
    RunState,
)
from orchestrator.model.safe_text import one_line
from orchestrator.model.task import Status
from orchestrator.model.usage import Cost, Usage
from orchestrator.outline import inherited
from orchestrator.outline.identity import fresh_id
from orchestrator.outline.outcome import give_ids
from orchestrator.outline.tree import Outline, Task
from orchestrator.store.leases import HEARTBEAT_SECONDS
from orchestrator.store.store import Store

POLL_SECONDS = 1.0
LOOK_SECONDS = 0.1
"""How long after a change of the text it is looked at: people type in bursts."""
TRIES = 5
HOW = ("Ask before each", "Run all by themselves")
NOT_NOW, RUN = "Not now", "Run"
NOT_STARTED = "it was not started"
Estimator = Callable[[Outline, Sequence[Task], str], Awaitable[Estimate]]
CONFIRM = ("Leave it open", "Mark it completed")
ENDED_HERE = "the program ended"

_log = logging.getLogger(__name__)


class _NotStartedError(Exception):
    """The person saw what it may take, and did not want it."""


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
        self.ledger = Ledger(_least(request.budget, _budget_of(outline)), request.calls)
        self.schedule = Schedule()
        self.prompts = PromptSet()
        self.fresh: dict[str, str] = {}
        """Results, by id, that the text may not show yet."""
        self.ours: dict[str, str] = {}
        """Results that we wrote into tasks before."""
        self.stepping = asyncio.Lock()
        self.asking_for_calls = asyncio.Lock()
        self._estimate = estimate
        self._resumed = resumed
        self._roots = [task.task_id or "" for task in roots]
        self._root_lines = [task.line for task in roots]
        self._outline = outline
        self._state = RunState.RUNNING
        self._reason = ""
        self._tasks: dict[str, TaskRun] = {}
        """Under way."""
        self._views: dict[str, TaskView] = {}
        self._leaves: list[tuple[str, Mapping[str, Any], str]] | None = None if resumed else []
        self._stored: dict[str, Attempt] = {}
        """Attempts to be resumed, by task."""
        self._gone: dict[str, float] = {}
        """Tasks under way that are missing from the text, and since when."""
        self._absent: dict[str, tuple[Kind, float]] = {}
        """Tasks whose turn came while they were missing, and since when."""
        self._returned: list[tuple[str, Kind]] = []
        """Of those, the ones that are there again."""
        self._said: dict[str, list[str]] = {}
        self._spent: tuple[Usage, Cost] = spent(())
        self._failure: OrchestratorError | None = None
        self._needs_person = ""
        self._stop_reason = ""
        self._news = asyncio.Event()
        self._look = asyncio.Event()
        self._ended = asyncio.Event()
        self._above: tuple[Outline, dict[int, ParentBrief]] = (outline, {})
        self._begun = resumed is not None
        self._store: Store | None = None
        self._marks: Marks | None = None

    async def leaves(self) -> list[tuple[str, Mapping[str, Any], str]]:
        """What a person answered in this run when leave was asked: kind, what for, and the answer."""
        if self._leaves is None:
            answered = await self.store.answered_approvals(self.run_id)
            self._leaves = [(one.kind, one.detail, one.answer) for one in answered]
        return self._leaves

    # --- for edges ----------------------------------------------------------------------------------------------

    @property
    def failure(self) -> OrchestratorError | None:
        """Why it paused or failed, for who must tell one kind from another."""
        return self._failure

    @property
    def needs_person(self) -> str:
        """What waits for a person; empty when nothing does."""
        asking = [task for task in self._tasks.values() if task.waiting]
        if asking:
            return f"{len(asking)} {'question waits' if len(asking) == 1 else 'questions wait'} for an answer"
        return self._needs_person

    @property
    def view(self) -> BranchView:
        views = self.tasks()
        counted = [view.state for view in views]
        usage, cost = self._spent
        return BranchView(
            self.run_id,
            self.title,
            self._state,
            self._reason,
            done=counted.count(AttemptState.COMPLETED),
            failed=counted.count(AttemptState.FAILED),
            waiting=counted.count(AttemptState.WAITING),
            blocked=sum(view.state is None and bool(view.reason) for view in views),
            total=len(views),
            usage=usage,
            cost=cost,
        )

    def tasks(self) -> list[TaskView]:
        """All tasks of the run, in the order in which they came into it."""
        reasons = self.schedule.blocked
        return [
            replace(view, state=None, reason=view.reason or reasons[key])
            if key in reasons and view.state in _UNTOUCHED
            else view
            for key, view in self._views.items()
        ]

    def covers(self, outline: Outline, roots: Sequence[Task]) -> bool:
        """Whether this run works on any of these branches."""
        keys = set(self._views) or set(self._roots)
        above = {task.task_id for root in roots for task in outline.ancestors(root)}
        return bool(keys & {task.task_id for task in runnable(roots)} or above & set(self._roots))

    async def ended(self) -> BranchView:
        await self._ended.wait()
        return self.view

    def stop(self, reason: str = "user") -> None:
        """Stop all of it; what is finished stays, and it can be resumed."""
        if not self._stop_reason:
            self._stop_reason = reason
            self._news.set()

    def stop_task(self, task_id: str, reason: str = "user") -> bool:
        """Stop one task, or all that stands below it; the rest goes on. False when it is not in this run."""
        if task_id not in self.schedule:
            return False
        for key in (task_id, *self._below(task_id)):
            if task := self._tasks.get(key):
                task.stop(reason)
            elif key in self.schedule:
                self.schedule.block(key, f"it was stopped ({reason})")
        self._news.set()
        return True

    def correct(self, task_id: str, text: str) -> bool:
        """Say something to a task under way, for its next call. False when it is not under way."""
        task = self._tasks.get(task_id)
        if task is not None:
            task.hands.correct(text)
        return task is not None

    async def say(self, task_id: str, text: str) -> str:
        """The same, stored first; answers for a person when it counts, and nothing when it is not under way."""
        task = self._tasks.get(task_id)
        if task is None:
            return ""
        detail = {"attemptId": task.attempt.attempt_id, "taskId": task_id, "title": task.title, "text": text}
        await self._emit("attempt.corrected", detail)
        return task.takes_in if self.correct(task_id, text) else ""

    def said_before(self, attempt_id: str) -> list[str]:
        """What a person said to this attempt before the run was resumed."""
        return self._said.get(attempt_id, [])

    def answered(self, approval: Approval) -> None:
        """A question was answered, and that is stored."""
        for task in self._tasks.values():
            if task.approval is not None and task.approval.approval_id == approval.approval_id:
                if task.answered(approval):
                    self.observer.on_approval(approval)
                return
        self.observer.on_approval(approval)

    # --- for its tasks ------------------------------------------------------------------------------------------

    @property
    def store(self) -> Store:
        assert self._store is not None, "the store is opened first"
        return self._store

    @property
    def marks(self) -> Marks:
        assert self._marks is not None, "made with the store"
        return self._marks

    def tell(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.kind.startswith("attempt."):
                key = str(event.detail.get("taskId", ""))
                if (view := self._views.get(key)) and "state" in event.detail:
                    state, reason = AttemptState(event.detail["state"]), str(event.detail.get("reason", ""))
                    self._views[key] = replace(view, state=state, reason=reason)
            self.observer.on_event(event)

    def news(self) -> None:
        self._news.set()

    def on_spent(self, usage: Usage, cost: Cost) -> None:
        self._spent = spent((self._spent, (usage, cost)))

    def cancel_child(self, key: str) -> None:
        self.means.runner.cancel(self._child(key))

    def task_ended(self, task: TaskRun, end: End, *, needs_person: str = "") -> None:
        if end is End.COMPLETED:
            self.fresh[task.key] = task.attempt.result
            self._note(task.key, result=task.attempt.result)
        if needs_person:
            self._needs_person = needs_person
        self._let_go(task)
        self.schedule.end(task.key, end)

    def task_blocked(self, task: TaskRun, reason: str) -> None:
        """It is not done in this run, and stays open."""
        self._needs_person = self._needs_person or reason
        self._let_go(task)
        self.schedule.block(task.key, reason)

    def task_left(self, task: TaskRun) -> None:
        """It was interrupted, and can be resumed."""
        self._let_go(task)

    def task_fatal(self, task: TaskRun, error: OrchestratorError) -> None:
        """Every other task would meet that too."""
        self._failure = self._failure or error
        self._let_go(task)

    def task_expanded(self, task: TaskRun, view: View) -> None:
        self._let_go(task)
        self.schedule.expand(view.outline, task.key)
        self._show_new(view.outline)

    def above(self, outline: Outline) -> dict[int, ParentBrief]:
        """Parents of this outline that were read already."""
        if self._above[0] is not outline:
            self._above = (outline, {})
        return self._above[1]

    def id_source(self, view: View, seed: str) -> Callable[[], str]:
        """Ids that are random, and the same ones again for the same text and seed."""
        rng = random.Random(seed)  # noqa: S311 - an id is no secret
        return id_source(view.outline, view.ids_elsewhere, view.tasks_elsewhere, rng)

    def first_ids(self, seed: str) -> set[str]:
        """What `id_source` may give first."""
        nobody: set[str] = set()
        return {fresh_id(nobody, count, random.Random(seed)) for count in (0, 10_000)}  # noqa: S311 - as above

    # --- the run itself -----------------------------------------------------------------------------------------

    async def work(self) -> None:
        """The outermost frame."""
        unwatch = self.holder.watch(self._look.set)
        try:
            self._store = await self.means.open_store()
            self._marks = Marks(self._store, self.holder, self._on_written, self.settings.run.grace)
            library = PromptLibrary(self._store, self.means.config_folder)
            self.prompts = await library.in_force(self.folder, allowed_by(self.means.router.trust, self.folder))
            for note in self.prompts.notes:
                self.observer.on_note(note)
            if self._resumed is None:
                await self._begin()
            else:
                await self._go_on(self._resumed)
            runner = self.means.runner
            async with (
                runner.beside(self._heartbeat()),
                runner.beside(self._marks.work()),
                runner.beside(self._watch()),
            ):
                await self._drive()
                await self._stop_children()
                await self._flush()
            await self._end(*self._outcome())
        except asyncio.CancelledError:
            await self._end(RunState.PAUSED, self._stop_reason or ENDED_HERE)
            raise
        except _NotStartedError:
            await self._end(RunState.CANCELLED, NOT_STARTED)
        except OrchestratorError as error:
            self._failure = self._failure or error
            await self._end(RunState.PAUSED if self._views else RunState.FAILED, error.message)
        except Exception as error:
            await self._end(RunState.PAUSED, f"Orchestrator has a bug here ({type(error).__name__}). See the log.")
            raise
        finally:
            unwatch()

    async def _begin(self) -> None:
        view = await self.holder.look()
        roots = self._find_roots(view.outline)
        refuse(view.outline, roots)
        await self._refuse_second(view.outline, roots)
        await self._ask_before(view.outline, roots)
        view, roots = await self._with_ids()
        refuse(view.outline, roots)
        self._roots = [root.task_id or "" for root in roots]
        run = Run(
            self.run_id,
            RunKind.BRANCH,
            str(self.folder),
            self.holder.uri,
            roots[0].task_id if len(roots) == 1 else None,
            self.title,
            time.time(),
            request={**self.request.as_json(), "roots": self._roots},
        )
        await self.store.begin_run(run)
        self._begun = True
        self._plan(view.outline, roots)
        await self._emit("run.started", {"kind": run.kind.value, "title": self.title, "tasks": len(self.schedule)})

    async def _refuse_second(self, outline: Outline, roots: Sequence[Task]) -> None:
        """Of another process; the session looks at its own."""
        ours = {task.task_id for task in runnable(roots)} | {
            task.task_id for root in roots for task in outline.ancestors(root)
        }
        for run in await self.store.running(self.holder.uri):
            theirs = [found[0] for root in run.request.get("roots", ()) if (found := outline.by_id(str(root)))]
            if any(
                task.task_id in ours for root in theirs for task in (root, *outline.ancestors(root)) if task.task_id
            ):
                raise TaskError(
                    f"“{run.task_title}” of this outline is being run by another program.",
                    hint="Wait until it ends, or stop it with `orchestrator stop`.",
                )

    async def _ask_before(self, outline: Outline, roots: Sequence[Task]) -> None:
        """In one question: what it may take, unless that costs nothing, and how interactive tasks are to be run."""
        price = "" if self.request.accepted else await self._price(outline, roots)
        some = self._interactive(outline, roots)
        if not (price or some):
            return
        careful = (NOT_NOW,) if price else ()
        asked = f"{some} interactive. How are they to be run?" if some else "Run it?"
        choices = (*careful, *HOW) if some else (*careful, RUN)
        answer = await self.asker.person.ask(Question(f"{price} {asked}".strip(), choices))
        if answer == HOW[1]:
            self.auto = True
        elif price and answer in {None, NOT_NOW}:
            raise _NotStartedError
        elif answer is None and not self.request.wait:
            raise TrustError(
                f"{some} interactive, and nobody is here to ask.",
                hint="`--auto` runs them by themselves; or write `mode: auto` into the front matter's `defaults`.",
            )

    async def _price(self, outline: Outline, roots: Sequence[Task]) -> str:
        """What it may take, for the question; what costs nothing is only told."""
        found = await self._estimate(outline, roots, self.request.model)
        line = estimate_line(found)
        if found.cost is not None and found.cost[1] == 0:
            self.observer.on_note(line)
            return ""
        return f"“{one_line(self.title, 60)}”, {line}"

    def _interactive(self, outline: Outline, roots: Sequence[Task]) -> str:
        """The beginning of a sentence about the tasks that want a person; empty when none does."""
        tasks = [task for task in runnable(roots) if not any(not child.status.settled for child in task.children)]
        if self.auto or (len(tasks) == 1 and tasks == list(roots)):
            return ""
        modes = inherited.values(outline, "mode")
        waiting = sum(modes.get(task) != "auto" for task in tasks)
        if not waiting:
            return ""
        return f"{waiting} of {len(tasks)} tasks are" if waiting > 1 else f"One of {len(tasks)} tasks is"

    async def _go_on(self, resumed: Run) -> None:
        """The session has claimed it. What waits to be written comes first, so that the text says what is done."""
        for entry in await self.store.outbox(self.holder.uri):
            self.marks.put(entry)
        await self.marks.flush()
        view = await self.holder.look()
        attempts = await self.store.attempts(self.run_id)
        for attempt in attempts:
            if attempt.state is AttemptState.COMPLETED and attempt.task_id:
                self.fresh[attempt.task_id] = attempt.result
        self._roots = [str(root) for root in resumed.request.get("roots", ())]
        roots = [found[0] for root in self._roots if len(found := view.outline.by_id(root)) == 1]
        if not roots:
            raise TaskError("The tasks of this run are not in the outline any more.", hint="Start a new run.")
        refuse(view.outline, roots)
        self._plan(view.outline, roots)
        for attempt in attempts:
            if attempt.ended is None and attempt.task_id is not None:
                self._stored[attempt.task_id] = attempt
        for attempt in attempts:
            self._keep_failed(view.outline, attempt)
        for attempt_id, said in await self.store.corrections(self.run_id):
            self._said.setdefault(attempt_id, []).append(said)
        for step in await self.store.spent(self.run_id):
            self.on_spent(step.usage, step.cost if step.ended else None)
            self.ledger.add_spent((), step.cost)
        await self._emit("run.resumed", {"title": self.title, "tasks": len(self.schedule)})

    def _keep_failed(self, outline: Outline, attempt: Attempt) -> None:
        """What failed in this run is not tried again by going on with it, unless its person set it back."""
        key = attempt.task_id or ""
        found = outline.by_id(key)
        failed = attempt.state is AttemptState.FAILED and found and found[0].status is Status.FAILED
        if failed and key in self.schedule and key not in self._stored:
            self._note(key, state=AttemptState.FAILED, reason=attempt.reason)
            self.schedule.end(key, End.FAILED)

    async def _with_ids(self) -> tuple[View, list[Task]]:
        """Every task of the branches gets an id, in one edit."""
        for tries_left in reversed(range(TRIES)):
            view = await self.holder.look()
            roots = self._find_roots(view.outline)
            tasks = list(runnable(roots))
            edits = give_ids(view.outline, tasks, self.id_source(view, self.run_id))
            if not edits:
                return view, roots
            try:
                await self.holder.apply(view, edits, "Give ids to the tasks of a run")
            except EditRefusedError:
                if not tries_left:
                    raise
        raise EditRefusedError("The tasks could not be given ids.", hint="Look at the outline and run it again.")

    def _find_roots(self, outline: Outline) -> list[Task]:
        """By id, else by the line where they stood when the person chose them: only our own ids came in between."""
        roots: list[Task] = []
        for task_id, line in zip(self._roots, self._root_lines, strict=True):
            found = outline.by_id(task_id) if task_id else ()
            task = found[0] if found else outline.task_at_line(line) if line < outline.text.line_count else None
            if task is None or (not found and task.line != line):
                raise EditRefusedError("The text has changed since.", hint="Choose the task again.")
            roots.append(task)
        return roots

    def _plan(self, outline: Outline, roots: Sequence[Task]) -> None:
        self.schedule = schedule(outline, roots)
        for task in runnable(roots):
            if (limit := budget_of(task.fields)) is not None and task.task_id:
                self.ledger.add_budget(task.task_id, limit, task.title)
        self._outline = outline
        self._show_new(outline)

    def _show_new(self, outline: Outline) -> None:
        self._outline = outline
        for key in self.schedule:
            if key not in self._views:
                parent = next(iter(self.schedule.above(key)), None)
                self._views[key] = TaskView(key, outline.by_id(key)[0].title, parent, None)

    async def _drive(self) -> None:
        limit = self._concurrency()
        while True:
            await self._start_ready(limit)
            if self._stop_reason or self._failure is not None:
                return
            if not (self._tasks or self._absent or self._returned):
                return
            if not self.request.wait and self._only_waiting():
                return
            await self._news.wait()
            self._news.clear()

    async def _start_ready(self, limit: int) -> None:
        while not (self._stop_reason or self._failure) and self._busy() < limit:
            if self._returned:
                await self._start(*self._returned.pop(0))
                continue
            start = self.schedule.pop()
            if start is None:
                return
            if start.kind is Kind.PARENT:
                self._note(start.key, state=AttemptState.EXPANDED)
                continue
            await self._start(start.key, start.kind)

    async def _start(self, key: str, kind: Kind) -> None:
        view = await self.holder.look()
        self._outline = view.outline
        found = view.outline.by_id(key)
        if len(found) != 1:
            self._absent[key] = (kind, time.monotonic())
            self._look.set()
            return
        task = found[0]
        if task.status.settled:  # by hand, since the run began
            self.schedule.end(key, End.COMPLETED if task.status is Status.COMPLETED else End.CANCELLED)
            return
        if _settled_above(view.outline, task):
            self.schedule.end(key, End.CANCELLED)
            return
        stored = self._stored.pop(key, None)
        if stored is not None and kind is Kind.GATHER and stored.state not in _GATHERING:
            # It was split, which could not be stored any more.
            await self.store.move(
                replace(stored, state=AttemptState.EXPANDED, ended=time.time()), [], None, time.time()
            )
            stored = None
        self.ours[key] = await self.store.last_result(self.holder.uri, key) if task.result else ""
        child = self._tasks[key] = TaskRun(self, task, view.outline, stored)
        if kind is Kind.LEAF:
            work = child.leaf(step_through=self._steps_through(view.outline, task))
        else:
            work = child.gather(self._results_below(task))
        await self.means.runner.start(self._child(key), work)

    def _steps_through(self, outline: Outline, task: Task) -> bool:
        """Whether the person is asked before it: not for the one task that was started by name."""
        named = self._roots == [task.task_id]
        return not self.auto and not named and inherited.value(outline, task, "mode") != "auto"

    def _results_below(self, task: Task) -> list[ResultBrief]:
        done = [child for child in task.children if child.status is not Status.CANCELLED]
        found = [(child.title, self.fresh.get(child.task_id or "") or child.result or "done") for child in done]
        return [ResultBrief(title, result) for title, result in found]

    def _let_go(self, task: TaskRun) -> None:
        self._tasks.pop(task.key, None)
        self._news.set()

    def _busy(self) -> int:
        return sum(not task.waiting for task in self._tasks.values())

    def _only_waiting(self) -> bool:
        return bool(self._tasks) and self._busy() == 0 and not (self._absent or self._returned)

    def _below(self, key: str) -> Iterator[str]:
        waiting = list(self.schedule.children(key))
        while waiting:
            child = waiting.pop()
            yield child
            waiting += self.schedule.children(child)

    def _note(self, key: str, **change: Any) -> None:
        if key in self._views:
            self._views[key] = replace(self._views[key], **change)

    def _child(self, key: str) -> str:
        return f"{self.run_id}/{key}"

    def _concurrency(self) -> int:
        """The setting; the front matter may say less, since everybody can write a file."""
        written = _defaults(self._outline).get("concurrency")
        most = self.settings.run.concurrency
        return min(written, most) if isinstance(written, int) and written >= 1 else most

    async def _stop_children(self) -> None:
        for key in list(self._tasks):
            self.cancel_child(key)
        while self._tasks:
            await self._news.wait()
            self._news.clear()

    async def _flush(self) -> None:
        """What cannot be written now stays in the outbox."""
        for _ in range(TRIES):
            await self.marks.flush()

    def _outcome(self) -> tuple[RunState, str]:
        if self._stop_reason:
            return RunState.CANCELLED, self._stop_reason
        if self._failure is not None:
            return RunState.PAUSED, self._failure.message
        if open_questions := self._waited_for():
            return RunState.PAUSED, open_questions
        return RunState.COMPLETED, ""

    def _waited_for(self) -> str:
        count = sum(view.state is AttemptState.WAITING for view in self._views.values())
        if not count:
            return ""
        self._needs_person = f"{count} {'question waits' if count == 1 else 'questions wait'} for an answer"
        return self._needs_person

    async def _end(self, state: RunState, reason: str) -> None:
        if self._ended.is_set():
            return
        self._state, self._reason = state, reason
        try:
            if self._begun:
                await self.store.end_run(self.run_id, state, reason, time.time())
                await self._emit("run.ended", {"state": state.value, "reason": reason})
        except StoreError as error:
            self._failure = self._failure or error
            _log.warning("the end of %s could not be stored: %s", self.run_id, error)
        finally:
            self._ended.set()

    async def _emit(self, kind: str, detail: dict[str, Any]) -> None:
        self.tell([await self.store.add_event(self.run_id, kind, detail, time.time())])

    async def _heartbeat(self) -> None:
        """Say that it is alive, and hear what other programs said: to stop, and answers to its questions."""
        renewed = 0.0
        while True:
            if time.monotonic() - renewed >= HEARTBEAT_SECONDS:
                await self.store.renew_lease([self.run_id], time.time())
                renewed = time.monotonic()
            await asyncio.sleep(POLL_SECONDS)
            if await self.store.stop_requested(self.run_id):
                self.stop()
            for task in [task for task in self._tasks.values() if task.waiting]:
                for approval in await self.store.approvals_of(task.attempt.attempt_id):
                    if approval.state is ApprovalState.ANSWERED:
                        self.answered(approval)

    # --- the person edits meanwhile -----------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            # A file tells nothing by itself; one that an editor has open does.
            waits = self._gone or self._absent or not self.holder.is_open
            wait = min(POLL_SECONDS, self.settings.run.grace / 2) if waits else None
            try:
                async with asyncio.timeout(wait):
                    await self._look.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(LOOK_SECONDS)
            self._look.clear()
            try:
                view = await self.holder.look()
            except (FileError, EditRefusedError):
                continue
            self._react(view.outline)
            self._look_for_absent(view.outline)

    def _look_for_absent(self, outline: Outline) -> None:
        """What was missing when its turn came: it begins when it is there again, or is not done in this run."""
        for key, (kind, since) in list(self._absent.items()):
            if len(outline.by_id(key)) == 1:
                self._returned.append((key, kind))
            elif time.monotonic() - since >= self.settings.run.grace:
                self.schedule.block(key, GONE)
            else:
                continue
            del self._absent[key]
            self._news.set()

    def _react(self, outline: Outline) -> None:
        now = time.monotonic()
        for key, task in list(self._tasks.items()):
            found = outline.by_id(key)
            if len(found) != 1:
                since = self._gone.setdefault(key, now)
                if now - since >= self.settings.run.grace:
                    del self._gone[key]
                    task.stop(GONE)
                continue
            self._gone.pop(key, None)
            if found[0].status is Status.COMPLETED:
                task.stop(BY_HAND, End.COMPLETED)
            elif found[0].status is Status.CANCELLED or _settled_above(outline, found[0]):
                task.stop(BY_HAND)
        for key in [key for key in self._gone if key not in self._tasks]:
            del self._gone[key]

    async def _on_written(self, written: Sequence[Written]) -> None:
        tasks = [{"taskId": one.entry.task_id, "mark": one.entry.change["mark"]} for one in written if one.changed]
        if tasks:
            await self._emit("outcome.written", {"tasks": tasks})
        for one in written:
            entry = one.entry
            if entry.state is not OutboxState.REFUSED:
                continue
            self._note(entry.task_id, reason=entry.reason)
            await self._emit("outcome.refused", {"taskId": entry.task_id, "reason": entry.reason})
            if entry.reason == OLDER and entry.attempt_id and entry.change["mark"] == "x":
                await self._ask_whether_done(entry, entry.attempt_id)

    async def _ask_whether_done(self, entry: OutboxEntry, attempt_id: str) -> None:
        """It was done for an older text: only a person can say whether that still counts."""
        title = self._title_of(entry.task_id)
        self._needs_person = f"“{title}” was changed while it ran"
        approval = Approval(
            record_id("approval"),
            self.run_id,
            attempt_id,
            "confirm",
            f"“{title}” was done for an older text of it. Mark it completed all the same?",
            {"choices": list(CONFIRM), "taskId": entry.task_id, "task": title, "change": entry.change},
            time.time(),
        )
        opened = ("approval.opened", {"approvalId": approval.approval_id, "kind": approval.kind})
        self.tell(await self.store.add_approval(approval, [opened]))
        self.observer.on_approval(approval)

    def _title_of(self, key: str) -> str:
        return self._views[key].title if key in self._views else key


_UNTOUCHED = {None, AttemptState.PENDING, AttemptState.EXPANDED}
_GATHERING = {AttemptState.AGGREGATING, AttemptState.VERIFYING, AttemptState.WAITING}


def _settled_above(outline: Outline, task: Task) -> bool:
    """Whether a person settled a task that it stands below: then it is not to be done either."""
    return any(above.status.settled for above in outline.ancestors(task))


def _title(roots: Sequence[Task]) -> str:
    if len(roots) == 1:
        return roots[0].title
    return f"{len(roots)} tasks" if roots else "nothing"


def _defaults(outline: Outline) -> Mapping[str, Any]:
    found: object = outline.front_matter.settings.get("defaults")
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def _budget_of(outline: Outline) -> Decimal | None:
    """What the front matter lets a run spend."""
    written = _defaults(outline).get("budget")
    return budget_of({"budget": str(written)}) if isinstance(written, (int, float, str)) else None


def _least(*amounts: Decimal | None) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return min(known, default=None)
