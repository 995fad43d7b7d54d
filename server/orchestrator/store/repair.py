"""A way back from a damaged store: what can be read of it goes into a new one, and the damaged file is kept.

Apart from opening, which refuses a damaged file, because only a person may decide that what cannot be read is lost.
What can be read is copied row by row, from both ends of each table to the damage; rows without their parents are
left out. When nothing can be read the newest sound backup takes its place, and else an empty store.

Invariant: the damaged file is kept byte for byte under another name (test_the_damaged_file_is_kept).
Invariant: what a repair puts in its place is sound (test_a_repaired_store_is_sound).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import StoreCorruptError, StoreError
from orchestrator.store import failures, measured
from orchestrator.store.inspection import check
from orchestrator.store.migrate import backups, identify, migrate, shipped_migrations, transaction
from orchestrator.store.private import create_private_file

PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Repaired:
    kept: Path
    """Where the damaged file is now."""
    rows: int
    """That were read from it."""
    backup: Path | None
    """What took its place, when nothing could be read."""


def repair(path: Path) -> Repaired | None:
    """None: there is nothing to repair. Raises StoreError: of a later format, held or made by others, no space, …"""
    if not path.exists() or _is_sound(path):
        return None
    part = path.with_name(f"{path.name}.repaired.part")
    try:
        rows, backup = _save(path, part)
        with closing(sqlite3.connect(part)) as made:
            if problems := check(made, None):
                raise failures.corrupt(str(part), problems[0])
        kept = path.with_name(f"{path.name}.{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.damaged")
        for end in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + end).rename(kept.with_name(kept.name + end))
        path.rename(kept)
        part.rename(path)
    except (sqlite3.Error, OSError) as error:
        raise failures.store_error(error, str(path)) from error
    finally:
        part.unlink(missing_ok=True)
    return Repaired(kept, rows, backup)


def _is_sound(path: Path) -> bool:
    try:
        with closing(_connect(path)) as connection:
            identify(connection, str(path), len(shipped_migrations()))
            with transaction(connection):  # whoever writes to it has to end first
                return not check(connection, None)
    except sqlite3.Error as error:
        found = failures.store_error(error, str(path))
        if isinstance(found, StoreCorruptError):
            return False
        raise found from error


def _save(path: Path, part: Path) -> tuple[int, Path | None]:
    """A new store beside the damaged one: how many rows it has of that, or the backup that it is."""
    _begin(part)
    with closing(_connect(part)) as target, closing(_connect(path)) as source:
        with transaction(target):
            rows = sum(_copy(source, target, table) for table in _plain_tables(target))
            _drop_orphans(target)
            measured.forget(target)
        if rows:
            return rows, None
    for backup in reversed(backups(path)):
        _begin(part)
        try:
            with closing(_connect(backup)) as source, closing(_connect(part)) as target:
                source.backup(target)
                migrate(target, None, shipped_migrations())
                if not check(target, None):
                    return 0, backup
        except (sqlite3.Error, StoreError):
            continue
    _begin(part)
    return 0, None


def _begin(part: Path) -> None:
    part.unlink(missing_ok=True)
    create_private_file(part)
    with closing(_connect(part)) as made:
        migrate(made, None, shipped_migrations())


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=PATIENCE_SECONDS, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _plain_tables(connection: sqlite3.Connection) -> list[str]:
    """Those that hold rows of their own: triggers fill the others."""
    query = (
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
        " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    )
    return [name for (name,) in connection.execute(query)]


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> int:
    try:
        known = {row[1] for row in source.execute(f'PRAGMA table_info("{table}")')}
    except sqlite3.DatabaseError:
        return 0
    wanted = [row[1] for row in target.execute(f'PRAGMA table_info("{table}")') if row[1] in known]
    if not wanted:
        return 0
    names = ", ".join(f'"{name}"' for name in wanted)
    insert = f'INSERT OR IGNORE INTO "{table}" ({names}) VALUES ({", ".join("?" * len(wanted))})'  # noqa: S608  # our names
    count = 0
    for order in ("", " ORDER BY rowid DESC"):
        broken = False
        try:
            for row in _rows(source, f'SELECT {names} FROM "{table}"{order}'):  # noqa: S608  # our names
                with suppress(sqlite3.IntegrityError):
                    count += target.execute(insert, row).rowcount
        except sqlite3.DatabaseError:
            broken = True
        if not broken:
            break
    return count


def _rows(source: sqlite3.Connection, query: str) -> Iterator[tuple[object, ...]]:
    cursor = source.execute(query)
    while (row := cursor.fetchone()) is not None:
        yield row


def _drop_orphans(target: sqlite3.Connection) -> None:
    """Rows whose parents could not be read, until none is left."""
    while broken := {row[0] for row in target.execute("PRAGMA foreign_key_check")}:
        for table in broken:
            for _, _, parent, column, key, *_ in target.execute(f'PRAGMA foreign_key_list("{table}")').fetchall():
                target.execute(
                    f'DELETE FROM "{table}" WHERE "{column}" IS NOT NULL AND "{column}" NOT IN'  # noqa: S608  # our names
                    f' (SELECT "{key or column}" FROM "{parent}")'
                )
