"""Problems of a document as diagnostics, and telling them to clients that do not ask.

Apart from `features/diagnostic.py` because both ways, asked for and told, must show the same.

Invariant: a client gets problems in one of the two ways, never both (test_pull_or_push_never_both).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp import convert
from orchestrator.outline.problems import Problem, problems

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Document, Snapshot
    from orchestrator.lsp.server import Server

MOST = 500
"""Diagnostics per document: an editor needs 24 ms to receive a thousand, and a person reads none of them."""
INTERVAL = 0.150
"""Seconds after the last key."""


def diagnostics(server: Server, snapshot: Snapshot) -> list[types.Diagnostic]:
    """Of outlines only: nobody's README is underlined unasked."""
    if not snapshot.is_outline(server.settings.outline.globs):
        return []
    found = problems(snapshot.outline)
    shown = [convert.diagnostic(snapshot.text, problem, snapshot.uri, server.client) for problem in worst(found, MOST)]
    if len(found) > MOST:
        more = types.Diagnostic(
            range=shown[-1].range,
            severity=types.DiagnosticSeverity.Information,
            code="more-problems",
            source="orchestrator",
            message=f"There are {len(found) - MOST} more problems in this document. Mend some to see them.",
        )
        shown.append(more)
    return shown


def worst(found: Sequence[Problem], most: int) -> Sequence[Problem]:
    """At most so many, in the order they came: an error at the end must not hide behind hints."""
    if len(found) <= most:
        return found
    kept = sorted(range(len(found)), key=lambda index: found[index].severity.rank)[:most]
    return [found[index] for index in sorted(kept)]


class Pusher:
    """Tells after a pause in typing, outside the handler of the change."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._due: dict[Document, asyncio.TimerHandle] = {}
        self._told: dict[Document, bool] = {}
        """Documents whose newest list the client has; True if it was not empty."""

    def touched(self, document: Document) -> None:
        if waiting := self._due.pop(document, None):
            waiting.cancel()
        self._due[document] = asyncio.get_running_loop().call_later(INTERVAL, self._tell, document)

    def forget(self, document: Document) -> None:
        if waiting := self._due.pop(document, None):
            waiting.cancel()
        if self._told.pop(document, False):
            self._publish(document, [])

    def _tell(self, document: Document) -> None:
        self._due.pop(document, None)
        found = diagnostics(self._server, document.snapshot())
        if found or self._told.get(document, False):
            self._publish(document, found)
        self._told[document] = bool(found)

    def _publish(self, document: Document, found: list[types.Diagnostic]) -> None:
        params = types.PublishDiagnosticsParams(uri=document.uri, version=document.version, diagnostics=found)
        self._server.protocol.notify(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)
