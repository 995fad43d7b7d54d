"""Semantic tokens on the wire."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from orchestrator.errors import FileError
from orchestrator.lsp.colours import difference
from orchestrator.lsp.server import TOKENS, Server
from orchestrator.outline.semantic_tokens import Modifier, Word
from orchestrator.outline.text import Encoding
from tests.lsp.in_process import URI, call, document, make_server, open_document, replace_text
from tests.outline.strategies import documents, outlines
from tests.support.laws import examples

FULL, DELTA, RANGE = (f"textDocument/semanticTokens/{name}" for name in ("full", "full/delta", "range"))


def whole(server: Server, uri: str = URI) -> types.SemanticTokens:
    return call(server, FULL, types.SemanticTokensParams(document(uri)))


def since(server: Server, result_id: str) -> Any:
    return call(server, DELTA, types.SemanticTokensDeltaParams(document(), result_id))


def part(server: Server, start: int, end: int) -> list[int]:
    lines = types.Range(types.Position(start, 0), types.Position(end, 0))
    return list(call(server, RANGE, types.SemanticTokensRangeParams(document(), lines)).data)


def absolute(data: list[int]) -> list[tuple[int, int, int, str]]:
    found, line, column = [], 0, 0
    for index in range(0, len(data), 5):
        down, across, length, kind, _ = data[index : index + 5]
        line, column = line + down, across if down else column + across
        found.append((line, column, length, TOKENS.token_types[kind]))
    return found


@pytest.mark.parametrize(("encoding", "wide"), [(Encoding.UTF8, 4), (Encoding.UTF16, 2), (Encoding.UTF32, 1)])
def test_tokens_in_every_encoding(tmp_path: Path, encoding: Encoding, wide: int) -> None:
    server, _ = make_server(tmp_path, encoding=encoding)
    open_document(server, "\n- [x] 😀 a  [reason:: 😀]  ^b7\n")
    at = 6 + wide
    assert absolute(list(whole(server).data)) == [
        (1, 2, 3, "enumMember"),
        (1, 6, wide + 2, "comment"),
        (1, at + 5, 6, "property"),
        (1, at + 14, wide, "string"),
        (1, at + 14 + wide + 3, 3, "label"),
    ]


def test_the_legend_is_the_outlines() -> None:
    words = [
        "".join([first, *map(str.capitalize, rest)]) for first, *rest in (kind.name.lower().split("_") for kind in Word)
    ]
    assert list(TOKENS.token_types) == words
    assert list(TOKENS.token_modifiers) == [modifier.name.lower() for modifier in Modifier if modifier.name]
    assert set(TOKENS.token_types) <= {kind.value for kind in types.SemanticTokenTypes}
    assert set(TOKENS.token_modifiers) <= {modifier.value for modifier in types.SemanticTokenModifiers}


def test_no_tokens_in_other_markdown(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    open_document(server, "- [ ] a\n", "file:///w/TODO.md")
    assert list(whole(server, "file:///w/TODO.md").data) == []


def test_an_edit_is_answered_with_what_changed(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    text = "".join(f"- [ ] t{number}  ^i{number}\n" for number in range(1000))
    open_document(server, text)
    first = whole(server)
    replace_text(server, 2, "\n" + text.replace("[ ] t500", "[x] t500"))
    answer = since(server, first.result_id or "")
    assert isinstance(answer, types.SemanticTokensDelta)
    (edit,) = answer.edits
    data = list(first.data)
    assert len(edit.data or ()) < 500 * 2 * 5 + 20, "only what stands between the first and the last change"
    data[edit.start : edit.start + edit.delete_count] = edit.data or ()
    assert data == list(whole(server).data)
    assert list(since(server, "of an older answer").data) == data


def test_nothing_changed(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    open_document(server, "- [ ] a\n")
    answer = since(server, whole(server).result_id or "")
    assert (answer.edits, type(answer)) == ([], types.SemanticTokensDelta)


def test_an_answer_that_is_not_known_any_more_is_given_whole(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    open_document(server, "- [ ] a\n")
    result_id = whole(server).result_id or ""
    call(server, "textDocument/didClose", types.DidCloseTextDocumentParams(document()))
    open_document(server, "- [x] b\n")
    assert isinstance(since(server, result_id), types.SemanticTokens)


@settings(max_examples=examples(40))
@given(st.lists(documents | outlines(), min_size=2, max_size=4))
def test_differences_lead_to_the_whole(tmp_path_factory: pytest.TempPathFactory, sources: list[str]) -> None:
    server, _ = make_server(tmp_path_factory.getbasetemp())
    server.documents.open(URI, 1, sources[0])
    answer = whole(server)
    data, result_id = list(answer.data), answer.result_id or ""
    for version, source in enumerate(sources[1:], start=2):
        replace_text(server, version, source)
        answer = since(server, result_id)
        assert isinstance(answer, types.SemanticTokensDelta)
        for edit in answer.edits:
            data[edit.start : edit.start + edit.delete_count] = edit.data or ()
        result_id = answer.result_id or ""
        fresh = f"file:///w/{version}.tasks.md"
        lines = server.documents.open(fresh, 1, source).text.line_count
        assert data == list(whole(server, fresh).data)
        assert part(server, 0, lines) == data
        middle = lines // 2
        shown = [token for token in absolute(data) if middle <= token[0] <= middle + 1]
        assert absolute(part(server, middle, middle + 1)) == shown


@given(st.lists(st.integers(0, 3), max_size=12), st.lists(st.integers(0, 3), max_size=12))
def test_a_difference_makes_the_new_of_the_old(old: list[int], new: list[int]) -> None:
    edit = difference(array("I", old), array("I", new))
    if edit is not None:
        old = [*old[: edit.start], *edit.data, *old[edit.start + edit.deleted :]]
    assert old == new


@pytest.mark.parametrize(
    ("method", "params"),
    [
        (FULL, types.SemanticTokensParams(document())),
        (DELTA, types.SemanticTokensDeltaParams(document(), "1")),
        (RANGE, types.SemanticTokensRangeParams(document(), types.Range(types.Position(0, 0), types.Position(9, 0)))),
    ],
)
def test_a_closed_document_is_refused_with_what_to_do(tmp_path: Path, method: str, params: Any) -> None:
    server, _ = make_server(tmp_path)
    with pytest.raises(FileError, match="Open it"):
        call(server, method, params)


def test_a_line_of_five_megabytes(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path, encoding=Encoding.UTF16)
    open_document(server, "- [x] " + "é😀 " * 1_700_000 + " [mode:: auto]  ^b7\n")
    assert len(whole(server).data) == 5 * 5
