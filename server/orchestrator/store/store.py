"""The store's face: what the engine asks, each answered when it is committed.

Apart from the statements (`records.py`), the waiting (`writer.py`) and the opening (`connection.py`), so that this
page is the list of what a store can do.

Invariant: nothing but a `StoreError` or a cancellation leaves it (test_full_disk, test_damaged_page_while_open, …).
Invariant: no call blocks the event loop, however long the disk or another program takes (test_event_loop_stays_free).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.model.run import (
    Attempt,
    AttemptState,
    Conversation,
    Event,
    Run,
    RunState,
    Step,
    StoredMessage,
)
from orchestrator.store import connection, failures, inspection, leases, records, rows
from orchestrator.store.connection import Connection, Guard
from orchestrator.store.inspection import StoreSize
from orchestrator.store.migrate import shipped_migrations
from orchestrator.store.writer import Operation, Writer

__all__ = ["Store", "StoreSize"]

T = TypeVar("T")


class Store:
    """Made by `Store.open`, ended by `aclose`. May be called by any number of tasks of one event loop at once."""

    def __init__(self, path: Path | None, writing: Connection, reading: Connection, guard: Guard) -> None:
        """For `open` only."""
        self.path = path
        self._writing = writing
        self._reading = reading
        self._guard = guard
        self._writer = Writer(writing, guard)
        self._owner = leases.owner_of_this_process()
        self._closed = False

    @classmethod
    async def open(cls, path: Path | None) -> Store:
        """Open, creating or migrating it where needed; `None` keeps everything in memory, for tests.

        Raises StoreLockedError, StoreTooNewError, StoreCorruptError or StoreUnwritableError.
        """
        migrations = shipped_migrations()
        opened: list[Connection] = []
        try:
            writing = await connection.open_writer(path, migrations)
            opened.append(writing)
            reading = writing if path is None else await connection.open_reader(path)
            opened.append(reading)
            guard = Guard(path, len(migrations))
        except BaseException as error:
            for one in opened:
                await one.close()
            if isinstance(error, Exception):
                raise failures.store_error(error, failures.place_of(path)) from error
            raise
        return cls(path, writing, reading, guard)

    async def aclose(self) -> None:
        """Wait for the writes that were asked, then close. More than once does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._reading is not self._writing:
                await self._reading.close()
        finally:
            await self._writing.close()  # the last to close folds the write-ahead log into the file

    # Runs and attempts

    async def begin_run(self, run: Run) -> None:
        """Also takes its lease for this process."""
        await self._write(partial(records.begin_run, run=run, owner=self._owner))

    async def end_run(self, run_id: str, state: RunState, reason: str, ended: float) -> None:
        await self._write(partial(records.end_run, run_id=run_id, state=state, reason=reason, ended=ended))

    async def begin_attempt(self, attempt: Attempt, conversation: Conversation) -> None:
        await self._write(partial(records.begin_attempt, attempt=attempt, conversation=conversation))

    async def set_attempt(
        self, attempt_id: str, state: AttemptState, reason: str = "", ended: float | None = None
    ) -> None:
        """An attempt without `ended` is taken for a live one by `reconcile`."""
        await self._write(partial(records.set_attempt, attempt_id=attempt_id, state=state, reason=reason, ended=ended))

    async def set_task_id(self, attempt_id: str, task_id: str) -> None:
        """The file gave the task an id: note it on the attempt, its conversation and, if it is the first, the run."""
        await self._write(partial(records.set_task_id, attempt_id=attempt_id, task_id=task_id))

    # Steps and events

    async def begin_step(self, step: Step, messages: Sequence[StoredMessage]) -> None:
        """`messages` are those of the request that the conversation does not have yet, in their order."""
        await self._write(partial(records.begin_step, step=step, messages=tuple(messages)))

    async def end_step(self, step: Step, message: StoredMessage | None) -> None:
        """`message` is the assistant's, None when there is no answer. Only after this a call counts as finished."""
        await self._write(partial(records.end_step, step=step, message=message))

    async def store_partial(self, step_id: str, text: str) -> None:
        """All the text that has streamed so far (not the newest piece); nothing happens once the step has ended."""
        await self._write(partial(records.store_partial, step_id=step_id, text=text))

    async def add_event(self, run_id: str, kind: str, detail: dict[str, Any], created: float) -> Event:
        """Answers the event as stored, with its number. `detail` must be JSON."""
        try:
            text = rows.json_text(detail)  # now: the caller may change it while this waits
        except (TypeError, ValueError, RecursionError) as error:
            raise failures.store_error(error, failures.place_of(self.path)) from error
        return await self._write(partial(records.add_event, run_id=run_id, kind=kind, detail=text, created=created))

    async def keep_prompt(self, name: str, version: str, text: str, created: float) -> None:
        """Keep the text of a prompt version; a version that is there already is never changed."""
        await self._write(partial(records.keep_prompt, name=name, version=version, text=text, created=created))

    # Leases

    async def renew_lease(self, run_ids: Sequence[str], now: float) -> None:
        """Say that these runs are alive and ours; call it every `HEARTBEAT_SECONDS`."""
        await self._write(partial(records.renew_lease, run_ids=tuple(run_ids), owner=self._owner, now=now))

    async def reconcile(self, now: float) -> int:
        """Mark runs as failed whose program is gone, with their attempts and steps; answers how many runs."""
        return await self._write(partial(records.reconcile, now=now))

    # Reading

    async def runs(self, *, workspace: str | None = None, limit: int = 50) -> list[Run]:
        """The newest first."""
        where, parameters = ("", (limit,)) if workspace is None else ("WHERE workspace = ?", (workspace, limit))
        query = f"SELECT * FROM runs {where} ORDER BY started DESC, run_id LIMIT ?"  # noqa: S608  # `where` is fixed text
        return await self._select(rows.run_from, query, *parameters)

    async def run(self, run_id: str) -> Run | None:
        return _only(await self._select(rows.run_from, "SELECT * FROM runs WHERE run_id = ?", run_id))

    async def attempts(self, run_id: str) -> list[Attempt]:
        """In the order in which they began."""
        return await self._select(rows.attempt_from, "SELECT * FROM attempts WHERE run_id = ? ORDER BY seq", run_id)

    async def conversation(self, conversation_id: str) -> Conversation | None:
        query = "SELECT * FROM conversations WHERE conversation_id = ?"
        return _only(await self._select(rows.conversation_from, query, conversation_id))

    async def steps(self, attempt_id: str) -> list[Step]:
        """In the order in which they began."""
        return await self._select(rows.step_from, "SELECT * FROM steps WHERE attempt_id = ? ORDER BY seq", attempt_id)

    async def partial_answer(self, step_id: str) -> str:
        """What had streamed of a step that is running or never got a whole answer, else nothing."""
        query = "SELECT partial_answer FROM steps WHERE step_id = ?"
        return _only(await self._select(_first_column, query, step_id)) or ""

    async def messages(self, conversation_id: str) -> list[StoredMessage]:
        """In the order in which they were stored."""
        query = "SELECT * FROM messages WHERE conversation_id = ? ORDER BY seq"
        return await self._select(rows.message_from, query, conversation_id)

    async def events(self, run_id: str, after: int = 0) -> list[Event]:
        """Those with a number greater than `after`, in order."""
        query = "SELECT * FROM events WHERE run_id = ? AND seq > ? ORDER BY seq"
        return await self._select(rows.event_from, query, run_id, after)

    async def prompt(self, name: str, version: str) -> str | None:
        """The text of a prompt version that was kept."""
        query = "SELECT text FROM prompts WHERE name = ? AND version = ?"
        return _only(await self._select(_first_column, query, name, version))

    # The store as a whole

    async def size(self) -> StoreSize:
        return await self._read(partial(inspection.size, path=self.path))

    async def check(self) -> list[str]:
        """What is wrong with the file, a sentence each, none when it is sound. Reads all of it."""
        return await self._read(partial(inspection.check, path=self.path))

    async def _select(self, convert: Callable[[sqlite3.Row], T], query: str, *parameters: str | int) -> list[T]:
        def select(database: sqlite3.Connection) -> list[T]:
            self._guard(database)
            found = database.execute(query, parameters).fetchall()
            try:
                return [convert(row) for row in found]
            except ValueError as error:
                raise failures.corrupt(failures.place_of(self.path), "a record holds an unknown word") from error

        return await self._read(select)

    async def _read(self, operation: Operation[T]) -> T:
        return await self._translated(self._reading.run, operation)

    async def _write(self, operation: Operation[T]) -> T:
        return await self._translated(self._writer.write, operation)

    async def _translated(self, way: Callable[[Operation[T]], Any], operation: Operation[T]) -> T:
        if self._closed:
            raise failures.closed(failures.place_of(self.path))
        try:
            return await way(operation)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            raise failures.store_error(error, failures.place_of(self.path)) from error


def _first_column(row: sqlite3.Row) -> str:
    return row[0]


def _only(found: Sequence[T]) -> T | None:
    return found[0] if found else None
