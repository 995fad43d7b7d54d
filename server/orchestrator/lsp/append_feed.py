"""Sends what happens in one conversation: the first piece after a silence at once, later ones gathered for 30 ms.

The pace is that of `feed`, where a new state replaces the one before: here every piece counts, and text is only ever
appended. What waits for a client that does not read is one message's text, however many pieces it came in.

Invariant: what was put in is sent, in order, each piece once (test_pieces_arrive_once_and_in_order).
Invariant: a client that does not read costs no more than the text itself (test_a_client_that_does_not_read).
"""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.engine.chat_updates import Text, Thought, Update
from orchestrator.lsp.feed import Paced
from orchestrator.lsp.stdio import Outlet


class AppendFeed(Paced[tuple[str, Update]]):
    def __init__(self, send: Callable[[str, Update], None], outlet: Outlet | None) -> None:
        super().__init__(outlet)
        self._send = send
        self._pieces: list[str] = []
        """Of the last of those that wait, where that is text."""

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

    def _join(self) -> None:
        if self._pieces:
            message_id, last = self._waiting[-1]
            whole = "".join(self._pieces)
            self._waiting[-1] = (message_id, Text(whole) if isinstance(last, Text) else Thought(whole))
            self._pieces = []
