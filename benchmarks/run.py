"""A branch of 1,000 tasks with answers that take 50 ms, 32 calls at once: how far from the bound, and what it costs.

Measured twice: with the default settings, where each task is one call, and with every step that a task can have
(decide, execute, verify), where it is three. The bound is all these calls, in parallel as far as the concurrency
allows, and nothing else, with the parent's own at the end, which waits for all: calls x 50 ms / 32 + 50 ms.

A step is a call to a model (see the glossary), and they are counted in the journal. CPU is that of the whole process,
writing the file included, but for what the scripted provider takes, which is measured in the same run by asking it
without an engine. Each is run TIMES, and the cheapest counts. Growth is the mean of runs with ten times as many leaves
against that of the others, which come before, between and behind them: the first run of a store is a little cheaper,
and a machine is quicker in one minute than in another.
"""

from __future__ import annotations

import asyncio
import gc
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from tests.support.branches import done, sums_up, verdict
from tests.support.text_document import ScriptedPerson

from benchmarks.report import Figure
from orchestrator.config import Directories, Settings
from orchestrator.engine.branch import BranchObserver, BranchRequest
from orchestrator.engine.file_outline import FileOutline
from orchestrator.engine.garbage import Garbage
from orchestrator.engine.reading import EXECUTE_SCHEMA
from orchestrator.engine.session import Session, Workspace
from orchestrator.model.message import Message, Speaker
from orchestrator.providers.base import Request
from orchestrator.providers.keys import Keys
from orchestrator.providers.scripted import ScriptedProvider, read_script

LEAVES = 1_000
CONCURRENCY = 32
TASKS = 64
"""Under way at once: those whose calls are, and as many whose next call is prepared meanwhile."""
ANSWER_SECONDS = 0.05
TIMES = 5
LARGE = (0, 2)
"""Behind which of these a large one comes."""
MAKESPAN_LIMIT = 1.15
CPU_LIMIT_MS = 0.4
GROWTH_LIMIT = 1.1
"""“No larger”, with room for what two measurements of the same thing differ by."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run."""

    seconds: float
    cpu: float
    """Seconds of engine and journal."""
    steps: int

    @property
    def cpu_ms(self) -> float:
        return self.cpu * 1000 / self.steps


def measure(quick: bool = False) -> list[Figure]:
    return asyncio.run(_measure(LEAVES // 20 if quick else LEAVES))


async def _measure(leaves: int) -> list[Figure]:
    figures: list[Figure] = []
    async with _session() as (session, folder, script):
        await _once(session, folder, script, 50)  # imports, prompts and tables are there
        one: list[Measured] = []
        many: list[Measured] = []
        for number in range(TIMES):
            one.append(await _once(session, folder, script, leaves))
            if number in LARGE:
                many.append(await _once(session, folder, script, leaves * 10))
        figures += _figures(f"run of {leaves:,} leaves, a call each", leaves, 1, one)
        growth = mean(each.cpu_ms for each in many) / mean(each.cpu_ms for each in one)
        figures.append(
            Figure(f"run: CPU per task of {leaves * 10:,} leaves", growth, f"x that of {leaves:,}", GROWTH_LIMIT)
        )
    async with _session(run={"decide": True}) as (session, folder, script):
        await _once(session, folder, script, 50, steps=3)
        three = [await _once(session, folder, script, leaves, steps=3) for _ in range(TIMES)]
        figures += _figures(f"run of {leaves:,} leaves, decided and verified", leaves, 3, three)
    return figures


def _figures(name: str, leaves: int, steps: int, times: Sequence[Measured]) -> Iterator[Figure]:
    """Of the cheapest: what else the machine and its host do only adds."""
    measured = min(times, key=lambda each: each.cpu)
    bound = -(-leaves * steps // CONCURRENCY) * ANSWER_SECONDS + ANSWER_SECONDS
    yield Figure(f"{name}: makespan", measured.seconds / bound, "x bound", MAKESPAN_LIMIT)
    yield Figure(f"{name}: CPU of engine and journal per step", measured.cpu_ms, "ms", CPU_LIMIT_MS)


@asynccontextmanager
async def _session(**settings: dict[str, Any]) -> AsyncIterator[tuple[Session, Path, Path]]:
    """With the folder that it has for itself and its script."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        slow: dict[str, Any] = {"delay": ANSWER_SECONDS, "chunk": 100_000}
        script = folder / "script.json"
        answers = [
            done("It is done.", **slow),
            verdict(evidence="It is done", **slow),
            {**sums_up("All is done."), **slow},
            {
                "when": {"schema": "decide"},
                "answer": {"verdict": "EXECUTE", "reason": "Small."},
                "repeat": True,
                **slow,
            },
        ]
        script.write_text(json.dumps(answers))
        options = {
            "model": "scripted/bench",
            "scripted": {"script": str(script)},
            "calls": {"concurrency": CONCURRENCY},
            "run": {"concurrency": TASKS, **settings.get("run", {})},
        }
        session = Session(
            Settings.model_validate(options), Directories(folder, folder / "data", folder), Keys.load(folder, {})
        )
        await session.store()
        try:
            yield session, folder, script
        finally:
            await session.aclose()


async def _once(session: Session, folder: Path, script: Path, leaves: int, steps: int = 1) -> Measured:
    """From the start to the end of the run."""
    acceptance = "    Accept: it is done\n" if steps == 3 else ""
    text = "- [ ] Root\n" + "".join(f"  - [ ] Leaf {number}\n{acceptance}" for number in range(leaves))
    path = folder / f"{leaves}.tasks.md"
    path.write_text(text)
    holder = FileOutline(path, 10_000_000)
    outline = holder.outline
    roots = [task for task in outline.tasks() if not outline.ancestors(task)]
    observer = BranchObserver(lambda _event: None)
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    run = await session.start_run(
        holder, roots, outline, Workspace(folder), BranchRequest(auto=True), observer, ScriptedPerson()
    )
    view = await run.ended()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert view.done == leaves + 1, view
    gc.collect()  # what the run leaves behind is not the provider's
    stored = len(await (await session.store()).spent(run.run_id))
    assert stored == leaves * steps + 1, "a step for each call"
    with Garbage().seldom():  # as in a run
        cpu -= await _provider_alone(script, stored)
    return Measured(wall, cpu, stored)


async def _provider_alone(script: Path, calls: int) -> float:
    """CPU seconds of the same number of answers without an engine, as many at once and in the same moments, too.

    In a run they come in groups, since what follows from them is taken up together.
    """
    provider = ScriptedProvider(read_script(str(script)))
    request = Request("bench", "", (Message(Speaker.USER, "Task:\n  Leaf 1\n"),), 100, EXECUTE_SCHEMA)
    left = iter(range(calls))

    async def one_by_one() -> None:
        for _ in left:
            async for _event in provider.stream(request):
                pass

    cpu = time.process_time()
    await asyncio.gather(*(one_by_one() for _ in range(CONCURRENCY)))
    return time.process_time() - cpu
