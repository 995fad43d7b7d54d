"""The tasks of a run that are at work: which of them starts when, in a child of its own, and what its end leads to.

Apart from `run`, which begins and ends as a whole. Nothing here is stored or told: a task's record does that.

Invariant: a failure holds only what builds on it (test_a_failure_leaves_the_others_alone).
Invariant: no more tasks are at work at once than the run allows (test_no_more_tasks_are_at_work_than_allowed).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchestrator.engine import limits
from orchestrator.engine.attempt import TaskRun
from orchestrator.engine.context import results_of
from orchestrator.engine.editor import View
from orchestrator.engine.marks import GONE
from orchestrator.engine.schedule import End, Kind
from orchestrator.errors import BudgetError, OrchestratorError
from orchestrator.model.run import Approval, Attempt, AttemptState
from orchestrator.model.task import Status
from orchestrator.outline import inherited
from orchestrator.outline.tree import Outline, Task

if TYPE_CHECKING:
    from orchestrator.engine.run import BranchRun


class Crew:
    def __init__(self, run: BranchRun) -> None:
        self._run = run
        self._tasks: dict[str, TaskRun] = {}
        self._asking: set[str] = set()
        self._news = asyncio.Event()
        self._waited = False
        self.absent: dict[str, tuple[Kind, float]] = {}
        """Tasks whose turn came while they were missing from the text, and since when."""
        self._returned: list[tuple[str, Kind]] = []
        """Of those, the ones that are there again."""
        self.fresh: dict[str, str] = {}
        """Results, by id, that the text may not show yet."""
        self.without_money: dict[str, str] = {}
        """Tasks whose next call is not allowed, and by which budget."""
        self.stored: dict[str, Attempt] = {}
        """Attempts to be resumed, by task."""

    def tasks(self) -> dict[str, TaskRun]:
        return dict(self._tasks)

    def find(self, key: str) -> TaskRun | None:
        return self._tasks.get(key)

    def asking(self) -> list[TaskRun]:
        """Those that wait for a person."""
        return [self._tasks[key] for key in self._asking if key in self._tasks]

    def asks(self, key: str) -> None:
        """It waits for a person: its place is free meanwhile."""
        self._asking.add(key)
        self._news.set()

    def goes_on(self, key: str) -> None:
        self._asking.discard(key)

    def waits_for(self, approval: Approval) -> TaskRun | None:
        return next((task for task in self._tasks.values() if task.asks(approval)), None)

    def news(self) -> None:
        """Something changed by which others may start, or all is to stop."""
        self._news.set()

    async def work(self) -> None:
        """Until nothing is left that can be done, or the run is to stop."""
        run = self._run
        limit = limits.concurrency(run.settings, run.outline)
        while True:
            await self._start_ready(limit)
            absent = self.absent or self._returned
            if run.stopping or not (self._tasks or (absent and not run.broke)):
                return
            if not (run.request.wait or absent) and self._busy() == 0:  # all wait for a person, and nobody is here
                return
            await self._news.wait()
            self._news.clear()

    async def stop(self) -> None:
        """Interrupt those that are left, and wait until they are gone."""
        for key in list(self._tasks):
            self.cancel(key)
        while self._tasks:
            await self._news.wait()
            self._news.clear()

    def stop_branch(self, key: str, reason: str) -> None:
        """One task, and all that stands below it."""
        schedule = self._run.schedule
        for each in (key, *self._below(key)):
            if task := self._tasks.get(each):
                task.stop(reason)
            elif each in schedule:
                schedule.block(each, f"it was stopped ({reason})")
        self._news.set()

    def look_for_absent(self, outline: Outline) -> None:
        """What was missing when its turn came: it begins when it is there again, or is not done in this run."""
        for key, (kind, since) in list(self.absent.items()):
            if len(outline.by_id(key)) == 1:
                self._returned.append((key, kind))
            elif time.monotonic() - since >= self._run.settings.run.grace:
                self._run.schedule.block(key, GONE)
            else:
                continue
            del self.absent[key]
            self._news.set()

    # --- for the tasks ------------------------------------------------------------------------------------------

    def cancel(self, key: str) -> None:
        self._run.means.runner.cancel(self._child(key))

    def ended(self, task: TaskRun, end: End, *, needs_person: str = "") -> None:
        if end is End.COMPLETED:
            self.fresh[task.key] = task.attempt.result
        if needs_person:
            self._run.needs(needs_person)
        self._let_go(task)
        self._run.schedule.end(task.key, end)

    def blocked(self, task: TaskRun, reason: str) -> None:
        """It is not done in this run, and stays open."""
        self._run.needs(reason, first=True)
        self._let_go(task)
        self._run.schedule.block(task.key, reason)

    def left(self, task: TaskRun) -> None:
        """It was interrupted, and can be resumed."""
        self._let_go(task)

    def short(self, task: TaskRun, error: BudgetError) -> None:
        """There is not the money for its next call: its attempt stays open, and goes on when there is more.

        Calls under way are paid for, so they are never cut off. Of a branch only that one stops; of the run nothing
        new begins.
        """
        self.without_money[task.key] = error.message
        self._run.short_of_money(error)
        self._let_go(task)
        self._run.schedule.block(task.key, error.message)

    def fatal(self, task: TaskRun, error: OrchestratorError) -> None:
        """Every other task would meet that too."""
        self._run.fail(error)
        self._let_go(task)

    def expanded(self, task: TaskRun, view: View) -> None:
        """It has subtasks now, which are done in its place."""
        self._let_go(task)
        self._run.schedule.expand(view.outline, task.key)
        self._run.show_new(view.outline)

    # --- starting -----------------------------------------------------------------------------------------------

    async def _start_ready(self, limit: int) -> None:
        run = self._run
        while not (run.stopping or run.broke) and self._busy() < limit:
            outline = (await run.holder.look()).outline
            begun: dict[str, Coroutine[Any, Any, None]] = {}
            try:
                await self._begin(outline, limit, begun)
            except BaseException:
                for work in begun.values():
                    work.close()
                raise
            if not begun:
                return
            await run.means.runner.start_all([(self._child(key), work) for key, work in begun.items()])
            for key in begun:
                task = self._tasks.get(key)
                if task is not None and task.stop_reason:  # while it was being started
                    self.cancel(key)

    async def _begin(self, outline: Outline, limit: int, begun: dict[str, Coroutine[Any, Any, None]]) -> None:
        """What may start in this text, up to one that had to wait: then the text may be another one."""
        run = self._run
        self._waited = False
        while not (run.stopping or run.broke or self._waited) and self._busy() < limit:
            if self._returned:
                key, kind = self._returned.pop(0)
            elif (start := run.schedule.pop()) is not None:
                key, kind = start.key, start.kind
            else:
                return
            if kind is Kind.PARENT:
                run.board.note_state(key, AttemptState.EXPANDED)
            elif (work := await self._start(outline, key, kind)) is not None:
                begun[key] = work

    async def _start(self, outline: Outline, key: str, kind: Kind) -> Coroutine[Any, Any, None] | None:
        """Its work; None when it is not to be done, or not now."""
        run = self._run
        found = outline.by_id(key)
        if len(found) != 1:
            self.absent[key] = (kind, time.monotonic())
            run.look_again()
            return None
        task = found[0]
        if task.status.settled:  # by hand, since the run began
            run.schedule.end(key, End.COMPLETED if task.status is Status.COMPLETED else End.CANCELLED)
            return None
        if run.around(outline).above(task).settled and settled_above(run, outline, task):
            run.schedule.end(key, End.CANCELLED)
            return None
        children = task.children if kind is Kind.GATHER else ()
        if kind is Kind.GATHER and all(child.status is Status.CANCELLED for child in children):
            # Nothing says that it is done: the split was undone, or all of it given up.
            run.schedule.block(key, f"all its subtasks were {'cancelled' if children else 'removed'}")
            return None
        stored = self.stored.pop(key, None)
        if stored is not None and kind is Kind.GATHER and stored.state not in _GATHERING:
            # It was split, which could not be stored any more.
            expanded = replace(stored, state=AttemptState.EXPANDED, ended=time.time())
            run.when_stored(run.store.move(expanded, [], None, time.time()))
            stored = None
        run.ours[key] = ""
        if task.result:
            self._waited = True
            run.ours[key] = await run.store.last_result(run.holder.uri, key)
        child = self._tasks[key] = TaskRun(run, task, outline, stored)
        if kind is Kind.LEAF:
            return child.leaf(step_through=self._steps_through(outline, task))
        return child.gather(results_of(children, self.fresh))

    def _steps_through(self, outline: Outline, task: Task) -> bool:
        """Whether the person is asked before it: not for the one task that was started by name."""
        run = self._run
        named = run.roots.ids == [task.task_id]
        return not run.auto and not named and inherited.value(outline, task, "mode") != "auto"

    def _let_go(self, task: TaskRun) -> None:
        self._tasks.pop(task.key, None)
        self._asking.discard(task.key)
        self._news.set()

    def _busy(self) -> int:
        return len(self._tasks) - len(self._asking)

    def _below(self, key: str) -> Iterator[str]:
        waiting = list(self._run.schedule.children(key))
        while waiting:
            child = waiting.pop()
            yield child
            waiting += self._run.schedule.children(child)

    def _child(self, key: str) -> str:
        return f"{self._run.run_id}/{key}"


_GATHERING = {AttemptState.AGGREGATING, AttemptState.VERIFYING, AttemptState.WAITING}


def settled_above(run: BranchRun, outline: Outline, task: Task) -> bool:
    """Whether a person settled a task of the run that it stands below: then it is not to be done either."""
    return any(above.status.settled and (above.task_id or "") in run.schedule for above in outline.ancestors(task))
