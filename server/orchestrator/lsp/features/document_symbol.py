"""`textDocument/documentSymbol`: sections and tasks, as a tree where the client takes one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp.encoded import Encoded, Places, quoted
from orchestrator.model.task import Status
from orchestrator.outline.tree import Node, Task

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server


def document_symbol(server: Server, params: types.DocumentSymbolParams) -> Encoded:
    snapshot = server.documents.snapshot(params.text_document.uri)
    writer = _Writer(server, snapshot)
    if server.client.hierarchical_symbols:
        return Encoded.array([writer.nested(node)[0] for node in snapshot.outline.nodes])
    return Encoded.array(writer.flat())


class _Writer:
    def __init__(self, server: Server, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._places = Places(snapshot.text, server.client.encoding)
        self._tagged = server.client.symbol_tags

    def nested(self, node: Node) -> tuple[str, int, int]:
        """A `DocumentSymbol`, and how many tasks below it are done, of how many: as `progress` counts them."""
        done = total = 0
        children: list[str] = []
        for child in node.children:
            symbol, done_below, total_below = self.nested(child)
            children.append(symbol)
            if not isinstance(child, Task):
                continue
            if child.status is not Status.CANCELLED:
                done += done_below + (child.status is Status.COMPLETED)
                total += total_below + 1
        full, selection = self._places.of_node(node)
        words = _detail(node, done, total)
        detail = f',"detail":{quoted(words)}' if words else ""
        symbol = (
            f'{{"name":{quoted(_name(node))},"kind":{_kind(node)},"range":{full},"selectionRange":{selection}'
            f'{detail}{self._tags(node)},"children":[{",".join(children)}]}}'
        )
        return symbol, done, total

    def flat(self) -> Iterator[str]:
        """Each a `SymbolInformation`."""
        uri = quoted(self._snapshot.uri)
        for node in self._snapshot.outline.walk():
            parent = self._snapshot.outline.parent(node)
            container = f',"containerName":{quoted(_name(parent))}' if parent else ""
            yield (
                f'{{"location":{{"uri":{uri},"range":{self._places.of_node(node)[0]}}},"name":{quoted(_name(node))},'
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
    status = "" if node.status in {Status.PENDING, Status.OTHER} else _WORDS[node.status]
    return " · ".join(part for part in (status, f"{done}/{total}" if total else "") if part)


_TASK = types.SymbolKind.Boolean.value
_SECTION = types.SymbolKind.Namespace.value
_WORDS = {
    Status.IN_PROGRESS: "in progress",
    Status.COMPLETED: "completed",
    Status.CANCELLED: "cancelled",
    Status.FAILED: "failed",
    Status.ASKING: "asking",
}
