"""`textDocument/foldingRange`. In any Markdown file.

Only lines are sent: every client can fold those, also one that declares `lineFoldingOnly`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp.encoded import Encoded
from orchestrator.outline.folding import Fold, FoldKind, folds, outermost

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
    last = _answered.get(params.text_document.uri)
    if last is not None and last[0] == found and last[1] == kinds:
        return last[2]
    answer = Encoded.array(
        [f'{{"startLine":{start},"endLine":{end}{kinds.get(kind, "")}}}' for start, end, kind in found]
    )
    _answered.clear()
    _answered[params.text_document.uri] = (found, kinds, answer)
    return answer


_answered: dict[str, tuple[list[Fold], dict[FoldKind, str], Encoded]] = {}
"""The last answer, by its document: most keys change no fold, and comparing them costs a tenth of writing them."""
