"""`textDocument/documentSymbol`: sections and tasks, as a tree where the client takes one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp.encoded import Encoded, Places, quoted
from orchestrator.model.task import Status
from orchestrator.outline.extents import end_lines
from orchestrator.outline.tree import Node, Task

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server


def document_symbol(server: Server, params: types.DocumentSymbolParams) -> Encoded:
    snapshot = server.documents.snapshot(params.text_document.uri)
    writer = _Writer(server, snapshot)
    return Encoded.array(writer.nested() if server.client.hierarchical_symbols else writer.flat())


class _Open:
    """A node whose children are being written."""

    __slots__ = ("children", "done", "node", "rank", "total")

    def __init__(self, node: Node, rank: int) -> None:
        self.node = node
        self.rank = rank
        self.children: list[str] = []
        self.done = self.total = 0
        """How many tasks below it are done, of how many: as `progress` counts them."""


class _Writer:
    def __init__(self, server: Server, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._places = Places(snapshot.text, server.client.encoding)
        self._ends = end_lines(snapshot.outline)
        self._tagged = server.client.symbol_tags

    def nested(self) -> list[str]:
        """Each a `DocumentSymbol` with its children, in one pass: there may be a hundred levels."""
        top: list[str] = []
        above: list[_Open] = []

        def close(rank: int) -> None:
            while above and above[-1].rank >= rank:
                done = above.pop()
                if not above:
                    top.append(self._symbol(done))
                    continue
                outer = above[-1]
                outer.children.append(self._symbol(done))
                status = done.node.status if isinstance(done.node, Task) else Status.CANCELLED
                if status is not Status.CANCELLED:
                    outer.done += done.done + (status is Status.COMPLETED)
                    outer.total += done.total + 1

        for node in self._snapshot.outline.walk():
            rank = node.segment.shape.rank
            close(rank)
            above.append(_Open(node, rank))
        close(0)
        return top

    def _symbol(self, done: _Open) -> str:
        node = done.node
        full, selection = self._places.of_node(node, self._ends[node.index])
        words = _detail(node, done.done, done.total)
        detail = f',"detail":{quoted(words)}' if words else ""
        return (
            f'{{"name":{quoted(_name(node))},"kind":{_kind(node)},"range":{full},"selectionRange":{selection}'
            f'{detail}{self._tags(node)},"children":[{",".join(done.children)}]}}'
        )

    def flat(self) -> Iterator[str]:
        """Each a `SymbolInformation`."""
        uri = quoted(self._snapshot.uri)
        above: list[Node] = []
        for node in self._snapshot.outline.walk():
            while above and above[-1].segment.shape.rank >= node.segment.shape.rank:
                above.pop()
            parent = above[-1] if above else None
            above.append(node)
            full, _ = self._places.of_node(node, self._ends[node.index])
            container = f',"containerName":{quoted(_name(parent))}' if parent else ""
            yield (
                f'{{"location":{{"uri":{uri},"range":{full}}},"name":{quoted(_name(node))},'
                f'"kind":{_kind(node)}{self._tags(node)}{container}}}'
            )

    def _tags(self, node: Node) -> str:
        """Editors strike deprecated symbols through, which is what a cancelled task should look like."""
        cancelled = self._tagged and isinstance(node, Task) and node.status is Status.CANCELLED
        return f',"tags":[{types.SymbolTag.Deprecated.value}]' if cancelled else ""


def _name(node: Node) -> str:
    return node.title or "(no title)"  # VS Code refuses the whole answer for one empty name


def _kind(node: Node) -> int:
    """Something that is done or not done, among the kinds that LSP has."""
    return _TASK if isinstance(node, Task) else _SECTION


def _detail(node: Node, done: int, total: int) -> str:
    if not isinstance(node, Task):
        return ""
    status = _WORDS.get(node.status, "")
    if not total:
        return status
    return f"{status} · {done}/{total}" if status else f"{done}/{total}"


_TASK = types.SymbolKind.Boolean.value
_SECTION = types.SymbolKind.Namespace.value
_WORDS = {
    Status.IN_PROGRESS: "in progress",
    Status.COMPLETED: "completed",
    Status.CANCELLED: "cancelled",
    Status.FAILED: "failed",
    Status.ASKING: "asking",
}
