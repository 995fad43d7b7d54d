"""`orchestrator/history/search`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.engine.history import Found, by_words, placed
from orchestrator.lsp.holder import canonical
from orchestrator.lsp.protocol_history import HistoryHit, HistoryMatch, HistorySearchParams, HistorySearchResult
from orchestrator.lsp.validation import validated
from orchestrator.model.safe_text import one_line
from orchestrator.store.history import Filters

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server
    from orchestrator.outline.tree import Outline


@validated(HistorySearchParams)
async def search(server: Server, params: HistorySearchParams) -> HistorySearchResult:
    session = await server.session()
    store = await session.store()
    filters = Filters(
        uri=canonical(params.uri) if params.uri is not None else None,
        since=params.since,
        until=params.until,
        model=params.model,
    )
    read = total = None
    if params.by == "meaning":
        meanings = session.meanings
        found = await meanings.search(store, params.query, filters, params.limit)
        read, total = await meanings.counts(store)
        if read < total and not meanings.is_building:
            server.start_alone(meanings.build(store))
    else:
        found = await by_words(store, params.query, filters, params.limit)

    def opened(uri: str) -> Outline | None:
        document = server.documents.find(uri)
        return None if document is None else document.snapshot().outline

    there = await placed(store, found, opened, server.settings.outline.max_bytes)
    return HistorySearchResult(hits=[_hit(one) for one in there], read=read, total=total)


def _hit(one: Found) -> HistoryHit:
    hit = one.hit
    return HistoryHit(
        kind=hit.kind,
        title=one_line(hit.title),
        task_id=hit.task_id,
        uri=one.uri or hit.uri,
        line=one.line,
        created=hit.created,
        model=one_line(hit.model),
        excerpt=one.excerpt.text,
        matches=[HistoryMatch(start=start, end=end) for start, end in one.excerpt.matches],
        nearness=one.nearness,
        conversation_id=hit.conversation_id,
        run_id=hit.run_id,
        message_id=hit.record_id if hit.kind == "message" else None,
    )
