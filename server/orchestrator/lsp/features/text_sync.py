"""`textDocument/didOpen`, `didChange` and `didClose`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


def did_open(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    item = params.text_document
    document = server.documents.open(item.uri, item.version, item.text)
    server.changed(document)
    server.opened(document)


def did_change(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    document = server.documents.find(params.text_document.uri)
    if document is None:
        return
    document.change(params.text_document.version, params.content_changes, server.client.encoding)
    server.changed(document)


def did_save(server: Server, params: types.DidSaveTextDocumentParams) -> None:
    """Outlines are read as they are typed; a prompt comes in use when it is saved."""
    document = server.documents.find(params.text_document.uri)
    if document is None:
        return
    if "/prompts/" not in document.uri:
        if server.prompt_names.generation:  # somebody may have made one elsewhere
            server.start_alone(server.prompt_names.load())
        return
    from orchestrator.lsp import prompt_documents

    name = prompt_documents.name_of(server, document.uri)
    if name is not None and prompt_documents.is_own(server, document.uri):
        server.start_alone(prompt_documents.saved(server, document, name))


def did_close(server: Server, params: types.DidCloseTextDocumentParams) -> None:
    document = server.documents.close(params.text_document.uri)
    if document is None:
        return
    server.colours.forget(document)
    if server.running_index is not None:
        server.running_index.closed(document)
    if server.client.tree:
        server.trees.forget(document)
    if not server.client.pull_diagnostics:
        server.pusher.forget(document)
