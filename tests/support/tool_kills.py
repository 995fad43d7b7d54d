"""Kill a real process whose tasks edit files and run commands, at random moments, until the plan is done.

Run as a program: `python -m tests.support.tool_kills FOLDER KILLS SEED`. Each task appends one line to a file of its
own by an edit, and one word to a log by a command; what stands there at the end is how often it happened.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from orchestrator.config import Directories, Settings
from orchestrator.engine.trust import TRUST_FILE, Trust
from tests.support import kills
from tests.support.branches import sums_up
from tests.support.hands import finish, use

LEAVES = 8
PROGRAM = Path(sys.executable).name
APPEND = "import sys, time; open('ran.log', 'a').write(sys.argv[1] + '\\n'); time.sleep(0.05)"


def names(number: int) -> list[str]:
    return [f"{number}.{leaf}" for leaf in range(LEAVES)]


def script(plans: int) -> list[dict[str, Any]]:
    """Each task in two answers; the second is known by what the first one's tools came to."""
    entries: list[dict[str, Any]] = []
    for name in (name for number in range(1, plans + 1) for name in names(number)):
        command = ("run_command", {"argv": [PROGRAM, "-c", APPEND, name]})
        edit = ("change_file", {"path": f"{name}.txt", "old": "start\n", "new": "start\nline\n"})
        begin = use(command, edit, when={"tools": True, "contains": f"Task:\n  Work {name}\n"}, repeat=True)
        end = use(finish(f"{name} is done."), when={"tools": True, "contains": f"change {name}\\.txt"}, repeat=True)
        entries += [begin, end]
    return [*entries, sums_up()]


def settings(folder: Path) -> Settings:
    return Settings.model_validate(
        {
            "model": "scripted/kills",
            "scripted": {"script": str(folder / "script.json"), "log": str(folder / "calls.log")},
            "calls": {"concurrency": 4},
            "run": {"concurrency": 4, "maxDepth": 0},
            "tools": {"edits": "allow", "commands": [f"{PROGRAM} -c"], "programs": [sys.executable]},
        }
    )


def main(folder: Path, wanted: int, seed: int) -> dict[str, Any]:
    rng = random.Random(seed)
    directories = Directories(folder / "config", folder / "data", folder / "cache")
    Trust(directories.config / TRUST_FILE).trust(folder)
    kills.settings = settings
    (folder / "script.json").write_text(json.dumps(script(wanted + 40)))
    report: dict[str, Any] = {"kills": 0, "plans": 0, "wrong": []}
    path = folder / "0.tasks.md"
    while report["kills"] < wanted or not kills.is_done(path):
        if not path.exists() or kills.is_done(path):
            report["plans"] += 1
            path = folder / f"{report['plans']}.tasks.md"
            for name in names(report["plans"]):
                (folder / f"{name}.txt").write_text("start\n")
            tasks = "".join(f"  - [ ] Work {name}\n" for name in names(report["plans"]))
            path.write_text(f"- [ ] Root {report['plans']}  [executor:: code]\n{tasks}")
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(kills.one_try(folder, path))
            finally:
                os._exit(0)
        if report["kills"] < wanted:
            report["kills"] += kills.kill_within_the_work(child, folder, rng)
        else:
            os.waitpid(child, 0)
    everyone = [name for number in range(1, report["plans"] + 1) for name in names(number)]
    ran = Counter((folder / "ran.log").read_text().split())
    report["wrong"] += [f"the command of {name} ran {ran[name]} times" for name in everyone if ran[name] > 1]
    report["cut"] = sum(ran[name] == 0 for name in everyone)
    for name in everyone:
        if (text := (folder / f"{name}.txt").read_text()) != "start\nline\n":
            report["wrong"].append(f"{name}.txt is {text!r}")
    report["wrong"] += kills.wrong(path)
    report["left"] = [one.name for one in folder.iterdir() if one.name.endswith(".orchestrator.tmp")]
    report["tasks"] = len(everyone)
    return report


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
