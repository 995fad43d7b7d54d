"""Progress of a run in the editor's own place for it, with a cancel button that stops the run.

Apart from pygls' own, which registers a token only if the client answered in time and cancels a future, not a run.

Invariant: what was begun is ended, whatever becomes of the run (test_progress_ends_with_the_run).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from orchestrator.model.ids import record_id

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server

Token = int | str


class Progress:
    """One per run. Reports before the client has agreed to the token are kept, the newest of them.

    Without a run it is about work of the server's own, which cannot be cancelled.
    """

    def __init__(self, server: Server, run_id: str | None, title: str) -> None:
        self._server = server
        self._run_id = run_id
        self._title = title
        self._message = ""
        self._token: Token | None = None
        self._ended = False

    def begin(self, token: Token | None) -> None:
        """In a place of our own, where the client has such; else in the one of the request that started it."""
        if self._server.client.progress:
            self._server.start(self._create())
        elif token is not None:
            self._open(token)

    async def _create(self) -> None:
        token = record_id("progress")
        try:
            await self._server.protocol.ask(
                types.WINDOW_WORK_DONE_PROGRESS_CREATE, types.WorkDoneProgressCreateParams(token=token)
            )
        except JsonRpcException:
            return  # the client does not want it
        if not self._ended:
            self._open(token)

    def _open(self, token: Token) -> None:
        self._token = token
        if self._run_id is not None:
            self._server.cancellable[token] = self._run_id
        self._send(
            types.WorkDoneProgressBegin(
                title=self._title, cancellable=self._run_id is not None, message=self._message or None
            )
        )

    def report(self, message: str) -> None:
        if message == self._message or self._ended:
            return
        self._message = message
        if self._token is not None:
            self._send(types.WorkDoneProgressReport(cancellable=self._run_id is not None, message=message))

    def end(self, message: str) -> None:
        if self._ended:
            return
        self._ended = True
        if self._token is not None:
            self._server.cancellable.pop(self._token, None)
            self._send(types.WorkDoneProgressEnd(message=message or None))

    def _send(
        self, value: types.WorkDoneProgressBegin | types.WorkDoneProgressReport | types.WorkDoneProgressEnd
    ) -> None:
        assert self._token is not None
        self._server.protocol.notify(types.PROGRESS, types.ProgressParams(token=self._token, value=value))
