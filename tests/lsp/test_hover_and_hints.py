"""Hovers and inlay hints, called as functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from lsprotocol import types
from markdown_it import MarkdownIt

from orchestrator.errors import FileError
from orchestrator.lsp.client import read_client
from orchestrator.lsp.markup import markup
from orchestrator.outline.hover import Card, Row
from orchestrator.outline.text import Encoding
from tests.lsp.in_process import URI, Sent, call, cursor, document, make_server, open_document

SPLIT = "orchestrator.server.split.start"


def hovered(tmp_path: Path, text: str, *, uri: str = URI, **client: Any) -> types.Hover | None:
    server, _ = make_server(tmp_path, **client)
    text, place = cursor(text)
    open_document(server, text, uri)
    return call(server, "textDocument/hover", types.HoverParams(document(uri), place.start))


def test_plain_text_for_a_bare_client(tmp_path: Path) -> None:
    found = hovered(tmp_path, "- [!] Bu$0ild *it*  [mode:: wild]\n")
    assert found is not None
    assert found.contents == types.MarkupContent(
        types.MarkupKind.PlainText,
        "Build *it*\n"
        "Status: failed\n"
        "Mode: interactive\n"
        "Problems:\n"
        "  “Build *it*” failed, and nothing says why. Add [reason:: …] to its first line.\n"
        "  `wild` is no mode. Write interactive or auto, or remove the field.",
    )
    assert found.range == types.Range(types.Position(0, 6), types.Position(0, 16))


def test_markdown_where_the_client_prefers_it(tmp_path: Path) -> None:
    found = hovered(tmp_path, "1. [ ] a*b*\n2. [ ] Bu$0ild\n", hover_markdown=True)
    assert found is not None
    assert found.contents == types.MarkupContent(
        types.MarkupKind.Markdown,
        "**Build**\n\n- Status: pending\n- Mode: interactive\n- Blocked:\n  - “a\\*b\\*” comes before it",
    )


def test_commands_only_where_the_client_names_them(tmp_path: Path) -> None:
    text = "- [ ] Bu$0ild\n"
    without = hovered(tmp_path / "1", text, hover_markdown=True, commands=frozenset({"other.command"}))
    assert without is not None
    assert "command:" not in without.contents.value
    plain = hovered(tmp_path / "2", text, commands=frozenset({SPLIT}))
    assert plain is not None
    assert "command:" not in plain.contents.value
    found = hovered(tmp_path / "3", text, hover_markdown=True, commands=frozenset({SPLIT}))
    assert found is not None
    *_, links = found.contents.value.split("\n")
    one, recursively = links.split(" · ")
    assert one.startswith(f"[Split](command:{SPLIT}?")
    arguments = json.loads(unquote(one.removesuffix(")").partition("?")[2]))
    assert (arguments[0]["uri"], arguments[0]["levels"]) == (URI, 1)
    assert recursively.startswith("[Split recursively]")
    done = hovered(tmp_path / "4", "- [x] Bu$0ild\n", hover_markdown=True, commands=frozenset({SPLIT}))
    assert done is not None
    assert "command:" not in done.contents.value


def test_no_hover_in_other_markdown(tmp_path: Path) -> None:
    assert hovered(tmp_path, "- [ ] a$0\n", uri="file:///w/TODO.md") is None


@pytest.mark.parametrize("encoding", list(Encoding))
def test_hovers_in_every_encoding(tmp_path: Path, encoding: Encoding) -> None:
    server, _ = make_server(tmp_path, encoding=encoding)
    open_document(server, "- [ ] 😀 é  ^b7\n")
    start = {Encoding.UTF8: 15, Encoding.UTF16: 12, Encoding.UTF32: 11}[encoding]
    found = call(server, "textDocument/hover", types.HoverParams(document(), types.Position(0, start + 1)))
    assert found.range == types.Range(types.Position(0, start), types.Position(0, start + 3))


def test_what_a_client_declares_is_read() -> None:
    hover = types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown, types.MarkupKind.PlainText])
    capabilities = types.ClientCapabilities(
        text_document=types.TextDocumentClientCapabilities(hover=hover),
        experimental={"orchestrator": {"commands": [SPLIT, 7, None]}},
    )
    client = read_client(types.InitializeParams(capabilities), "utf-8")
    assert client.hover_markdown
    assert client.commands == {SPLIT}
    hover = types.HoverClientCapabilities(content_format=[types.MarkupKind.PlainText, types.MarkupKind.Markdown])
    declared = types.TextDocumentClientCapabilities(hover=hover)
    odd = types.ClientCapabilities(text_document=declared, experimental={"orchestrator": {"commands": "all"}})
    client = read_client(types.InitializeParams(odd), "utf-8")
    assert not client.hover_markdown
    assert client.commands == frozenset()


HOSTILE = "<script>x</script> [a](command:evil) ![i](http://x/y.png) **b** `c` \u202e\x1b]8;;http://x\x07 &lt; - [ ] 1."


def test_cards_show_strings_of_a_file_as_they_are() -> None:
    card = Card(HOSTILE, HOSTILE, (Row("Name", HOSTILE, (HOSTILE, f"# {HOSTILE}", f"- {HOSTILE}")),))
    shown = markup(card, as_markdown=True).value
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(shown)
    kinds = {part.type for token in tokens for part in token.children or ()}
    assert kinds <= {"text", "strong_open", "strong_close"}
    assert not any(token.type in {"html_block", "heading_open", "code_block", "fence"} for token in tokens)
    plain = markup(card, as_markdown=False).value
    assert "<U+202E><U+001B>]8;;http://x<U+0007>" in plain
    assert not any(character < " " and character != "\n" for character in shown + plain)


# --- hints ------------------------------------------------------------------------------------------------------


def hinted(tmp_path: Path, text: str, *, uri: str = URI, lines: tuple[int, int] = (0, 99)) -> list[types.InlayHint]:
    server, _ = make_server(tmp_path)
    open_document(server, text, uri)
    part = types.Range(types.Position(lines[0], 0), types.Position(lines[1], 0))
    return call(server, "textDocument/inlayHint", types.InlayHintParams(document(uri), part))


def test_hints(tmp_path: Path) -> None:
    first, second = hinted(tmp_path, "- [ ] 😀 a  [mode:: auto]\n  - [x] b\n  - [ ] c\n")
    assert (first.position, first.label, first.padding_left) == (types.Position(0, 25), "1/2", True)
    assert first.tooltip == "1 of 2 tasks below are completed."
    assert (second.position, second.label) == (types.Position(2, 9), "auto")
    assert second.tooltip == "The mode comes from “😀 a”."


def test_hints_of_the_lines_that_are_shown(tmp_path: Path) -> None:
    text = "- [ ] a\n  - [ ] b\n    - [ ] c\n- [ ] d\n  - [ ] e\n"
    assert [hint.position.line for hint in hinted(tmp_path, text, lines=(1, 2))] == [1]
    assert hinted(tmp_path, text, lines=(50, 60)) == []


def test_no_hints_in_other_markdown(tmp_path: Path) -> None:
    assert hinted(tmp_path, "- [ ] a\n  - [ ] b\n", uri="file:///w/TODO.md") == []


def test_hints_are_asked_for_again_when_settings_change_what_is_an_outline(tmp_path: Path) -> None:
    refreshed: list[str] = []
    for refresh in (True, False):
        server, _ = make_server(tmp_path, refresh_hints=refresh)
        server.suggest = lambda method, params: refreshed.append(method)  # type: ignore[method-assign]
        settings = {"settings": {"orchestrator": {"outline": {"globs": ["x.md"]}}}}
        call(server, "workspace/didChangeConfiguration", types.DidChangeConfigurationParams(**settings))
    assert refreshed == ["workspace/inlayHint/refresh"]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("textDocument/hover", types.HoverParams(document(), types.Position(0, 0))),
        (
            "textDocument/inlayHint",
            types.InlayHintParams(document(), types.Range(types.Position(0, 0), types.Position(9, 0))),
        ),
    ],
)
def test_a_closed_document_is_refused_with_what_to_do(tmp_path: Path, method: str, params: Any) -> None:
    server, _ = make_server(tmp_path)
    with pytest.raises(FileError, match="Open it"):
        call(server, method, params)


def test_places_outside_the_text(tmp_path: Path) -> None:
    server, sent = make_server(tmp_path)
    assert isinstance(sent, Sent)
    open_document(server, "- [ ] a")
    for place in (types.Position(0, 5000), types.Position(5000, 0), types.Position(5000, 5000)):
        found = call(server, "textDocument/hover", types.HoverParams(document(), place))
        assert found.range.end == types.Position(0, 7)
