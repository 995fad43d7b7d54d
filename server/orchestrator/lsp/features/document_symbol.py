"""`textDocument/documentSymbol`: sections and tasks, as a tree where the client takes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp import convert
from orchestrator.model.task import Status
from orchestrator.outline.progress import progress
from orchestrator.outline.tree import Node, Task

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server

Symbols = list[types.DocumentSymbol] | list[types.SymbolInformation]


def document_symbol(server: Server, params: types.DocumentSymbolParams) -> Symbols:
    snapshot = server.documents.snapshot(params.text_document.uri)
    if server.client.hierarchical_symbols:
        return [_nested(server, snapshot, node) for node in snapshot.outline.nodes]
    return [_flat(server, snapshot, node) for node in snapshot.outline.walk()]


def _nested(server: Server, snapshot: Snapshot, node: Node) -> types.DocumentSymbol:
    encoding = server.client.encoding
    return types.DocumentSymbol(
        name=_name(node),
        detail=_detail(node),
        kind=_kind(node),
        tags=_tags(node) if server.client.symbol_tags else None,
        range=convert.node_span(snapshot.text, node, encoding),
        selection_range=convert.title_span(snapshot.text, node, encoding),
        children=[_nested(server, snapshot, child) for child in node.children],
    )


def _flat(server: Server, snapshot: Snapshot, node: Node) -> types.SymbolInformation:
    parent = snapshot.outline.parent(node)
    return types.SymbolInformation(
        name=_name(node),
        kind=_kind(node),
        tags=_tags(node) if server.client.symbol_tags else None,
        location=types.Location(uri=snapshot.uri, range=convert.node_span(snapshot.text, node, server.client.encoding)),
        container_name=_name(parent) if parent else None,
    )


def _name(node: Node) -> str:
    return node.title or "(no title)"  # VS Code refuses the whole answer for one empty name


def _kind(node: Node) -> types.SymbolKind:
    """Something that is done or not done, among the kinds that LSP has."""
    return types.SymbolKind.Boolean if isinstance(node, Task) else types.SymbolKind.Namespace


def _detail(node: Node) -> str | None:
    if not isinstance(node, Task):
        return None
    done, total = progress(node)
    status = "" if node.status in {Status.PENDING, Status.OTHER} else _WORDS[node.status]
    return " · ".join(part for part in (status, f"{done}/{total}" if total else "") if part) or None


_WORDS = {
    Status.IN_PROGRESS: "in progress",
    Status.COMPLETED: "completed",
    Status.CANCELLED: "cancelled",
    Status.FAILED: "failed",
    Status.ASKING: "asking",
}


def _tags(node: Node) -> list[types.SymbolTag] | None:
    """Editors strike deprecated symbols through, which is what a cancelled task should look like."""
    cancelled = isinstance(node, Task) and node.status is Status.CANCELLED
    return [types.SymbolTag.Deprecated] if cancelled else None
