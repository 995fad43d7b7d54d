"""`workspace/willRenameFiles`, `didRenameFiles`, `didCreateFiles` and `didDeleteFiles`.

Before an editor moves a file or a folder it gets the edits that keep every path right: in outlines that name it, and
in outlines that move. An outline in a later version of the format is left as it is, and moves all the same.

Invariant: the edits are for the old names, since the client makes them first (test_paths_follow_a_file).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lsprotocol import types

from orchestrator.lsp import uris
from orchestrator.lsp.workspace_edits import Changed, workspace_edit
from orchestrator.outline.moved import Move, adjusted, leads_to, moved

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


async def will_rename(server: Server, params: types.RenameFilesParams) -> types.WorkspaceEdit | None:
    await server.index.fresh()
    moves = [move for file in params.files if (move := _move(file)) is not None]
    if not moves:
        return None
    found = [source for key in _concerned(server, moves) if (source := await server.index.source(key)) is not None]
    newest = [server.index.newest(source) for source in found]
    changed = [
        Changed(source, adjusted(source.outline, _path(source.key), moves))
        for source in newest
        if not source.outline.front_matter.newer
    ]
    return workspace_edit(server.client, changed, "Keep paths right")


def did_rename(server: Server, params: types.RenameFilesParams) -> None:
    server.index.changed_on_disk([file.new_uri for file in params.files], [file.old_uri for file in params.files])


def did_create(server: Server, params: types.CreateFilesParams) -> None:
    server.index.changed_on_disk([file.uri for file in params.files], [])


def did_delete(server: Server, params: types.DeleteFilesParams) -> None:
    server.index.changed_on_disk([], [file.uri for file in params.files])


def _concerned(server: Server, moves: list[Move]) -> list[str]:
    """Outlines that move, that name something that moves, or that are open: what these name is not indexed."""
    return [
        key
        for key, found in server.index.files()
        if server.index.is_open(key)
        or moved(_path(key), moves) != _path(key)
        or any(moved(there, moves) != there for there in (leads_to(_path(key), path) for path in found.paths))
    ]


def _move(file: types.FileRename) -> Move | None:
    if any(urlsplit(uri).scheme.lower() != "file" for uri in (file.old_uri, file.new_uri)):
        return None
    old, new = _path(uris.normal(file.old_uri)), _path(uris.normal(file.new_uri))
    return None if old == new or "/" in {old, new} else Move(old, new)


def _path(key: str) -> str:
    """Absolute, with slashes on any system, and with the computer that it is on."""
    parts = urlsplit(key)
    path = unquote(parts.path, errors="surrogateescape").rstrip("/") or "/"
    return f"//{parts.netloc}{path}" if parts.netloc else path
