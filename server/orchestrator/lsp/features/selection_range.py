"""`textDocument/selectionRange`. In any Markdown file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp import convert
from orchestrator.outline.selection import selection

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server


def selection_range(server: Server, params: types.SelectionRangeParams) -> list[types.SelectionRange]:
    """One for each place, in their order."""
    snapshot = server.documents.snapshot(params.text_document.uri)
    return [_nested(server, snapshot, place) for place in params.positions]


def _nested(server: Server, snapshot: Snapshot, place: types.Position) -> types.SelectionRange:
    text, encoding = snapshot.text, server.client.encoding
    spans = selection(snapshot.outline, convert.offset(text, place, encoding))
    outer: types.SelectionRange | None = None
    for span in reversed(spans):
        outer = types.SelectionRange(convert.span(text, *span, encoding), outer)
    assert outer is not None, "a selection ends in the document"
    return outer
