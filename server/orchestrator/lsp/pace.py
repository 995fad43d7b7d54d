"""When to tell the client what a change led to: at once after a silence, and not at every key of a fast typist.

Apart from what is told, because trees and problems keep the same pace. What is told is made when it is due, so that it
is of the newest text, and outside the handler of the change, so that all changes that have arrived are in it.

Invariant: after the last change something is told (test_the_last_change_is_told).
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


class Pace:
    def __init__(self, tell: Callable[[Document], None], interval: float = INTERVAL) -> None:
        self._tell = tell
        self.interval = interval
        """Seconds between two tellings."""
        self._states: dict[Document, _State] = {}

    def touched(self, document: Document) -> None:
        loop = asyncio.get_running_loop()
        state = self._states.get(document)
        if state is None:
            # It was just opened: what the client asks right behind that comes first.
            state = self._states[document] = _State(next=loop.time() + self.interval)
        if state.waiting is not None:
            return
        delay = state.next - loop.time()
        if delay > 0:
            state.waiting = loop.call_later(delay, self._due, document, state)
        else:
            state.waiting = loop.call_soon(self._due, document, state)

    def forget(self, document: Document) -> None:
        state = self._states.pop(document, None)
        if state is not None and state.waiting is not None:
            state.waiting.cancel()

    def _due(self, document: Document, state: _State) -> None:
        state.waiting = None
        began = time.monotonic()
        try:
            self._tell(document)
        finally:
            cost = time.monotonic() - began
            state.next = asyncio.get_running_loop().time() + max(self.interval, SHARE * cost)
