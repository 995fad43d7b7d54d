"""What the tasks of open outlines said when they were split last, so that a plan for an older text is noticed.

Apart from `problems`, which must answer at every key, because this comes from the store, which may be slow, or bad, or
not there: then nothing is known, and nobody is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from orchestrator.errors import OrchestratorError
from orchestrator.lsp import uris
from orchestrator.lsp.holder import canonical

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


class SplitHistory:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._hashes: dict[str, Mapping[str, str]] = {}
        self.generation = 0
        """Another number when something else is known."""

    def of(self, uri: str) -> Mapping[str, str]:
        """By task id, see `engine.stale`."""
        return self._hashes.get(uris.normal(uri), _NOTHING)

    async def load(self, uri: str) -> None:
        """Read what is stored about this outline."""
        try:
            session = await self._server.session()
            found: dict[str, str] = {}
            document = self._server.documents.find(uri)
            for spelled in spellings(uri):
                if document is not None:
                    await session.note_written_splits(spelled, document.snapshot().outline)
                found |= await session.split_hashes(spelled)
        except OrchestratorError:
            return  # a run that needs the store will say what is wrong with it
        key = uris.normal(uri)
        if found == self._hashes.get(key, {}):
            return
        self._hashes[key] = MappingProxyType(found)
        self.generation += 1
        from orchestrator.lsp.problems import told_anew

        told_anew(self._server)


def spellings(uri: str) -> tuple[str, ...]:
    """Under which addresses its splits are stored: as the client writes it, and as runs and other programs do."""
    return tuple(dict.fromkeys((uri, canonical(uri))))


_NOTHING: Mapping[str, str] = MappingProxyType({})
