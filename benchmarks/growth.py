"""What one key costs in a hundred times the tasks, in four shapes of an outline.

The two sizes are asked in turns, at the pace of a person, each in a server of its own.

    python -m benchmarks growth [--quick]
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator

from benchmarks.keystroke import PACE, WARM_UP, Editor, Kind, keys
from benchmarks.outlines import Shape, sample
from benchmarks.report import Figure
from benchmarks.wire import SERVE, running

SIZES = (1_000, 100_000)
KEYS = 40
LIMITS = {Shape.TOP: 1.5, Shape.HEADINGS: 1.5, Shape.ROOT: 2.0, Shape.CHAINS: 2.0}
KINDS = (Kind.LETTER, Kind.NEWLINE)


def measure(quick: bool = False) -> Iterator[Figure]:
    """`quick` shows that it runs; its figures say nothing."""
    sizes, count = ((200, 2_000), 6) if quick else (SIZES, KEYS)
    for shape in Shape:
        seconds = _taken(shape, sizes, count)
        for kind in KINDS:
            small, large = (statistics.median(seconds[kind, size]) for size in sizes)
            name = f"{shape}, {kind}"
            yield Figure(f"{name}: {sizes[0]:,} tasks", small * 1000, "ms")
            yield Figure(f"{name}: {sizes[1]:,} tasks", large * 1000, "ms")
            yield Figure("  ratio", large / small, "times", LIMITS[shape])


def _taken(shape: Shape, sizes: tuple[int, int], count: int) -> dict[tuple[Kind, int], list[float]]:
    """Seconds of each key, by its kind and the number of tasks."""
    documents = {size: sample(shape, size) for size in sizes}
    taken: dict[tuple[Kind, int], list[float]] = {}
    pace = random.Random(count)
    with running(SERVE) as small, running(SERVE) as large:
        editors = {size: Editor(connection, pulls=True) for size, connection in zip(sizes, (small, large), strict=True)}
        for size, editor in editors.items():
            editor.open(documents[size].text)
        # Newlines before letters, which stay in the title: so both sizes see the same line at each key.
        for kind in reversed(KINDS):
            changes = {size: list(keys(kind, documents[size], count + WARM_UP)) for size in sizes}
            for number in range(count + WARM_UP):
                for size, editor in editors.items():
                    reply = editor.press(changes[size][number])
                    if number >= WARM_UP:
                        taken.setdefault((kind, size), []).append(reply.seconds)
                    time.sleep(pace.uniform(*PACE))
    return taken
