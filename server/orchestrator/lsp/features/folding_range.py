"""`textDocument/foldingRange`. In any Markdown file.

Only lines are sent: every client can fold those, also one that declares `lineFoldingOnly`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lsprotocol import types

from orchestrator.lsp.encoded import Encoded
from orchestrator.outline.folding import Fold, FoldKind, folds, outermost

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server

METHOD = "textDocument/foldingRange"

_KINDS = {
    FoldKind.SECTION: types.FoldingRangeKind.Region,
    FoldKind.DESCRIPTION: types.FoldingRangeKind.Comment,
}
"""What LSP has a word for, so that "fold all comments" folds the descriptions."""


def folding_range(server: Server, params: types.FoldingRangeParams) -> Encoded:
    client = server.client
    document = server.documents.get(params.text_document.uri)
    found = folds(document.snapshot().outline)
    if client.fold_limit is not None and len(found) > client.fold_limit:
        found = outermost(found, client.fold_limit)
    known = client.fold_kinds
    kinds = {kind: f',"kind":"{word.value}"' for kind, word in _KINDS.items() if known is None or word.value in known}
    last: _Answer | None = document.kept.get(METHOD)
    if last is not None and last.folds == found and last.kinds == kinds:
        return last.json
    answer = Encoded.array(
        [f'{{"startLine":{start},"endLine":{end}{kinds.get(kind, "")}}}' for start, end, kind in found]
    )
    document.kept[METHOD] = _Answer(found, kinds, answer)
    return answer


class _Answer(NamedTuple):
    """The last one for a document: most keys change no fold, and comparing them costs a tenth of writing them."""

    folds: list[Fold]
    kinds: dict[FoldKind, str]
    json: Encoded
