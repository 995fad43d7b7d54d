"""The held-out evaluation of the embedded model: `python -m benchmarks.playbooks [--plans FILE]`.

Decisions are counted. Plans are written to FILE, for a person to rate by the criteria that `heldout.json` begins with;
what a program can see (how many steps, repeats, where they come from, how long) is measured here.
Nothing in the package was written for these tasks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from benchmarks.report import Figure
from orchestrator.config import Directories, Settings
from orchestrator.engine import guided
from orchestrator.engine.context import Brief
from orchestrator.engine.playbooks import content_words
from orchestrator.model.task import Plan
from orchestrator.providers.base import Request, TextDelta
from orchestrator.providers.local import LocalProvider

HELD_OUT = json.loads(Path(__file__).with_name("heldout.json").read_text(encoding="utf-8"))
MODEL = "smollm2"
MAX_CHILDREN = 8


def decisions() -> Figure:
    rows = HELD_OUT["decide"]
    right = sum(guided.decide(Brief(row["text"])).verdict.value == row["verdict"] for row in rows)
    return Figure(f"held-out decisions: right of {len(rows)}", right, "")


async def plans(each: Callable[[str, Plan, float], None]) -> None:
    """Plan every held-out task with the real model."""
    settings = Settings()
    provider = LocalProvider(settings.local, settings.calls.timeout, Directories.default())

    async def ask(request: Request, on_delta: Callable[[str], None]) -> str:
        text = ""
        async with aclosing(provider.stream(request)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    text += event.text
                    on_delta(event.text)
        return text

    try:
        for row in HELD_OUT["plan"]:
            started = time.perf_counter()
            plan = await guided.plan(Brief(row["title"]), MODEL, ask, lambda _: None, MAX_CHILDREN)
            each(row["title"], plan, time.perf_counter() - started)
    finally:
        await provider.aclose()


def measure(to_rate: Path | None = None) -> list[Figure]:
    """Takes minutes."""
    figures = [decisions()]
    seconds: list[float] = []
    kinds: Counter[str] = Counter()
    pages: list[str] = []

    def each(title: str, plan: Plan, took: float) -> None:
        seconds.append(took)
        kinds[plan.source.partition(" “")[0]] += 1
        asked = content_words(title)
        named = sum(bool(asked & content_words(f"{task.title} {task.description}")) for task in plan.tasks)
        kinds["half of the steps name something of the task"] += 2 * named >= len(plan.tasks)
        steps = "\n".join(f"{number}. {task.title}: {task.description}" for number, task in enumerate(plan.tasks, 1))
        pages.append(f"## {title}\n\n{plan.source}\n\n{steps}\n")

    asyncio.run(plans(each))
    if to_rate is not None:
        to_rate.write_text("\n".join(pages), encoding="utf-8")
    figures += [Figure(f"held-out plans: {kind}", count, "") for kind, count in sorted(kinds.items())]
    figures.append(Figure("held-out plans: median", statistics.median(seconds), "s"))
    figures.append(Figure("held-out plans: slowest", max(seconds), "s"))
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=Path, help="write the plans here, to be rated")
    for figure in measure(parser.parse_args().plans):
        print(figure)
