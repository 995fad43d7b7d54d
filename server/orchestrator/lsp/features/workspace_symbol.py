"""`workspace/symbol` and `workspaceSymbol/resolve`: tasks and sections of every outline, by their titles.

While files are still being read, a client that takes partial results gets at once what is known, and the rest as it is
found; any other waits a little, and gets what is known then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types

from orchestrator.errors import ProtocolError, TaskNotFoundError
from orchestrator.lsp.threads import in_thread
from orchestrator.model.task import Status
from orchestrator.outline.index import Place
from orchestrator.outline.search import Hit, search

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server

MOST = 200
"""Symbols in one answer. Editors ask again at every letter."""
PATIENCE = 5.0
"""Seconds that a client which takes no partial results waits for files that are being read."""
PART_SECONDS = 0.25
"""Between two partial results."""

Symbols = list[types.WorkspaceSymbol] | list[types.SymbolInformation]


async def workspace_symbol(server: Server, params: types.WorkspaceSymbolParams) -> Symbols:
    index, token = server.index, params.partial_result_token
    await index.fresh(PATIENCE if token is None else PART_SECONDS)
    if token is None or index.complete:
        return _symbols(server, await _search(server, params.query))
    sent: set[tuple[str, int]] = set()
    while True:
        complete = index.complete
        hits = await _search(server, params.query)
        new = [hit for hit in hits if (hit.key, hit.entry.line) not in sent][: MOST - len(sent)]
        if new:
            sent.update((hit.key, hit.entry.line) for hit in new)
            value: Any = _symbols(server, new)
            server.protocol.notify(types.PROGRESS, types.ProgressParams(token, value))
        if complete or len(sent) >= MOST:
            return []
        await index.settled(PART_SECONDS)


def resolve(server: Server, params: types.WorkspaceSymbol) -> types.WorkspaceSymbol:
    """Where the title stands now."""
    given: Any = params.data
    line = cast("dict[str, Any]", given).get("line") if isinstance(given, dict) else None
    uri = params.location.uri
    if not isinstance(line, int) or isinstance(line, bool):
        raise ProtocolError("`params.data` is not what the server sent.", hint="Send the symbol as it came.")
    key = server.index.key_of(uri)
    found = server.index.of(uri).files.get(key)
    same = [entry for entry in found.entries() if (entry.title or _NO_TITLE) == params.name] if found else []
    if not same:
        raise TaskNotFoundError(f"“{params.name}” is not in the outline any more.", hint="Search again.")
    nearest = min(same, key=lambda entry: abs(entry.line - line))
    params.location = server.index.location(Place(key, nearest))
    return params


async def _search(server: Server, query: str) -> list[Hit]:
    files = server.index.files()  # what is in it never changes, so a thread may read it
    return await in_thread(lambda: search(files, query, MOST))


def _symbols(server: Server, hits: Sequence[Hit]) -> Symbols:
    if server.client.resolve_symbols:
        return [_unresolved(server, hit) for hit in hits]
    return [
        types.SymbolInformation(
            name=hit.entry.title or _NO_TITLE,
            kind=_kind(hit),
            tags=_tags(server, hit),
            container_name=_container(hit),
            location=server.index.location(Place(hit.key, hit.entry)),
        )
        for hit in hits
    ]


def _unresolved(server: Server, hit: Hit) -> types.WorkspaceSymbol:
    return types.WorkspaceSymbol(
        name=hit.entry.title or _NO_TITLE,
        kind=_kind(hit),
        tags=_tags(server, hit),
        container_name=_container(hit),
        location=types.LocationUriOnly(server.index.uri_of(hit.key)),
        data={"line": hit.entry.line},
    )


_NO_TITLE = "(no title)"


def _kind(hit: Hit) -> types.SymbolKind:
    """As document symbols have it."""
    return types.SymbolKind.Namespace if hit.entry.status is None else types.SymbolKind.Boolean


def _tags(server: Server, hit: Hit) -> list[types.SymbolTag] | None:
    struck = server.client.workspace_symbol_tags and hit.entry.status is Status.CANCELLED
    return [types.SymbolTag.Deprecated] if struck else None


def _container(hit: Hit) -> str | None:
    """What it stands below; at the top level the name of its file."""
    return hit.parent or hit.key.rsplit("/", 1)[-1]
