"""`textDocument/prepareCallHierarchy`, `callHierarchy/incomingCalls` and `outgoingCalls`: who waits for whom.

Incoming is "is needed by", outgoing is "depends on"; `outline/calls.py` says what counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types
from pydantic import Field

from orchestrator.errors import TaskNotFoundError
from orchestrator.lsp import convert, uris
from orchestrator.lsp.occurrences import pointed_at, sources
from orchestrator.lsp.protocol import Wire
from orchestrator.lsp.validation import read
from orchestrator.model.task import Status
from orchestrator.outline import calls
from orchestrator.outline.index import Place
from orchestrator.outline.tree import Node, Task

if TYPE_CHECKING:
    from orchestrator.lsp.index import Source
    from orchestrator.lsp.server import Server

_NO_TITLE = "(no title)"


class ItemData(Wire):
    """What travels with an item and finds its node again, though the text moved meanwhile."""

    task_id: str | None = None
    line: int = Field(ge=0, le=2**31)


async def prepare(server: Server, params: types.CallHierarchyPrepareParams) -> list[types.CallHierarchyItem] | None:
    """On an id that is named: the task that has it. Else the task or section of the line."""
    pointed = pointed_at(server, params)
    source = server.index.source_of(pointed.snapshot)
    if pointed.occurrence is not None and not pointed.occurrence.definition:
        await server.index.fresh()
        return _items(server, source, pointed.occurrence.task_id) or None
    node = source.outline.node_at_line(source.outline.text.line_of(pointed.offset))
    return None if node is None else [_item(server, source, node)]


async def incoming_calls(
    server: Server, params: types.CallHierarchyIncomingCallsParams
) -> list[types.CallHierarchyIncomingCall]:
    await server.index.fresh()
    source, node = await _node_of(server, params.item)
    callers: dict[tuple[str, int], types.CallHierarchyIncomingCall] = {}

    def add(where: Source, need: calls.Need) -> None:
        span = convert.span(where.outline.text, need.start, need.end, server.client.encoding)
        known = callers.get((where.key, need.node.line))
        if known is None:
            item = _item(server, where, need.node)
            callers[where.key, need.node.line] = types.CallHierarchyIncomingCall(from_=item, from_ranges=[span])
        else:
            known.from_ranges = [*known.from_ranges, span]

    if isinstance(node, Task) and node.task_id is not None:
        async for other in sources(server, source.uri, node.task_id):
            for need in calls.waiting_for(other.outline, node.task_id):
                add(other, need)
    following = calls.after(source.outline, node)
    if following is not None:
        add(source, calls.number_of(source.outline, following))
    return list(callers.values())


async def outgoing_calls(
    server: Server, params: types.CallHierarchyOutgoingCallsParams
) -> list[types.CallHierarchyOutgoingCall]:
    await server.index.fresh()
    source, node = await _node_of(server, params.item)
    text, encoding = source.outline.text, server.client.encoding
    spans: dict[str, list[types.Range]] = {}
    for named in calls.names(source.outline, node):
        spans.setdefault(named.task_id, []).append(convert.span(text, named.start, named.end, encoding))
    found = [
        types.CallHierarchyOutgoingCall(to=item, from_ranges=ranges)
        for task_id, ranges in spans.items()
        for item in _items(server, source, task_id)
    ]
    previous = calls.before(source.outline, node)
    if previous is not None and isinstance(node, Task):
        number = calls.number_of(source.outline, node)
        item = _item(server, source, previous)
        same = [call for call in found if (call.to.uri, call.to.range) == (item.uri, item.range)]
        span = convert.span(text, number.start, number.end, encoding)
        for call in same:
            call.from_ranges = [*call.from_ranges, span]
        if not same:
            found.append(types.CallHierarchyOutgoingCall(to=item, from_ranges=[span]))
    return found


async def _node_of(server: Server, item: types.CallHierarchyItem) -> tuple[Source, Node]:
    """The node that an item was made of: by its id, else by its title, the nearest to where it was."""
    data = read(ItemData, item.data)
    source = await server.index.source(server.index.key_of(item.uri))
    nodes = () if source is None else source.outline.walk()
    same = [
        node
        for node in nodes
        if (isinstance(node, Task) and node.task_id == data.task_id if data.task_id else _name(node.title) == item.name)
    ]
    if source is None or not same:
        raise TaskNotFoundError(f"“{item.name}” is not in the outline any more.", hint="Ask again from its task.")
    return source, min(same, key=lambda node: abs(node.line - data.line))


def _items(server: Server, source: Source, task_id: str) -> list[types.CallHierarchyItem]:
    """The tasks of this id, wherever they are."""
    own = [_item(server, source, task) for task in source.outline.by_id(task_id)]
    elsewhere = server.index.ids_elsewhere(source.uri).places(task_id)
    return [*own, *(_item_elsewhere(server, place) for place in elsewhere)]


def _item(server: Server, source: Source, node: Node) -> types.CallHierarchyItem:
    text, encoding = source.outline.text, server.client.encoding
    is_task = isinstance(node, Task)
    return types.CallHierarchyItem(
        name=_name(node.title),
        kind=types.SymbolKind.Boolean if is_task else types.SymbolKind.Namespace,
        tags=_tags(node.status) if is_task else None,
        detail=uris.document_name(source.uri),
        uri=source.uri,
        range=convert.node_span(text, node, encoding),
        selection_range=convert.title_span(text, node, encoding),
        data=_data(node.task_id if is_task else None, node.line),
    )


def _item_elsewhere(server: Server, place: Place) -> types.CallHierarchyItem:
    """From the index, without reading the file."""
    entry, location = place.entry, server.index.location(place)
    return types.CallHierarchyItem(
        name=_name(entry.title),
        kind=types.SymbolKind.Boolean,
        tags=_tags(entry.status),
        detail=uris.document_name(location.uri),
        uri=location.uri,
        range=location.range,
        selection_range=location.range,
        data=_data(entry.task_id, entry.line),
    )


def _data(task_id: str | None, line: int) -> object:
    return ItemData(task_id=task_id, line=line).model_dump(mode="json", by_alias=True)


def _tags(status: Status | None) -> list[types.SymbolTag] | None:
    """Struck through, as document symbols are."""
    return [types.SymbolTag.Deprecated] if status is Status.CANCELLED else None


def _name(title: str) -> str:
    return title or _NO_TITLE
