"""Look at the store as a whole: how big it is, and whether it is sound.

Apart from the records because `orchestrator doctor` and `orchestrator data` ask this, and no run does.

Invariant: a sound store gives no complaint, a damaged one gives at least one (test_check_names_the_damage).
"""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from orchestrator.store import failures
from orchestrator.store.migrate import backups, migrate, shipped_migrations

_SHOWN_PROBLEMS = 20
"""A damaged file can have thousands; the first ones say enough."""


@dataclass(frozen=True, slots=True)
class StoreSize:
    path: Path | None
    """None: the store is in memory."""
    bytes: int
    """On disk: the database, its write-ahead log and its backups."""
    rows: dict[str, int]
    """By table, in alphabetical order."""


def size(connection: sqlite3.Connection, path: Path | None) -> StoreSize:
    counts: dict[str, int] = {}
    for table in tables(connection):
        (counts[table],) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # noqa: S608  # our own names
    return StoreSize(path, 0 if path is None else sum(_bytes(file) for file in store_files(path)), counts)


def tables(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        " AND name NOT LIKE 'history\\_words\\_%' ESCAPE '\\' AND name NOT LIKE 'history\\_grams\\_%' ESCAPE '\\'"
        " ORDER BY name"  # where FTS5 keeps its index
    )
    return [row[0] for row in found]


def store_files(path: Path) -> list[Path]:
    """Every file that belongs to the store."""
    return [path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm"), *backups(path)]


def check(connection: sqlite3.Connection, path: Path | None) -> list[str]:
    """What is wrong, a sentence each; reads the whole file."""
    try:
        problems = [*_integrity(connection), *_missing_schema(connection), *_broken_references(connection)]
    except sqlite3.Error as error:
        problems = [str(failures.store_error(error, failures.place_of(path)))]
    return problems if path is None else [*problems, *_open_to_others(path)]


def _integrity(connection: sqlite3.Connection) -> list[str]:
    found = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_SHOWN_PROBLEMS})")]
    return [] if found == ["ok"] else [f"The file is damaged: {problem}" for problem in found]


def _missing_schema(connection: sqlite3.Connection) -> list[str]:
    """Tables and indexes that a fresh store has and this one does not have in the same form."""
    query = "SELECT type, name, sql FROM sqlite_schema"
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        migrate(fresh, None, shipped_migrations())
        expected = {tuple(row) for row in fresh.execute(query)}
    found = {tuple(row) for row in connection.execute(query)}
    return [f"The {kind} {name} is missing or altered." for kind, name, _ in sorted(expected - found, key=str)]


def _broken_references(connection: sqlite3.Connection) -> list[str]:
    broken = connection.execute("PRAGMA foreign_key_check").fetchmany(_SHOWN_PROBLEMS)
    return [f"A row of {row[0]} refers to a missing row of {row[2]}." for row in broken]


def _open_to_others(path: Path) -> list[str]:
    if os.name != "posix":
        return []  # there the folder's access list decides, and a mode says nothing
    problems: list[str] = []
    for place, wanted in ((path.parent, "700"), *((file, "600") for file in store_files(path))):
        try:
            mode = stat.S_IMODE(place.stat().st_mode)
        except FileNotFoundError:
            continue
        if mode & 0o077:
            problems.append(f"Others may open {place} (mode {mode:o}). Run `chmod {wanted} '{place}'`.")
    return problems


def _bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
