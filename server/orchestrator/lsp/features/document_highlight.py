"""`textDocument/documentHighlight` of the id at the cursor: everywhere it is written. In any Markdown file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp import convert
from orchestrator.outline.occurrences import occurrence_at, occurrences

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


def document_highlight(server: Server, params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
    snapshot = server.documents.snapshot(params.text_document.uri)
    text, encoding = snapshot.text, server.client.encoding
    pointed = occurrence_at(snapshot.outline, convert.offset(text, params.position, encoding))
    if pointed is None:
        return []
    return [
        types.DocumentHighlight(
            range=convert.span(text, found.start, found.end, encoding),
            kind=types.DocumentHighlightKind.Write if found.definition else types.DocumentHighlightKind.Read,
        )
        for found in occurrences(snapshot.outline, pointed.task_id)
    ]
