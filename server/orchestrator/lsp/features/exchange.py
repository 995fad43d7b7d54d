"""`orchestrator/export` and `orchestrator/import`."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from orchestrator.lsp.exchange import export_outline, import_outline
from orchestrator.lsp.protocol_exchange import ExportParams, ExportResult, ImportParams, ImportResult
from orchestrator.lsp.validation import validated

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


@validated(ExportParams)
def export(server: Server, params: ExportParams) -> Coroutine[Any, Any, ExportResult]:
    return export_outline(server, params)


@validated(ImportParams)
def import_(server: Server, params: ImportParams) -> Coroutine[Any, Any, ImportResult]:
    return import_outline(server, params)
