"""Metrics over a store with 100,000 steps, against a tenth of them and against reading the steps at all.

python -m benchmarks metrics [--quick]
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from benchmarks.report import Figure
from orchestrator.model.metrics import GroupBy, MetricsQuery
from orchestrator.store import Store

STEPS = 100_000
STEPS_OF_ATTEMPT = 4
ATTEMPTS_OF_RUN = 5
ROUNDS = 3
ANSWER = "An answer as models write it, a good kilobyte of it. " * 20


def measure(quick: bool) -> Iterable[Figure]:
    steps = STEPS // 20 if quick else STEPS
    small, large = asyncio.run(_seconds(steps // 10)), asyncio.run(_seconds(steps))
    for by in GroupBy:
        seconds = large[by.value]
        yield Figure(f"metrics: {steps:,} steps by {by.value}", seconds * 1000, "ms")
    worst = max(large[by.value] for by in GroupBy)
    yield Figure(f"metrics: {steps:,} steps for the first time", large["first"] * 1000, "ms")
    yield Figure("metrics: the slowest table, against counting the steps by model", worst / large["scan"], "times", 15)
    yield Figure("metrics: ten times the steps", worst / max(small[by.value] for by in GroupBy), "times", 12)


async def _seconds(steps: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        path = Path(folder) / "orchestrator.db"
        await (await Store.open(path)).aclose()
        fill(path, steps)
        store = await Store.open(path)
        try:
            started = time.perf_counter()
            await store.metrics(MetricsQuery())
            measured = {"first": time.perf_counter() - started}
            for by in GroupBy:
                times: list[float] = []
                for _ in range(ROUNDS):
                    started = time.perf_counter()
                    await store.metrics(MetricsQuery(by))
                    times.append(time.perf_counter() - started)
                measured[by.value] = min(times)
        finally:
            await store.aclose()
        with closing(sqlite3.connect(path)) as database:
            measured["scan"] = min(_counting(database) for _ in range(ROUNDS))
        return measured


def _counting(database: sqlite3.Connection) -> float:
    started = time.perf_counter()
    query = "SELECT provider, model, count(*) FROM steps INDEXED BY steps_by_model GROUP BY provider, model"
    database.execute(query).fetchall()
    return time.perf_counter() - started


def fill(path: Path, steps: int) -> None:
    """Runs of three months, some failed, some repaired, in five outlines."""
    rng = random.Random(7)
    attempts = steps // STEPS_OF_ATTEMPT
    runs = max(1, attempts // ATTEMPTS_OF_RUN)
    models = [("anthropic", "large"), ("openai", "middle"), ("local", "small")]
    now = 1_790_000_000.0
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany(
            "INSERT INTO runs (run_id, kind, workspace, uri, task_title, started, state, owner, heartbeat)"
            " VALUES (?, ?, '/w', ?, 'A task', ?, 'completed', '', 0)",
            (
                (f"r{n}", "split" if n % 3 else "branch", f"file:///w/{n % 5}.tasks.md", now + 700.0 * n)
                for n in range(runs)
            ),
        )
        database.executemany(
            "INSERT INTO splits"
            " (split_id, run_id, workspace, uri, title, description, text_hash, verdict, outcome, plan, ended)"
            " VALUES (?, ?, '/w', 'file:///w/1.tasks.md', 'A task', '', '', '', ?, '{\"tasks\": []}', 1)",
            ((f"r{n}", f"r{n}", "discarded" if n % 4 == 0 else "applied") for n in range(runs) if n % 3),
        )
        database.executemany(
            "INSERT INTO conversations (conversation_id, workspace, uri, title, started) VALUES (?, '/w', 'u', 't', 1)",
            ((f"c{n}",) for n in range(attempts)),
        )
        database.executemany(
            "INSERT INTO attempts (attempt_id, run_id, seq, conversation_id, task_title, started, state, ended, brief,"
            " executor) VALUES (?, ?, ?, ?, 'A task', ?, ?, 1, ?, ?)",
            (
                (
                    f"a{n}",
                    f"r{n // ATTEMPTS_OF_RUN % runs}",
                    n,
                    f"c{n}",
                    now + 140.0 * n,
                    rng.choice(["completed", "completed", "completed", "failed", "cancelled"]),
                    ANSWER,
                    rng.choice(["answer", "code", "research", ""]),
                )
                for n in range(attempts)
            ),
        )
        database.executemany(
            "INSERT INTO steps (step_id, attempt_id, seq, role, provider, model, prompt, prompt_version, started,"
            " state, raw_answer, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, usage_estimated,"
            " cost_nano_usd, error, repair, ended)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, '', ?, ?)",
            (_step(rng, n, attempts, models, now) for n in range(steps)),
        )
        database.executemany(
            "INSERT INTO messages (message_id, conversation_id, seq, speaker, text, created)"
            " VALUES (?, ?, ?, 'user', ?, 1)",
            ((f"m{n}", f"c{n % attempts}", n // attempts, ANSWER) for n in range(steps * 2)),
        )


def _step(rng: random.Random, n: int, attempts: int, models: list[tuple[str, str]], now: float) -> tuple[object, ...]:
    attempt, seq = n % attempts, n // attempts + 1
    provider, model = models[n % 3]
    repair = int(seq > 1 and n % 20 == 0)
    prompt = "repair" if repair else ("plan", "execute", "verify")[seq % 3]
    started = now + 140.0 * attempt + seq
    return (
        f"s{n}", f"a{attempt}", seq, prompt if not repair else "plan", provider, model, prompt, f"{n % 4:012x}",
        started, "completed" if n % 25 else "failed", ANSWER, rng.randrange(5000), rng.randrange(900),
        rng.randrange(10**8) if provider != "local" else 0, repair, started + rng.random() * 20,
    )  # fmt: skip
