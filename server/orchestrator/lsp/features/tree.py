"""`orchestrator/tree`, `orchestrator/tree/locate`, `orchestrator/tree/search` and `orchestrator/tree/outlines`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import ProtocolError, TaskNotFoundError
from orchestrator.lsp import convert
from orchestrator.lsp.protocol import (
    FoundNode,
    TreeLocateParams,
    TreeLocateResult,
    TreeOutlinesParams,
    TreeOutlinesResult,
    TreeParams,
    TreeResult,
    TreeSearchParams,
    TreeSearchResult,
)
from orchestrator.lsp.threads import in_thread
from orchestrator.lsp.trees import tree_node
from orchestrator.lsp.validation import validated
from orchestrator.model.task import Status
from orchestrator.outline.filtered import filtered, fitting
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


@validated(TreeSearchParams)
def search(server: Server, params: TreeSearchParams) -> TreeSearchResult:
    snapshot = server.documents.snapshot(params.uri)
    found = filtered(snapshot.outline, params.text, [Status(word) for word in params.statuses], params.limit)
    fitting = set(found.nodes)
    shown: dict[Node, FoundNode] = {}
    identities = snapshot.identities
    for node in found.nodes:
        parent_id: str | None = None
        for step in snapshot.outline.path(node):
            if step not in shown:
                shown[step] = FoundNode(node=tree_node(identities, step), parent_id=parent_id, fits=step in fitting)
            parent_id = shown[step].node.node_id
    return TreeSearchResult(document_version=snapshot.version, nodes=list(shown.values()), total=found.total)


@validated(TreeOutlinesParams)
async def outlines(server: Server, params: TreeOutlinesParams) -> TreeOutlinesResult:
    index = server.index
    complete = await index.fresh()
    files = index.files()  # what is in it never changes, so a thread may read it
    statuses = [Status(word) for word in params.statuses]

    def fit() -> list[str]:
        return [key for key, found in files if next(fitting(found, params.text, statuses), None) is not None]

    keys = await in_thread(fit)
    uris = [index.uri_of(key) for key in keys[: params.limit]]
    return TreeOutlinesResult(uris=uris, total=len(keys), complete=complete and index.complete)


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
