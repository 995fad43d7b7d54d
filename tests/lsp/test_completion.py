"""Completions, called as functions, for clients that can do more and less."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from orchestrator.errors import FileError
from orchestrator.lsp.client import Completing, read_client
from orchestrator.lsp.server import Server
from orchestrator.lsp.sources import files_in
from orchestrator.outline.text import Encoding
from tests.lsp.in_process import URI, call, cursor, document, make_server, open_document

ALL = Completing(snippets=True, insert_replace=True, markdown=True, resolves=True, label_details=True)


async def completed(
    tmp_path: Path, text: str, *, uri: str = URI, can: Completing | None = None, **client: Any
) -> tuple[Server, str, types.CompletionList]:
    server, _ = make_server(tmp_path, completion=can or Completing(), **client)
    text, place = cursor(text)
    open_document(server, text, uri)
    answer = call(server, "textDocument/completion", types.CompletionParams(document(uri), place.start))
    return server, text, await answer if inspect.isawaitable(answer) else answer


async def items(tmp_path: Path, text: str, **more: Any) -> list[types.CompletionItem]:
    _, _, answer = await completed(tmp_path, text, **more)
    return list(answer.items)


def named(found: list[types.CompletionItem], label: str) -> types.CompletionItem:
    (item,) = (item for item in found if item.label == label)
    return item


async def test_a_bare_client_gets_plain_text(tmp_path: Path) -> None:
    item = named(await items(tmp_path, "- [ ] a  mo$0\n"), "mode")
    assert item.text_edit == types.TextEdit(span(0, 9, 11), "[mode:: ")
    assert (item.insert_text_format, item.data, item.label_details) == (None, None, None)
    assert isinstance(item.documentation, types.MarkupContent)
    assert item.documentation.kind is types.MarkupKind.PlainText
    assert item.documentation.value.startswith("mode\nWhether the task waits")


async def test_a_client_with_everything(tmp_path: Path) -> None:
    item = named(await items(tmp_path, "- [ ] a  [m$0od]\n", can=ALL), "mode")
    assert item.text_edit == types.InsertReplaceEdit("[mode:: ${1|interactive,auto|}]", span(0, 9, 11), span(0, 9, 14))
    assert item.insert_text_format is types.InsertTextFormat.Snippet
    assert (item.data, item.documentation, item.filter_text) == ({"field": "mode"}, None, "[mode")
    item = named(await items(tmp_path / "2", "- [ ] a  $0\n", can=ALL), "budget")
    assert item.text_edit == types.TextEdit(span(0, 9, 9), "[budget:: $1]")


async def test_documentation_is_resolved(tmp_path: Path) -> None:
    text = "- [ ] a  [dependsOn:: $0]\n- [!] *Build*  [reason:: no]  ^q4\n"
    server, _, answer = await completed(tmp_path, text, can=ALL)
    item = named(list(answer.items), "q4")
    assert (item.detail, item.label_details) == ("*Build*", types.CompletionItemLabelDetails(description="*Build*"))
    resolved = call(server, "completionItem/resolve", item)
    assert resolved.documentation.value == "**\\*Build\\***\n\n- Status: failed: no\n- Mode: interactive"
    assert resolved.text_edit == item.text_edit
    for data in ({"uri": URI, "nodeId": "n99"}, {"uri": "file:///x"}, {"field": "no"}, 7, None, {"a": {"b": 1}}, []):
        odd = types.CompletionItem("x", data=data)
        assert call(server, "completionItem/resolve", odd).documentation is None


async def test_a_bare_client_sees_the_title_of_a_task(tmp_path: Path) -> None:
    item = named(await items(tmp_path, "- [ ] a  [dependsOn:: $0]\n- [x] Build  ^q4\n"), "q4")
    assert item.detail == "Build"
    assert item.documentation == types.MarkupContent(types.MarkupKind.PlainText, "Build\ncompleted")


async def test_a_task_without_an_id_gets_one_elsewhere_in_the_text(tmp_path: Path) -> None:
    (item,) = await items(tmp_path, "- [ ] a  [dependsOn:: $0]\n- [ ] 😀\n")
    (edit,) = item.additional_text_edits or ()
    assert edit == types.TextEdit(span(1, 8, 8), f"  ^{item.label}")
    assert item.text_edit == types.TextEdit(span(0, 22, 22), item.label)


async def test_tasks_of_other_outlines_of_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    folder = (tmp_path / "w").as_uri()
    server, _ = make_server(tmp_path)
    server.folders = [folder]
    open_document(server, "- [ ] Elsewhere  ^q4\n- [ ] no id\n", f"{folder}/other.tasks.md")
    text, place = cursor("- [ ] a  [dependsOn:: $0]\n")
    open_document(server, text, f"{folder}/plan.tasks.md")
    uri = f"{folder}/plan.tasks.md"
    answer = call(server, "textDocument/completion", types.CompletionParams(document(uri), place.start))
    assert [(item.label, item.detail) for item in answer.items] == [("q4", "Elsewhere (other.tasks.md)")]
    place = types.Position(0, 23)
    open_document(server, "- [ ] a  [dependsOn:: q4]\n", uri)
    found = call(server, "textDocument/hover", types.HoverParams(document(uri), place))
    assert found.contents.value == "Elsewhere\nIn other.tasks.md.\nStatus: pending"


@pytest.mark.parametrize(("encoding", "wide"), [(Encoding.UTF8, 4), (Encoding.UTF16, 2), (Encoding.UTF32, 1)])
async def test_edits_in_every_encoding(tmp_path: Path, encoding: Encoding, wide: int) -> None:
    server, _ = make_server(tmp_path, encoding=encoding)
    open_document(server, "- [ ] 😀  [mode:: au]\n")
    place = types.Position(0, 6 + wide + 12)
    answer = call(server, "textDocument/completion", types.CompletionParams(document(), place))
    assert answer.items[0].text_edit == types.TextEdit(span(0, 6 + wide + 10, 6 + wide + 12), "interactive")


async def test_models_and_executors(tmp_path: Path) -> None:
    found = await items(tmp_path, "- [ ] a  [model:: $0]\n")
    assert [item.label for item in found[:3]] == ["fast", "balanced", "strong"]
    assert {"local/smollm2"} <= {item.label for item in found}
    assert not any(item.label.endswith("/MODEL") for item in found)
    found = await items(tmp_path / "2", "---\ndefaults: {executor: $0}\n---\n")
    assert found[0].label == "answer"


async def test_files(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a.py").touch()
    (folder / "plan.tasks.md").touch()
    uri = (folder / "plan.tasks.md").as_uri()
    found = await items(tmp_path, "- [ ] a  [files:: $0]\n", uri=uri)
    assert [(item.label, item.kind) for item in found] == [
        ("src/", types.CompletionItemKind.Folder),
        ("plan.tasks.md", types.CompletionItemKind.File),
    ]
    _, _, answer = await completed(tmp_path, "- [ ] a  [files:: x, src/$0]\n", uri=uri)
    (item,) = answer.items
    assert (item.text_edit, answer.is_incomplete) == (types.TextEdit(span(0, 21, 25), "src/a.py"), True)
    assert await items(tmp_path, "- [ ] a  [files:: $0]\n", uri="untitled:plan.tasks.md") == []


def test_files_never_leave_the_folder(tmp_path: Path) -> None:
    base = Path(os.path.realpath(tmp_path)) / "w"
    (base / "in").mkdir(parents=True)
    (tmp_path / "secret.txt").touch()
    (base / ".env").touch()
    (base / "in" / "a.txt").touch()
    (base / "out").symlink_to(tmp_path)
    (base / "file").symlink_to(tmp_path / "secret.txt")
    (base / "same").symlink_to(base / "in")
    assert list(files_in(base, "")) == ["in/", "same/"]
    assert list(files_in(base, "same/")) == ["a.txt"]
    for folder in ("../", "in/../../", "/", str(tmp_path), "out/", "no/", "file/", "\0/", "in\\..\\..\\", "~/"):
        assert list(files_in(base, folder)) == []


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("- [ ] a  $0\n", "file:///w/TODO.md"),
        ("- [ ] just text$0\n", URI),
        ("---\norchestrator: 99\n---\n- [ ] a  $0\n", URI),
        ("$0", URI),
    ],
)
async def test_nothing(tmp_path: Path, text: str, uri: str) -> None:
    assert await items(tmp_path, text, uri=uri) == []


async def test_places_outside_the_text(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    open_document(server, "- [ ] a  ")
    for place in (types.Position(0, 5000), types.Position(5000, 5000)):
        answer = call(server, "textDocument/completion", types.CompletionParams(document(), place))
        assert len(answer.items) == 10


async def test_a_closed_document_is_refused_with_what_to_do(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    with pytest.raises(FileError, match="Open it"):
        call(server, "textDocument/completion", types.CompletionParams(document(), types.Position(0, 0)))


def test_what_a_client_declares_is_read() -> None:
    item = types.ClientCompletionItemOptions(
        snippet_support=True,
        insert_replace_support=True,
        documentation_format=[types.MarkupKind.Markdown],
        resolve_support=types.ClientCompletionItemResolveOptions(["documentation"]),
        label_details_support=True,
    )
    for declared, read in ((item, ALL), (types.ClientCompletionItemOptions(), Completing()), (None, Completing())):
        completion = types.CompletionClientCapabilities(completion_item=declared)
        document_ = types.TextDocumentClientCapabilities(completion=completion)
        params = types.InitializeParams(types.ClientCapabilities(text_document=document_))
        assert read_client(params, "utf-16").completion == read


def span(line: int, start: int, end: int) -> types.Range:
    return types.Range(types.Position(line, start), types.Position(line, end))
