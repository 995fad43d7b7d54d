"""Problems of a document as diagnostics, and telling them to clients that do not ask.

Apart from `features/diagnostic.py` because both ways, asked for and told, must show the same.

Invariant: a client gets problems in one of the two ways, never both (test_pull_or_push_never_both).
Invariant: a name of a report stands for the same problems as long as the server lives
(test_a_key_that_changes_no_problem_is_answered_without_them).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp import convert
from orchestrator.lsp.pace import Pace
from orchestrator.lsp.sources import known

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Document
    from orchestrator.lsp.server import Server
    from orchestrator.outline.problems import Check

MOST = 500
"""Diagnostics per document: an editor needs 24 ms to receive a thousand, and a person reads none of them."""


def reported(
    document: Document, state: str, find: Callable[[], list[types.Diagnostic]]
) -> tuple[str, list[types.Diagnostic]]:
    """The problems with a name: that of the last ones, if these are the same, as most keys leave them.

    `state` names all that they are found by; it becomes the name of others.
    """
    before: tuple[int, str, str, list[types.Diagnostic]] | None = document.kept.get(types.TEXT_DOCUMENT_DIAGNOSTIC)
    if before is not None and before[0] != document.generation:
        before = None  # whoever closed it forgot them
    if before is not None and before[1] == state:
        return before[2], before[3]
    found = find()
    name = before[2] if before is not None and before[3] == found else state
    document.kept[types.TEXT_DOCUMENT_DIAGNOSTIC] = (document.generation, state, name, found)
    return name, found


def diagnostics(server: Server, document: Document) -> list[types.Diagnostic]:
    """Of outlines and prompts only: nobody's README is underlined unasked."""
    if "/prompts/" in document.uri:
        from orchestrator.lsp import prompt_documents

        name = prompt_documents.name_of(server, document.uri)
        if name is not None:
            return prompt_documents.diagnostics(server, document, name)
    snapshot = document.snapshot()
    if not snapshot.is_outline(server.settings.outline.globs):
        return []
    check = checked(server, document)
    shown = [
        convert.diagnostic(snapshot.text, problem, snapshot.uri, server.client) for problem in check.problems(MOST)
    ]
    if len(check) > MOST:
        more = types.Diagnostic(
            range=shown[-1].range,
            severity=types.DiagnosticSeverity.Information,
            code="more-problems",
            source="orchestrator",
            message=f"There are {len(check) - MOST} more problems in this document. Mend some to see them.",
        )
        shown.append(more)
    return shown


def checked(server: Server, document: Document) -> Check:
    """The problems of the newest text, also of what it has to do with other files of its workspace."""
    check = document.check()
    snapshot = document.snapshot()
    if history := server.split_history.of(document.uri):
        from orchestrator.engine.stale import text_hash

        check.look_back(history, text_hash)
    if check.names_prompts and (names := server.prompt_names.of(document.uri)) is not None:
        check.look_for_prompts(names)
    if server.folders:
        there = server.index.ids_elsewhere(snapshot.uri)
        check.look_elsewhere(known(server, snapshot), there.generation, complete=there.complete)
    return check


def told_anew(server: Server) -> None:
    """Something else than a text has changed that problems of open documents depend on."""
    if not server.client.pull_diagnostics:
        for document in server.documents:
            server.pusher.touched(document)
    elif server.client.refresh_diagnostics:
        server.suggest(types.WORKSPACE_DIAGNOSTIC_REFRESH, None)


class Pusher:
    """Tells clients that do not ask."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._pace = Pace(self._tell)
        self._told: dict[Document, bool] = {}
        """Documents whose newest list the client has; True if it was not empty."""

    def touched(self, document: Document) -> None:
        self._pace.touched(document)

    def forget(self, document: Document) -> None:
        self._pace.forget(document)
        if self._told.pop(document, False):
            self._publish(document, [])

    def _tell(self, document: Document) -> None:
        found = [*diagnostics(self._server, document), *self._server.findings.of(document.uri)]
        if found or self._told.get(document, False):
            self._publish(document, found)
        self._told[document] = bool(found)

    def _publish(self, document: Document, found: list[types.Diagnostic]) -> None:
        params = types.PublishDiagnosticsParams(uri=document.uri, version=document.version, diagnostics=found)
        self._server.protocol.notify(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)
