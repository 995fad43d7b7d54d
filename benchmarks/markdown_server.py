"""Folding, symbols and opening, against the Markdown server of VS Code, both asked by one client in turns.

That server has its client parse the text, with markdown-it. Here the client is a Node program that does so in the way
of VS Code's extension (`benchmarks/node/client.mjs`); how much of the time that is, is shown. Folding is of the same
file with the same key. Symbols are of 10,000 tasks for us and of 10,000 headings for that server, which knows no tasks.

    python -m benchmarks markdown-server [--quick]
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.outlines import Sample, Shape, headings, sample
from benchmarks.report import Figure
from benchmarks.wire import SERVE

NODE = Path(__file__).with_name("node")
BIN = Path(sys.executable).parent
THEIRS = NODE / "node_modules" / "vscode-markdown-languageserver" / "dist" / "node" / "workerMain.js"
TASKS = 10_000
ROUNDS = 15
WARM_UP = 4
SETTLING = 2.0
"""Seconds after opening, in which each server does what it does unasked."""
FASTER = 100
URI = "file:///benchmark/plan.md"
"""Not `*.tasks.md`: what is measured is any Markdown file; and each server hears of a problem only if it asks."""


def measure(quick: bool = False) -> Iterator[Figure]:
    """`quick` shows that it runs; its figures say nothing."""
    _install()
    tasks, rounds = (300, 3) if quick else (TASKS, ROUNDS)
    document = sample(Shape.HEADINGS, tasks)
    found = _run(_specification(document, headings(tasks), rounds))
    yield from _folding(found["folding"], tasks)
    yield from _symbols(found, tasks)


def _specification(document: Sample, theirs: str, rounds: int) -> dict[str, Any]:
    place = {"line": document.line, "character": document.character}
    common = {"uri": URI, "rounds": rounds, "warmUp": WARM_UP}
    symbols = {
        **common,
        "method": "textDocument/documentSymbol",
        "texts": {"ours": document.text, "theirs": theirs},
    }
    first = {"line": 0, "character": len("## ")}
    return {
        "settling": SETTLING,
        "servers": {"ours": SERVE, "theirs": [_node(), str(THEIRS), "--stdio"]},
        "jobs": [
            {
                **common,
                "name": "folding",
                "kind": "key",
                "method": "textDocument/foldingRange",
                "place": place,
                "texts": {"ours": document.text, "theirs": document.text},
            },
            # In the first heading: the line in the middle of ours may be an empty one of theirs.
            {**symbols, "name": "symbols", "kind": "key", "place": first},
            {**symbols, "name": "again", "kind": "again"},
            {**symbols, "name": "opening", "kind": "opening"},
        ],
    }


def _folding(found: Any, tasks: int) -> Iterator[Figure]:
    ours, theirs = _median(found["ours"]), _median(found["theirs"])
    parsing = statistics.median(found["theirs"]["parsing"])
    name = f"{tasks:,} tasks, key to folding ranges"
    yield Figure(f"{name}: ours", ours * 1000, "ms", note=f"{found['ours']['size']:,} ranges")
    yield Figure(f"{name}: VS Code's", theirs * 1000, "ms", note=f"{found['theirs']['size']:,} ranges")
    yield Figure("  of that its client's parsing", parsing / theirs * 100, "%")
    yield Figure("  times faster than VS Code's", theirs / ours, "times", FASTER, at_least=True)
    yield Figure("  times faster, its client's parsing left out", (theirs - parsing) / ours, "times")


def _symbols(found: Any, tasks: int) -> Iterator[Figure]:
    for job, name, limit in (
        ("symbols", "key to document symbols", 1.0),
        ("again", "document symbols, nothing changed", None),
        ("opening", "opening to first symbols", 1.0),
    ):
        ours, theirs = found[job]["ours"], found[job]["theirs"]
        parsing = statistics.median(theirs["parsing"]) / _median(theirs) * 100
        share = f"its client's parsing {parsing:.0f} %"
        yield Figure(f"{name}: {tasks:,} tasks, ours", _median(ours) * 1000, "ms")
        yield Figure(f"{name}: {tasks:,} headings, VS Code's", _median(theirs) * 1000, "ms", note=share)
        yield Figure("  ratio", _median(ours) / _median(theirs), "times", limit)


def _median(result: Any) -> float:
    return statistics.median(result["seconds"])


def _run(specification: dict[str, Any]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "specification.json"
        path.write_text(json.dumps(specification), "utf-8")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")}
        for kind in ("CONFIG", "DATA", "CACHE"):
            environment[f"ORCHESTRATOR_{kind}_DIR"] = str(Path(folder) / kind.lower())
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(
            [_node(), str(NODE / "client.mjs"), str(path)], env=environment, stdout=subprocess.PIPE, check=True
        )
    return json.loads(done.stdout)


def _node() -> str:
    """The one that pip brought, or the system's. Raises RuntimeError."""
    found = shutil.which("node", path=f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise RuntimeError("The benchmark needs Node 22 or later: run `make dev` again.")
    return found


def _install() -> None:
    lock, installed = NODE / "package-lock.json", NODE / "node_modules" / ".installed"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = ["npm", "ci", "--ignore-scripts", "--prefix", str(NODE)]
    subprocess.run(command, env=environment, stdout=sys.stderr, check=True)
    shutil.copy(lock, installed)
