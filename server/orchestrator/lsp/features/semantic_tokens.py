"""`textDocument/semanticTokens/full`, `full/delta` and `range`. Only in outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


def full(server: Server, params: types.SemanticTokensParams) -> types.SemanticTokens:
    document = server.documents.get(params.text_document.uri)
    snapshot = document.snapshot()
    if not snapshot.is_outline(server.settings.outline.globs):
        return types.SemanticTokens(data=[])
    answer = server.colours.whole(document, snapshot)
    return types.SemanticTokens(data=answer.data.tolist(), result_id=answer.result_id)


def delta(server: Server, params: types.SemanticTokensDeltaParams) -> types.SemanticTokens | types.SemanticTokensDelta:
    document = server.documents.get(params.text_document.uri)
    snapshot = document.snapshot()
    if not snapshot.is_outline(server.settings.outline.globs):
        return types.SemanticTokens(data=[])
    answer = server.colours.since(document, snapshot, params.previous_result_id)
    if not isinstance(answer, tuple):
        return types.SemanticTokens(data=answer.data.tolist(), result_id=answer.result_id)
    now, edit = answer
    edits = [] if edit is None else [types.SemanticTokensEdit(edit.start, edit.deleted, edit.data.tolist())]
    return types.SemanticTokensDelta(edits=edits, result_id=now.result_id)


def part(server: Server, params: types.SemanticTokensRangeParams) -> types.SemanticTokens:
    """Whole lines: what touches the range is in it."""
    document = server.documents.get(params.text_document.uri)
    snapshot = document.snapshot()
    if not snapshot.is_outline(server.settings.outline.globs):
        return types.SemanticTokens(data=[])
    start, end = params.range.start.line, params.range.end.line + 1
    return types.SemanticTokens(data=server.colours.part(document, snapshot, start, end).tolist())
