"""Kill a real process that runs a branch, at random moments, until it is done; then look at what happened.

Run as a program: `python -m tests.support.kills FOLDER KILLS SEED`. It imports and loads everything once and forks for
each try, because that takes longer than a try. A moment is a number of lines in the provider's log and some
milliseconds, so that it lies within the work however slow the machine is. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from orchestrator.config import Directories, Settings
from orchestrator.engine import experience
from orchestrator.engine.branch import BranchObserver, BranchRequest
from orchestrator.engine.file_outline import FileOutline
from orchestrator.engine.session import Session, Workspace
from orchestrator.model.run import RunState
from orchestrator.model.task import Status
from orchestrator.outline.parse import parse
from orchestrator.providers.keys import Keys
from tests.support.branches import does, done, sums_up, verdict
from tests.support.text_document import ScriptedPerson

LEAVES = 12
PLAN = """- [ ] Root {n}
  1. [ ] First {n}
  2. [ ] Second {n}
     Accept: it is done
  - [ ] Big {n}
{leaves}
"""


def script() -> list[dict[str, Any]]:
    """Forgets nothing from one process to the next, as a real model: every entry answers again and again."""
    plan = {"ordered": False, "tasks": [{"title": "Part one"}, {"title": "Part two"}]}
    failing = does("Big \\d+", status="failed", result="too big")
    return [
        {**failing, "repeat": True},
        {"when": {"schema": "plan"}, "answer": plan, "repeat": True},
        done(delay=0.005, chunk=20),
        sums_up(),
        verdict(True, "It is done"),
    ]


def settings(folder: Path) -> Settings:
    return Settings.model_validate(
        {
            "model": "scripted/kills",
            "scripted": {"script": str(folder / "script.json"), "log": str(folder / "calls.log")},
            "calls": {"concurrency": 4},
            "run": {"concurrency": 4},
        }
    )


async def one_try(folder: Path, path: Path) -> None:
    directories = Directories(folder / "config", folder / "data", folder / "cache")
    session = Session(settings(folder), directories, Keys.load(directories.config, {}))
    holder = FileOutline(path, 10_000_000)
    store = await session.store()
    observer = BranchObserver(lambda _event: None)
    request, workspace, person = BranchRequest(auto=True, wait=False), Workspace(folder), ScriptedPerson()
    paused = [run for run in await store.runs() if run.state is RunState.PAUSED and run.uri == holder.uri]
    if paused:
        run = await session.resume_run(paused[0].run_id, holder, workspace, request, observer, person)
    else:
        outline = holder.outline
        roots = [task for task in outline.tasks() if not outline.ancestors(task)]
        run = await session.start_run(holder, roots, outline, workspace, request, observer, person)
    await run.ended()
    await session.aclose()


Call = tuple[str, int, str]
"""Role, number of the plan and title of the task: of each there is one in a run that nobody kills."""


def finished_calls(database: Path) -> set[Call]:
    """Every call whose answer is committed."""
    if not database.exists():
        return set()
    with closing(sqlite3.connect(database)) as connection:
        try:
            rows = connection.execute(
                "SELECT role, uri, attempts.task_title FROM steps JOIN attempts USING (attempt_id)"
                " JOIN runs USING (run_id) WHERE steps.state = 'completed'"
            ).fetchall()
        except sqlite3.OperationalError:  # not migrated yet
            return set()
    return {(str(role), int(re.search(r"(\d+)\.tasks\.md$", uri)[1]), str(title)) for role, uri, title in rows}


def log_lines(folder: Path) -> int:
    log = folder / "calls.log"
    return log.read_bytes().count(b"\n") if log.exists() else 0


def calls(folder: Path) -> list[Call]:
    log = folder / "calls.log"
    if not log.exists():
        return []
    found: list[Call] = []
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        if entry["what"] == "begun":
            number = re.search(r"(?:Root|Second) (\d+)", entry["asked"])
            title = re.search(r"Task:\n  +(.*)", entry["asked"])
            found.append((entry["schema"], int(number[1]), title[1]))
    return found


def kill_within_the_work(child: int, folder: Path, rng: random.Random) -> bool:
    """At a random moment; False when the child came to its end before it."""
    wanted = log_lines(folder) + rng.randint(0, 14)
    patience = time.monotonic() + (rng.uniform(0.01, 0.3) if wanted == log_lines(folder) else 20)
    while log_lines(folder) < wanted and time.monotonic() < patience and not _ended(child):
        time.sleep(0.001)
    time.sleep(rng.uniform(0, 0.03))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _ended(child: int) -> bool:
    """Without reaping it, so that its number stays its own."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def is_done(path: Path) -> bool:
    return all(task.status is not Status.PENDING for task in parse(path.read_text()).tasks())


def wrong(path: Path) -> list[str]:
    """What a finished plan says that it should not."""
    outline = parse(path.read_text())
    titles = Counter(task.title for task in outline.tasks())
    found = [f"{title} stands {count} times" for title, count in titles.items() if count > 1]
    found += [f"{task.title} is [{task.mark}]" for task in outline.tasks() if task.mark != "x"]
    results = path.read_text().count("> Result:")
    if results != sum(titles.values()):
        found.append(f"{results} results of {sum(titles.values())} tasks")
    return found


def main(folder: Path, kills: int, seed: int) -> dict[str, Any]:
    rng = random.Random(seed)
    experience.tools(experience.Experience())
    (folder / "script.json").write_text(json.dumps(script()))
    database = folder / "data" / "orchestrator.db"
    report: dict[str, Any] = {"kills": 0, "tries": 0, "plans": 0, "inFlight": 0, "repeated": [], "wrong": []}
    number, path = 0, folder / "0.tasks.md"
    while report["kills"] < kills or (path.exists() and not is_done(path)):
        if not path.exists() or is_done(path):
            if path.exists():
                report["wrong"] += wrong(path)
            number += 1
            path = folder / f"{number}.tasks.md"
            leaves = "\n".join(f"  - [ ] Leaf {n} of {number}" for n in range(LEAVES))
            path.write_text(PLAN.format(n=number, leaves=leaves))
            report["plans"] += 1
        finished, seen = finished_calls(database), len(calls(folder))
        report["tries"] += 1
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(one_try(folder, path))
            finally:
                os._exit(0)
        if report["kills"] < kills:
            report["kills"] += kill_within_the_work(child, folder, rng)
        else:
            os.waitpid(child, 0)
        report["repeated"] += [list(call) for call in calls(folder)[seen:] if call in finished]
    report["wrong"] += wrong(path)
    counted = Counter(calls(folder))
    report["inFlight"] = sum(count - 1 for count in counted.values())
    report["calls"] = sum(counted.values())
    return report


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
