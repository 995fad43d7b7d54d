"""Migrations: all or nothing, with a copy of before."""
# a test may wait for the disk

from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.errors import StoreError, StoreTooNewError, StoreUnwritableError
from orchestrator.store import Store, migrate
from orchestrator.store.migrate import KEPT_BACKUPS, Migration, backups, shipped_migrations, statements
from tests.store.samples import REPOSITORY, begin_all, opened, whole_step

SHIPPED = shipped_migrations()


def with_migrations(monkeypatch: pytest.MonkeyPatch, *scripts: str) -> int:
    """Let the program have these migrations after the shipped ones; answers the newest format."""
    first = len(SHIPPED) + 1
    added = tuple(Migration(number, f"{number:04}_test.sql", sql) for number, sql in enumerate(scripts, start=first))
    monkeypatch.setattr("orchestrator.store.store.shipped_migrations", lambda: SHIPPED + added)
    return len(SHIPPED) + len(added)


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A store of the shipped format that holds something."""
    path = tmp_path / "orchestrator.db"
    async with opened(path) as store:
        await begin_all(store)
        await whole_step(store, 1)
    return path


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        return [f"format {version}", *database.iterdump()]


def test_shipped_migrations_are_numbered_without_gaps() -> None:
    assert [migration.number for migration in SHIPPED] == list(range(1, len(SHIPPED) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", migration.name) for migration in SHIPPED)


def test_shipped_migrations_leave_the_transaction_alone() -> None:
    for migration in SHIPPED:
        for statement in statements(migration.sql):
            text = re.sub(r"--.*", "", statement).strip()
            assert not re.match(r"(?i)(begin|commit|end|rollback|savepoint|release|vacuum|pragma|attach)\b", text)


def test_statements_are_split_where_they_end() -> None:
    trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  DELETE FROM b;\n  DELETE FROM c;\nEND;\n"
    value = "INSERT INTO a VALUES (';\n--');\n"
    assert list(statements(trigger + value + "-- the end\n")) == [trigger, value, "-- the end\n"]
    assert list(statements("CREATE TABLE a (b)")) == ["CREATE TABLE a (b)"]


async def test_migration_keeps_a_backup(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = dump(path)
    newest = with_migrations(monkeypatch, "ALTER TABLE runs ADD COLUMN note TEXT;\nUPDATE runs SET note = 'migrated';")
    async with opened(path) as store:
        assert len(await store.runs()) == 1
        [(note,)] = await store._writing.execute_fetchall("SELECT note FROM runs")
        assert note == "migrated"
        [(version,)] = await store._writing.execute_fetchall("PRAGMA user_version")
        assert version == newest
        [backup] = backups(path)
        assert (await store.size()).bytes > backup.stat().st_size
    assert dump(backup) == before
    if os.name == "posix":
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    async with opened(path):
        assert backups(path) == [backup]


async def test_backup_can_be_put_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_migrations(monkeypatch, "DROP TABLE prompts;")
    async with opened(path):
        [backup] = backups(path)
    monkeypatch.undo()
    with pytest.raises(StoreTooNewError):
        await Store.open(path)
    backup.replace(path)
    async with opened(path) as store:
        assert [message.text for message in await store.messages("conv_1")] == ["question 1", "answer 1"]
        assert await store.check() == []


async def test_each_migration_has_its_backup_and_the_newest_are_kept(path: Path, monkeypatch) -> None:
    scripts = [f"CREATE TABLE extra_{n} (a INTEGER) STRICT;" for n in range(KEPT_BACKUPS + 2)]
    with_migrations(monkeypatch, *scripts)
    async with opened(path):
        pass
    kept = [f"format {len(SHIPPED) + n}" for n in range(2, KEPT_BACKUPS + 2)]
    assert [dump(backup)[0] for backup in backups(path)] == kept


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE extra (a INTEGER) STRICT;\nUPDATE runs SET reason = 'half';\nCREATE TABLE extra (a INTEGER);",
        "UPDATE runs SET reason = 'half';\nINSERT INTO runs SELECT * FROM runs;",
        "UPDATE runs SET reason = 'half';\nthis is no SQL;",
        "UPDATE runs SET reason = 'half';\nUPDATE attempts SET run_id = 'nobody';",
        "UPDATE runs SET reason = 'half';\nCREATE TABLE unfinished (",
    ],
)
async def test_failing_migration_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    before = dump(path)
    good = "CREATE TABLE extra_good (a INTEGER) STRICT;"
    with_migrations(monkeypatch, script, good)
    with pytest.raises(StoreError, match="It is unchanged") as caught:
        await Store.open(path)
    assert "orchestrator doctor" in caught.value.hint
    assert dump(path) == before
    [backup] = backups(path)
    assert str(backup) in caught.value.message
    monkeypatch.undo()
    async with opened(path) as store:
        assert await store.check() == []


async def test_migrations_before_the_failing_one_stay(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = with_migrations(monkeypatch, "CREATE TABLE extra_good (a INTEGER) STRICT;", "no SQL;")
    with pytest.raises(StoreError, match=f"could not be brought to format {newest}"):
        await Store.open(path)
    assert dump(path)[0] == f"format {newest - 1}"


async def test_without_a_backup_there_is_no_migration(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = dump(path)
    with_migrations(monkeypatch, "DROP TABLE prompts;")

    def no_space(file: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(migrate, "create_private_file", no_space)
    with pytest.raises(StoreUnwritableError, match="No space"):
        await Store.open(path)
    assert dump(path) == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_kill_during_a_migration(tmp_path: Path) -> None:
    """Killed inside the transaction: the old format, whole, and the next start migrates."""
    code = """
        import asyncio, os, pathlib, signal, sqlite3, sys
        from orchestrator.store import migrate, store
        from tests.store.samples import *
        path = pathlib.Path(sys.argv[1])

        async def main():
            async with opened(path) as one:
                await begin_all(one)
            shipped = migrate.shipped_migrations()
            added = migrate.Migration(len(shipped) + 1, "", "DELETE FROM attempts;\\nDROP TABLE prompts;\\nSELECT 1;")
            store.shipped_migrations = lambda: (*shipped, added)
            split = migrate.statements
            def killing(sql):
                for statement in split(sql):
                    if statement.startswith("SELECT 1"):
                        os.kill(os.getpid(), signal.SIGKILL)
                    yield statement
            migrate.statements = killing
            await store.Store.open(path)

        asyncio.run(main())
    """
    path = tmp_path / "orchestrator.db"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(path)], cwd=REPOSITORY, timeout=120, check=False
    )
    assert done.returncode == -9
    after = dump(path)
    assert after[0] == f"format {len(SHIPPED)}"
    assert any("attempt_1" in line for line in after)
    assert any("TABLE prompts" in line for line in after)
    assert len(backups(path)) == 1
