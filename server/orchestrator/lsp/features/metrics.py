"""`orchestrator/metrics/get`: computed when asked, from the journal on this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.lsp.holder import canonical
from orchestrator.lsp.protocol_prompts import MetricsParams, MetricsResult, MetricsRow, MetricsTable
from orchestrator.lsp.validation import validated
from orchestrator.model.metrics import GroupBy, MetricsQuery
from orchestrator.model.safe_text import one_line

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


@validated(MetricsParams)
async def get(server: Server, params: MetricsParams) -> MetricsResult:
    from orchestrator.engine.metrics_report import as_json

    store = await (await server.session()).store()
    uri = None if params.uri is None else canonical(params.uri)
    tables: list[MetricsTable] = []
    for by in dict.fromkeys(params.by):
        found = await store.metrics(MetricsQuery(GroupBy(by), params.since, params.until, None, uri, params.prompt))
        rows = [MetricsRow.model_validate({**as_json(one), "name": one_line(one.name)}) for one in found]
        tables.append(MetricsTable(by=by, rows=rows))
    return MetricsResult(tables=tables)
