"""`textDocument/references`: every `dependsOn` that names a task, over all outlines of the workspace.

The cursor may stand on an id, or anywhere else on the first line of a task that has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from orchestrator.lsp import convert
from orchestrator.lsp.occurrences import Pointed, pointed_at, sources
from orchestrator.outline.occurrences import occurrences

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


async def references(server: Server, params: types.ReferenceParams) -> list[types.Location] | None:
    pointed = pointed_at(server, params)
    task_id = _meant(pointed)
    if task_id is None:
        return None
    await server.index.fresh()
    found: list[types.Location] = []
    async for source in sources(server, pointed.snapshot.uri, task_id):
        part = [
            types.Location(source.uri, convert.span(source.outline.text, one.start, one.end, server.client.encoding))
            for one in occurrences(source.outline, task_id)
            if params.context.include_declaration or not one.definition
        ]
        if params.partial_result_token is None:
            found += part
        elif part:
            value: Any = part
            server.protocol.notify(types.PROGRESS, types.ProgressParams(params.partial_result_token, value))
    return found


def _meant(pointed: Pointed) -> str | None:
    if pointed.occurrence is not None:
        return pointed.occurrence.task_id
    line = pointed.snapshot.text.line_of(pointed.offset)
    task = pointed.snapshot.outline.task_at_line(line)
    return task.task_id if task is not None and task.line == line else None
