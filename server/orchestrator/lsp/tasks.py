"""The owner of the server's own asyncio tasks: answers that take time, and questions to the client.

Apart from `engine/runner.py`, which owns the runs: a task here is no run, its caller needs its error, and one that
fails must not end the others, so this is a set and not a `TaskGroup`. Nobody else in `lsp` makes a task.

Invariant: when the server has ended, no task of it is left (test_no_task_survives_the_server).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Tasks:
    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `work`; whoever gets the task looks at its outcome."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def start_alone(self, work: Coroutine[Any, Any, Any], on_error: Callable[[Exception], None]) -> None:
        """Run `work` that nobody waits for; `on_error` learns how it failed."""

        def ended(task: asyncio.Task[Any]) -> None:
            if not task.cancelled() and isinstance(error := task.exception(), Exception):
                on_error(error)

        self.start(work).add_done_callback(ended)

    async def aclose(self) -> None:
        running = self._running - {asyncio.current_task()}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
