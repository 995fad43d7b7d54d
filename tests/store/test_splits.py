"""What came of splits comes back, and one task is one program's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orchestrator.model.run import SplitOutcome, SplitRecord
from tests.store.samples import a_run, opened

RECORD = SplitRecord(
    split_id="run_1",
    run_id="run_1",
    workspace="/projects/site",
    uri="file:///a.tasks.md",
    task_id="b7c2d",
    title="Build it",
    description="Fast.\0",
    text_hash="f" * 64,
    verdict="DECOMPOSE",
    outcome=SplitOutcome.APPLIED,
    plan={"ordered": True, "source": "", "tasks": []},
    ended=5.0,
)


async def test_records_of_splits_come_back() -> None:
    async with opened() as store:
        for number, workspace in enumerate(("/a", "/b", "/a")):
            await store.begin_run(a_run(f"run_{number}"))
            await store.keep_split(
                replace(
                    RECORD, split_id=f"run_{number}", run_id=f"run_{number}", workspace=workspace, ended=float(number)
                )
            )
        clean = replace(RECORD, description="Fast.\N{REPLACEMENT CHARACTER}")
        newest = replace(clean, split_id="run_2", run_id="run_2", workspace="/a", ended=2.0)
        assert [record.run_id for record in await store.splits()] == ["run_2", "run_1", "run_0"]
        assert await store.splits(workspace="/a", limit=1) == [newest]


async def test_the_hash_of_the_last_applied_split_counts() -> None:
    async with opened() as store:
        for number, outcome in enumerate((SplitOutcome.APPLIED, SplitOutcome.APPLIED, SplitOutcome.DISCARDED)):
            await store.begin_run(a_run(f"run_{number}"))
            record = replace(
                RECORD, split_id=f"run_{number}", run_id=f"run_{number}", text_hash=str(number), outcome=outcome
            )
            await store.keep_split(replace(record, ended=float(number)))
        assert await store.split_hashes(RECORD.uri) == {"b7c2d": "1"}
        assert await store.split_hashes("file:///other.tasks.md") == {}


async def test_a_run_makes_many_splits() -> None:
    async with opened() as store:
        await store.begin_run(a_run())
        for number in range(2):
            record = replace(RECORD, split_id=f"attempt_{number}", task_id=f"task{number}", text_hash=str(number))
            await store.keep_split(replace(record, ended=float(number)))
            await store.keep_split(replace(record, ended=float(number)))  # once more after a crash
        assert [record.by_run for record in await store.splits()] == [True, True]
        assert await store.split_hashes(RECORD.uri) == {"task0": "0", "task1": "1"}
        await store.set_split_outcome("attempt_0", SplitOutcome.UNDONE)
        assert await store.split_hashes(RECORD.uri) == {"task1": "1"}


async def test_one_task_is_split_by_one_program(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.db") as one, opened(tmp_path / "s.db") as other:
        other._owner = f"{one._owner.rpartition('/')[0]}0/other"
        assert await one.begin_run_alone(a_run()) is None
        theirs = await other.begin_run_alone(a_run("run_2"))
        assert theirs is not None
        assert theirs.run_id == "run_1"
        assert await one.begin_run_alone(a_run("run_3")) is None, "a session knows its own"
        assert await other.begin_run_alone(replace(a_run("run_4"), task_title="Another")) is None
        assert [run.run_id for run in await one.runs() if run.run_id == "run_2"] == []


async def test_a_stale_lease_is_in_nobodys_way(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.db") as one, opened(tmp_path / "s.db") as other:
        other._owner = f"{one._owner}x"
        assert await one.begin_run_alone(a_run()) is None
        assert await other.begin_run_alone(a_run("run_2", started=5000.0)) is None
