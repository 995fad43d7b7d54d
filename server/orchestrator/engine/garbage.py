"""How often Python looks for garbage while runs are at work.

Apart from the session because it is about the process. A task makes a thousand objects, and nearly all of them are gone
by themselves when it ends; Python looks through the young ones whenever 700 were made, which took a tenth of all that a
run cost. What stands in circles waits a little longer so: a few megabytes.

Invariant: when no run is at work any more, all is as it was before
(test_garbage_is_looked_for_as_before_when_runs_end).
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

YOUNG = 20_000
"""Objects that are made before the young ones are looked through: those of some hundred tasks."""


class Garbage:
    """Of one session."""

    def __init__(self) -> None:
        self._runs = 0
        self._before: tuple[int, int, int] | None = None
        """As it was, where it is otherwise now."""

    @contextmanager
    def seldom(self) -> Generator[None]:
        """While a run is at work. Where it is looked for less often already, or never, it stays so."""
        before = gc.get_threshold()
        if self._runs == 0 and 0 < before[0] < YOUNG:
            self._before = before
            gc.set_threshold(YOUNG, *before[1:])
        self._runs += 1
        try:
            yield
        finally:
            self._runs -= 1
            if self._runs == 0 and self._before is not None:
                gc.set_threshold(*self._before)
                self._before = None
