"""The trees that the client shows, kept up to date by deltas.

Apart from `documents`, which changes at every key: a client is told at most every 200 ms, only of documents
that it asked `tree` about, and only what is different.

Invariant: whoever asked `tree` once can follow by deltas alone (test_tree_follows_by_deltas).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.lsp.pace import Pace
from orchestrator.lsp.protocol import (
    NodeInserted,
    NodeRemoved,
    NodeUpdated,
    TreeChange,
    TreeChangedParams,
    TreeNode,
    TreeProgress,
)
from orchestrator.outline.delta import Inserted, Removed, delta
from orchestrator.outline.identity import node_id
from orchestrator.outline.progress import child_count, progress
from orchestrator.outline.tree import Node, Task

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Document, Snapshot
    from orchestrator.lsp.server import Server
    from orchestrator.outline.identity import Identities


INTERVAL = 0.200
"""Seconds: a window shows what is typed when a word is finished, and each telling costs it as much as a key."""


@dataclass(slots=True)
class _Shown:
    snapshot: Snapshot
    seq: int


class Trees:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._shown: dict[Document, _Shown] = {}
        self._pace = Pace(self._due, INTERVAL)

    def asked(self, document: Document) -> tuple[Snapshot, int]:
        """The newest state and its number; from now on the client hears of changes, if it wants to."""
        shown = self._shown.get(document)
        if shown is None:
            shown = _Shown(document.snapshot(), 0)
            if self._server.client.tree:
                self._shown[document] = shown
        else:
            self._tell(document, shown)
        return shown.snapshot, shown.seq

    def touched(self, document: Document) -> None:
        if document in self._shown:
            self._pace.touched(document)

    def forget(self, document: Document) -> None:
        self._shown.pop(document, None)
        self._pace.forget(document)

    def _due(self, document: Document) -> None:
        shown = self._shown.get(document)
        if shown is not None:
            self._tell(document, shown)

    def _tell(self, document: Document, shown: _Shown) -> None:
        old, new = shown.snapshot, document.snapshot()
        shown.snapshot = new
        if old.outline is new.outline or not (changes := list(_changes(old, new))):
            return
        shown.seq += 1
        params = TreeChangedParams(uri=document.uri, document_version=new.version, seq=shown.seq, changes=changes)
        self._server.protocol.notify("orchestrator/treeChanged", params)


def _changes(old: Snapshot, new: Snapshot) -> Iterator[TreeChange]:
    """Steps from the old tree to the new one, in words of the wire.

    What a node says here is not all that it says in the file, and more: the counts of what is below it. So the
    updates are found by comparing what the client sees, not taken from `delta`.
    """
    found = delta(old.outline, new.outline)
    for change in found.changes:
        if isinstance(change, Removed):
            yield NodeRemoved(node_id=change.node_id)
        elif isinstance(change, Inserted):
            node = _node(new, change.node_id)
            yield NodeInserted(parent_id=change.parent, index=change.index, node=tree_node(new.identities, node))
    for after in found.around if found.counts else ():
        before = old.identities.node_of(node_id(after.segment.key))
        if before is not None and _counted(before) != _counted(after):
            yield NodeUpdated(node=tree_node(new.identities, after))
    for before, after in found.changed:
        if _said(before) != _said(after) or (found.counts and _counted(before) != _counted(after)):
            yield NodeUpdated(node=tree_node(new.identities, after))


def tree_node(identities: Identities, node: Node) -> TreeNode:
    title, status, task_id = _said(node)
    children, (done, total) = _counted(node)
    return TreeNode(
        node_id=identities.id_of(node),
        kind="task" if isinstance(node, Task) else "section",
        title=title,
        status=status,
        task_id=task_id,
        child_count=children,
        progress=TreeProgress(done=done, total=total) if total else None,
    )


def _said(node: Node) -> tuple[str, str | None, str | None]:
    """What a client sees of a node itself."""
    if isinstance(node, Task):
        return node.title, node.status.value, node.task_id
    return node.title, None, None


def _counted(node: Node) -> tuple[int, tuple[int, int]]:
    """What it sees of what is below the node."""
    return child_count(node), progress(node)


def _node(snapshot: Snapshot, node_id: str) -> Node:
    node = snapshot.identities.node_of(node_id)
    assert node is not None, "a delta names nodes of the new outline"
    return node
