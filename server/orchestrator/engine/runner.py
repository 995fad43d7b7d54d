"""The one owner of asyncio tasks: everything that runs, runs in its group and can be stopped by its run's id.

A child returns its outcome and never raises: a failure of one run is that run's affair. `CancelledError` passes
through everything up to the outermost frame of a run.

Invariant: after `aclose` no task of ours is left (test_close_leaves_no_task).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from inspect import CORO_CREATED, getcoroutinestate
from typing import Any, TypeVar

from orchestrator.engine.beat import Beat
from orchestrator.errors import OrchestratorError

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Runner:
    def __init__(self) -> None:
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._host: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.beat = Beat()

    async def start(self, run_id: str, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` as the outermost frame of a run."""
        try:
            task = await self._spawn(self._outermost(run_id, work), name=run_id)
        finally:
            if getcoroutinestate(work) == CORO_CREATED:  # cancelled before it began
                work.close()
        self._keep(run_id, task)

    async def start_all(self, works: Sequence[tuple[str, Coroutine[Any, Any, None]]]) -> None:
        """Several at once, each as `start` does; no other work of the loop comes between them."""
        if self._group is None or self._closing.is_set() or not works:
            for run_id, work in works:
                await self.start(run_id, work)
            return
        tasks = [(run_id, work, self._group.create_task(self._outermost(run_id, work))) for run_id, work in works]
        try:
            await asyncio.sleep(0)  # see `_spawn`
        except asyncio.CancelledError:
            for _, _, task in tasks:
                task.cancel()
            raise
        finally:
            for run_id, work, task in tasks:
                if getcoroutinestate(work) == CORO_CREATED:  # cancelled before it began
                    work.close()
                else:
                    self._keep(run_id, task)

    def _keep(self, run_id: str, task: asyncio.Task[None]) -> None:
        """Until it ends: it forgets itself."""
        if not task.done():
            self._runs[run_id] = task

    def cancel(self, run_id: str) -> None:
        """Cancel the run's task; no effect when it has ended."""
        if task := self._runs.get(run_id):
            task.cancel()

    async def gather(self, work: Sequence[Coroutine[Any, Any, _T]]) -> list[_T]:
        """Run children at once and answer their values in order; cancelling the caller cancels them all.

        The first error of a child is raised here, in the caller: never in the group, where it would end every run.
        """
        tasks: list[asyncio.Task[_T | _Failed]] = []
        try:
            for child in work:
                tasks.append(await self._spawn(_outcome(child)))  # noqa: PERF401 - those begun are ended below
            outcomes = await asyncio.gather(*tasks)
        finally:
            await _finish(tasks)
        for error in (outcome for outcome in outcomes if isinstance(outcome, _Failed)):
            raise error.error
        return [outcome for outcome in outcomes if not isinstance(outcome, _Failed)]

    @asynccontextmanager
    async def beside(self, work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
        """Run `work` beside the body; it is cancelled when the body ends."""
        task = await self._spawn(self._outermost("beside", work))
        try:
            yield
        finally:
            await _finish([task])

    async def aclose(self) -> None:
        """Cancel every run and wait for the end of all of them."""
        for task in list(self._runs.values()):
            task.cancel()
        self._closing.set()
        if self._host:
            await self._host

    async def _spawn(self, work: Coroutine[Any, Any, _T], name: str | None = None) -> asyncio.Task[_T]:
        if self._closing.is_set():
            work.close()
            raise asyncio.CancelledError("the session is closing")
        if self._group is None:
            opened = asyncio.Event()
            # The only task outside the group: it holds the group open.
            self._host = asyncio.create_task(self._hold(opened), name="runner")
            try:
                await opened.wait()
            except asyncio.CancelledError:
                work.close()
                raise
        assert self._group is not None
        task = self._group.create_task(work, name=name)
        try:
            # A task that is cancelled before its first step never enters its `try`, and could not tell its end.
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            task.cancel()
            raise
        return task

    async def _hold(self, opened: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as self._group:
            opened.set()
            await self._closing.wait()

    async def _outermost(self, run_id: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except OrchestratorError as error:
            _log.warning("%s ended in %s", run_id, type(error).__name__)  # its text may name a task
        except Exception:  # noqa: BLE001 - a programming error of one run must not cancel its siblings in the group
            _log.exception("%s ended in an unexpected error", run_id)
        finally:
            self._runs.pop(run_id, None)


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


async def _outcome(work: Coroutine[Any, Any, _T]) -> _T | _Failed:
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - carried to the caller of `gather`
        return _Failed(error)


async def _finish(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel what still runs and wait for it, without raising its error."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
