"""Ids of tasks over all files: what a place names, and everywhere it is written.

Apart from the features because definition, references, rename and call hierarchy ask the same of the index.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lsprotocol import types

from orchestrator.lsp import convert
from orchestrator.outline.occurrences import Occurrence, occurrence_at

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.index import Source
    from orchestrator.lsp.server import Server


class AtPosition(Protocol):
    """Parameters of any request about a place."""

    text_document: types.TextDocumentIdentifier
    position: types.Position


@dataclass(frozen=True, slots=True)
class Pointed:
    """What a person points at."""

    snapshot: Snapshot
    offset: int
    occurrence: Occurrence | None
    """The id there, if there is one."""


def pointed_at(server: Server, params: AtPosition) -> Pointed:
    snapshot = server.documents.snapshot(params.text_document.uri)
    offset = convert.offset(snapshot.text, params.position, server.client.encoding)
    return Pointed(snapshot, offset, occurrence_at(snapshot.outline, offset))


async def sources(server: Server, uri: str, task_id: str) -> AsyncIterator[Source]:
    """Each outline of the workspace that has or names the id, the asking document first, even if it is no outline.

    Those that cannot be read any more are left out.
    """
    index = server.index.of(uri)
    own = server.index.key_of(uri)
    for key in (own, *sorted({*index.defining(task_id), *index.naming(task_id)} - {own})):
        source = await server.index.source(key)
        if source is not None:
            yield source
