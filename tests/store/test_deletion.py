"""What is deleted is gone from the disk."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing
from pathlib import Path

from orchestrator.model.message import Speaker
from orchestrator.model.run import AttemptState, RunKind, RunState, SplitOutcome, SplitRecord
from orchestrator.store import Store
from orchestrator.store.deletion import Selection
from orchestrator.store.migrate import back_up
from tests.store.samples import a_message, a_run, a_step, an_attempt, finished, opened
from tests.store.test_history import chat

NOW = 10_000.0


async def fill(store: Store, secret: str) -> None:
    """A branch, a split and a chat of one workspace, and a branch of another, all with the word in every text."""
    for number, workspace in ((1, "/projects/site"), (2, "/projects/other")):
        word = secret if number == 1 else "other"
        run = dataclasses.replace(
            a_run(f"run_{number}", workspace=workspace), kind=RunKind.BRANCH, task_title=word, request={"a": word}
        )
        attempt, conversation = an_attempt(number, f"run_{number}")
        conversation = dataclasses.replace(conversation, workspace=workspace, title=word)
        await store.begin_run(run)
        await store.begin_task(attempt, conversation, [("attempt.started", {"title": word})])
        await store.begin_step(
            a_step(number, number), [a_message(f"{number}q", word, conversation=number, step=number)]
        )
        answer = a_message(f"{number}a", word, speaker=Speaker.ASSISTANT, conversation=number, step=number)
        await store.end_step(finished(a_step(number, number), word), answer)
        done = dataclasses.replace(attempt, state=AttemptState.COMPLETED, result=word, answer=word, ended=1004.0)
        await store.move(done, [])
        await store.add_effect(f"attempt_{number}", "edit", "h", word, 1.0)
        await store.keep_split(
            SplitRecord(
                f"run_{number}",
                f"run_{number}",
                workspace,
                "u",
                None,
                word,
                word,
                "h",
                "",
                SplitOutcome.APPLIED,
                {},
                1005.0,
            )
        )
        await store.end_run(f"run_{number}", RunState.COMPLETED, word, 2000.0)
    await chat(store, 3, f"{secret} in a chat")
    await store.end_run("run_3", RunState.COMPLETED, "", 6000.0)
    entries = await store.history_without_meaning("m", 100)
    await store.keep_meanings("m", [(number, b"vector") for number, _ in entries])


def holding(path: Path, word: str) -> list[str]:
    return [file.name for file in path.parent.iterdir() if word.encode() in file.read_bytes()]


async def test_deleted_text_is_in_no_file(path: Path) -> None:
    secret = "xylophonist"
    async with opened(path) as store:
        await fill(store, secret)
        back_up(path, 1)
        selection = Selection(workspace="/projects/site")
        found = await store.deletable(selection, NOW)
        assert (found.runs, found.chats, found.messages, found.running, len(found.backups)) == (1, 1, 3, 0, 1)
        assert found.meanings == 4
        assert holding(path, secret)
        assert await store.delete(selection, NOW)
        assert (await store.deletable(selection, NOW)).nothing
        assert holding(path, secret) == []
        assert holding(path, "other") != []
        assert [one.workspace for one in await store.workspaces()] == ["/projects/other"]
        assert await store.check() == []
    assert holding(path, secret) == []


async def test_by_age(path: Path) -> None:
    async with opened(path) as store:
        await fill(store, "xylophonist")
        selection = Selection(before=3000.0)
        found = await store.deletable(selection, NOW)
        assert (found.runs, found.chats) == (2, 0)
        assert await store.delete(selection, NOW)
        assert [run.run_id for run in await store.runs()] == ["run_3"]
        assert len(await store.messages("conv_3")) == 1


async def test_everything() -> None:
    async with opened() as store:
        await fill(store, "word")
        await store.keep_prompt("plan", "v1", "text", 1.0)
        assert await store.delete(Selection(), NOW)
        assert set((await store.size()).rows.values()) == {0}
        await store.keep_prompt("plan", "v1", "text", 1.0)
        assert await store.prompt("plan", "v1") == "text"


async def test_a_running_run_stays() -> None:
    async with opened() as store:
        await store.begin_run(a_run(started=NOW))
        await store.begin_attempt(*an_attempt())
        found = await store.deletable(Selection(), NOW)
        assert (found.runs, found.running) == (0, 1)
        await store.delete(Selection(), NOW)
        assert len(await store.runs()) == 1
        found = await store.deletable(Selection(), NOW + 1000)
        assert found.runs == 1, "its program is gone"


async def test_another_reader_keeps_old_pages(path: Path) -> None:
    async with opened(path) as store:
        await fill(store, "word")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT * FROM runs").fetchall()
            await store._writing.run(lambda database: database.execute("PRAGMA busy_timeout = 50"))
            assert not await store.delete(Selection(), NOW)
            other.execute("COMMIT")
        assert await store.delete(Selection(), NOW)
