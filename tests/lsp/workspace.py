"""A workspace folder on a real disk, and a server without a pipe that has it open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types

from orchestrator.lsp import uris
from orchestrator.lsp.index import WorkspaceIndex
from orchestrator.lsp.server import Server
from tests.lsp.in_process import Sent, call, make_server


class Workspace:
    """A folder with files in it, and a server that has it open."""

    def __init__(self, folder: Path, server: Server, sent: Sent) -> None:
        self.folder, self.server, self.sent = folder, server, sent

    @property
    def index(self) -> WorkspaceIndex:
        return self.server.index

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    async def begin(self) -> None:
        self.index.begin()
        await self.settled()

    async def settled(self) -> None:
        assert await self.index.settled(60)

    async def swept(self) -> None:
        """As if a question came after a while."""
        await self.settled()
        self.index._swept_at = -1e9
        assert await self.index.fresh(60)

    def titles(self) -> dict[str, list[str]]:
        """By file, of all that the index knows."""
        root = uris.normal(self.folder.as_uri())
        return {
            key.removeprefix(root + "/"): [entry.title for entry in found.entries()]
            for key, found in self.index.files()
        }

    def changed(self, *names: str, gone: bool = False) -> None:
        kind = types.FileChangeType.Deleted if gone else types.FileChangeType.Changed
        events = [types.FileEvent(self.uri(name), kind) for name in names]
        call(self.server, "workspace/didChangeWatchedFiles", types.DidChangeWatchedFilesParams(events))


@asynccontextmanager
async def workspace(tmp_path: Path, **client: Any) -> AsyncIterator[Workspace]:
    folder = tmp_path / "work"
    folder.mkdir(exist_ok=True)
    server, sent = make_server(tmp_path, **client)
    server.folders = [folder.as_uri()]
    try:
        yield Workspace(folder, server, sent)
    finally:
        await server.aclose()
