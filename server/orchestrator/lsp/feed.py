"""Sends the newest state of something that changes often: at once after a silence, later at most every 30 ms.

Apart from what is sent, because the rule is the same for every stream: a state replaces the one before it, so a
client that does not read costs memory for one state, stalls nobody, and loses nothing of the end.

Invariant: the last state put in is sent, in the order of putting (test_feed_sends_the_last_state).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from orchestrator.lsp.stdio import Outlet

T = TypeVar("T")

INTERVAL = 0.030
"""Seconds: two frames of a screen."""


class Paced(Generic[T]):
    """When what waits may be sent. How it is put in and sent the subclass says."""

    def __init__(self, outlet: Outlet | None) -> None:
        """Nothing is sent before `open`: the client must have the answer that it goes on from first."""
        self._outlet = outlet
        self._loop = asyncio.get_running_loop()
        self._waiting: list[T] = []
        self._opened = False
        self._scheduled = False
        self._next = 0.0

    def open(self) -> None:
        self._opened = True
        self._flush()

    def _soon(self) -> None:
        """At once after a silence, else when the interval is over."""
        if self._scheduled:
            return
        delay = self._next - self._loop.time()
        if delay > 0:
            self._scheduled = True
            self._loop.call_later(delay, self._due)
        else:
            self._flush()

    def _due(self) -> None:
        self._scheduled = False
        self._flush()

    def _flush(self) -> None:
        if not self._opened or not self._waiting:
            return
        if self._outlet is not None and self._outlet.congested:
            if not self._scheduled:
                self._scheduled = True
                self._outlet.when_drained(self._due)
            return
        self._next = self._loop.time() + INTERVAL
        self.send_now()

    def send_now(self) -> None:
        """All that waits, also to a client that does not read."""
        raise NotImplementedError


class Feed(Paced[T]):
    def __init__(self, send: Callable[[T], None], outlet: Outlet | None) -> None:
        super().__init__(outlet)
        self._send = send

    def put(self, state: T, *, now: bool = False) -> None:
        """`now`: a person waits for this very state, so it is not held back for the interval."""
        self._waiting = [state]
        if now:
            self._flush()
        else:
            self._soon()

    def send_now(self) -> None:
        self._send(self._waiting.pop())
