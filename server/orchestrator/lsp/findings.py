"""Findings of reviews as diagnostics on the files that they are about.

Apart from `problems`, which are about an outline's own text and come from the text alone: a finding is about any file
of the workspace, and stays until the task that found it is reviewed again.

Files that nobody has open with us are told of; a document of ours that the client asks about gets its findings with
the answer (`features/diagnostic.py`). The message is a model's text: plain, in one line, with nothing invisible.

Invariant: a finding is told in one of the two ways, never both (test_a_finding_is_told_once).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp import uris
from orchestrator.lsp.problems import diagnostics
from orchestrator.model.finding import Finding, Severity
from orchestrator.model.safe_text import one_line
from orchestrator.outline.text import Encoding, Text

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server

SOURCE = "orchestrator review"
_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFORMATION: types.DiagnosticSeverity.Information,
}


class Findings:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._found: dict[tuple[str, str], tuple[tuple[str, Finding], ...]] = {}
        """By workspace and task: each with the URI of its file."""
        self.generation = 0
        """Changes with what is known, for the identity of an answer."""

    def show(self, folder: Path, task_id: str, findings: Iterable[Finding]) -> None:
        """What a task's review came to, in place of what it came to before."""
        key = (str(folder), task_id)
        before = {uri for uri, _ in self._found.pop(key, ())}
        found = tuple((uris.from_path(folder / finding.path), finding) for finding in findings)
        if found:
            self._found[key] = found
        self.generation += 1
        self._tell(before | {uri for uri, _ in found})

    def of(self, uri: str) -> list[types.Diagnostic]:
        encoding = self._server.client.encoding
        wanted = uris.normal(uri)
        return [
            diagnostic(finding, encoding)
            for found in self._found.values()
            for at, finding in found
            if uris.normal(at) == wanted
        ]

    def _tell(self, changed: set[str]) -> None:
        client = self._server.client
        refresh = False
        for uri in sorted(changed):
            document = self._server.documents.find(uri)
            if document is None:
                self._publish(uri, self.of(uri))
            elif client.pull_diagnostics:
                refresh = client.refresh_diagnostics
            else:
                self._publish(document.uri, [*diagnostics(self._server, document), *self.of(uri)])
        if refresh:
            self._server.suggest(types.WORKSPACE_DIAGNOSTIC_REFRESH, None)

    def _publish(self, uri: str, shown: list[types.Diagnostic]) -> None:
        params = types.PublishDiagnosticsParams(uri=uri, diagnostics=shown)
        self._server.protocol.notify(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)


def diagnostic(finding: Finding, encoding: Encoding) -> types.Diagnostic:
    """At the line as it was read; where it moved meanwhile an editor moves it along."""
    line, text = finding.line - 1, Text(finding.text)
    indent = len(finding.text) - len(finding.text.lstrip())
    return types.Diagnostic(
        range=types.Range(
            start=types.Position(line, text.position(indent, encoding)[1]),
            end=types.Position(line, text.position(len(finding.text), encoding)[1]),
        ),
        severity=_SEVERITIES[finding.severity],
        code="review",
        source=SOURCE,
        message=one_line(finding.message),
    )
