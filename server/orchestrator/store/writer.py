"""Group commit: writes that wait while the disk is busy go into the next transaction together.

Apart from the store because it is the one place where callers meet. There is no task and no lock: a write is queued,
and the connection's thread is asked, once for all that are queued meanwhile, to commit them. It works in order, so
what was queued first is committed first or together with what came later: whoever waits for a write has waited for
all that were queued before it.

Invariant: a write that was answered is on disk, all of it (test_kill_in_the_middle_of_writes).
Invariant: a cancelled caller's write is committed whole (test_cancelled_caller_neither_loses_nor_halves_its_write).
Invariant: a write that fails takes no other with it (test_failing_write_does_not_sink_its_batch).
Invariant: writes are committed in the order in which they were queued (test_writes_are_committed_in_order).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from orchestrator.store import history
from orchestrator.store.connection import Connection, Guard
from orchestrator.store.migrate import transaction

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]
"""Runs inside a transaction in the connection's thread; may run again, so that it keeps no state of its own."""


class _Write(Generic[T]):
    __slots__ = ("answer", "error", "operation", "result")

    def __init__(self, operation: Operation[T], answer: asyncio.Future[T]) -> None:
        self.operation = operation
        self.answer = answer
        self.result: T | None = None
        self.error: Exception | None = None


class Writer:
    def __init__(self, connection: Connection, guard: Guard, translated: Callable[[Exception], Exception]) -> None:
        """`translated` makes the error that a caller gets of the one that SQLite raised."""
        self._connection = connection
        self._guard = guard
        self._translated = translated
        self._waiting: deque[_Write[Any]] = deque()
        self._asked = False
        """The thread was asked, and has not looked at what waits yet."""

    def write(self, operation: Operation[T]) -> asyncio.Future[T]:
        """Queue it. The future is answered when it is committed, and need not be awaited: it is committed all the same.

        Raises ValueError when the connection is closed.
        """
        write = _Write(operation, asyncio.get_running_loop().create_future())
        self._waiting.append(write)
        if not self._asked:
            self._asked = True
            try:
                self._connection.ask(self._commit_waiting).add_done_callback(self._answer)
            except BaseException:
                self._asked = False
                self._waiting.remove(write)
                raise
        return write.answer

    def _answer(self, committed: asyncio.Future[Sequence[_Write[Any]]]) -> None:
        for write in committed.result():
            if write.answer.done():  # its caller was cancelled
                continue
            if write.error is None:
                write.answer.set_result(write.result)
            else:
                write.answer.set_exception(self._translated(write.error))

    def _commit_waiting(self, connection: sqlite3.Connection) -> Sequence[_Write[Any]]:
        self._asked = False  # before the first one is taken: what is queued from now on asks again
        batch: list[_Write[Any]] = []
        while self._waiting:
            batch.append(self._waiting.popleft())
        if not batch:
            return batch
        try:
            self._commit(connection, batch)
        except _NotBegunError as refusal:
            for write in batch:
                write.error = refusal.reason
        except Exception as error:  # noqa: BLE001  # handed to the caller whose write it was
            if len(batch) == 1:
                batch[0].error = error
            else:
                self._commit_one_by_one(connection, batch)
        return batch

    def _commit(self, connection: sqlite3.Connection, batch: Sequence[_Write[Any]]) -> None:
        begun = False
        try:
            with transaction(connection):
                self._guard(connection)
                begun = True
                for write in batch:
                    write.result = write.operation(connection)
                history.settle(connection)
        except Exception as error:
            if not begun:
                raise _NotBegunError(error) from error
            raise

    def _commit_one_by_one(self, connection: sqlite3.Connection, batch: Sequence[_Write[Any]]) -> None:
        """After a batch was rolled back: find out whose fault it was, and keep the others."""
        for write in batch:
            try:
                self._commit(connection, [write])
            except _NotBegunError as refusal:
                write.error = refusal.reason
            except Exception as error:  # noqa: BLE001  # handed to the caller whose write it was
                write.error = error


class _NotBegunError(Exception):
    """No transaction could be begun (locked, replaced): trying the writes one by one would only wait as often."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason
