"""One timer for all that has to be looked at every so often while it lasts, and one moment for all that ends.

Apart from the calls because they come and go in hundreds a second: a timer for each would be made and cancelled far
more often than it is ever due, and what follows from ten answers takes much less at once than at ten times.

Invariant: nothing waits longer for its look than SECONDS, and where nothing is left there is no timer
(test_one_timer_looks_at_all).
Invariant: where few are under way, nobody waits for others (test_only_many_wait_for_each_other).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SECONDS = 0.25
MANY = 8
MOMENT = 0.004
"""Seconds; longer ones made nothing cheaper that was measured."""


class Beat:
    def __init__(self) -> None:
        self._looks: dict[Callable[[], None], None] = {}
        self._going = False
        self._ended: list[asyncio.Future[None]] = []

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

    async def together(self) -> None:
        """Wait a MOMENT for others that end; where fewer than MANY are looked at, nobody waits."""
        if len(self._looks) < MANY:
            return
        loop = asyncio.get_running_loop()
        if not self._ended:
            loop.call_later(MOMENT, self._go_on)
        moment = loop.create_future()
        self._ended.append(moment)
        await moment

    def _go_on(self) -> None:
        ended, self._ended = self._ended, []
        for moment in ended:
            if not moment.done():
                moment.set_result(None)
