"""`orchestrator/tree` and `orchestrator/tree/locate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import ProtocolError, TaskNotFoundError
from orchestrator.lsp import convert
from orchestrator.lsp.protocol import (
    TreeLocateParams,
    TreeLocateResult,
    TreeParams,
    TreeResult,
)
from orchestrator.lsp.trees import tree_node
from orchestrator.lsp.validation import validated
from orchestrator.outline.progress import children_between

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server
    from orchestrator.outline.tree import Node


@validated(TreeParams)
def tree(server: Server, params: TreeParams) -> TreeResult:
    snapshot, seq = server.trees.asked(server.documents.get(params.uri))
    parent = None if params.node_id is None else snapshot.node(params.node_id)
    nodes = snapshot.outline.nodes if parent is None else parent.children
    page = nodes[params.offset : params.offset + params.limit]
    return TreeResult(
        document_version=snapshot.version,
        seq=seq,
        nodes=[tree_node(snapshot.identities, node) for node in page],
        total=len(nodes),
    )


@validated(TreeLocateParams)
def locate(server: Server, params: TreeLocateParams) -> TreeLocateResult:
    snapshot = server.documents.snapshot(params.uri)
    node = _asked_for(snapshot, params)
    encoding = server.client.encoding
    path = snapshot.outline.path(node)
    return TreeLocateResult(
        document_version=snapshot.version,
        node_id=snapshot.identities.id_of(node),
        path=[snapshot.identities.id_of(step) for step in path],
        indexes=[
            children_between(snapshot.outline, parent, step.index)
            for parent, step in zip((None, *path), path, strict=False)
        ],
        range=convert.wire_range(convert.node_span(snapshot.text, node, encoding)),
        selection_range=convert.wire_range(convert.title_span(snapshot.text, node, encoding)),
    )


def _asked_for(snapshot: Snapshot, params: TreeLocateParams) -> Node:
    if (params.node_id is None) == (params.position is None):
        raise ProtocolError("Either `nodeId` or `position` must be given.", hint="Give one of the two.")
    if params.node_id is not None:
        return snapshot.node(params.node_id)
    assert params.position is not None
    node = snapshot.outline.node_at_line(min(params.position.line, snapshot.text.line_count - 1))
    if node is None:
        raise TaskNotFoundError("There is no task or section here.", hint="Choose a line of one.")
    return node
