"""`textDocument/definition`: from an id in `dependsOn` to its task, in whatever outline of the workspace that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp import convert
from orchestrator.lsp.occurrences import pointed_at

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


async def definition(
    server: Server, params: types.DefinitionParams
) -> list[types.Location] | list[types.LocationLink] | None:
    pointed = pointed_at(server, params)
    if pointed.occurrence is None:
        return None
    task_id, snapshot = pointed.occurrence.task_id, pointed.snapshot
    encoding = server.client.encoding
    found = [
        types.Location(snapshot.uri, convert.title_span(snapshot.text, task, encoding))
        for task in snapshot.outline.by_id(task_id)
    ]
    if not found:
        await server.index.fresh()
    elsewhere = server.index.ids_elsewhere(snapshot.uri)
    found += [server.index.location(place) for place in elsewhere.places(task_id)]
    if not server.client.definition_links:
        return found
    origin = convert.span(snapshot.text, pointed.occurrence.start, pointed.occurrence.end, encoding)
    return [
        types.LocationLink(
            target_uri=location.uri,
            target_range=location.range,
            target_selection_range=location.range,
            origin_selection_range=origin,
        )
        for location in found
    ]
