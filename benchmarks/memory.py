"""What a document of 100,000 tasks takes in the server's memory, in times of its text.

Two servers do the same: one with the document, one with an empty one. Each answers once for its problems, its symbols
and its tree, and is
told of one key; then the resident memory of the two is compared. On Linux only: elsewhere nothing is measured.

    python -m benchmarks memory [--quick]
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.outlines import Shape, sample
from benchmarks.report import Figure
from benchmarks.wire import SERVE, URI, running

TASKS = 100_000
TIMES_THE_TEXT = 6
SETTLING = 1.0
"""Seconds after the last answer."""
CAPABILITIES = {
    "textDocument": {"diagnostic": {}, "documentSymbol": {"hierarchicalDocumentSymbolSupport": True}},
    "experimental": {"orchestrator": {"tree": True}},
}


def measure(quick: bool = False) -> Iterator[Figure]:
    """`quick` shows that it runs; its figures say nothing."""
    if sys.platform != "linux":
        return
    tasks = 2_000 if quick else TASKS
    document = sample(Shape.HEADINGS, tasks)
    size = len(document.text.encode())
    empty, _ = _resident("")
    full, peak = _resident(document.text)
    yield Figure(
        f"memory: {tasks:,} tasks, the text", size / 1e6, "MB", note=f"{document.line_length:.1f} bytes per line"
    )
    yield Figure("memory: server with an empty document", empty / 1e6, "MB")
    yield Figure("memory: growth with this document", (full - empty) / 1e6, "MB", note=f"peak {peak / 1e6:.0f} MB")
    yield Figure("  times the text", (full - empty) / size, "times", TIMES_THE_TEXT)
    wide, _ = _resident(f"# \N{ROCKET} Plan\n\n{document.text}")
    yield Figure(
        "  times the text, with an emoji in it",
        (wide - empty) / size,
        "times",
        note="Python stores a string as wide as its widest character",
    )


def _resident(text: str) -> tuple[int, int]:
    """Bytes of the server's resident memory when it has answered everything, and the most it ever had."""
    with running(SERVE) as connection:
        connection.initialize(CAPABILITIES)
        connection.open(text)
        where = {"textDocument": {"uri": URI}}
        connection.asked("textDocument/diagnostic", where)
        connection.asked("textDocument/documentSymbol", where)
        connection.asked("orchestrator/tree", {"uri": URI, "limit": 10_000})
        place = {"line": 0, "character": 0}
        change = {"range": {"start": place, "end": place}, "text": "\n"}
        document = {"uri": URI, "version": 2}
        connection.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        connection.asked("textDocument/diagnostic", where)
        time.sleep(SETTLING)
        status = Path(f"/proc/{connection.process.pid}/status").read_text("ascii")
    return _bytes(status, "VmRSS"), _bytes(status, "VmHWM")


def _bytes(status: str, name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+) kB$", status, re.MULTILINE)
    assert found
    return int(found[1]) * 1024
