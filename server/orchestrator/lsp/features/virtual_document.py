"""`workspace/textDocumentContent`, `orchestrator/document`: documents under `orchestrator:`, which are in no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp.protocol_chat import DocumentParams, DocumentResult
from orchestrator.lsp.validation import validated

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


async def text_document_content(
    server: Server, params: types.TextDocumentContentParams
) -> types.TextDocumentContentResult:
    return types.TextDocumentContentResult(text=await server.chats.document(params.uri))


@validated(DocumentParams)
async def document(server: Server, params: DocumentParams) -> DocumentResult:
    return DocumentResult(text=await server.chats.document(params.uri))
