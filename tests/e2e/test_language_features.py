"""The language features over real pipes: as two known editors declare them, and as one that declares next to nothing.

Positions are computed by the tests' own client, in UTF-8 and UTF-16.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from tests.support.lsp_client import LspClient, serving

URI = "file:///w/plan.tasks.md"
TEXT = """\
# Ship 😀

- [ ] Bau die Seite  [mode:: auto]  [dependsOn:: q4w5e]  ^b7c2d
  Siehe https://example.org/größe

  ```sh
  true
  ```
  1. [x] 😀 Form
  2. [ ] Wire
- [ ] Über  ^q4w5e
"""
EVERYTHING: dict[str, Any] = {
    "foldingRange": {},
    "selectionRange": {},
    "documentHighlight": {},
    "hover": {"contentFormat": ["markdown", "plaintext"]},
    "inlayHint": {},
    "completion": {"completionItem": {"snippetSupport": True, "insertReplaceSupport": True}},
    "semanticTokens": {
        "requests": {"range": True, "full": {"delta": True}},
        "tokenTypes": [],
        "tokenModifiers": [],
        "formats": ["relative"],
    },
    "documentLink": {},
    "onTypeFormatting": {},
}
PROVIDERS = {
    "foldingRange": "foldingRangeProvider",
    "selectionRange": "selectionRangeProvider",
    "documentHighlight": "documentHighlightProvider",
    "hover": "hoverProvider",
    "inlayHint": "inlayHintProvider",
    "completion": "completionProvider",
    "semanticTokens": "semanticTokensProvider",
    "documentLink": "documentLinkProvider",
    "onTypeFormatting": "documentOnTypeFormattingProvider",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_every_place_is_exact(tmp_path: Path, encoding: str) -> None:
    async with serving(tmp_path) as client:
        await client.initialize({"general": {"positionEncodings": [encoding]}, "textDocument": EVERYTHING})
        buffer = await client.open(TEXT)
        document = {"textDocument": {"uri": buffer.uri}}

        async def ask(method: str, **params: Any) -> Any:
            return await client.request(f"textDocument/{method}", {**document, **params})

        whole = {"start": {"line": 0, "character": 0}, "end": {"line": 11, "character": 0}}
        folds = await ask("foldingRange")
        assert [(fold["startLine"], fold["endLine"]) for fold in folds] == [(0, 10), (2, 9), (3, 7), (5, 7)]
        (selection,) = await ask("selectionRange", positions=[buffer.at("rm\n")])
        assert [buffer.span(selection["range"]), buffer.span(selection["parent"]["range"])] == ["Form", "😀 Form"]
        hover = await ask("hover", position=buffer.at("Über"))
        assert buffer.span(hover["range"]) == "Über"
        assert hover["contents"]["value"].startswith("**Über**\n\n- Status: pending")
        hints = await ask("inlayHint", range=whole)
        assert [(buffer.offset(hint["position"]), hint["label"]) for hint in hints] == [
            (TEXT.index("^b7c2d") + 6, "1/2"),
            (TEXT.index("Wire") + 4, "auto"),
        ]
        highlights = await ask("documentHighlight", position=buffer.at("q4w5e"))
        assert [buffer.span(one["range"]) for one in highlights] == ["q4w5e", "q4w5e"]
        (link,) = await ask("documentLink")
        assert (buffer.span(link["range"]), link["target"]) == ("https://example.org/größe",) * 2
        answer = await ask("completion", position=buffer.at("to]"))
        edit = next(item["textEdit"] for item in answer["items"] if item["label"] == "interactive")
        assert [buffer.span(edit["insert"]), buffer.span(edit["replace"])] == ["au", "auto"]
        tokens = await ask("semanticTokens/full")
        assert spans(buffer, tokens["data"])[:6] == ["Ship 😀", "[ ]", "mode", "auto", "dependsOn", "q4w5e"]
        part = await ask(
            "semanticTokens/range", range={**whole, "start": buffer.at("  1. [x]"), "end": buffer.at("- [ ] Ü")}
        )
        assert spans(buffer, part["data"])[:2] == ["[x]", "😀 Form"]
        await buffer.type("Wire", "Wire it")
        await buffer.type("[ ] Wire", "[x] Wire")
        delta = await ask("semanticTokens/full/delta", previousResultId=tokens["resultId"])
        data = list(tokens["data"])
        for change in delta["edits"]:
            data[change["start"] : change["start"] + change["deleteCount"]] = change.get("data", [])
        assert spans(buffer, data)[-4:] == ["[x]", "Wire it", "[ ]", "^q4w5e"]
        await buffer.type("Wire it\n", "Wire it\n\n")
        options = {"tabSize": 4, "insertSpaces": True}
        place = {"line": buffer.at("Wire it")["line"] + 1, "character": 0}
        edits = await ask("onTypeFormatting", position=place, ch="\n", options=options)
        await buffer.apply(edits)
        assert "  2. [x] Wire it\n  3. [ ] \n- [ ] Über" in buffer.text


def spans(buffer: Any, data: list[int]) -> list[str]:
    found, line, column = [], 0, 0
    for index in range(0, len(data), 5):
        down, across, length = data[index : index + 3]
        line, column = line + down, across if down else column + across
        ends = [{"line": line, "character": column}, {"line": line, "character": column + length}]
        found.append(buffer.span({"start": ends[0], "end": ends[1]}))
    return found


async def test_nothing_is_offered_that_was_not_declared(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        result = await client.initialize({})
        assert set(PROVIDERS.values()) & set(result["capabilities"]) == set()


@pytest.mark.parametrize("feature", list(PROVIDERS))
async def test_what_was_declared_is_offered_alone(tmp_path: Path, feature: str) -> None:
    async with serving(tmp_path) as client:
        result = await client.initialize({"textDocument": {feature: EVERYTHING[feature]}})
        assert set(PROVIDERS.values()) & set(result["capabilities"]) == {PROVIDERS[feature]}


async def test_an_editor_that_declares_nothing_is_answered_plainly(tmp_path: Path) -> None:
    """No snippets, no Markdown, no resolve; it asks without having declared that it would."""
    async with serving(tmp_path) as client:
        await client.initialize({})
        buffer = await client.open("- [ ] *a*  ^x1\n- [ ] b  [dependsOn:: ]\n")
        document = {"textDocument": {"uri": buffer.uri}}
        hover = await client.request("textDocument/hover", {**document, "position": buffer.at("*a")})
        assert hover["contents"] == {"kind": "plaintext", "value": "*a*\nStatus: pending\nMode: interactive"}
        answer = await client.request("textDocument/completion", {**document, "position": buffer.at("]\n")})
        (item,) = answer["items"]
        assert (item["label"], item["detail"], item["documentation"]["kind"]) == ("x1", "*a*", "plaintext")
        assert item["textEdit"]["newText"] == "x1"
        assert "insertTextFormat" not in item


@pytest.mark.parametrize(
    "text", ["\x00\x1b[2J <b>\u202e", "- [ ] " + "x" * 5_000_000, "- [ ] \ud800", "\r\r\n\n- [ ] a\r"]
)
async def test_hostile_texts_and_places(tmp_path: Path, text: str) -> None:
    async with serving(tmp_path) as client:
        await client.initialize({"textDocument": EVERYTHING})
        buffer = await client.open(text)
        for line, character in ((0, 0), (0, 7_000_000), (900_000, 3), (0, 3)):
            await ask_everything(client, buffer.uri, {"line": line, "character": character})
        await buffer.close()
        error = await client.refused("textDocument/hover", position_of(buffer.uri, {"line": 0, "character": 0}))
        assert "Open it" in error.message
        assert await client.leave() == 0


def position_of(uri: str, position: dict[str, int]) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": position}


async def ask_everything(client: LspClient, uri: str, place: dict[str, int]) -> None:
    document = {"textDocument": {"uri": uri}}
    part = {**document, "range": {"start": place, "end": place}}
    at = position_of(uri, place)
    options = {"tabSize": 4, "insertSpaces": True}
    for method, params in (
        ("foldingRange", document),
        ("selectionRange", {**document, "positions": [place]}),
        ("hover", at),
        ("completion", at),
        ("documentHighlight", at),
        ("documentLink", document),
        ("inlayHint", part),
        ("semanticTokens/full", document),
        ("semanticTokens/full/delta", {**document, "previousResultId": "x"}),
        ("semanticTokens/range", part),
        ("onTypeFormatting", {**at, "ch": "\n", "options": options}),
    ):
        await client.request(f"textDocument/{method}", params)


# --- as known editors declare them ------------------------------------------------------------------------------


@pytest_lsp.fixture(
    params=["neovim", "visual-studio-code"],
    config=ClientServerConfig(server_command=[sys.executable, "-P", "-m", "orchestrator", "serve"]),
)
async def editor(request: pytest.FixtureRequest, lsp_client: LanguageClient) -> AsyncIterator[None]:
    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(_: types.RegistrationParams) -> None:
        """Accepted."""

    await lsp_client.initialize_session(
        types.InitializeParams(capabilities=client_capabilities(request.param), workspace_folders=[])
    )
    yield
    await lsp_client.shutdown_session()


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server that pytest-lsp starts takes its environment from here."""
    for name in [name for name in os.environ if name.startswith("ORCHESTRATOR_")]:
        monkeypatch.delenv(name)
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"ORCHESTRATOR_{kind}_DIR", str(tmp_path / kind.lower()))


async def test_every_feature_in_a_known_editor(editor: LanguageClient) -> None:
    """pytest-lsp checks each answer against what the editor declared."""
    editor.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(URI, "markdown", 1, TEXT)))
    document, title = types.TextDocumentIdentifier(URI), types.Position(2, 8)
    part = types.Range(types.Position(0, 0), types.Position(11, 0))
    folds = await editor.text_document_folding_range_async(types.FoldingRangeParams(document))
    assert [fold.start_line for fold in folds or ()] == [0, 2, 3, 5]
    selections = await editor.text_document_selection_range_async(types.SelectionRangeParams(document, [title]))
    assert selections is not None
    assert selections[0].parent is not None
    hover = await editor.text_document_hover_async(types.HoverParams(document, title))
    assert hover is not None
    assert isinstance(hover.contents, types.MarkupContent)
    assert hover.contents.kind is types.MarkupKind.Markdown
    assert "command:" not in hover.contents.value
    hints = await editor.text_document_inlay_hint_async(types.InlayHintParams(document, part))
    assert [hint.label for hint in hints or ()] == ["1/2", "auto"]
    tokens = await editor.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document))
    assert tokens is not None
    again = types.SemanticTokensDeltaParams(document, tokens.result_id or "")
    delta = await editor.text_document_semantic_tokens_full_delta_async(again)
    assert isinstance(delta, types.SemanticTokensDelta)
    completion = await editor.text_document_completion_async(types.CompletionParams(document, types.Position(2, 31)))
    assert isinstance(completion, types.CompletionList)
    assert [item.label for item in completion.items] == ["interactive", "auto"]
    fields = await editor.text_document_completion_async(types.CompletionParams(document, types.Position(2, 21)))
    assert isinstance(fields, types.CompletionList)
    resolved = await editor.completion_item_resolve_async(fields.items[0])
    assert resolved.documentation is not None
    links = await editor.text_document_document_link_async(types.DocumentLinkParams(document))
    assert [link.target for link in links or ()] == ["https://example.org/größe"]
