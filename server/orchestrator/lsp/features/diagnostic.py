"""`textDocument/diagnostic`, for clients that ask for problems. The others are told (`lsp/problems.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp.problems import diagnostics

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


def diagnostic(
    server: Server, params: types.DocumentDiagnosticParams
) -> types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport:
    document = server.documents.get(params.text_document.uri)
    findings = server.findings
    there = server.index.ids_elsewhere(document.uri) if server.folders else None
    elsewhere = f"{there.generation}.{there.complete}" if there else ""
    result_id = f"{document.generation}.{document.version}.{server.settings_in_force.generation}.{findings.generation}"
    result_id += f".{elsewhere}.{server.split_history.generation}"
    if params.previous_result_id == result_id:
        return types.RelatedUnchangedDocumentDiagnosticReport(result_id=result_id)
    return types.RelatedFullDocumentDiagnosticReport(
        items=[*diagnostics(server, document), *findings.of(document.uri)], result_id=result_id
    )
