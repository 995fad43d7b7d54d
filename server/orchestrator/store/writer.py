"""Group commit: writes that wait while the disk is busy go into the next transaction together.

Apart from the store because it is the one place where callers meet. There is no task and no lock: a write is queued,
and when the last commit is done the connection's thread is asked, once for all that are queued meanwhile. It works in
order, so what was queued first is committed first or together with what came later: whoever waits for a write has
waited for all that were queued before it.

Invariant: a write that was answered is on disk, all of it (test_kill_in_the_middle_of_writes).
Invariant: a cancelled caller's write is committed whole (test_cancelled_caller_neither_loses_nor_halves_its_write).
Invariant: a write that fails takes no other with it (test_failing_write_does_not_sink_its_batch).
Invariant: writes are committed in the order in which they were queued (test_writes_are_committed_in_order).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any, Generic, TypeVar, cast

from orchestrator.store import history
from orchestrator.store.bulk import Bulk
from orchestrator.store.connection import Connection, Guard
from orchestrator.store.migrate import transaction

GATHER_SECONDS = 0.008
"""Where many write, so much time is left between two commits: each costs as much as some ten tasks."""
MOMENT = 0.002
"""There the first write waits so long, too: what comes of the same answers follows within it, and they share a commit.
That makes a third fewer."""
MANY = 4
"""Writes of one commit that make it so: whoever writes alone never waits for others."""
LATELY = 0.25
"""Seconds for which that is remembered."""

WORDS_BEHIND = 16
"""Commits of many writes after which what can be searched is brought in step: each time the index is written anew."""

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]
"""Runs inside a transaction in the connection's thread; may run again, so that it keeps no state of its own."""


Together = Callable[[Bulk], T]
"""The same, of what is written with others like it in few statements; the bulk is written behind it."""


class Write(Generic[T]):
    """One that was queued. It need not be awaited: it is committed all the same.

    No `asyncio.Future`, because a run has five of them for each task and waits for one: what is to be done when it is
    committed is done in the moment in which that is known, not in a turn of the event loop for each.
    """

    __slots__ = ("_callbacks", "_done", "error", "operation", "together", "value")

    def __init__(self, operation: Operation[T] | None, together: Together[T] | None) -> None:
        self.operation = operation
        self.together = together
        self.value: T | None = None
        self.error: Exception | None = None
        self._done = False
        self._callbacks: list[Callable[[Write[T]], object]] = []

    def __await__(self) -> Generator[Any, None, T]:
        """A caller that is cancelled leaves it as it is."""
        if not self._done:
            committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._callbacks.append(lambda _write: None if committed.done() else committed.set_result(None))
            yield from committed
        return self.result()

    def add_done_callback(self, then: Callable[[Write[T]], object]) -> None:
        """In the order in which they were added; at once where it is committed already, or has failed."""
        if self._done:
            then(self)
        else:
            self._callbacks.append(then)

    def result(self) -> T:
        """Once it is done. Raises what it failed with."""
        assert self._done, "nobody asks before it is committed"
        if self.error is not None:
            raise self.error
        return cast("T", self.value)

    def exception(self) -> Exception | None:
        return self.error

    def settle(self) -> None:
        """It is committed, or has failed; whoever wants to know is told."""
        self._done = True
        callbacks, self._callbacks = self._callbacks, []
        for then in callbacks:
            try:
                then(self)
            except Exception as error:  # noqa: BLE001 - that of one must not keep the others from being told
                told = {"message": "what followed a write broke", "exception": error}
                asyncio.get_running_loop().call_exception_handler(told)


class Writer:
    def __init__(self, connection: Connection, guard: Guard, translated: Callable[[Exception], Exception]) -> None:
        """`translated` makes the error that a caller gets of the one that SQLite raised."""
        self._connection = connection
        self._guard = guard
        self._translated = translated
        self._waiting: deque[Write[Any]] = deque()
        self._planned = False
        """What waits is going to be committed."""
        self._committing = 0
        """How often the thread was asked and has not answered."""
        self._not_before = 0.0
        self._many_until = 0.0
        """Many write until then, as far as is known."""
        self._words_behind = 0
        """Commits since what can be searched was brought in step."""

    def write(self, operation: Operation[T]) -> Write[T]:
        """Queue it. Raises ValueError when the connection is closed."""
        return self._queue(Write(operation, None))

    def write_together(self, operation: Together[T]) -> Write[T]:
        """The same."""
        write: Write[T] = Write(None, operation)  # `Write[T](…)` takes as long as all the rest
        return self._queue(write)

    def _queue(self, write: Write[T]) -> Write[T]:
        if self._connection.closed:
            raise ValueError("Connection closed")
        self._waiting.append(write)
        if not self._planned:
            self._plan()
        return write

    def _plan(self) -> None:
        """Have what waits committed: together with what comes of the same events, and when the last commit is done."""
        if self._planned or self._committing or not self._waiting:
            return
        self._planned = True
        loop = asyncio.get_running_loop()
        now = loop.time()
        wait = max(self._not_before - now, MOMENT if now < self._many_until else 0.0)
        if wait > 0:
            loop.call_later(wait, self.flush)
        else:
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Commit what waits, now."""
        self._planned = False
        if self._waiting and not self._connection.closed:
            self._committing += 1
            self._connection.ask(self._commit_waiting).add_done_callback(self._answer)

    def _answer(self, committed: asyncio.Future[Sequence[Write[Any]]]) -> None:
        self._committing -= 1
        batch = committed.result()
        if len(batch) >= MANY:
            now = asyncio.get_running_loop().time()
            self._not_before, self._many_until = now + GATHER_SECONDS, now + LATELY
        for write in batch:
            if write.error is not None:
                write.error = self._translated(write.error)
            write.settle()
        self._plan()

    def _commit_waiting(self, connection: sqlite3.Connection) -> Sequence[Write[Any]]:
        batch: list[Write[Any]] = []
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

    def _commit(self, connection: sqlite3.Connection, batch: Sequence[Write[Any]]) -> None:
        begun = False
        try:
            with transaction(connection):
                self._guard(connection)
                begun = True
                self._carry_out(connection, batch)
                self._words_behind += 1
                if len(batch) < MANY or self._words_behind >= WORDS_BEHIND:
                    history.settle(connection)
                    self._words_behind = 0
        except Exception as error:
            if not begun:
                raise _NotBegunError(error) from error
            raise

    def _carry_out(self, connection: sqlite3.Connection, batch: Sequence[Write[Any]]) -> None:
        bulk: Bulk | None = None
        for write in batch:
            if write.together is not None:
                bulk = bulk or Bulk(connection)
                write.value = write.together(bulk)
            elif write.operation is not None:
                if bulk is not None:
                    bulk.write()
                    bulk = None
                write.value = write.operation(connection)
        if bulk is not None:
            bulk.write()

    def _commit_one_by_one(self, connection: sqlite3.Connection, batch: Sequence[Write[Any]]) -> None:
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
