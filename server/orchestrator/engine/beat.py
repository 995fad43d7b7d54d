"""One timer for all that has to be looked at every so often while it lasts.

Apart from the calls because they come and go in hundreds a second: a timer for each would be made and cancelled far
more often than it is ever due.

Invariant: nothing waits longer for its look than SECONDS, and where nothing is left there is no timer
(test_one_timer_looks_at_all).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SECONDS = 0.25


class Beat:
    def __init__(self) -> None:
        self._looks: dict[Callable[[], None], None] = {}
        self._going = False

    def add(self, look: Callable[[], None]) -> None:
        """Call it every SECONDS, until it is removed; it never raises."""
        self._looks[look] = None
        if not self._going:
            self._going = True
            asyncio.get_running_loop().call_later(SECONDS, self._tick)

    def remove(self, look: Callable[[], None]) -> None:
        self._looks.pop(look, None)

    def _tick(self) -> None:
        for look in tuple(self._looks):
            look()
        self._going = bool(self._looks)
        if self._going:
            asyncio.get_running_loop().call_later(SECONDS, self._tick)
