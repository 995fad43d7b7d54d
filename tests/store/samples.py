"""What the store's tests share: records that are small, distinct and valid together, and ways to spoil a store."""

from __future__ import annotations

import dataclasses
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from orchestrator.model.message import Role, Speaker
from orchestrator.model.run import Attempt, Conversation, Run, RunKind, Step, StepState, StoredMessage
from orchestrator.store import Store
from orchestrator.store.migrate import shipped_migrations

REPOSITORY = Path(__file__).parents[2]
NEWEST = len(shipped_migrations())
"""The format of this program."""


def a_run(run_id: str = "run_1", *, workspace: str = "/projects/site", started: float = 1000.0) -> Run:
    return Run(
        run_id, RunKind.SPLIT, workspace, "file:///projects/site/a.tasks.md", None, "Build the login page", started
    )


def an_attempt(number: int = 1, run_id: str = "run_1") -> tuple[Attempt, Conversation]:
    conversation = Conversation(
        f"conv_{number}", "/projects/site", "file:///projects/site/a.tasks.md", None, "Build the login page", 1001.0
    )
    return Attempt(f"attempt_{number}", run_id, f"conv_{number}", None, "Build the login page", 1001.0), conversation


def a_step(number: int = 1, attempt: int = 1) -> Step:
    return Step(f"step_{number}", f"attempt_{attempt}", Role.PLAN, "local", "smollm2", "plan", "0123456789ab", 1002.0)


def a_message(
    number: int | str, text: str, *, speaker: Speaker = Speaker.USER, conversation: int = 1, step: int | None = None
) -> StoredMessage:
    step_id = None if step is None else f"step_{step}"
    return StoredMessage(f"message_{number}", f"conv_{conversation}", speaker, text, 1003.0, step_id)


def finished(step: Step, raw_answer: str = "an answer") -> Step:
    return dataclasses.replace(step, state=StepState.COMPLETED, raw_answer=raw_answer, ended=1004.0)


@asynccontextmanager
async def opened(path: Path | None = None) -> AsyncIterator[Store]:
    store = await Store.open(path)
    try:
        yield store
    finally:
        await store.aclose()


async def begin_all(store: Store) -> None:
    """One run with one attempt."""
    await store.begin_run(a_run())
    await store.begin_attempt(*an_attempt())


async def whole_step(store: Store, number: int, attempt: int = 1) -> None:
    """A step from its request to its answer, as the engine stores it."""
    step = a_step(number, attempt)
    request = a_message(f"{number}q", f"question {number}", conversation=attempt, step=number)
    answer = a_message(f"{number}a", f"answer {number}", speaker=Speaker.ASSISTANT, conversation=attempt, step=number)
    await store.begin_step(step, [request])
    await store.end_step(finished(step, f"answer {number}"), answer)


async def make_store(path: Path, steps: int = 1) -> None:
    async with opened(path) as store:
        await begin_all(store)
        for n in range(1, steps + 1):
            await whole_step(store, n)


def other_program(path: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(path, isolation_level=None))


def make_newer(path: Path) -> None:
    """As a later version of Orchestrator would leave it."""
    with other_program(path) as database:
        database.execute(f"PRAGMA user_version = {NEWEST + 1}")


def run_limited(code: str, *arguments: str) -> str:
    """What a program prints that limits itself: the limits are those of a whole process."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
