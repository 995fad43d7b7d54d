"""`textDocument/onTypeFormatting` behind a line break: the list or the branch's indent goes on. Only in outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp import convert
from orchestrator.outline.on_type_formatting import after_newline

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


def on_type_formatting(server: Server, params: types.DocumentOnTypeFormattingParams) -> list[types.TextEdit]:
    snapshot = server.documents.snapshot(params.text_document.uri)
    if params.ch != "\n" or not snapshot.is_outline(server.settings.outline.globs):
        return []
    if snapshot.outline.front_matter.newer:
        return []
    text, encoding = snapshot.text, server.client.encoding
    edits = after_newline(snapshot.outline, convert.offset(text, params.position, encoding))
    return convert.text_edits(text, edits, encoding)
