"""Many callers at once, callers that give up, and a process that is killed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.errors import StoreError
from orchestrator.store import Store, writer
from tests.store.samples import REPOSITORY, a_run, a_step, an_attempt, begin_all, opened, whole_step


async def test_concurrent_steps_are_all_stored(tmp_path) -> None:
    async with opened(tmp_path / "orchestrator.db") as store:
        await store.begin_run(a_run())
        for n in range(1, 9):
            await store.begin_attempt(*an_attempt(n))
        await asyncio.gather(*(whole_step(store, n, attempt=1 + n % 8) for n in range(1, 161)))
        for attempt in range(1, 9):
            steps = await store.steps(f"attempt_{attempt}")
            assert len(steps) == 20
            assert all(step.raw_answer == f"answer {step.step_id.removeprefix('step_')}" for step in steps)


async def test_waiting_writes_share_a_transaction(tmp_path) -> None:
    """While one commit is under way the others gather: far fewer commits than writes."""
    async with opened(tmp_path / "orchestrator.db") as store:
        await begin_all(store)
        statements: list[str] = []
        await store._writing.set_trace_callback(statements.append)
        await asyncio.gather(*(store.add_event("run_1", "attempt.state", {}, 1.0) for _ in range(64)))
        await store._writing.run(lambda connection: connection.set_trace_callback(None))
        assert statements.count("COMMIT") < 16


async def test_where_many_write_the_next_ones_share_a_commit(tmp_path, monkeypatch) -> None:
    """What follows from answers is queued over some turns of the event loop."""
    monkeypatch.setattr(writer, "MOMENT", 0.2)
    monkeypatch.setattr(writer, "GATHER_SECONDS", 0.0)
    async with opened(tmp_path / "orchestrator.db") as store:
        await begin_all(store)
        await asyncio.gather(*(store.add_event("run_1", "attempt.state", {}, 1.0) for _ in range(writer.MANY)))
        statements: list[str] = []
        await store._writing.set_trace_callback(statements.append)
        queued = []
        for _ in range(5):
            queued.append(store.add_event("run_1", "attempt.state", {}, 1.0))
            await asyncio.sleep(0.01)
        for write in queued:
            await write
        await store._writing.run(lambda connection: connection.set_trace_callback(None))
        assert statements.count("COMMIT") == 1


async def test_whoever_writes_alone_does_not_wait_for_others(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(writer, "MOMENT", 3_600.0)
    monkeypatch.setattr(writer, "GATHER_SECONDS", 3_600.0)
    async with opened(tmp_path / "orchestrator.db") as store:
        await begin_all(store)
        for number in range(1, 4):
            stored = await asyncio.wait_for(store.add_event("run_1", "attempt.state", {}, 1.0), 60)
            assert stored.seq == number


async def test_writes_are_committed_in_order(tmp_path) -> None:
    """Whoever awaits the last one has waited for all, also for those that nobody awaits."""
    async with opened(tmp_path / "orchestrator.db") as store:
        await store.begin_run(a_run())
        told: list[int] = []
        for n in range(1, 9):
            attempt, conversation = an_attempt(n)
            begun = store.begin_task(attempt, conversation, [("attempt.started", {"n": n})])
            begun.add_done_callback(lambda done: told.append(done.result()[0].seq))
            moved = store.move(attempt, [("attempt.state", {"n": n})])
            moved.add_done_callback(lambda done: told.append(done.result()[0].seq))
        await store.add_event("run_1", "attempt.state", {"n": 9}, 1.0)
        assert told == list(range(1, 17))
        assert [event.detail["n"] for event in await store.events("run_1")] == [*sorted([*range(1, 9)] * 2), 9]


async def test_what_follows_a_write_is_done_whatever_follows_another_one(tmp_path) -> None:
    """One that breaks is told to the event loop, as for a future; one that comes late is called at once."""
    broken: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, told: broken.append(told))
    async with opened(tmp_path / "orchestrator.db") as store:
        await begin_all(store)
        told: list[str] = []
        first = store.add_event("run_1", "attempt.state", {"n": 1}, 1.0)
        first.add_done_callback(lambda _: 1 / 0)
        first.add_done_callback(lambda done: told.append(f"first {done.result().seq}"))
        second = store.add_event("run_of_nobody", "attempt.state", {}, 1.0)
        second.add_done_callback(lambda done: told.append(f"second {type(done.exception()).__name__}"))
        assert (await first, await first) == (first.result(), first.result()), "it may be awaited twice"
        with pytest.raises(StoreError):
            await second
        first.add_done_callback(lambda _: told.append("late"))
    assert told == ["first 1", "second StoreError", "late"]
    assert [type(one["exception"]) for one in broken] == [ZeroDivisionError]


async def test_failing_write_does_not_sink_its_batch(tmp_path) -> None:
    async with opened(tmp_path / "orchestrator.db") as store:
        await begin_all(store)
        results = await asyncio.gather(
            *(
                store.add_event("run_1" if n % 4 else "run_of_nobody", "attempt.state", {"n": n}, 1.0)
                for n in range(32)
            ),
            return_exceptions=True,
        )
        for n, result in enumerate(results):
            assert isinstance(result, StoreError) is (n % 4 == 0)
        stored = await store.events("run_1")
        assert [event.detail["n"] for event in stored] == [n for n in range(32) if n % 4]
        assert [event.seq for event in stored] == list(range(1, 25))
        assert [result for result in results if not isinstance(result, BaseException)] == stored


async def test_cancelled_caller_neither_loses_nor_halves_its_write(tmp_path) -> None:
    """Cancelled at any moment after it was asked, a step is stored with its messages."""
    rng = random.Random(7)
    async with opened(tmp_path / "orchestrator.db") as store:
        await begin_all(store)
        for n in range(1, 61):
            task = asyncio.ensure_future(whole_step(store, n))
            await asyncio.sleep(0)
            for _ in range(rng.randrange(4)):
                await asyncio.sleep(rng.random() * 0.002)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await store.renew_lease([], 1.0)  # writes are in order: when this is done, so are those
        steps = await store.steps("attempt_1")
        assert [step.step_id for step in steps] == [f"step_{n}" for n in range(1, 61)]
        texts = [message.text for message in await store.messages("conv_1")]
        expected: list[str] = []
        for n, step in enumerate(steps, start=1):
            expected += [f"question {n}", *([f"answer {n}"] if step.raw_answer else [])]
        assert texts == expected


async def test_cancelled_write_needs_no_later_one_to_be_stored(tmp_path) -> None:
    path = tmp_path / "orchestrator.db"
    async with opened(path) as store:
        await begin_all(store)
        asked = asyncio.ensure_future(store.add_event("run_1", "attempt.state", {}, 1.0))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    async with opened(path) as store:
        assert len(await store.events("run_1")) == 1


async def test_writes_that_were_asked_are_stored_before_closing(tmp_path) -> None:
    path = tmp_path / "orchestrator.db"
    store = await Store.open(path)
    await begin_all(store)
    asked = [asyncio.ensure_future(store.add_event("run_1", "attempt.state", {}, 1.0)) for _ in range(20)]
    await asyncio.sleep(0)
    await store.aclose()
    assert len(await asyncio.gather(*asked)) == 20
    async with opened(path) as again:
        assert len(await again.events("run_1")) == 20


async def test_event_loop_stays_free(tmp_path) -> None:
    """Another program holds the lock; meanwhile the loop turns, reads answer, and the write goes through afterwards."""
    path = tmp_path / "orchestrator.db"
    async with opened(path) as store:
        await begin_all(store)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            writing = asyncio.ensure_future(store.add_event("run_1", "attempt.state", {}, 1.0))
            turns = 0
            for _ in range(50):
                await asyncio.sleep(0.001)
                turns += 1
            assert turns == 50
            assert len(await store.runs()) == 1
            assert not writing.done()
            other.execute("ROLLBACK")
            assert (await writing).seq == 1


WRITE_FOREVER = """
    import asyncio, sys
    from pathlib import Path
    from orchestrator.store import Store
    from tests.store.samples import a_run, an_attempt, whole_step

    async def main(path, name):
        store = await Store.open(Path(path))
        await store.begin_run(a_run(f"run_{name}"))
        numbers = [int(name) * 1_000_000 + n for n in range(4)]
        for number in numbers:
            await store.begin_attempt(*an_attempt(number, f"run_{name}"))
        print("begun", flush=True)

        async def work(attempt):
            for n in range(1, int(sys.argv[3]) + 1):
                step = attempt * 1_000 + n
                await whole_step(store, step, attempt)
                print(f"step_{step}", flush=True)

        await asyncio.gather(*(work(number) for number in numbers))
        await store.aclose()

    asyncio.run(main(sys.argv[1], sys.argv[2]))
"""


def start_writing(path: Path, name: int, steps: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITE_FOREVER), str(path), str(name), str(steps)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_kill_in_the_middle_of_writes(tmp_path) -> None:
    """At 20 random points: everything that was acknowledged is there, nothing is there by half, and one can go on."""
    path = tmp_path / "orchestrator.db"
    rng = random.Random(20)
    acknowledged: set[str] = set()
    for name in range(1, 21):
        process = start_writing(path, name, steps=900)
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(rng.random() * 0.15)
        os.kill(process.pid, signal.SIGKILL)
        acknowledged |= set(process.communicate()[0].rpartition("\n")[0].split())
        assert process.returncode == -signal.SIGKILL

    async def look() -> None:
        async with opened(path) as store:
            assert await store.check() == []
            assert len(await store.runs()) == 20
            assert await store.reconcile(1000.0) == 20
            stored: set[str] = set()
            for run in await store.runs():
                for attempt in await store.attempts(run.run_id):
                    steps = await store.steps(attempt.attempt_id)
                    texts = [message.text for message in await store.messages(attempt.conversation_id)]
                    stored |= {step.step_id for step in steps if step.raw_answer}
                    expected: list[str] = []
                    for step in steps:
                        number = step.step_id.removeprefix("step_")
                        expected += [f"question {number}", *([f"answer {number}"] if step.raw_answer else [])]
                    assert texts == expected
            assert acknowledged <= stored
            assert len(acknowledged) > 20

    asyncio.run(look())


def test_two_processes_write_at_once(tmp_path) -> None:
    path = tmp_path / "orchestrator.db"
    processes = [start_writing(path, name, steps=40) for name in (1, 2)]
    for process in processes:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert len(output.split()) == 1 + 4 * 40

    async def look() -> None:
        async with opened(path) as store:
            assert await store.check() == []
            assert (await store.size()).rows["steps"] == 2 * 4 * 40

    asyncio.run(look())


def test_forgotten_store_does_not_keep_the_program_alive(tmp_path) -> None:
    code = """
        import asyncio, sys
        from pathlib import Path
        from orchestrator.store import Store
        kept = []
        async def main():
            kept.append(await Store.open(Path(sys.argv[1])))
        asyncio.run(main())
        print("end", flush=True)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "orchestrator.db")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "end\n")


@pytest.mark.parametrize("moment", range(12))
async def test_opening_can_be_cancelled(tmp_path, moment: int) -> None:
    path = tmp_path / "orchestrator.db"
    opening = asyncio.ensure_future(Store.open(path))
    for _ in range(moment):
        await asyncio.sleep(0.0005)
    opening.cancel()
    [result] = await asyncio.gather(opening, return_exceptions=True)
    if isinstance(result, Store):
        await result.aclose()
    else:
        assert isinstance(result, asyncio.CancelledError)
    async with opened(path) as store:
        await begin_all(store)
        await store.begin_step(a_step(), [])
