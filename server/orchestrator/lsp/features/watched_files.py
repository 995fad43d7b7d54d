"""`workspace/didChangeWatchedFiles`, and asking the client for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.outline.files import SUFFIXES

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server

REGISTRATION = "watched-files"


def register(server: Server) -> None:
    """Ask to be told of every file that may be an outline by the settings in force; again when they changed."""
    index = server.index
    if not server.client.watch_files:
        return
    patterns = dict.fromkeys((*(f"**/{glob}" for glob in server.settings.outline.globs), *_BY_FRONT_MATTER))
    if index.watched == tuple(patterns):
        return
    if index.watched:
        gone = types.Unregistration(REGISTRATION, types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
        server.suggest(types.CLIENT_UNREGISTER_CAPABILITY, types.UnregistrationParams([gone]))
    index.watched = tuple(patterns)
    options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(glob) for glob in patterns])
    registration = types.Registration(REGISTRATION, types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
    server.suggest(types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams([registration]))


_BY_FRONT_MATTER = tuple(f"**/*{suffix}" for suffix in SUFFIXES)


def did_change(server: Server, params: types.DidChangeWatchedFilesParams) -> None:
    gone = [change.uri for change in params.changes if change.type is types.FileChangeType.Deleted]
    changed = [change.uri for change in params.changes if change.type is not types.FileChangeType.Deleted]
    server.index.changed_on_disk(changed, gone)
