"""From the model's last word to the edit in the text, in an outline of 1,000 tasks, with the scripted provider."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path

from tests.support.text_document import ScriptedPerson, TextDocument, TextTarget

from benchmarks.report import Figure
from orchestrator.config import Directories, Settings
from orchestrator.engine.editor import Place
from orchestrator.engine.proposal import Observer, Proposal, SplitRequest
from orchestrator.engine.session import Session, Workspace
from orchestrator.model.run import Event
from orchestrator.outline.edits import TextEdit
from orchestrator.providers.keys import Keys

TASKS = 1_000
ROUNDS = 15
SCRIPT = [
    {"when": {"schema": "decide"}, "answer": {"verdict": "DECOMPOSE", "reason": "Big."}, "repeat": True},
    {
        "when": {"schema": "plan"},
        "answer": {
            "ordered": True,
            "tasks": [{"title": f"Step {number}", "description": "Do it."} for number in range(6)],
        },
        "repeat": True,
    },
]


class _TimedTarget(TextTarget):
    """Notes when the edit was there to be applied; what the document in memory does with it is not ours."""

    applied_at = 0.0

    async def apply(self, place: Place, edits: tuple[TextEdit, ...], label: str) -> int | None:
        self.applied_at = time.perf_counter()
        return await super().apply(place, edits, label)


def measure() -> list[Figure]:
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "script.json").write_text(json.dumps(SCRIPT))
        settings = Settings.model_validate(
            {"model": "scripted/bench", "scripted": {"script": f"{folder}/script.json"}, "split": {"preview": False}}
        )
        session = Session(settings, Directories(folder, folder / "data", folder), Keys.load(folder, {}))
        taken = [await _once(session, folder) for _ in range(ROUNDS + 1)]
        await session.aclose()
    return [
        Figure(
            f"split: last event of the answer to applied edit, {TASKS:,} tasks",
            statistics.median(taken[1:]) * 1000,
            "ms",
            note="goal: under 20 ms",
        )
    ]


async def _once(session: Session, folder: Path) -> float:
    document = TextDocument("# Plan\n\n" + "".join(f"- [ ] Task number {number}\n" for number in range(TASKS)))
    plain = document.target("Task number 500")
    target = _TimedTarget(document, plain.node_id, plain.title)
    answered: list[float] = []

    def on_event(event: Event) -> None:
        if event.kind == "attempt.state" and event.detail["state"] == "planning":
            answered.append(0.0)

    def on_proposal(proposal: Proposal) -> None:
        if len(proposal.plan.tasks) == 6 and len(answered) == 1:
            answered.append(time.perf_counter())

    split = await session.start_split(
        target, Workspace(folder), SplitRequest(), Observer(on_proposal, on_event), ScriptedPerson()
    )
    await split.ended()
    return target.applied_at - answered[1]


if __name__ == "__main__":
    print(*measure(), sep="\n")
