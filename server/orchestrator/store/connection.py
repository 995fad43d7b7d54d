"""Open the database: in a thread of its own, private, with the settings that durability needs.

Apart from the store because everything here runs in the connection's thread, and may wait there.

Invariant: a database that is newer, damaged or another program's is not changed (test_refused_file_is_untouched).
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from orchestrator.store import failures
from orchestrator.store.migrate import Migration, identify, migrate, read_number
from orchestrator.store.private import create_private_file, create_private_folder

BUSY_SECONDS = 5.0
"""How long a statement waits for another program's lock before it gives up."""

_WAL_SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes that the WAL file may keep after a checkpoint, so that one huge answer does not stay on disk twice."""

_STATEMENTS = 256
"""Kept ready: those of `bulk` come in several sizes."""

T = TypeVar("T")


class Connection(aiosqlite.Connection):
    """aiosqlite's connection and thread, with one more way in: a whole function in one hop.

    A hop costs more than a statement, so a transaction must not take one per statement.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        # A store that was not closed must not keep the program alive; what it acknowledged is on disk.
        self._thread.daemon = True
        self._stopped: asyncio.Future[Any] | None = None

    def stop(self) -> asyncio.Future[Any] | None:
        self._stopped = super().stop()  # pyright: ignore[reportUnknownMemberType]  # a bare Future there
        return self._stopped

    async def open(self) -> None:
        """Run the connector in the thread. If that fails the thread has ended when this raises.

        aiosqlite lets go of it too early: it would report to an event loop that may be closed by then.
        """
        try:
            await self
        except BaseException:
            if self._stopped is not None:
                await self._stopped
            raise

    @property
    def closed(self) -> bool:
        return not self._running

    def ask(self, function: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Call it in the thread, after everything that was asked before; a caller that is cancelled takes nothing back.

        Raises ValueError when it is closed.
        """
        if not self._running:
            raise ValueError("Connection closed")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((answer, partial(function, self._conn)))  # pyright: ignore[reportUnknownMemberType]
        return answer

    async def run(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """`ask`, and wait for what it says."""
        return await self.ask(function)


async def open_writer(
    path: Path | None, migrations: tuple[Migration, ...], busy_seconds: float | None = None
) -> Connection:
    return await _open(partial(_prepare_writer, path, migrations, _patience(busy_seconds)))


async def open_reader(path: Path, busy_seconds: float | None = None) -> Connection:
    """A second connection, so that a read does not wait for the disk behind a write."""
    return await _open(partial(_prepare_reader, path, _patience(busy_seconds)))


def _patience(busy_seconds: float | None) -> float:
    return BUSY_SECONDS if busy_seconds is None else busy_seconds


async def _open(connector: Callable[[], sqlite3.Connection]) -> Connection:
    connection = Connection(connector)
    await connection.open()
    return connection


def _prepare_writer(path: Path | None, migrations: tuple[Migration, ...], busy_seconds: float) -> sqlite3.Connection:
    if path is not None:
        create_private_folder(path.parent)
        if path.is_dir():
            raise failures.unwritable(str(path), "a folder is in its place")
        create_private_file(path)
        if not os.access(path, os.W_OK):  # SQLite would open it, and refuse only the first write
            raise failures.unwritable(str(path), "permission denied")
    connection = _connect(":memory:" if path is None else str(path), busy_seconds)
    try:
        identify(connection, failures.place_of(path), len(migrations))
        if path is not None:
            _use_write_ahead_log(connection, path, busy_seconds)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_SIZE_LIMIT}")
        migrate(connection, path, migrations)
        connection.execute("PRAGMA foreign_keys = ON")  # after the migrations, which may rebuild a table
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare_reader(path: Path, busy_seconds: float) -> sqlite3.Connection:
    connection = _connect(str(path), busy_seconds)
    try:
        connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(name: str, busy_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(name, timeout=busy_seconds, isolation_level=None, cached_statements=_STATEMENTS)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA temp_store = MEMORY")  # sorting must not spill a user's text into a shared folder
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection, path: Path, busy_seconds: float) -> None:
    """Switch to WAL. SQLite does not always wait for a lock here, so that we do it."""
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    if mode != "wal":
        raise failures.unwritable(str(path), "its file system has no shared memory, it must be a local disk")


class Guard:
    """Looks, at each use, whether the file is still the one that was opened and still in our format."""

    def __init__(self, path: Path | None, known: int) -> None:
        self._path = path
        self._known = known
        self._identity = self._look()
        self._versions: dict[int, int] = {}
        """By connection, the state of the database in which it was found to be in our format."""

    def __call__(self, connection: sqlite3.Connection) -> None:
        """Without this, records would go to a file that was deleted, or to columns that a later version renamed."""
        if self._path is None:
            return
        if self._look() != self._identity:
            raise failures.unwritable(str(self._path), "it was removed or replaced while it was open")
        version = read_number(connection, "data_version")  # another one when another connection wrote
        if self._versions.get(id(connection)) != version:
            identify(connection, str(self._path), self._known)
            self._versions[id(connection)] = version

    def _look(self) -> tuple[int, int] | None:
        if self._path is None:
            return None
        try:
            status = os.stat(self._path)  # noqa: PTH116  # a third of the cost of Path.stat, and this runs for each write
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino
