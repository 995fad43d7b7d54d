"""Group commit: writes that wait while the disk is busy go into the next transaction together.

Apart from the store because it is the one place where callers meet. There is no task and no lock: each caller queues
its write and then asks the connection's thread to commit whatever is queued. That thread works in order, so
when the caller's own request comes back, its write is committed, by this request or by an earlier one.

Invariant: a write that returned is on disk, all of it (test_kill_in_the_middle_of_writes).
Invariant: a cancelled caller's write is committed whole (test_cancelled_caller_neither_loses_nor_halves_its_write).
Invariant: a write that fails takes no other with it (test_failing_write_does_not_sink_its_batch).
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from orchestrator.store.connection import Connection, Guard
from orchestrator.store.migrate import transaction

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]
"""Runs inside a transaction in the connection's thread; may run again, so that it keeps no state of its own."""


class _Write(Generic[T]):
    __slots__ = ("error", "operation", "result")

    def __init__(self, operation: Operation[T]) -> None:
        self.operation = operation
        self.result: T | None = None
        self.error: Exception | None = None


class Writer:
    def __init__(self, connection: Connection, guard: Guard) -> None:
        self._connection = connection
        self._guard = guard
        self._waiting: deque[_Write[Any]] = deque()

    async def write(self, operation: Operation[T]) -> T:
        """Answers when it is committed; raises what the operation or SQLite raised."""
        write = _Write(operation)
        self._waiting.append(write)
        await self._connection.run(self._commit_waiting)
        if write.error is not None:
            raise write.error
        return cast("T", write.result)

    def _commit_waiting(self, connection: sqlite3.Connection) -> None:
        batch: list[_Write[Any]] = []
        while self._waiting:
            batch.append(self._waiting.popleft())
        if not batch:
            return
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

    def _commit(self, connection: sqlite3.Connection, batch: Sequence[_Write[Any]]) -> None:
        begun = False
        try:
            with transaction(connection):
                self._guard(connection)
                begun = True
                for write in batch:
                    write.result = write.operation(connection)
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
