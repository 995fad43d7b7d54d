"""What a person is told when a store that is open cannot be used any more, and that nothing is left by half."""
# ruff: noqa: ASYNC240  # a test may wait for the disk

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from orchestrator.errors import StoreCorruptError, StoreError, StoreLockedError, StoreTooNewError, StoreUnwritableError
from orchestrator.model.message import Speaker
from tests.store.samples import (
    a_message,
    a_step,
    begin_all,
    finished,
    make_newer,
    make_store,
    opened,
    other_program,
    run_limited,
    whole_step,
)


async def test_lock_while_open(path: Path, impatient: None) -> None:
    async with opened(path) as store:
        await begin_all(store)
        with other_program(path) as database:
            database.execute("BEGIN EXCLUSIVE")
            results = await asyncio.gather(
                *(store.add_event("run_1", "attempt.state", {}, 1.0) for _ in range(8)), return_exceptions=True
            )
            assert [type(result) for result in results] == [StoreLockedError] * 8
            assert len(await store.runs()) == 1
        assert (await store.add_event("run_1", "attempt.state", {}, 1.0)).seq == 1


async def test_later_version_migrates_while_open(path: Path) -> None:
    async with opened(path) as store:
        await begin_all(store)
        make_newer(path)
        with pytest.raises(StoreTooNewError):
            await whole_step(store, 1)
        with pytest.raises(StoreTooNewError):
            await store.runs()
    with other_program(path) as database:
        assert database.execute("SELECT count(*) FROM steps").fetchone() == (0,)


async def test_damaged_page_while_open(path: Path) -> None:
    """Both ways in, reading and writing, name the damage; and `check` does too."""
    await make_store(path, steps=300)
    content = bytearray(path.read_bytes())
    roots = slice(12 * 4096, 22 * 4096)  # of the tables and indexes of steps and messages; the schema stays readable
    content[roots] = b"\xa5" * (roots.stop - roots.start)
    path.write_bytes(content)
    async with opened(path) as store:
        with pytest.raises(StoreCorruptError):
            await store.messages("conv_1")
        with pytest.raises(StoreCorruptError):
            await whole_step(store, 1000)
        assert await store.check() != []


async def test_table_that_is_gone(path: Path) -> None:
    async with opened(path) as store:
        await begin_all(store)
        with other_program(path) as database:
            database.execute("DROP TABLE events")
        with pytest.raises(StoreCorruptError, match="no such table"):
            await store.add_event("run_1", "attempt.state", {}, 1.0)
        with pytest.raises(StoreCorruptError, match="no such table"):
            await store.events("run_1")


async def test_word_that_no_version_wrote(path: Path) -> None:
    async with opened(path) as store:
        await begin_all(store)
        with other_program(path) as database:
            database.execute("UPDATE runs SET state = 'dancing'")
        with pytest.raises(StoreCorruptError):
            await store.runs()


async def test_full_disk(path: Path) -> None:
    """Nothing of the write that did not fit is left, the others of its batch are stored, and space makes it work."""
    async with opened(path) as store:
        await begin_all(store)
        await store.begin_step(a_step(), [])
        [(pages,)] = await store._writing.execute_fetchall("PRAGMA page_count")
        await store._writing.execute(f"PRAGMA max_page_count = {pages + 8}")
        long = "x" * 200_000
        results = await asyncio.gather(
            store.add_event("run_1", "attempt.state", {}, 1.0),
            store.end_step(finished(a_step(), long), a_message(1, long, speaker=Speaker.ASSISTANT)),
            store.add_event("run_1", "attempt.state", {}, 1.0),
            return_exceptions=True,
        )
        assert isinstance(results[1], StoreUnwritableError)
        assert "full" in results[1].message
        assert [event.seq for event in await store.events("run_1")] == [1, 2]
        assert await store.steps("attempt_1") == [a_step()]
        assert await store.messages("conv_1") == []
        await store._writing.execute(f"PRAGMA max_page_count = {pages + 1000}")
        await store.end_step(finished(a_step(), long), a_message(1, long, speaker=Speaker.ASSISTANT))
        assert await store.check() == []


async def test_store_that_is_removed_while_open(path: Path) -> None:
    """Writing on would put records into a file that no longer has a name."""
    async with opened(path) as store:
        await begin_all(store)
        path.rename(path.with_name("moved.db"))
        with pytest.raises(StoreUnwritableError, match="removed"):
            await whole_step(store, 1)
        with pytest.raises(StoreUnwritableError, match="removed"):
            await store.runs()
        path.write_bytes(b"")
        with pytest.raises(StoreUnwritableError, match="removed"):
            await whole_step(store, 1)


def test_disk_quota_while_open(path: Path) -> None:
    """A real write that fails half-way, from the operating system."""
    code = """
        import asyncio, pathlib, resource, sys
        from orchestrator.errors import StoreUnwritableError
        from orchestrator.store import Store
        from tests.store.samples import *

        async def main():
            async with opened(pathlib.Path(sys.argv[1])) as store:
                await begin_all(store)
                await whole_step(store, 1)
                _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
                resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, most))
                try:
                    await store.begin_step(a_step(2), [a_message(2, "x" * 1_000_000)])
                except StoreUnwritableError as error:
                    print(type(error).__name__)
                resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
                await whole_step(store, 3)
                print([step.step_id for step in await store.steps("attempt_1")], await store.check())

        asyncio.run(main())
    """
    assert run_limited(code, str(path)).splitlines() == ["StoreUnwritableError", "['step_1', 'step_3'] []"]


async def test_an_error_never_quotes_a_record(path: Path) -> None:
    """SQLite and Python put values into some messages; a message of ours may end in a log."""
    secret = "sk-live-0123456789"
    errors: list[BaseException] = []
    async with opened(path) as store:
        await begin_all(store)
        await store.begin_step(a_step(), [a_message(1, secret)])
        calls = (
            lambda: store.begin_step(a_step(), [a_message(1, secret)]),
            lambda: store.begin_step(a_step(2), [a_message(1, secret)]),
            lambda: store.add_event("run_1", "attempt.state", {secret: {secret}}, 1.0),
            lambda: store.add_event("run_1", "attempt.state", {secret: float("nan")}, 1.0),
            lambda: store.add_event("run_1", secret, {}, "soon"),  # pyright: ignore[reportArgumentType]
            lambda: store.messages("conv_1"),
            store.runs,
        )
        with other_program(path) as database:
            database.execute("UPDATE messages SET text = CAST(? AS TEXT)", (secret.encode() + b"\xff",))
            database.execute("UPDATE runs SET state = ?", (secret,))
        for call in calls:
            with pytest.raises(StoreError) as caught:
                await call()
            errors.append(caught.value)
    for error in errors:
        assert secret not in str(error)
