"""A branch of 1,000 tasks with answers that take 50 ms, 32 at once: how far from the bound, and what it costs.

The bound is all calls, in parallel as far as the concurrency allows, and nothing else: calls x 50 ms / 32, and the last
one of the parent, which waits for all. CPU is that of the whole process, writing the file included, but for what the
scripted provider takes, which is measured in the same run by asking it without an engine.
"""

from __future__ import annotations

import asyncio
import gc
import json
import tempfile
import time
from pathlib import Path

from tests.support.branches import done, sums_up
from tests.support.text_document import ScriptedPerson

from benchmarks.report import Figure
from orchestrator.config import Directories, Settings
from orchestrator.engine.branch import BranchObserver, BranchRequest
from orchestrator.engine.file_outline import FileOutline
from orchestrator.engine.reading import EXECUTE_SCHEMA
from orchestrator.engine.session import Session, Workspace
from orchestrator.model.message import Message, Speaker
from orchestrator.providers.base import Request
from orchestrator.providers.keys import Keys
from orchestrator.providers.scripted import ScriptedProvider, read_script

LEAVES = 1_000
CONCURRENCY = 32
ANSWER_SECONDS = 0.05
MAKESPAN_LIMIT = 1.15
CPU_LIMIT_MS = 0.4


def measure(quick: bool = False) -> list[Figure]:
    return asyncio.run(_measure(LEAVES // 20 if quick else LEAVES))


async def _measure(leaves: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        slow = {"delay": ANSWER_SECONDS, "chunk": 100_000}
        script = folder / "script.json"
        script.write_text(json.dumps([done("It is done.", **slow), {**sums_up("All is done."), **slow}]))
        options = {
            "model": "scripted/bench",
            "scripted": {"script": str(script)},
            "calls": {"concurrency": CONCURRENCY},
            "run": {"concurrency": CONCURRENCY},
        }
        session = Session(
            Settings.model_validate(options), Directories(folder, folder / "data", folder), Keys.load(folder, {})
        )
        await session.store()
        await _once(session, folder, 50)  # imports, prompts and tables are there
        gc.collect()
        wall, cpu = await _once(session, folder, leaves)
        await session.aclose()
        floor = await _provider_alone(script, leaves + 1)
    calls = leaves + 1
    bound = -(-leaves // CONCURRENCY) * ANSWER_SECONDS + ANSWER_SECONDS
    return [
        Figure(f"run: makespan of {leaves:,} leaves", wall / bound, "x bound", MAKESPAN_LIMIT),
        Figure("run: CPU of engine and journal per step", (cpu - floor) * 1000 / calls, "ms", CPU_LIMIT_MS),
    ]


async def _once(session: Session, folder: Path, leaves: int) -> tuple[float, float]:
    """Seconds on the clock and of CPU, from the start to the end of the run."""
    text = "- [ ] Root\n" + "".join(f"  - [ ] Leaf {number}\n" for number in range(leaves))
    path = folder / f"{leaves}.tasks.md"
    path.write_text(text)
    holder = FileOutline(path, 10_000_000)
    outline = holder.outline
    roots = [task for task in outline.tasks() if not outline.ancestors(task)]
    observer = BranchObserver(lambda _event: None)
    wall, cpu = time.perf_counter(), time.process_time()
    run = await session.start_run(
        holder, roots, outline, Workspace(folder), BranchRequest(auto=True), observer, ScriptedPerson()
    )
    view = await run.ended()
    assert view.done == leaves + 1, view
    return time.perf_counter() - wall, time.process_time() - cpu


async def _provider_alone(script: Path, calls: int) -> float:
    """CPU seconds of the same number of answers without an engine."""
    provider = ScriptedProvider(read_script(str(script)))
    request = Request("bench", "", (Message(Speaker.USER, "Task:\n  Leaf 1\n"),), 100, EXECUTE_SCHEMA)

    async def one() -> None:
        async for _ in provider.stream(request):
            pass

    cpu = time.process_time()
    for start in range(0, calls, CONCURRENCY):
        await asyncio.gather(*(one() for _ in range(min(CONCURRENCY, calls - start))))
    return time.process_time() - cpu
