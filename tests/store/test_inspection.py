"""What `orchestrator doctor` and `orchestrator data` ask."""
# a test may wait for the disk

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.store.migrate import back_up
from tests.store.samples import begin_all, opened, whole_step


async def test_size_counts_rows_and_every_file_of_the_store(path: Path) -> None:
    async with opened(path) as store:
        await begin_all(store)
        for n in range(1, 6):
            await whole_step(store, n)
        back_up(path, 1)
        path.with_name("notes.txt").write_text("not ours")
        size = await store.size()
        ours = [file for file in path.parent.iterdir() if file.name != "notes.txt"]
        assert len(ours) == 4
        assert size.path == path
        assert size.bytes == sum(file.stat().st_size for file in ours)
        assert size.rows == {
            "approvals": 0, "attempts": 1, "conversations": 1, "effects": 0, "events": 0, "handovers": 0, "history": 0,
            "history_changes": 0, "history_grams": 0, "history_words": 0, "holders": 0,
            "meanings": 0, "measured": 0,
            "messages": 10, "outbox": 0, "outlines": 0, "prompt_uses": 0,
            "prompts": 0, "runs": 1, "said": 0, "sections": 0, "splits": 0, "steps": 5,
            "tasks": 0,
        }  # fmt: skip


async def test_size_of_a_store_in_memory() -> None:
    async with opened() as store:
        await begin_all(store)
        size = await store.size()
        assert (size.path, size.bytes, size.rows["runs"]) == (None, 0, 1)
        assert await store.check() == []


def _drop_index(database: sqlite3.Connection) -> None:
    database.execute("DROP INDEX runs_by_workspace")


def _add_column(database: sqlite3.Connection) -> None:
    database.execute("ALTER TABLE runs ADD COLUMN mood TEXT")


def _orphan(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA foreign_keys = OFF")
    database.execute("DELETE FROM conversations")


def _wrong_index(database: sqlite3.Connection) -> None:
    """An index that no longer agrees with its table, as after a bad sector."""
    database.execute("PRAGMA writable_schema = ON")
    database.execute("UPDATE sqlite_schema SET sql = replace(sql, 'started', 'reason') WHERE name = 'runs_by_start'")


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (_drop_index, "index runs_by_workspace is missing"),
        (_add_column, "table runs is missing or altered"),
        (_orphan, "A row of attempts refers to a missing row of conversations"),
        (_wrong_index, "damaged"),
    ],
)
async def test_check_names_the_damage(path: Path, damage, complaint: str) -> None:
    async with opened(path) as store:
        await begin_all(store)
        assert await store.check() == []
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        damage(database)
    async with opened(path) as store:
        problems = await store.check()
        assert any(complaint in problem for problem in problems), problems


@pytest.mark.skipif(os.name != "posix", reason="modes are a matter of POSIX")
@pytest.mark.parametrize(("name", "mode", "wanted"), [("", 0o755, 0o700), ("orchestrator.db", 0o644, 0o600)])
async def test_check_says_who_else_may_read_and_what_mends_it(path: Path, name: str, mode: int, wanted: int) -> None:
    async with opened(path) as store:
        place = path.parent / name
        place.chmod(mode)
        [problem] = await store.check()
        assert f"`chmod {wanted:o} '{place}'`" in problem
        place.chmod(wanted)
        assert await store.check() == []


async def test_check_of_a_large_damage_stays_short(path: Path) -> None:
    async with opened(path) as store:
        await begin_all(store)
        for n in range(1, 200):
            await whole_step(store, n)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("DELETE FROM conversations")
    async with opened(path) as store:
        assert 0 < len(await store.check()) <= 25
