"""`workspace/didChangeWorkspaceFolders`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


def did_change(server: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    removed = {folder.uri for folder in params.event.removed}
    kept = [uri for uri in server.folders if uri not in removed]
    server.folders = [*kept, *(folder.uri for folder in params.event.added if folder.uri not in kept)]
    if server.running_index is not None:
        server.running_index.use_folders()
