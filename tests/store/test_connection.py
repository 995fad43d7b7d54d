"""Opening a store, and what a person is told when it cannot be opened or used."""

# ruff: noqa: ASYNC240  # a test may wait for the disk

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.errors import (
    StoreCorruptError,
    StoreError,
    StoreLockedError,
    StoreTooNewError,
    StoreUnwritableError,
)
from orchestrator.store import Store
from tests.store.samples import (
    NEWEST,
    REPOSITORY,
    a_run,
    begin_all,
    make_newer,
    make_store,
    opened,
    other_program,
    run_limited,
)


async def refusal(path: Path) -> StoreError:
    """The error of opening; every one names the file and a command."""
    with pytest.raises(StoreError) as caught:
        await Store.open(path)
    assert str(path) in caught.value.message
    assert "`orchestrator doctor`" in caught.value.hint
    return caught.value


# New files


@pytest.mark.skipif(os.name != "posix", reason="modes are a matter of POSIX")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
async def test_modes_of_new_files(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        path = tmp_path / "share" / "orchestrator" / "orchestrator.db"
        async with opened(path) as store:
            await begin_all(store)
            found = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
            assert await store.check() == []
    finally:
        os.umask(before)
    assert found == {"orchestrator.db": 0o600, "orchestrator.db-wal": 0o600, "orchestrator.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


async def test_settings_of_durability(path: Path) -> None:
    async with opened(path) as store:

        def look(database: sqlite3.Connection) -> list[object]:
            names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            return [database.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

        assert await store._writing.run(look) == ["wal", 2, 1, 5000]
        # FTS5 makes its own tables, and a view is none.
        strict = (
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'"
            " AND name NOT LIKE 'history_words%' AND type = 'table' AND NOT strict"
        )
        assert await store._writing.run(lambda database: database.execute(strict).fetchall()) == []


async def test_reads_cannot_write(path: Path) -> None:
    async with opened(path) as store:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await store._reading.run(lambda database: database.execute("DELETE FROM runs"))


async def test_empty_file_becomes_a_store(path: Path) -> None:
    """A program that was killed right after it created the file leaves an empty one."""
    path.parent.mkdir()
    path.touch()
    await make_store(path)


async def test_log_of_a_deleted_store_is_not_taken_over(path: Path) -> None:
    await make_store(path)
    path.with_name("orchestrator.db-wal").write_bytes(b"\x37\x7f\x06\x82" + bytes(4000))
    path.unlink()
    async with opened(path) as store:
        assert await store.runs() == []
        assert await store.check() == []


def test_two_processes_open_a_new_store_at_once(path: Path) -> None:
    code = "import asyncio, sys, pathlib\nfrom tests.store.test_connection import open_and_close\n"
    code += "asyncio.run(open_and_close(pathlib.Path(sys.argv[1])))"
    for _ in range(3):
        processes = [subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=REPOSITORY) for _ in range(2)]
        assert [process.wait(timeout=120) for process in processes] == [0, 0]
        asyncio.run(open_and_close(path))  # two that close in the same moment leave the log to the next
        assert [file.name for file in path.parent.iterdir()] == ["orchestrator.db"]
        path.unlink()


async def open_and_close(path: Path) -> None:
    async with opened(path) as store:
        assert await store.runs() == []


async def test_many_stores_of_one_process_at_once(path: Path) -> None:
    stores = await asyncio.gather(*(Store.open(path) for _ in range(4)))
    await asyncio.gather(*(store.begin_run(a_run(f"run_{n}")) for n, store in enumerate(stores)))
    assert len(await stores[0].runs()) == 4
    await asyncio.gather(*(store.aclose() for store in stores))


# Refusals when opening


async def test_newer_store(path: Path) -> None:
    await make_store(path)
    with other_program(path) as database:
        database.execute(f"PRAGMA user_version = {NEWEST + 1}")
    error = await refusal(path)
    assert isinstance(error, StoreTooNewError)
    assert f"format {NEWEST + 1}" in error.message


async def test_file_that_is_no_database(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"- [ ] This is an outline\n" * 200)
    assert isinstance(await refusal(path), StoreCorruptError)


@pytest.mark.parametrize("user_version", [0, 1, 99])
async def test_database_of_another_program(path: Path, user_version: int) -> None:
    path.parent.mkdir()
    with other_program(path) as database:
        database.execute("CREATE TABLE moz_places (url TEXT)")
        database.execute(f"PRAGMA user_version = {user_version}")
    error = await refusal(path)
    assert isinstance(error, StoreCorruptError)
    assert "another program" in error.message


def _make_foreign(path: Path) -> None:
    path.unlink()
    with other_program(path) as database:
        database.execute("CREATE TABLE moz_places (url TEXT)")


def _make_garbage(path: Path) -> None:
    path.write_bytes(b"\0garbage" * 1000)


@pytest.mark.parametrize("spoil", [make_newer, _make_foreign, _make_garbage])
async def test_refused_file_is_untouched(path: Path, spoil) -> None:
    await make_store(path)
    spoil(path)
    before = path.read_bytes()
    await refusal(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["orchestrator.db"]


async def test_truncated_store(path: Path) -> None:
    await make_store(path, steps=100)
    content = path.read_bytes()
    for kept in (len(content) // 2, 4096, 1000, 100, 50):
        path.write_bytes(content[:kept])
        assert isinstance(await refusal(path), StoreCorruptError)


async def test_folder_in_place_of_the_store(path: Path) -> None:
    path.mkdir(parents=True)
    error = await refusal(path)
    assert isinstance(error, StoreUnwritableError)
    assert "folder" in error.message


async def test_file_in_place_of_the_folder(path: Path) -> None:
    path.parent.write_text("")
    assert isinstance(await refusal(path), StoreUnwritableError)


async def test_store_that_another_program_holds(path: Path, impatient: None) -> None:
    await make_store(path)
    with other_program(path) as database:
        database.execute("BEGIN EXCLUSIVE")
        assert isinstance(await refusal(path), StoreLockedError)
    async with opened(path) as store:
        assert len(await store.runs()) == 1


async def test_new_store_that_another_program_holds(path: Path, impatient: None) -> None:
    path.parent.mkdir()
    with other_program(path) as database:
        database.execute("BEGIN EXCLUSIVE")
        assert isinstance(await refusal(path), StoreLockedError)
    await make_store(path)


def test_no_space_for_a_new_store(path: Path) -> None:
    code = """
        import asyncio, pathlib, resource, sys
        from orchestrator.errors import StoreUnwritableError
        from orchestrator.store import Store

        async def main():
            await (await Store.open(None)).aclose()
            resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
            try:
                await Store.open(pathlib.Path(sys.argv[1]))
            except StoreUnwritableError as error:
                print(type(error).__name__)

        asyncio.run(main())
    """
    assert run_limited(code, str(path)) == "StoreUnwritableError"


AS_NOBODY = """
    import asyncio, os, pathlib, sys
    from orchestrator.errors import StoreError
    from orchestrator.store import Store
    from tests.store.samples import opened

    async def main(path):
        await (await Store.open(None)).aclose()     # import everything while we may
        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        try:
            async with opened(path) as store:
                print("opened", len(await store.runs()))
        except StoreError as error:
            print(type(error).__name__)

    asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


@contextmanager
def folder_of_nobody() -> Iterator[Path]:
    """A folder that the user `nobody` owns when the tests run as root: permissions do not bind root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        folder.mkdir(mode=0o700)
        Path(name).chmod(0o755)
        try:
            yield folder
        finally:
            folder.chmod(0o700)


def give_to_nobody(*places: Path) -> None:
    for place in places:
        if os.geteuid() == 0:
            os.chown(place, 65534, 65534)


@pytest.mark.skipif(os.name != "posix", reason="modes are a matter of POSIX")
@pytest.mark.parametrize("exists", [False, True])
def test_folder_that_cannot_be_written(exists: bool) -> None:
    with folder_of_nobody() as folder:
        path = folder / "orchestrator.db"
        if exists:
            asyncio.run(make_store(path))
            give_to_nobody(path)
        give_to_nobody(folder)
        assert run_limited(AS_NOBODY, str(path)) == f"opened {int(exists)}"
        if not exists:
            path.unlink()
        folder.chmod(0o500)
        assert run_limited(AS_NOBODY, str(path)) == "StoreUnwritableError"


@pytest.mark.skipif(os.name != "posix", reason="modes are a matter of POSIX")
@pytest.mark.parametrize("mode", [0o400, 0o000])
def test_file_that_cannot_be_written(mode: int) -> None:
    with folder_of_nobody() as folder:
        path = folder / "orchestrator.db"
        asyncio.run(make_store(path))
        give_to_nobody(path, folder)
        path.chmod(mode)
        assert run_limited(AS_NOBODY, str(path)) == "StoreUnwritableError"
