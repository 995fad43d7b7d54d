"""When to tell the client what a change led to: at once after a silence, and not at every key of a fast typist.

Apart from what is told, because trees and problems keep the same pace. What is told is made when it is due, so that it
is of the newest text, and outside the handler of the change, so that all changes that have arrived are in it.

Invariant: after the last change something is told (test_the_last_change_is_told).
Invariant: who waits for a pause is told in the middle of typing, too (test_somebody_who_never_pauses_is_told_of).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Document

INTERVAL = 0.050
"""Seconds between two tellings; more where making them takes long, so that most of the time is left for all else."""
SHARE = 4
"""The pause, in times of what the last telling cost."""


@dataclass(slots=True)
class _State:
    waiting: asyncio.Handle | None = None
    next: float = 0.0
    """The loop's time from which on the next telling may be."""
    first: float = 0.0
    """The loop's time of the first change that is not told yet."""
    last: float = 0.0
    """That of the last one."""


class Pace:
    def __init__(self, tell: Callable[[Document], None], interval: float = INTERVAL, longest: float = 0.0) -> None:
        """`longest`: for how many seconds a telling waits for a pause of `interval`, unless a silence was before it."""
        self._tell = tell
        self.interval = interval
        """Seconds between two tellings."""
        self._longest = longest
        self._states: dict[Document, _State] = {}

    def touched(self, document: Document) -> None:
        loop = asyncio.get_running_loop()
        state = self._states.get(document)
        if state is None:
            # It was just opened: what the client asks right behind that comes first.
            state = self._states[document] = _State(next=loop.time() + self.interval)
        state.last = loop.time()
        if state.waiting is not None:
            return
        state.first = state.last
        delay = state.next - loop.time()
        if delay > 0:
            state.waiting = loop.call_later(delay, self._at_a_pause, document, state)
        else:
            state.waiting = loop.call_soon(self._due, document, state)

    def forget(self, document: Document) -> None:
        state = self._states.pop(document, None)
        if state is not None and state.waiting is not None:
            state.waiting.cancel()

    def _at_a_pause(self, document: Document, state: _State) -> None:
        loop = asyncio.get_running_loop()
        left = min(state.last + self.interval, state.first + self._longest) - loop.time()
        if left > 0:
            state.waiting = loop.call_later(left, self._at_a_pause, document, state)
        else:
            self._due(document, state)

    def _due(self, document: Document, state: _State) -> None:
        state.waiting = None
        began = time.monotonic()
        try:
            self._tell(document)
        finally:
            cost = time.monotonic() - began
            state.next = asyncio.get_running_loop().time() + max(self.interval, SHARE * cost)
