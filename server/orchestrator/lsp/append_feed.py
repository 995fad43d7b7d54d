"""Sends what happens in one conversation: the first piece after a silence at once, later ones gathered for 30 ms.

Beside `feed`, where a new state replaces the one before: here every piece counts, and text is only ever appended. What
waits for a client that does not read is one message's text, however many pieces it came in.

Invariant: what was put in is sent, in order, each piece once (test_pieces_arrive_once_and_in_order).
Invariant: a client that does not read costs no more than the text itself (test_a_client_that_does_not_read).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from orchestrator.engine.chat_updates import Text, Thought, Update
from orchestrator.lsp.feed import INTERVAL
from orchestrator.lsp.stdio import Outlet


class AppendFeed:
    def __init__(self, send: Callable[[str, Update], None], outlet: Outlet | None) -> None:
        """Nothing is sent before `open`: the client must have the answer that it goes on from."""
        self._send = send
        self._outlet = outlet
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[str, Update]] = []
        self._pieces: list[str] = []
        """Of the last of those that wait, where that is text."""
        self._opened = False
        self._scheduled = False
        self._next = 0.0

    def open(self) -> None:
        self._opened = True
        self._flush()

    def hold(self) -> None:
        """Until `open` is called again: an answer is on its way that comes first."""
        self._opened = False

    def put(self, message_id: str, update: Update) -> None:
        grows = isinstance(update, (Text, Thought))
        if grows and self._waiting:
            last_id, last = self._waiting[-1]
            if last_id == message_id and type(last) is type(update):
                self._pieces.append(update.text)
                self._soon()
                return
        self._join()
        self._waiting.append((message_id, update))
        if grows:
            self._pieces = [update.text]
            self._soon()
        else:
            self._flush()  # a person waits for it

    def forget(self) -> None:
        """What waits is in the answer that is being given."""
        self._waiting.clear()
        self._pieces = []

    def send_now(self) -> None:
        """Also to a client that does not read: what follows builds on it."""
        self._join()
        waiting, self._waiting = self._waiting, []
        for message_id, update in waiting:
            self._send(message_id, update)

    def _soon(self) -> None:
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

    def _join(self) -> None:
        if self._pieces:
            message_id, last = self._waiting[-1]
            whole = "".join(self._pieces)
            self._waiting[-1] = (message_id, Text(whole) if isinstance(last, Text) else Thought(whole))
            self._pieces = []
