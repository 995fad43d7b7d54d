"""Two files and more, over the pipes of a real server: what is asked of one concerns them all."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.lsp_client import Buffer, LspClient, serving
from tests.support.patience import PATIENCE

A = "- [ ] 😀 Build  [dependsOn:: q4]  ^m2\n"
B = "- [x] 😀 Choose é  ^q4\n- [ ] 😀 Deploy  [dependsOn:: m2, ^q4]\n"
EVERYTHING = {
    "textDocument": {
        "definition": {},
        "references": {},
        "rename": {"prepareSupport": True},
        "callHierarchy": {},
    },
    "workspace": {
        "symbol": {},
        "workspaceEdit": {"documentChanges": True},
        "workspaceFolders": True,
    },
}
PROVIDERS = (
    "definitionProvider",
    "referencesProvider",
    "renameProvider",
    "callHierarchyProvider",
    "workspaceSymbolProvider",
)


async def begin(client: LspClient, folder: Path, encoding: str = "utf-16", **capabilities: Any) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - before anything runs
    given = json.loads(json.dumps({**EVERYTHING, "general": {"positionEncodings": [encoding]}}))
    for name, more in capabilities.items():
        given.setdefault(name, {}).update(more)
    return await client.initialize(given, workspaceFolders=[{"uri": folder.as_uri(), "name": "w"}])


def shown(client: LspClient, location: dict[str, Any]) -> str:
    """The file and what stands there, read in another way than the server does."""
    path = Path(location["uri"].removeprefix("file://"))
    buffer = client.buffers.get(location["uri"]) or Buffer(client, location["uri"], path.read_text("utf-8"))
    return f"{path.name}: {buffer.span(location['range'])}"


async def at(client: LspClient, buffer: Buffer, fragment: str, method: str, **more: Any) -> Any:
    place = {"textDocument": {"uri": buffer.uri}, "position": buffer.at(fragment)}
    return await client.request(method, {**place, **more})


async def test_each_is_offered_to_who_declares_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        bare = (await client.initialize({}))["capabilities"]
        assert [name for name in PROVIDERS if bare.get(name)] == []
        assert "fileOperations" not in bare["workspace"] or not bare["workspace"]["fileOperations"]
    async with serving(tmp_path) as client:
        full = (await begin(client, tmp_path / "w"))["capabilities"]
        assert [name for name in PROVIDERS if name not in full] == []
        assert full["renameProvider"] == {"prepareProvider": True}
        assert full["workspaceSymbolProvider"] == {"resolveProvider": False}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_ids_over_two_files(tmp_path: Path, encoding: str) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "b.tasks.md").write_text(B, "utf-8")
    async with serving(tmp_path) as client:
        await begin(client, folder, encoding)
        a = await client.open(A, (folder / "a.tasks.md").as_uri())
        found = await at(client, a, "q4", "textDocument/definition")
        assert [shown(client, one) for one in found] == ["b.tasks.md: 😀 Choose é"]

        found = await at(client, a, "m2", "textDocument/references", context={"includeDeclaration": True})
        assert [shown(client, one) for one in found] == ["a.tasks.md: m2", "b.tasks.md: m2"]

        prepared = await at(client, a, "q4", "textDocument/prepareRename")
        assert (prepared["placeholder"], a.span(prepared["range"])) == ("q4", "q4")
        edit = await at(client, a, "q4", "textDocument/rename", newName="choose")
        texts = {}
        for change in edit["documentChanges"]:
            document = change["textDocument"]
            buffer = client.buffers.get(document["uri"]) or Buffer(client, document["uri"], B)
            assert document["version"] == (buffer.version if document["uri"] in client.buffers else None)
            await (buffer.apply(change["edits"]) if buffer is a else apply_alone(buffer, change["edits"]))
            texts[document["uri"].rsplit("/", 1)[-1]] = buffer.text
        assert texts == {"a.tasks.md": A.replace("q4", "choose"), "b.tasks.md": B.replace("q4", "choose")}
        (folder / "b.tasks.md").write_text(texts["b.tasks.md"], "utf-8")
        while not await at(client, a, "choose", "textDocument/definition"):
            await asyncio.sleep(0.1)  # it does not look at the files each time
        refused = await client.refused(
            "textDocument/rename",
            {"textDocument": {"uri": a.uri}, "position": a.at("choose"), "newName": "m2"},
        )
        assert refused.message.startswith("The id m2 is taken: “😀 Build” in a.tasks.md has it.")

        (item,) = await at(client, a, "Build", "textDocument/prepareCallHierarchy")
        needed = await client.request("callHierarchy/incomingCalls", {"item": item})
        assert [call["from"]["name"] for call in needed] == ["😀 Deploy"]
        assert [shown(client, {**call["from"], "range": call["fromRanges"][0]}) for call in needed] == [
            "b.tasks.md: m2"
        ]
        needs = await client.request("callHierarchy/outgoingCalls", {"item": item})
        assert [(call["to"]["name"], a.span(call["fromRanges"][0])) for call in needs] == [("😀 Choose é", "choose")]
        item["data"] = {"line": -5}
        assert (await client.refused("callHierarchy/outgoingCalls", {"item": item})).code == -32602

        symbols = await client.request("workspace/symbol", {"query": "oo"})
        assert [(one["name"], shown(client, one["location"])) for one in symbols] == [
            ("😀 Choose é", "b.tasks.md: 😀 Choose é")
        ]


async def apply_alone(buffer: Buffer, edits: list[dict[str, Any]]) -> None:
    """To a file that is not open: the server hears nothing."""
    for edit in sorted(edits, key=lambda one: buffer.offset(one["range"]["start"]), reverse=True):
        start, end = buffer.offset(edit["range"]["start"]), buffer.offset(edit["range"]["end"])
        buffer.text = buffer.text[:start] + edit["newText"] + buffer.text[end:]


async def names(client: LspClient, query: str = "") -> list[str]:
    return [symbol["name"] for symbol in await client.request("workspace/symbol", {"query": query})]


async def test_a_client_that_watches_tells(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    async with serving(tmp_path) as client:
        await begin(client, folder, workspace={"didChangeWatchedFiles": {"dynamicRegistration": True}})
        wanted = await client.until(
            "client/registerCapability",
            lambda params: params["registrations"][0]["method"] == "workspace/didChangeWatchedFiles",
        )
        watchers = wanted["registrations"][0]["registerOptions"]["watchers"]
        assert [one["globPattern"] for one in watchers] == ["**/*.tasks.md", "**/tasks.md", "**/*.md", "**/*.markdown"]
        assert await names(client) == []
        path = folder / "late.tasks.md"
        path.write_text("- [ ] late\n")
        await client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": path.as_uri(), "type": 1}]})
        assert await names(client) == ["late"]
        path.unlink()
        await client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": path.as_uri(), "type": 3}]})
        assert await names(client) == []
        assert await client.leave() == 0


async def test_for_a_client_that_does_not_watch_files_are_looked_at(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    async with serving(tmp_path) as client:
        await begin(client, folder)
        assert await names(client) == []
        (folder / "late.tasks.md").write_text("- [ ] late\n")
        while await names(client) != ["late"]:
            await asyncio.sleep(0.1)
        assert client.of("client/registerCapability") == []
        assert await client.leave() == 0


async def test_the_windows_spelling_of_a_folder_and_other_odd_uris(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        folders = ["file:///c%3A/plans", "untitled:x", "file://server/share", "not a uri", "file:///no/such/folder"]
        await client.initialize(EVERYTHING, workspaceFolders=[{"uri": uri, "name": "w"} for uri in folders])
        one = await client.open("- [ ] one  ^a1\n", "file:///c%3A/plans/a.tasks.md")
        await client.open("- [ ] two  [dependsOn:: a1]\n", "file:///C:/plans/b.tasks.md")
        found = await at(client, one, "^a1", "textDocument/references", context={"includeDeclaration": False})
        assert [location["uri"] for location in found] == ["file:///C:/plans/b.tasks.md"]
        assert sorted(await names(client)) == ["one", "two"]
        event = {"added": [], "removed": [{"uri": folders[0], "name": "w"}]}
        await client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        found = await at(client, one, "^a1", "textDocument/references", context={"includeDeclaration": False})
        assert found == []
        assert await client.leave() == 0


async def test_leaving_in_the_middle_of_reading(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number}.tasks.md").write_text("- [ ] a\n" * 50)
    async with serving(tmp_path) as client:
        await begin(client, folder)
        await names(client)
        assert await client.leave() == 0


async def test_paths_follow_a_file_that_is_renamed(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    text = "- [ ] 😀 Mend  [files:: a.py]\n"
    (folder / "b.tasks.md").write_text(text, "utf-8")
    async with serving(tmp_path) as client:
        operations = dict.fromkeys(("willRename", "didRename", "didCreate", "didDelete"), True)
        told = await begin(client, folder, workspace={"fileOperations": operations})
        offered = told["capabilities"]["workspace"]["fileOperations"]
        every = {"filters": [{"pattern": {"glob": "**/*"}, "scheme": "file"}]}
        assert offered == dict.fromkeys(operations, every)
        renamed = {"files": [{"oldUri": (folder / "a.py").as_uri(), "newUri": (folder / "src" / "a.py").as_uri()}]}
        edit = await client.request("workspace/willRenameFiles", renamed)
        (change,) = edit["documentChanges"]
        buffer = Buffer(client, change["textDocument"]["uri"], text)
        await apply_alone(buffer, change["edits"])
        assert buffer.text == "- [ ] 😀 Mend  [files:: src/a.py]\n"
        (folder / "b.tasks.md").rename(folder / "c.tasks.md")
        moved = {"files": [{"oldUri": (folder / "b.tasks.md").as_uri(), "newUri": (folder / "c.tasks.md").as_uri()}]}
        await client.notify("workspace/didRenameFiles", moved)
        (symbol,) = await client.request("workspace/symbol", {"query": "mend"})
        assert symbol["location"]["uri"] == (folder / "c.tasks.md").as_uri()
        assert await client.leave() == 0


async def problems_of(client: LspClient, buffer: Buffer) -> list[str]:
    """As a client asks that pulls, once all files have been read."""
    async with asyncio.timeout(PATIENCE):
        while True:
            asked = {"textDocument": {"uri": buffer.uri}}
            found = [item["message"] for item in (await client.request("textDocument/diagnostic", asked))["items"]]
            symbols = await client.request("workspace/symbol", {"query": "Choose"})
            if symbols or found:
                return found
            await asyncio.sleep(0.05)


async def test_problems_look_at_the_other_files(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "b.tasks.md").write_text("- [x] Choose  ^q4\n- [x] Deploy  ^d1\n", "utf-8")
    async with serving(tmp_path) as client:
        await begin(client, folder, textDocument={**EVERYTHING["textDocument"], "diagnostic": {}})
        a = await client.open("- [ ] Build  [dependsOn:: q4]  ^m2\n", (folder / "a.tasks.md").as_uri())
        assert await problems_of(client, a) == []
        await a.type("m2", "d1")
        (taken,) = await problems_of(client, a)
        assert "The id ^d1 is not unique in this workspace: “Deploy” in b.tasks.md" in taken
        await a.type("d1", "m2")
        await a.type("q4", "q5")
        (missing,) = await problems_of(client, a)
        assert missing.startswith("No task of this workspace has the id ^q5")


@pytest.mark.parametrize("refresh", [True, False])
async def test_an_id_that_no_file_has_is_told_also_to_who_asks_once(tmp_path: Path, refresh: bool) -> None:
    """Neovim 0.11 asks at once and cannot be asked to ask again."""
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "b.tasks.md").write_text(B, "utf-8")
    async with serving(tmp_path) as client:
        workspace = {"diagnostics": {"refreshSupport": True}} if refresh else {}
        await begin(client, folder, textDocument={"diagnostic": {}}, workspace=workspace)
        buffer = await client.open("- [ ] a  [dependsOn:: q4, zz]  ^a1\n", (folder / "a.tasks.md").as_uri())
        asked = {"textDocument": {"uri": buffer.uri}}
        report = await client.request("textDocument/diagnostic", asked)
        if refresh:
            await client.until("workspace/diagnostic/refresh")
            report = await client.request("textDocument/diagnostic", asked)
        assert [(item["code"], buffer.span(item["range"])) for item in report["items"]] == [
            ("missing-dependency", "zz")
        ]
