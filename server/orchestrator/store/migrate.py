"""Bring a database to the format of this program: numbered files, forward only, each in one transaction.

Apart from opening because a migration that fails must leave the user's history exactly as it was.

Invariant: a migration that fails changes nothing (test_failing_migration_changes_nothing).
Invariant: an existing database is copied before each migration (test_migration_keeps_a_backup).
Invariant: two programs that start at once migrate once (test_two_processes_open_a_new_store_at_once).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from orchestrator.errors import StoreError
from orchestrator.store import failures
from orchestrator.store.private import create_private_file

KEPT_BACKUPS = 3
APPLICATION_ID = 0x4F726373
"""`PRAGMA application_id` of our files ("Orcs"), so that no other program's database is ever migrated."""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    """From 1, without gaps; the value of `PRAGMA user_version` after it."""
    name: str
    sql: str


def shipped_migrations() -> tuple[Migration, ...]:
    files = (resources.files("orchestrator.store") / "migrations").iterdir()
    found = sorted((file.name, file.read_text(encoding="utf-8")) for file in files if file.name.endswith(".sql"))
    return tuple(Migration(int(name[:4]), name, sql) for name, sql in found)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """Everything inside is committed together, or nothing is. Takes the write lock at once."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:  # SQLite ends it by itself after some errors, such as a full disk
            connection.execute("ROLLBACK")


def identify(connection: sqlite3.Connection, place: str, known: int) -> int:
    """The database's format number (0: empty), or an error if we must keep our hands off."""
    version = read_number(connection, "user_version")
    application = read_number(connection, "application_id")
    empty = read_number(connection, "schema_version") == 0
    if application != APPLICATION_ID and not (empty and version == 0 and application == 0):
        raise failures.corrupt(place, "another program made this database")
    if version > known:
        raise failures.too_new(place, version, known)
    return version


def read_number(connection: sqlite3.Connection, pragma: str) -> int:
    (number,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(number)


def migrate(connection: sqlite3.Connection, path: Path | None, migrations: Sequence[Migration]) -> None:
    """Apply what is missing. Takes the write lock even if nothing is, which shows that we may write."""
    place = failures.place_of(path)
    while True:
        with transaction(connection):
            version = identify(connection, place, len(migrations))
            if version == len(migrations):
                return
            if version == 0:  # at once: nothing in it that a backup could keep, nor that others should see half made
                for migration in migrations:
                    _apply(connection, migration, place, None)
                return
            backup = back_up(path, version) if path else None
            _apply(connection, migrations[version], place, backup)


def _apply(connection: sqlite3.Connection, migration: Migration, place: str, backup: Path | None) -> None:
    try:
        for statement in statements(migration.sql):
            connection.execute(statement)
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.Error as error:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT}:
            raise
        raise _not_migrated(place, migration, str(error), backup) from error
    if broken:
        raise _not_migrated(place, migration, "records without their parents", backup)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {migration.number}")


def _not_migrated(place: str, migration: Migration, why: str, backup: Path | None) -> StoreError:
    copy = f" (a copy is {backup})" if backup else ""
    return StoreError(
        f"The store {place} could not be brought to format {migration.number}: {why}. It is unchanged{copy}.",
        hint="Go back to the version of Orchestrator that you had, and report this with `orchestrator doctor`.",
    )


def statements(sql: str) -> Iterator[str]:
    """The statements of a script one by one: `executescript` would commit before the first."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def back_up(path: Path, version: int) -> Path:
    """Copy the database beside itself, from a snapshot, and let go of the oldest copies.

    The copy gets its name when it is whole. The caller holds the write lock, so it is the state before the migration.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    backup = path.with_name(f"{path.name}.{stamp}.format-{version:04}.backup")
    part = backup.with_name(f"{backup.name}.part")
    try:
        part.unlink(missing_ok=True)
        create_private_file(part)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as target:
            source.backup(target)
        part.replace(backup)
    finally:
        part.unlink(missing_ok=True)
    for old in backups(path)[:-KEPT_BACKUPS]:
        old.unlink(missing_ok=True)
    return backup


def backups(path: Path) -> list[Path]:
    """The copies beside the store, oldest first."""
    return sorted(path.parent.glob(f"{glob_escape(path.name)}.*.backup"))


def glob_escape(name: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)
