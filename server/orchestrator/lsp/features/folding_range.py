"""`textDocument/foldingRange`. In any Markdown file.

Only lines are sent: every client can fold those, also one that declares `lineFoldingOnly`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp.encoded import Encoded
from orchestrator.outline.folding import FoldKind, folds, outermost

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server

_KINDS = {
    FoldKind.SECTION: types.FoldingRangeKind.Region,
    FoldKind.DESCRIPTION: types.FoldingRangeKind.Comment,
}
"""What LSP has a word for, so that "fold all comments" folds the descriptions."""


def folding_range(server: Server, params: types.FoldingRangeParams) -> Encoded:
    client = server.client
    found = folds(server.documents.snapshot(params.text_document.uri).outline)
    if client.fold_limit is not None and len(found) > client.fold_limit:
        found = outermost(found, client.fold_limit)
    known = client.fold_kinds
    kinds = {kind: f',"kind":"{word.value}"' for kind, word in _KINDS.items() if known is None or word.value in known}
    return Encoded.array([_written(start, end, kinds.get(kind, "")) for start, end, kind in found])


@lru_cache(maxsize=16_384)
def _written(start: int, end: int, kind: str) -> str:
    """Remembered, because after a key most ranges are where they were."""
    return f'{{"startLine":{start},"endLine":{end}{kind}}}'
