"""Definition, references, rename and call hierarchy of ids over several files, called as functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from orchestrator.errors import OrchestratorError, ProtocolError, TaskNotFoundError
from orchestrator.lsp.features import call_hierarchy
from orchestrator.lsp.features import rename as rename_feature
from orchestrator.outline.text import Encoding, Text
from tests.lsp.in_process import call, document, open_document, replace_text
from tests.lsp.workspace import Workspace, workspace

A = """\
# Ä 😀 Login  [dependsOn:: q4]

1. [ ] 😀 Form  ^k3
2. [ ] 😀 Wire  [dependsOn:: ^q4, k3, q4]  ^m2
"""
B = "- [x] 😀 Choose  ^q4\n- [ ] Deploy  [dependsOn:: m2]\n"

ENCODINGS = list(Encoding)


async def given(work: Workspace, a: str = A, b: str = B) -> None:
    """`a` is open, `b` is on the disk only."""
    work.write("b.tasks.md", b)
    await work.begin()
    open_document(work.server, a, work.uri("a.tasks.md"))


def at(work: Workspace, text: str, fragment: str, name: str = "a.tasks.md") -> dict[str, Any]:
    place = Text(text).position(text.index(fragment), work.server.client.encoding)
    return {"text_document": document(work.uri(name)), "position": types.Position(*place)}


def read(work: Workspace, uri: str, span: types.Range) -> str:
    """What stands there, in the buffer or on the disk."""
    found = work.server.documents.find(uri)
    string = found.text.string if found else Path(uri.removeprefix("file://")).read_text()
    text, encoding = Text(string), work.server.client.encoding
    start = text.offset(span.start.line, span.start.character, encoding)
    return string[start : text.offset(span.end.line, span.end.character, encoding)]


def places(work: Workspace, found: list[types.Location] | None) -> list[str]:
    return [
        f"{location.uri.rsplit('/', 1)[-1]}:{location.range.start.line} {read(work, location.uri, location.range)}"
        for location in found or []
    ]


# --- definition ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_definition(tmp_path: Path, encoding: Encoding) -> None:
    async with workspace(tmp_path, encoding=encoding) as work:
        await given(work)

        async def go(fragment: str) -> list[str]:
            params = types.DefinitionParams(**at(work, A, fragment))
            return places(work, await call(work.server, "textDocument/definition", params))

        assert await go("q4, k3") == ["b.tasks.md:0 😀 Choose"]
        assert await go("k3, q4") == ["a.tasks.md:2 😀 Form"]
        assert await go("^k3") == ["a.tasks.md:2 😀 Form"]
        assert await go("Wire") == []


async def test_definition_as_links(tmp_path: Path) -> None:
    async with workspace(tmp_path, definition_links=True) as work:
        await given(work)
        params = types.DefinitionParams(**at(work, A, "q4, k3"))
        (link,) = await call(work.server, "textDocument/definition", params)
        assert read(work, link.target_uri, link.target_selection_range) == "😀 Choose"
        assert read(work, work.uri("a.tasks.md"), link.origin_selection_range) == "q4"


async def test_definition_of_an_id_that_stands_twice(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        await given(work, b="- [ ] Other form  ^k3\n")
        params = types.DefinitionParams(**at(work, A, "k3, q4"))
        found = await call(work.server, "textDocument/definition", params)
        assert places(work, found) == ["a.tasks.md:2 😀 Form", "b.tasks.md:0 Other form"]


async def test_a_file_that_is_no_outline_has_definitions_of_its_own(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        text = "- [ ] a  [dependsOn:: b1]\n- [ ] b  ^b1\n"
        open_document(work.server, text, work.uri("README.md"))
        params = types.DefinitionParams(**at(work, text, "b1", "README.md"))
        assert places(work, await call(work.server, "textDocument/definition", params)) == ["README.md:1 b"]


# --- references ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_references(tmp_path: Path, encoding: Encoding) -> None:
    async with workspace(tmp_path, encoding=encoding) as work:
        await given(work)

        async def find(fragment: str, *, declaration: bool) -> list[str]:
            params = types.ReferenceParams(types.ReferenceContext(declaration), **at(work, A, fragment))
            return places(work, await call(work.server, "textDocument/references", params))

        named = ["a.tasks.md:0 q4", "a.tasks.md:3 q4", "a.tasks.md:3 q4"]
        assert await find("q4", declaration=False) == named
        assert await find("q4", declaration=True) == [*named, "b.tasks.md:0 q4"]
        assert await find("m2", declaration=False) == ["b.tasks.md:1 m2"]
        assert await find("Wire", declaration=False) == ["b.tasks.md:1 m2"]  # anywhere on the line of the task
        assert await find("Login", declaration=False) == []


async def test_references_in_parts(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        await given(work)
        params = types.ReferenceParams(
            types.ReferenceContext(include_declaration=True), partial_result_token="t", **at(work, A, "q4")
        )
        assert await call(work.server, "textDocument/references", params) == []
        parts = work.sent.of("$/progress")
        assert [part["token"] for part in parts] == ["t", "t"]
        assert [[location["range"]["start"]["line"] for location in part["value"]] for part in parts] == [
            [0, 3, 3],
            [0],
        ]


# --- rename -------------------------------------------------------------------------------------------------------


def applied(work: Workspace, edit: types.WorkspaceEdit) -> dict[str, str]:
    """By file name, what the documents say after the edit."""
    changes: dict[str, Any] = dict(edit.changes or {})
    for change in edit.document_changes or ():
        assert isinstance(change, types.TextDocumentEdit)
        changes[change.text_document.uri] = change.edits
    done: dict[str, str] = {}
    for uri, edits in changes.items():
        found = work.server.documents.find(uri)
        string = found.text.string if found else Path(uri.removeprefix("file://")).read_text()
        text, encoding = Text(string), work.server.client.encoding
        spans = [
            (
                text.offset(edit.range.start.line, edit.range.start.character, encoding),
                text.offset(edit.range.end.line, edit.range.end.character, encoding),
                edit.new_text,
            )
            for edit in edits
        ]
        for start, end, new in sorted(spans, reverse=True):
            string = string[:start] + new + string[end:]
        done[uri.rsplit("/", 1)[-1]] = string
    return done


async def rename(work: Workspace, fragment: str, new: str, text: str = A) -> Any:
    return await call(work.server, "textDocument/rename", types.RenameParams(new_name=new, **at(work, text, fragment)))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("document_changes", [True, False])
async def test_rename(tmp_path: Path, encoding: Encoding, document_changes: bool) -> None:
    async with workspace(tmp_path, encoding=encoding, document_changes=document_changes) as work:
        await given(work)
        edit = await rename(work, "q4", "^choose-it")
        assert applied(work, edit) == {
            "a.tasks.md": A.replace("q4", "choose-it"),
            "b.tasks.md": B.replace("q4", "choose-it"),
        }
        if document_changes:
            versions = [change.text_document.version for change in edit.document_changes]
            assert versions == [1, None]
        assert edit.change_annotations is None


async def test_rename_with_annotations(tmp_path: Path) -> None:
    async with workspace(tmp_path, document_changes=True, change_annotations=True) as work:
        await given(work)
        edit = await rename(work, "m2", "wire")
        edits = [one for change in edit.document_changes for one in change.edits]
        assert {one.annotation_id for one in edits} == set(edit.change_annotations)
        assert [one.label for one in edit.change_annotations.values()] == ["Rename the id m2 to wire"]


async def test_rename_to_the_same_is_nothing(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        await given(work)
        assert await rename(work, "q4", " q4 ") is None


@pytest.mark.parametrize(
    ("fragment", "new", "complaint"),
    [
        ("q4", "k3", "The id k3 is taken: “😀 Form” in a.tasks.md has it. Choose another one."),
        ("k3", "q4", "The id q4 is taken: “😀 Choose” in b.tasks.md has it. Choose another one."),
        ("q4", "a b", "“a b” can be no id."),
        ("q4", "", "“” can be no id."),
        ("q4", "é", "“é” can be no id."),
        ("Form", "x", "There is no id here."),
    ],
)
async def test_an_id_that_exists_is_refused(tmp_path: Path, fragment: str, new: str, complaint: str) -> None:
    async with workspace(tmp_path) as work:
        await given(work)
        with pytest.raises(OrchestratorError) as refused:
            await rename(work, fragment, new)
        assert str(refused.value).startswith(complaint)


async def test_a_later_format_is_read_only(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        await given(work, b="---\norchestrator: 99\n---\n- [ ] x  ^q4\n")
        with pytest.raises(OrchestratorError) as refused:
            await rename(work, "q4", "new")
        assert str(refused.value).startswith("b.tasks.md is in a later version of the outline format")
        text = "---\norchestrator: 99\n---\n- [ ] x  ^z9\n"
        open_document(work.server, text, work.uri("c.md"))
        with pytest.raises(OrchestratorError):
            call(work.server, "textDocument/prepareRename", types.PrepareRenameParams(**at(work, text, "z9", "c.md")))


async def test_prepare_rename(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        await given(work)
        for fragment in ("^q4", "q4, k3"):
            params = types.PrepareRenameParams(**at(work, A, fragment))
            found = call(work.server, "textDocument/prepareRename", params)
            assert found.placeholder == "q4"
            assert read(work, work.uri("a.tasks.md"), found.range) == "q4"
        with pytest.raises(TaskNotFoundError, match="There is no id here"):
            call(work.server, "textDocument/prepareRename", types.PrepareRenameParams(**at(work, A, "Form")))


async def test_rename_sees_what_was_typed_and_written_just_now(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        await given(work)
        typed = A + "- [ ] typed  [dependsOn:: q4]\n"
        replace_text(work.server, 2, typed, work.uri("a.tasks.md"))
        work.write("c.tasks.md", "- [ ] written  [dependsOn:: q4]\n")
        work.index._swept_at = -1e9
        edit = await rename(work, "q4", "new", typed)
        assert applied(work, edit) == {
            "a.tasks.md": typed.replace("q4", "new"),
            "b.tasks.md": B.replace("q4", "new"),
            "c.tasks.md": "- [ ] written  [dependsOn:: new]\n",
        }


async def test_rename_waits_until_all_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with workspace(tmp_path) as work:
        for number in range(100):
            work.write(f"z{number}.tasks.md", "- [ ] x\n" * 100)
        work.write("zz.tasks.md", "- [ ] last  [dependsOn:: q4]\n")
        open_document(work.server, A, work.uri("a.tasks.md"))
        work.index.begin()
        monkeypatch.setattr(rename_feature, "PATIENCE", 0.01)
        with pytest.raises(OrchestratorError, match="still being read"):
            await rename(work, "q4", "new")
        monkeypatch.undo()
        edit = await rename(work, "q4", "new")
        assert sorted(applied(work, edit)) == ["a.tasks.md", "zz.tasks.md"]


# --- call hierarchy -----------------------------------------------------------------------------------------------


async def prepared(work: Workspace, fragment: str, text: str = A, name: str = "a.tasks.md") -> types.CallHierarchyItem:
    params = types.CallHierarchyPrepareParams(**at(work, text, fragment, name))
    (item,) = await call(work.server, "textDocument/prepareCallHierarchy", params)
    return item


def calls(work: Workspace, found: list[Any], spans_of: str | None = None) -> list[str]:
    """`file: title (what is written where it says so)`; the places are in `spans_of`, or in each caller's own file."""
    lines = []
    for one in found:
        item = one.from_ if isinstance(one, types.CallHierarchyIncomingCall) else one.to
        written = ", ".join(read(work, spans_of or item.uri, span) for span in one.from_ranges)
        assert read(work, item.uri, item.selection_range) == item.name
        lines.append(f"{item.detail}: {item.name} ({written})")
    return lines


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_call_hierarchy(tmp_path: Path, encoding: Encoding) -> None:
    async with workspace(tmp_path, encoding=encoding) as work:
        await given(work)
        server = work.server

        async def incoming(item: types.CallHierarchyItem) -> list[str]:
            params = types.CallHierarchyIncomingCallsParams(item)
            return calls(work, await call(server, "callHierarchy/incomingCalls", params))

        async def outgoing(item: types.CallHierarchyItem) -> list[str]:
            params = types.CallHierarchyOutgoingCallsParams(item)
            return calls(work, await call(server, "callHierarchy/outgoingCalls", params), item.uri)

        wire = await prepared(work, "Wire")
        assert await incoming(wire) == ["b.tasks.md: Deploy (m2)"]
        assert await outgoing(wire) == ["b.tasks.md: 😀 Choose (q4, q4)", "a.tasks.md: 😀 Form (k3, 2.)"]
        form = await prepared(work, "Form")
        assert await incoming(form) == ["a.tasks.md: 😀 Wire (k3, 2.)"]
        assert await outgoing(form) == []
        choose = await prepared(work, "q4, k3")  # on a name it is what is named
        assert choose.name == "😀 Choose"
        assert await incoming(choose) == ["a.tasks.md: Ä 😀 Login (q4)", "a.tasks.md: 😀 Wire (q4, q4)"]
        login = await prepared(work, "Login")
        assert await outgoing(login) == ["b.tasks.md: 😀 Choose (q4)"]
        assert await incoming(login) == []


async def test_an_item_finds_its_task_after_the_text_moved(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        await given(work)
        form = await prepared(work, "Form")
        replace_text(work.server, 2, "- [ ] new\n\n" + A.replace("Form", "Better form"), work.uri("a.tasks.md"))
        found = await call(work.server, "callHierarchy/incomingCalls", types.CallHierarchyIncomingCallsParams(form))
        assert calls(work, found) == ["a.tasks.md: 😀 Wire (k3, 2.)"]
        replace_text(work.server, 3, "nothing\n", work.uri("a.tasks.md"))
        with pytest.raises(TaskNotFoundError):
            await call(work.server, "callHierarchy/incomingCalls", types.CallHierarchyIncomingCallsParams(form))


@pytest.mark.parametrize("data", [None, 1, "x", [], {"line": -1}, {"line": "0"}, {"taskId": {}, "line": 0}])
async def test_data_that_is_not_ours_is_refused(tmp_path: Path, data: Any) -> None:
    async with workspace(tmp_path) as work:
        await given(work)
        item = await prepared(work, "Form")
        item.data = data
        with pytest.raises(ProtocolError):
            await call(work.server, "callHierarchy/outgoingCalls", types.CallHierarchyOutgoingCallsParams(item))
        item.data = call_hierarchy.ItemData(line=0).model_dump(by_alias=True)
        item.uri = "file:///not/there.md"
        with pytest.raises(TaskNotFoundError):
            await call(work.server, "callHierarchy/outgoingCalls", types.CallHierarchyOutgoingCallsParams(item))
