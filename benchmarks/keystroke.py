"""One key in the middle of a large outline, until fresh problems and the tree's changes have reached the client.

Against the floor (`benchmarks/floor.py`), which exchanges the same bytes and computes nothing. The two are asked in
turns, at the pace of a person, so that a slow moment of the machine meets both. Nothing is said about a key before the
answer to the one before it: what is measured is one key, not a queue.

The limits hold for clients that pull (`textDocument/diagnostic` right after the change): its answer is owed, and is
about exactly this text. A server that pushes may wait for a pause in typing, and may leave out a list that is as it
was; so pushing is reported, with what it adds.

    python -m benchmarks keystroke [--quick]
"""

from __future__ import annotations

import json
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from benchmarks.outlines import PROBLEMS, Sample, Shape, sample
from benchmarks.report import Figure
from benchmarks.wire import SERVE, URI, Arrival, Connection, answers, message, running, says
from orchestrator.lsp.trees import INTERVAL

FLOOR = [sys.executable, "-P", str(Path(__file__).with_name("floor.py"))]
TASKS = 10_000
KEYS = 80
WARM_UP = 12
"""Keys that are not counted."""
PACE = (INTERVAL / 2 + 0.005, INTERVAL / 2 + 0.025)
"""Seconds from one server's answer to the other's key: each gets one when it may tell of its tree again, at once."""
TIMES_THE_FLOOR = 3
FRAME = 1000 / 60
"""Milliseconds of one frame at 60 Hz."""
QUIET = 0.6
"""Seconds after which a list of problems that was not pushed will not come."""
PULL = {"textDocument": {"diagnostic": {}}, "experimental": {"orchestrator": {"tree": True}}}
PUSH = {"textDocument": {"publishDiagnostics": {}}, "experimental": {"orchestrator": {"tree": True}}}
FIRST_ID = 1_000
_is_tree, _is_pushed = says("orchestrator/treeChanged"), says("textDocument/publishDiagnostics")


class Kind(StrEnum):
    LETTER = "a letter"
    NEWLINE = "a newline, and joining again"
    TASK = "a new task, and joining again"
    """As an editor's Enter inserts it in a list."""


@dataclass(frozen=True)
class Reply:
    """What the client got for one key."""

    seconds: float
    tree: bytes
    problems: bytes | None
    """None where the server pushes and had nothing new to say."""


def keys(kind: Kind, document: Sample, count: int) -> Iterator[dict[str, Any]]:
    """Content changes, each for the text after the one before."""
    line, character = document.line, document.character
    indent = document.text.split("\n")[line].partition("-")[0]
    here = {"line": line, "character": character}
    for number in range(count):
        if kind is Kind.LETTER:
            place = {"line": line, "character": character + number}
            yield {"range": {"start": place, "end": place}, "text": "abcdefgh"[number % 8]}
            continue
        start = "\n" if kind is Kind.NEWLINE else f"\n{indent}- [ ] "
        if number % 2 == 0:
            yield {"range": {"start": here, "end": here}, "text": start}
        else:
            there = {"line": line + 1, "character": len(start) - 1}
            yield {"range": {"start": here, "end": there}, "text": ""}


@dataclass
class Editor:
    """One document open in one server."""

    connection: Connection
    pulls: bool
    version: int = 1
    asked: int = FIRST_ID
    replies: list[Reply] = field(default_factory=list[Reply])

    def open(self, text: str, *, shows_tree: bool = True) -> None:
        self.connection.initialize(PULL if self.pulls else PUSH)
        self.connection.open(text)
        if shows_tree:
            self.connection.request("orchestrator/tree", {"uri": URI, "limit": 50})
            self.connection.drop_all(QUIET)

    def press(self, change: dict[str, Any], *, pushed: bool = True) -> Reply:
        """`pushed`: whether problems are to be waited for, where they are pushed."""
        self.version += 1
        changed = message(
            "textDocument/didChange",
            {"textDocument": {"uri": URI, "version": self.version}, "contentChanges": [change]},
        )
        self.asked += 1
        pull = message("textDocument/diagnostic", {"textDocument": {"uri": URI}}, self.asked)
        began = self.connection.send(changed)
        if self.pulls:
            self.connection.send(pull)
        tree, problems = self._wait(pushed=pushed)
        ended = max(tree.at, problems.at if problems else 0.0)
        reply = Reply(ended - began, tree.body, problems.body if problems else None)
        self.replies.append(reply)
        return reply

    def _wait(self, *, pushed: bool) -> tuple[Arrival, Arrival | None]:
        is_problems = answers(self.asked) if self.pulls else _is_pushed
        needed = self.pulls or pushed
        tree: Arrival | None = None
        problems: Arrival | None = None
        while tree is None or (needed and problems is None):
            patient = tree is None or self.pulls
            arrival = self.connection.receive() if patient else self.connection.receive(QUIET)
            if arrival is None:
                if patient:
                    raise TimeoutError("The server says nothing about a key.")
                break
            if _is_tree(arrival.body):
                tree = arrival
            elif is_problems(arrival.body):
                problems = arrival
        assert tree
        return tree, problems


def record(document: Sample, changes: Sequence[dict[str, Any]], *, pulls: bool) -> list[Reply]:
    """What Orchestrator says about each key."""
    with running(SERVE) as connection:
        editor = Editor(connection, pulls)
        editor.open(document.text)
        for change in changes:
            editor.press(change)
    for reply in editor.replies:
        if reply.problems is not None:
            _check_problems(reply.problems)
    return editor.replies


def _check_problems(body: bytes) -> None:
    found = json.loads(body)
    listed = found["result"]["items"] if "result" in found else found["params"]["diagnostics"]
    assert len(listed) == PROBLEMS, f"{len(listed)} problems instead of {PROBLEMS}: the benchmark is not what it says"


def write_record(replies: Sequence[Reply], *, pulls: bool, path: Path) -> None:
    """For the floor."""
    tree = [[reply.tree] for reply in replies]
    told = tree if pulls else [[r.tree, *([r.problems] if r.problems else [])] for r in replies]
    answered = [reply.problems or b"" for reply in replies] if pulls else []
    path.write_text(
        json.dumps(
            {
                "told": [[body.decode("ascii") for body in bodies] for bodies in told],
                "answered": [body.decode("ascii") for body in answered],
            }
        )
    )


def against_floor(kind: Kind, document: Sample, count: int, *, pulls: bool) -> tuple[list[float], list[float]]:
    """Seconds of each key: ours, and the floor's."""
    changes = list(keys(kind, document, count + WARM_UP))
    recorded = record(document, changes, pulls=pulls)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder) / "recorded.json"
        write_record(recorded, pulls=pulls, path=path)
        ours = Editor(stack.enter_context(running(SERVE)), pulls)
        floor = Editor(stack.enter_context(running([*FLOOR, str(path)])), pulls)
        ours.open(document.text)
        floor.open(document.text, shows_tree=False)
        pace = random.Random(count)
        for change, known in zip(changes, recorded, strict=True):
            for editor in (ours, floor):
                editor.press(change, pushed=known.problems is not None)
                time.sleep(pace.uniform(*PACE))
    for mine, bare in zip(ours.replies, floor.replies, strict=True):
        # A list that is pushed may be left out when it is as it was, or come a key later: no two runs push the same.
        alike = mine.tree == bare.tree and (not pulls or mine.problems == bare.problems)
        assert alike, "the floor did not send what Orchestrator sent"
    return _measured(ours), _measured(floor)


def _measured(editor: Editor) -> list[float]:
    return [reply.seconds for reply in editor.replies[WARM_UP:]]


def measure(quick: bool = False) -> Iterator[Figure]:
    """`quick` shows that it runs, in a small document; its figures say nothing."""
    tasks, count = (1_000, 6) if quick else (TASKS, KEYS)
    document = sample(Shape.HEADINGS, tasks)
    for pulls in (True, False):
        way = "pull" if pulls else "push"
        for kind in Kind:
            gated = pulls and kind is not Kind.TASK
            ours, floor = against_floor(kind, document, count, pulls=pulls)
            yield from _figures(f"{tasks:,} tasks, {kind}, {way}", ours, floor, gated=gated)


def _figures(name: str, ours: list[float], floor: list[float], *, gated: bool) -> Iterator[Figure]:
    middle, bare = statistics.median(ours), statistics.median(floor)
    yield Figure(f"{name}: floor", bare * 1000, "ms", note=f"p95 {percentile(floor) * 1000:.2f} ms")
    yield Figure(f"{name}: ours", middle * 1000, "ms")
    yield Figure("  ratio of the medians", middle / bare, "times", TIMES_THE_FLOOR if gated else None)
    yield Figure("  p95, in one frame at 60 Hz", percentile(ours) * 1000, "ms", FRAME if gated else None)


def percentile(seconds: Sequence[float], share: float = 0.95) -> float:
    """The smallest that so many are not above."""
    ordered = sorted(seconds)
    return ordered[math.ceil(len(ordered) * share) - 1]
