"""Turn what SQLite and the file system say into an error that tells a person what to do.

Apart from the statements because the same few reasons (locked, damaged, full) can strike any of them.

Invariant: no text of a record is part of an error (test_an_error_never_quotes_a_record).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from orchestrator.errors import (
    StoreCorruptError,
    StoreError,
    StoreLockedError,
    StoreTooNewError,
    StoreUnwritableError,
)

_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_MISMATCH}
_UNWRITABLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOLFS,
}
_REPORT = "Run `orchestrator doctor`, and report this with what it prints."


def store_error(error: Exception, place: str) -> StoreError:
    """The error to show for one that came out of SQLite, the file system or a record's conversion."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, OSError):
        return unwritable(place, error.strerror or type(error).__name__)
    code: int | None = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary in _LOCKED:
        return locked(place)
    if primary in _CORRUPT or (primary == sqlite3.SQLITE_ERROR and str(error).startswith("no such ")):
        return corrupt(place, str(error))
    if primary in _UNWRITABLE:
        return unwritable(place, str(error))
    if primary is not None:
        return StoreError(f"The store {place} refused a record: {error}.", hint=_REPORT)
    if isinstance(error, sqlite3.OperationalError):
        # Without a code it is Python's "Could not decode to UTF-8", and that message quotes the text.
        return corrupt(place, "a text in it is not UTF-8")
    return StoreError(f"The store {place} refused a record ({type(error).__name__}).", hint=_REPORT)


def locked(place: str) -> StoreLockedError:
    return StoreLockedError(
        f"The store {place} is held by another program.",
        hint="Close the other program that writes to it and try again; `orchestrator doctor` checks it.",
    )


def too_new(place: str, found: int, known: int) -> StoreTooNewError:
    return StoreTooNewError(
        f"The store {place} was written by a later version of Orchestrator (format {found}, this one knows {known}).",
        hint="Update Orchestrator, or set ORCHESTRATOR_DATA_DIR to another folder; `orchestrator doctor` shows both.",
    )


def corrupt(place: str, why: str) -> StoreCorruptError:
    return StoreCorruptError(
        f"The store {place} is damaged or not ours: {why}.",
        hint="Run `orchestrator doctor`, with --repair to mend it: the damaged file is kept, and your tasks are in the "
        "outlines.",
    )


def unwritable(place: str, why: str) -> StoreUnwritableError:
    return StoreUnwritableError(
        f"The store {place} cannot be written: {why}.",
        hint="Free space or mend its permissions, or set ORCHESTRATOR_DATA_DIR; `orchestrator doctor` checks it.",
    )


def closed(place: str) -> StoreError:
    return StoreError(f"The store {place} is closed.", hint="Start Orchestrator again.")


def unknown_record(kind: str, record_id: str) -> StoreError:
    return StoreError(f"The store holds no {kind} {record_id}.", hint=_REPORT)


def place_of(path: Path | None) -> str:
    return "in memory" if path is None else str(path)
