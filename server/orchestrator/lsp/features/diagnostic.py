"""`textDocument/diagnostic`, for clients that ask for problems. The others are told (`lsp/problems.py`).

A client that cannot be asked to ask again (Neovim 0.11) would not hear of an id that no file has until the next key. So
while the files of the workspace are read for the first time, its answer waits for them, as that of *definition* does.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from orchestrator.lsp.problems import diagnostics, reported

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


Report = types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport


def diagnostic(server: Server, params: types.DocumentDiagnosticParams) -> Report | Coroutine[Any, Any, Report]:
    uri = params.text_document.uri
    if server.folders and not server.client.refresh_diagnostics and not server.index.ids_elsewhere(uri).complete:
        return _later(server, params)
    return _report(server, params)


async def _later(server: Server, params: types.DocumentDiagnosticParams) -> Report:
    await server.index.settled()
    return _report(server, params)


def _report(server: Server, params: types.DocumentDiagnosticParams) -> Report:
    document = server.documents.get(params.text_document.uri)
    findings = server.findings
    there = server.index.ids_elsewhere(document.uri) if server.folders else None
    elsewhere = f"{there.generation}.{there.complete}" if there else ""
    state = f"{document.generation}.{document.version}.{server.settings_in_force.generation}.{findings.generation}"
    state += f".{elsewhere}.{server.split_history.generation}.{server.prompt_names.generation}"
    result_id, items = reported(document, state, lambda: [*diagnostics(server, document), *findings.of(document.uri)])
    if params.previous_result_id == result_id:
        return types.RelatedUnchangedDocumentDiagnosticReport(result_id=result_id)
    return types.RelatedFullDocumentDiagnosticReport(items=items, result_id=result_id)
