"""`textDocument/inlayHint`: how far a task is, and a mode that it inherits. Only in outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp import convert
from orchestrator.model.safe_text import one_line
from orchestrator.outline.inlay_hints import Hint, hints

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server


def inlay_hint(server: Server, params: types.InlayHintParams) -> list[types.InlayHint]:
    snapshot = server.documents.snapshot(params.text_document.uri)
    if not snapshot.is_outline(server.settings.outline.globs):
        return []
    start, end = params.range.start.line, params.range.end.line + 1
    return [_hint(server, snapshot, found) for found in hints(snapshot.outline, start, end)]


def _hint(server: Server, snapshot: Snapshot, found: Hint) -> types.InlayHint:
    labels: list[str] = []
    tooltips: list[str] = []
    if found.total:
        labels.append(f"{found.done}/{found.total}")
        tooltips.append(f"{found.done} of {found.total} tasks below are completed.")
    if found.mode is not None:
        labels.append(found.mode)
        title = "the front matter" if found.mode_of is None else f"“{one_line(found.mode_of.title, 80)}”"
        tooltips.append(f"The mode comes from {title}.")
    return types.InlayHint(
        position=convert.position(snapshot.text, snapshot.text.line_end(found.line), server.client.encoding),
        label=" · ".join(labels),
        tooltip=" ".join(tooltips),
        padding_left=True,
    )
