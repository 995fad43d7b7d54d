"""One key while 32 models answer at once, 50 pieces a second each, and every answer is watched as it grows.

The outline that is typed in is the one that runs: its server reads 32 streams, stores them, tells each piece to an open
conversation, and owes problems and the tree's changes for each key within one frame. The pieces that arrive between the
keys are counted, so that a figure of streams that stood still cannot pass.

    python -m benchmarks streams [--quick]
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tests.support.branches import done

from benchmarks.keystroke import FRAME, Editor, Kind, keys, percentile
from benchmarks.outlines import Shape, sample
from benchmarks.report import Figure
from benchmarks.wire import PATIENCE, SERVE, URI, Arrival, Connection, running, says
from orchestrator.lsp.trees import INTERVAL

STREAMS = 32
PIECES = 50
"""A second, of each stream."""
TASKS = 1_000
KEYS = 200
WARM_UP = 20
PAUSE = INTERVAL + 0.02
"""Seconds between an answer and the next key: a tree is told of at once when it was not in the last INTERVAL."""
LONG_ENOUGH = 600.0
"""Seconds that a stream would go on."""
LEAST_RATE = 0.5
"""Of the pieces that the streams have, so many must arrive: gathered, several come as one message."""
ABILITIES: dict[str, Any] = {
    "textDocument": {"diagnostic": {}},
    "experimental": {"orchestrator": {"tree": True, "chat": True, "inbox": True}},
}
_is_update = says("orchestrator/chat/update")


class Watching(Editor):
    """Counts the characters of answers that arrive."""

    heard = 0

    def watch(self) -> None:
        receive = self.connection.receive

        def counted(patience: float = PATIENCE) -> Arrival | None:
            arrival = receive(patience)
            if arrival is not None and _is_update(arrival.body):
                update = json.loads(arrival.body)["params"]["update"]
                self.heard += len(update["text"]) if update["kind"] == "text" else 0
            return arrival

        self.connection.receive = counted

    def listen(self, seconds: float) -> None:
        """Read what comes, as a client does between two keys."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self.connection.receive(left)


def measure(quick: bool = False) -> Iterator[Figure]:
    tasks, count = (200, 20) if quick else (TASKS, KEYS)
    document = sample(Shape.HEADINGS, tasks)
    streams = "".join(f"- [ ] Stream {number}  [mode:: auto]  ^zz{number:03}\n" for number in range(STREAMS))
    text = f"{document.text}\n## Streams\n\n- [ ] All streams  [mode:: auto]  ^zzall\n" + _indented(streams)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.json"
        answer = "ten chars " * int(PIECES * LONG_ENOUGH)
        script.write_text(json.dumps([done(answer=answer, delay=1 / PIECES, chunk=10)]))
        environment = {
            "ORCHESTRATOR_MODEL": "scripted/script",
            "ORCHESTRATOR_SCRIPTED__SCRIPT": str(script),
            "ORCHESTRATOR_RUN__CONCURRENCY": str(STREAMS),
            "ORCHESTRATOR_CALLS__CONCURRENCY": str(STREAMS),
        }
        with running(SERVE, **environment) as connection:
            editor = Watching(connection, pulls=True)
            connection.initialize(ABILITIES)
            connection.open(text)
            connection.request("orchestrator/tree", {"uri": URI, "limit": 50})
            changes = keys(Kind.LETTER, document, count * 2 + WARM_UP)
            for change in islice(changes, count + WARM_UP):
                editor.press(change)
                editor.listen(PAUSE)
            silent = [reply.seconds for reply in editor.replies[WARM_UP:]]
            _start(connection, editor.version, text)
            editor.watch()
            began, heard = time.perf_counter(), editor.heard
            editor.replies.clear()
            for change in changes:
                editor.press(change)
                editor.listen(PAUSE)
            rate = (editor.heard - heard) / (time.perf_counter() - began) / 10
    taken = [reply.seconds for reply in editor.replies]
    name = f"{tasks:,} tasks, a letter while {STREAMS} answers stream"
    yield Figure(f"{name}: pieces a second", rate, "", STREAMS * PIECES * LEAST_RATE, at_least=True)
    yield Figure("  in silence", statistics.median(silent) * 1000, "ms", note=f"p95 {percentile(silent) * 1000:.2f} ms")
    yield Figure("  while they stream", statistics.median(taken) * 1000, "ms")
    yield Figure("  p95, in one frame at 60 Hz", percentile(taken) * 1000, "ms", FRAME)


def _start(connection: Connection, version: int, text: str) -> None:
    """Run the branch and open the conversation of each of its tasks."""
    lines = text.split("\n")
    first = lines.index("- [ ] All streams  [mode:: auto]  ^zzall")
    at: dict[str, Any] = {"uri": URI, "version": version}
    place = {"line": first, "character": 8}
    connection.request("orchestrator/run/start", {**at, "position": place, "auto": True, "accepted": True})
    started = says("orchestrator/run/update")
    for _ in range(STREAMS):
        connection.until(lambda body: started(body) and b'"attempt.started"' in body)
    for number in range(STREAMS):
        place = {"line": first + 1 + number, "character": 8}
        connection.request("orchestrator/chat/open", {**at, "position": place})


def _indented(lines: str) -> str:
    return "".join(f"  {line}" for line in lines.splitlines(keepends=True))
