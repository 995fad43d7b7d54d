"""How many steps of work the store takes in a second, and what one costs the processor.

A step is what the engine stores for one call to a model: its request, one event, its answer.
Each of the three is committed, synchronously and on a real disk, before its caller goes on: one caller measures the
disk, many measure group commit.

    python -m benchmarks.store
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from orchestrator.model.message import Role, Speaker
from orchestrator.model.run import Attempt, Conversation, Run, RunKind, Step, StepState, StoredMessage
from orchestrator.store import Store

STEPS = 960
QUESTION = "Split this task into subtasks.\n" * 60
ANSWER = '{"title": "Write the form", "description": "Three fields."}\n' * 20


def measure() -> dict[str, float]:
    """Steps per second and processor time per step with 1 and with 32 callers, and what SQLite alone commits."""
    measured = {"store.disk.commitsPerSecond": _bare_commits_per_second()}
    for callers in (1, 32):
        seconds, processor = asyncio.run(_store_steps(callers))
        measured[f"store.{callers}.stepsPerSecond"] = STEPS / seconds
        measured[f"store.{callers}.cpuMillisecondsPerStep"] = processor * 1000 / STEPS
    return measured


def _bare_commits_per_second() -> float:
    """The floor: SQLite alone, the same durability, one small row for each commit."""
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as folder,
        closing(sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)) as database,
    ):
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE rows (number INTEGER PRIMARY KEY, text TEXT)")
        started = time.perf_counter()
        for _ in range(STEPS):
            database.execute("INSERT INTO rows (text) VALUES (?)", (ANSWER,))
        return STEPS / (time.perf_counter() - started)


async def _store_steps(callers: int) -> tuple[float, float]:
    # Not in the system's temporary folder: that is often in memory, and would flatter.
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        store = await Store.open(Path(folder) / "orchestrator.db")
        try:
            await store.begin_run(Run("run_1", RunKind.SPLIT, "/w", "file:///w/a.md", None, "A task", 1.0))
            for n in range(callers):
                conversation = Conversation(f"conv_{n}", "/w", "file:///w/a.md", None, "A task", 1.0)
                attempt = Attempt(f"attempt_{n}", "run_1", f"conv_{n}", None, "A task", 1.0)
                await store.begin_attempt(attempt, conversation)
            started, processor = time.perf_counter(), time.process_time()
            await asyncio.gather(*(_call(store, n, STEPS // callers) for n in range(callers)))
            return time.perf_counter() - started, time.process_time() - processor
        finally:
            await store.aclose()


async def _call(store: Store, caller: int, steps: int) -> None:
    for n in range(steps):
        step_id = f"step_{caller}_{n}"
        step = Step(step_id, f"attempt_{caller}", Role.PLAN, "scripted", "demo", "plan", "0123456789ab", 1.0)
        question = StoredMessage(f"{step_id}_q", f"conv_{caller}", Speaker.USER, QUESTION, 1.0, step_id)
        answer = StoredMessage(f"{step_id}_a", f"conv_{caller}", Speaker.ASSISTANT, ANSWER, 2.0, step_id)
        ended = Step(
            step_id, f"attempt_{caller}", Role.PLAN, "scripted", "demo", "plan", "0123456789ab", 1.0,
            state=StepState.COMPLETED, raw_answer=ANSWER, ended=2.0,
        )  # fmt: skip
        await store.begin_step(step, [question])
        await store.add_event("run_1", "step.started", {"stepId": step_id}, 1.5)
        await store.end_step(ended, answer)


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:36} {value:10.2f}")
