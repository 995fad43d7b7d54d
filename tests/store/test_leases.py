"""Who still runs, after a crash."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.model.run import AttemptState, RunState, StepState
from orchestrator.store import LEASE_SECONDS, leases
from tests.store.samples import REPOSITORY, a_run, a_step, an_attempt, begin_all, opened, whole_step

ENDED = "the program ended while this ran"


def process_that_ended() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_which_leases_are_stale() -> None:
    ours = leases.owner_of_this_process()
    space, number, token = ours.split("/")
    gone = process_that_ended()
    cases = {
        ours: False,
        f"{space}/{os.getppid()}/{token}": False,  # lives, though it is another
        f"{space}/{number}/zzzzzz": True,  # an earlier process of our number
        f"{space}/{gone}/{token}": True,
        f"another_machine/{gone}/{token}": False,  # not ours to say
        "": False,
        "nonsense": False,
        f"{space}/-1/{token}": False,
        f"{space}/{'9' * 40}/{token}": False,
    }
    for owner, stale in cases.items():
        assert leases.is_stale(owner, 1000.0, 1001.0) is stale, owner
        assert leases.is_stale(owner, 1000.0, 1000.0 + LEASE_SECONDS + 1)
        assert leases.is_stale(owner, 1000.0, 1000.0 - LEASE_SECONDS - 1), "the clock was set back"


async def test_stale_run_becomes_failed_with_all_that_is_in_it() -> None:
    async with opened() as store:
        await begin_all(store)
        await whole_step(store, 1)
        await store.begin_step(a_step(2), [])
        await store.store_partial("step_2", "1. Wri")
        await store.begin_attempt(*an_attempt(2))
        await store.set_attempt("attempt_2", AttemptState.SIMPLE, "small", 1005.0)
        now = 1000.0 + LEASE_SECONDS + 1

        assert await store.reconcile(now) == 1
        run = await store.run("run_1")
        assert run is not None
        assert (run.state, run.reason, run.ended) == (RunState.FAILED, ENDED, now)
        first, second = await store.attempts("run_1")
        assert (first.state, first.reason, first.ended) == (AttemptState.FAILED, ENDED, now)
        assert (second.state, second.reason) == (AttemptState.SIMPLE, "small")
        done, cut = await store.steps("attempt_1")
        assert done.state is StepState.COMPLETED
        assert (cut.state, cut.error, cut.ended) == (StepState.FAILED, ENDED, now)
        assert await store.partial_answer("step_2") == "1. Wri"
        [event] = await store.events("run_1")
        assert (event.kind, event.detail) == ("run.ended", {"state": "failed", "reason": ENDED})
        assert await store.reconcile(now) == 0


async def test_run_with_a_fresh_lease_goes_on() -> None:
    async with opened() as store:
        for n in (1, 2, 3):
            await store.begin_run(a_run(f"run_{n}"))
        await store.end_run("run_3", RunState.COMPLETED, "", 1001.0)
        now = 1000.0 + LEASE_SECONDS + 1
        await store.renew_lease(["run_1", "run_3", "run_of_nobody"], now - 5)
        assert await store.reconcile(now) == 1
        states = {run.run_id: run.state for run in await store.runs()}
        assert states == {"run_1": RunState.RUNNING, "run_2": RunState.FAILED, "run_3": RunState.COMPLETED}


async def test_run_of_a_killed_process_is_stale_at_once(tmp_path) -> None:
    """Whoever restarts right after a crash need not wait until the lease has run out."""
    path = tmp_path / "orchestrator.db"
    code = "import asyncio, os, pathlib, sys\nfrom tests.store.test_leases import begin_and_die\n"
    code += "asyncio.run(begin_and_die(pathlib.Path(sys.argv[1])))"
    command = (sys.executable, "-c", code, str(path))
    process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY)
    assert await process.wait() == 9
    async with opened(path) as store:
        await store.begin_run(a_run("run_2"))
        assert await store.reconcile(1001.0) == (1 if os.name == "posix" else 0)
        run = await store.run("run_2")
        assert run is not None
        assert run.state is RunState.RUNNING


async def begin_and_die(path: Path) -> None:
    async with opened(path) as store:
        await begin_all(store)
        os._exit(9)


async def test_owner_that_was_only_asleep_has_the_last_word() -> None:
    """A laptop that slept: another program called its run failed, and then it ended well after all."""
    async with opened() as store:
        await begin_all(store)
        assert await store.reconcile(9000.0) == 1
        await store.renew_lease(["run_1"], 9001.0)
        run = await store.run("run_1")
        assert run is not None
        assert run.state is RunState.FAILED
        await store.end_run("run_1", RunState.COMPLETED, "", 9002.0)
        run = await store.run("run_1")
        assert run is not None
        assert (run.state, run.reason) == (RunState.COMPLETED, "")


@pytest.mark.parametrize("stale", [[], [1], [1, 2, 3]])
async def test_reconcile_counts_runs(stale: list[int]) -> None:
    async with opened() as store:
        for n in (1, 2, 3):
            await store.begin_run(a_run(f"run_{n}", started=1.0 if n in stale else 1000.0))
        assert await store.reconcile(1001.0) == len(stale)
