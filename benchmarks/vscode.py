"""What the extension costs a real VS Code when it starts.

The limit is held against processor time of the thread that all extensions share, which does not count what else the
machine does.

    python -m benchmarks vscode [--quick]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.support.vscode import VSCode, npm

from benchmarks.report import Figure

STARTS = 5


def measure(quick: bool) -> Iterator[Figure]:
    built = npm("build", "--", "--tests")
    if built.returncode:
        raise RuntimeError(built.stdout + built.stderr)
    with tempfile.TemporaryDirectory() as folder:
        yield from activation(Path(folder) / "start", 1 if quick else STARTS)


def activation(home: Path, rounds: int) -> Iterator[Figure]:
    home.mkdir()
    samples: list[dict[str, float]] = []
    with VSCode(home) as window:
        window.open()
        for turn in range(rounds):
            if turn:
                window.again()
            samples.append(window.inside("activation"))
    wall, read, called = (statistics.median(one[name] for one in samples) for name in ("wall", "read", "called"))
    yield Figure("VS Code starts: reading the extension's code", read, "ms", note="processor time")
    yield Figure("VS Code starts: activating it", called, "ms", note="processor time")
    yield Figure("  both", read + called, "ms", 50.0, f"{wall:.0f} ms with VS Code's own part, by the clock")


if __name__ == "__main__":
    print(*measure("--quick" in sys.argv), sep="\n")
