"""Answers that are written as JSON by hand say what typed ones say, in the same bytes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from orchestrator.lsp import convert
from orchestrator.lsp.encoded import Encoded, Places
from orchestrator.lsp.server import Server
from orchestrator.outline.parse import parse
from orchestrator.outline.progress import progress
from orchestrator.outline.text import Encoding, Text
from orchestrator.outline.tree import Task
from tests.lsp.in_process import Sent, call, document, encoded, make_server, open_document
from tests.outline.strategies import outlines

SYMBOLS, FOLDS = types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, types.TEXT_DOCUMENT_FOLDING_RANGE
PARAMS: dict[str, Any] = {
    SYMBOLS: types.DocumentSymbolParams(document()),
    FOLDS: types.FoldingRangeParams(document()),
}
ODD = (
    '# Part *one*\n\n- [-] caf\u00e9 \U0001f600 \u2028\n  - [x] \ud800 "quoted" \\\\ \x00\n- [ ] \n\n'
    "of two\nlines\n===\n\n- [!] a"
)


def texts() -> st.SearchStrategy[str]:
    return outlines() | st.just(ODD)


class Bytes(Sent):
    def write(self, data: bytes) -> None:
        self.last = data


def answered(server: Server, result: Any) -> bytes:
    sent = Bytes()
    server.protocol.set_writer(sent)  # type: ignore[arg-type]
    server.protocol._answer("a\u00e97", result)
    return sent.last


@settings(deadline=None)
@given(texts(), st.sampled_from(Encoding), st.booleans(), st.booleans(), st.sampled_from([SYMBOLS, FOLDS]))
def test_encoded_answers_are_the_typed_ones(
    text: str, encoding: Encoding, nested: bool, tags: bool, method: str
) -> None:
    with TemporaryDirectory() as folder:
        server, _ = make_server(Path(folder), encoding=encoding, hierarchical_symbols=nested, symbol_tags=tags)
        open_document(server, text)
        by_hand = encoded(server, method, PARAMS[method])
        assert isinstance(by_hand, Encoded)
        typed = call(server, method, PARAMS[method])
        assert answered(server, by_hand) == answered(server, typed)


@settings(deadline=None)
@given(texts(), st.sampled_from(Encoding))
def test_places_of_nodes_are_those_of_convert(text: str, encoding: Encoding) -> None:
    outline = parse(text)
    places = Places(outline.text, encoding)
    for node in outline.walk():
        spans = (convert.node_span(outline.text, node, encoding), convert.title_span(outline.text, node, encoding))
        assert places.of_node(node, node.end_line) == tuple(_json(span) for span in spans)


def _json(span: types.Range) -> str:
    start, end = (f'{{"line":{place.line},"character":{place.character}}}' for place in (span.start, span.end))
    return f'{{"start":{start},"end":{end}}}'


@settings(deadline=None)
@given(texts())
def test_symbols_count_like_progress(text: str) -> None:
    with TemporaryDirectory() as folder:
        server, _ = make_server(Path(folder), hierarchical_symbols=True)
        open_document(server, text)
        waiting = list(call(server, SYMBOLS, PARAMS[SYMBOLS]))
        snapshot = server.documents.snapshot(document().uri)
        for node in snapshot.outline.walk():
            symbol = waiting.pop(0)
            waiting[:0] = symbol.children
            done, total = progress(node) if isinstance(node, Task) else (0, 0)
            assert ("" if total == 0 else f"{done}/{total}") == (symbol.detail or "").rpartition(" · ")[2].strip(
                "abcdefghijklmnopqrstuvwxyz "
            )


@pytest.mark.parametrize("encoding", Encoding)
def test_places_in_a_line_with_wide_characters(encoding: Encoding) -> None:
    outline = parse("- [ ] \U0001f600 caf\u00e9\n  \U0001f600\n")
    (node,) = outline.nodes
    full, selection = Places(outline.text, encoding).of_node(node, node.end_line)
    assert full == _json(convert.node_span(Text(outline.text.string), node, encoding))
    assert selection == _json(convert.title_span(Text(outline.text.string), node, encoding))
