"""A way back from a damaged store."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.errors import StoreCorruptError, StoreLockedError
from orchestrator.model.run import Run, RunKind
from orchestrator.store import repair as repair_module
from orchestrator.store.migrate import back_up
from orchestrator.store.repair import repair
from orchestrator.store.store import Store

RUNS = 400


async def fill(path: Path) -> None:
    store = await Store.open(path)
    for number in range(RUNS):
        await store.begin_run(Run(f"run_{number:05}", RunKind.BRANCH, "/w", "file:///w/a.md", None, "t" * 200, number))
    await store.aclose()


async def look(path: Path) -> tuple[int, list[str]]:
    store = await Store.open(path)
    try:
        return len(await store.runs(limit=1_000)), await store.check()
    finally:
        await store.aclose()


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("filled") / "orchestrator.db"
    asyncio.run(fill(path))
    return path.read_bytes()


@pytest.fixture
def path(tmp_path: Path, filled: bytes) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    file = folder / "orchestrator.db"
    file.write_bytes(filled)
    file.chmod(0o600)
    return file


def spoil(path: Path) -> None:
    """A page in the middle of the runs."""
    with closing(sqlite3.connect(path)) as database:
        query = "SELECT pageno FROM dbstat WHERE name = 'runs' AND pagetype = 'leaf' ORDER BY pageno"
        try:
            pages = [row[0] for row in database.execute(query)]
        except sqlite3.OperationalError:  # this SQLite cannot tell
            pages = []
        (size,) = database.execute("PRAGMA page_size").fetchone()
    content = bytearray(path.read_bytes())
    page = pages[len(pages) // 2] if pages else len(content) // size // 2
    content[(page - 1) * size : page * size] = b"\xff" * size
    path.write_bytes(content)


def test_a_repaired_store_is_sound(path: Path) -> None:
    spoil(path)
    done = repair(path)
    assert done is not None
    assert done.backup is None
    runs, problems = asyncio.run(look(path))
    assert problems == []
    assert RUNS // 2 < runs < RUNS, "what stands on other pages is there"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert repair(path) is None


def test_the_damaged_file_is_kept(path: Path) -> None:
    spoil(path)
    damaged = path.read_bytes()
    done = repair(path)
    assert done is not None
    assert done.kept.read_bytes() == damaged
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, done.kept.name]


def test_where_nothing_can_be_read_the_newest_backup_counts(path: Path) -> None:
    backup = back_up(path, 1)
    path.write_bytes(b"no database at all" * 1_000)
    done = repair(path)
    assert done is not None
    assert (done.rows, done.backup) == (0, backup)
    assert asyncio.run(look(path)) == (RUNS, [])


def test_without_a_backup_it_begins_anew(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1_000)
    done = repair(path)
    assert done is not None
    assert (done.rows, done.backup) == (0, None)
    assert asyncio.run(look(path)) == (0, [])


def test_a_sound_store_and_none_are_left_alone(path: Path, tmp_path: Path) -> None:
    before = path.read_bytes()
    assert repair(path) is None
    assert path.read_bytes() == before
    assert repair(tmp_path / "none.db") is None


def test_a_store_that_is_written_to_is_not_repaired(path: Path, monkeypatch) -> None:
    monkeypatch.setattr(repair_module, "PATIENCE_SECONDS", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreLockedError):
            repair(path)


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA application_id = 7")
    before = path.read_bytes()
    with pytest.raises(StoreCorruptError, match="another program made this database"):
        repair(path)
    assert path.read_bytes() == before
