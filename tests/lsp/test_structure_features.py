"""Folding, growing selections and highlights, called as functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from orchestrator.errors import FileError
from orchestrator.lsp.client import ASKED, read_client
from orchestrator.lsp.server import TOKENS
from orchestrator.outline.text import Encoding
from tests.lsp.in_process import call, cursor, document, make_server, open_document

TEXT = "- [ ] 😀 a\n  one\n  two\n  - [ ] b\n    x\n"


def folded(tmp_path: Path, text: str, **client: Any) -> list[tuple[int, int, str | None]]:
    server, _ = make_server(tmp_path, **client)
    open_document(server, text, "file:///w/README.md")
    found = call(server, "textDocument/foldingRange", types.FoldingRangeParams(document("file:///w/README.md")))
    return [(fold.start_line, fold.end_line, fold.kind) for fold in found]


def test_folds_in_any_markdown_file(tmp_path: Path) -> None:
    assert folded(tmp_path, "# S\n\n" + TEXT) == [(0, 6, "region"), (2, 6, None), (3, 4, "comment"), (5, 6, None)]


def test_only_the_kinds_that_the_client_knows(tmp_path: Path) -> None:
    assert folded(tmp_path, TEXT, fold_kinds=frozenset({"region"})) == [(0, 4, None), (1, 2, None), (3, 4, None)]


def test_as_many_folds_as_the_client_takes(tmp_path: Path) -> None:
    assert folded(tmp_path, TEXT, fold_limit=1) == [(0, 4, None)]


@pytest.mark.parametrize("encoding", list(Encoding))
def test_selections_in_every_encoding(tmp_path: Path, encoding: Encoding) -> None:
    server, _ = make_server(tmp_path, encoding=encoding)
    open_document(server, "- [ ] 😀 word\n")
    wide = {Encoding.UTF8: 4, Encoding.UTF16: 2, Encoding.UTF32: 1}[encoding]
    places = [types.Position(0, 6 + wide + 2), types.Position(77, 9)]
    word, end = call(server, "textDocument/selectionRange", types.SelectionRangeParams(document(), places))
    assert word.range == types.Range(types.Position(0, 7 + wide), types.Position(0, 11 + wide))
    assert word.parent.range == types.Range(types.Position(0, 6), types.Position(0, 11 + wide))
    assert end.range.end == types.Position(1, 0)


def test_the_id_at_the_cursor_is_highlighted(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    text, place = cursor("- [ ] a  ^x$01\n- [ ] 😀  [dependsOn:: x1]\n")
    open_document(server, text)
    params = types.DocumentHighlightParams(document(), place.start)
    found = call(server, "textDocument/documentHighlight", params)
    assert [(one.kind, one.range.start, one.range.end) for one in found] == [
        (types.DocumentHighlightKind.Write, types.Position(0, 10), types.Position(0, 12)),
        (types.DocumentHighlightKind.Read, types.Position(1, 23), types.Position(1, 25)),
    ]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("textDocument/foldingRange", types.FoldingRangeParams(document())),
        ("textDocument/selectionRange", types.SelectionRangeParams(document(), [types.Position(0, 0)])),
        ("textDocument/documentHighlight", types.DocumentHighlightParams(document(), types.Position(0, 0))),
    ],
)
def test_a_closed_document_is_refused_with_what_to_do(tmp_path: Path, method: str, params: Any) -> None:
    server, _ = make_server(tmp_path)
    open_document(server, TEXT)
    server.documents.close(document().uri)
    with pytest.raises(FileError, match="Open it"):
        call(server, method, params)


def test_what_a_client_declares_is_read() -> None:
    declared = types.TextDocumentClientCapabilities(
        folding_range=types.FoldingRangeClientCapabilities(
            range_limit=5, folding_range_kind=types.ClientFoldingRangeKindOptions(["comment", "new"])
        )
    )
    client = read_client(types.InitializeParams(types.ClientCapabilities(text_document=declared)), "utf-8")
    assert (client.asks, client.fold_limit) == ({"folding_range"}, 5)
    assert client.fold_kinds == {"comment", "new"}
    bare = read_client(types.InitializeParams(types.ClientCapabilities()), "utf-16")
    assert (bare.asks, bare.fold_limit, bare.fold_kinds) == (frozenset(), None, None)


def test_only_what_a_client_declares_is_offered(tmp_path: Path) -> None:
    for name, provider in ASKED.items():
        server, _ = make_server(tmp_path)
        declared = types.TextDocumentClientCapabilities()
        setattr(declared, name, _capability(name))
        capabilities = types.ServerCapabilities()
        for offered in ASKED.values():
            setattr(capabilities, offered, True)
        params = types.InitializeParams(types.ClientCapabilities(text_document=declared))
        server.connected(params, capabilities)
        assert [offered for offered in ASKED.values() if getattr(capabilities, offered)] == [provider]


def _capability(name: str) -> Any:
    if name == "semantic_tokens":
        return tokens_capability(types.ClientSemanticTokensRequestOptions())
    name = {"references": "reference", "on_type_formatting": "document_on_type_formatting"}.get(name, name)
    return getattr(types, "".join(part.capitalize() for part in name.split("_")) + "ClientCapabilities")()


def tokens_capability(requests: types.ClientSemanticTokensRequestOptions) -> types.SemanticTokensClientCapabilities:
    return types.SemanticTokensClientCapabilities(requests, [], [], [types.TokenFormat.Relative])


@pytest.mark.parametrize(
    ("full", "part", "offered"),
    [
        (None, None, (False, False)),
        (True, False, (True, False)),
        (types.ClientSemanticTokensRequestFullDelta(), True, (True, True)),
        (types.ClientSemanticTokensRequestFullDelta(delta=True), {}, (types.SemanticTokensFullDelta(delta=True), True)),
    ],
)
def test_tokens_in_the_ways_that_the_client_asks_for(tmp_path: Path, full: Any, part: Any, offered: Any) -> None:
    server, _ = make_server(tmp_path)
    requests = types.ClientSemanticTokensRequestOptions(range=part, full=full)
    declared = types.TextDocumentClientCapabilities(semantic_tokens=tokens_capability(requests))
    capabilities = types.ServerCapabilities(semantic_tokens_provider=types.SemanticTokensOptions(TOKENS))
    server.connected(types.InitializeParams(types.ClientCapabilities(text_document=declared)), capabilities)
    options = capabilities.semantic_tokens_provider
    assert isinstance(options, types.SemanticTokensOptions)
    assert (options.full, options.range) == offered
