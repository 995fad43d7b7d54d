"""Export and import as an editor asks for them."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
from lsprotocol import types

from orchestrator.errors import ConfigError, FileError
from tests.lsp.in_process import call, make_server, open_document


async def ask(server, method: str, **params):
    return await call(server, f"orchestrator/{method}", params)


async def test_an_open_outline_goes_out_and_comes_back(tmp_path: Path):
    server, _ = make_server(tmp_path)
    folder = tmp_path / "w"
    folder.mkdir()
    uri = (folder / "plan.tasks.md").as_uri()
    open_document(server, "- [ ] not saved yet\n", uri)
    found = await ask(server, "export", uri=uri)
    assert json.loads(found.text)["source"] == "- [ ] not saved yet\n"
    assert (found.suffix, found.removed) == (".json", 0)
    out = folder / "plan.json"
    assert (await ask(server, "export", uri=uri, to=out.as_uri())).text is None
    again = folder / "again.tasks.md"
    result = await ask(server, "import", source=out.as_uri(), to=again.as_uri())
    assert (result.tasks, result.format, result.notes) == (1, "json", [])
    assert again.read_text() == "- [ ] not saved yet\n"
    for method, params in (
        ("import", {"source": out.as_uri(), "to": again.as_uri()}),
        ("import", {"source": out.as_uri(), "to": uri, "replace": True}),
        ("export", {"uri": uri, "to": out.as_uri()}),
        ("export", {"uri": "untitled:nothing"}),
        ("import", {"source": "untitled:nothing", "to": (folder / "b.md").as_uri()}),
    ):
        with pytest.raises(FileError):
            await ask(server, method, **params)
    with pytest.raises(ConfigError):
        await ask(server, "export", uri=uri, format="docx")
    assert sorted(path.name for path in folder.iterdir()) == ["again.tasks.md", "plan.json"]


async def offered(server, uri: str, line: int, only=None) -> dict[str, types.Command]:
    place = types.Position(line, 0)
    context = types.CodeActionContext([], only=only, trigger_kind=types.CodeActionTriggerKind.Invoked)
    params = types.CodeActionParams(types.TextDocumentIdentifier(uri), types.Range(place, place), context)
    found = await server_call(server, "textDocument/codeAction", params)
    return {action.title: action.command for action in found if str(action.kind).startswith("source.orchestrator.")}


async def server_call(server, method: str, params):
    answer = call(server, method, params)
    return await answer if inspect.isawaitable(answer) else answer


async def choose(server, command: types.Command):
    params = types.ExecuteCommandParams(command.command, arguments=command.arguments)
    return await server_call(server, "workspace/executeCommand", params)


async def test_code_actions_export_and_import(tmp_path: Path):
    """Where no task stands, and to who asks for actions of the source; beside the file, and never over another one."""
    server, sent = make_server(tmp_path, action_literals=True)
    folder = tmp_path / "w x"
    folder.mkdir()
    uri = (folder / "plan.tasks.md").as_uri()
    open_document(server, "# Plan\n\n- [ ] a\n", uri)
    found = await offered(server, uri, 0)
    assert list(found) == [
        "Export this outline as JSON",
        "Export its conversations as Markdown",
        "Export its calls as CSV",
        "Export its metrics as CSV",
    ]
    assert await offered(server, uri, 2) == {}
    assert list(await offered(server, uri, 2, ["source"])) == list(found)
    assert await offered(server, uri, 0, ["quickfix"]) == {}
    for command in (*found.values(), found["Export this outline as JSON"]):
        await choose(server, command)
    names = ["plan-2.json", "plan.calls.csv", "plan.conversations.md", "plan.json", "plan.metrics.csv"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert sent.of("window/showMessage")[-1]["message"] == "Wrote plan-2.json."

    notes = (folder / "notes.md").as_uri()
    open_document(server, "Text\n\n1. one\n2. two\n", notes)
    (title, command), *rest = (await offered(server, notes, 0)).items()
    assert (title, rest) == ("Import as a new outline, notes.tasks.md", [])
    await choose(server, command)
    said = "Wrote notes.tasks.md: 2 tasks, from a Markdown list of 2 items."
    assert sent.of("window/showMessage")[-1]["message"] == said
    assert "1. [ ] one" in (folder / "notes.tasks.md").read_text()
    with pytest.raises(FileError, match="there already"):
        await choose(server, command)

    kiro = (folder / "tasks.md").as_uri()
    open_document(server, "# Implementation Plan\n\n- [ ] 1. Set up\n  - _Requirements: 1.1_\n- [ ] 2. Test\n", kiro)
    assert "Import as a new outline, -imported.tasks.md" not in await offered(server, kiro, 0)
    assert list(await offered(server, kiro, 0))[-1].startswith("Import as a new outline, ")
    prose = (folder / "prose.md").as_uri()
    open_document(server, "Only words.\n", prose)
    assert await offered(server, prose, 0) == {}
    open_document(server, "- item\n", "untitled:1")
    assert await offered(server, "untitled:1", 0) == {}


async def test_ids_of_an_import_are_free_in_the_workspace(tmp_path: Path):
    server, _ = make_server(tmp_path)
    source = tmp_path / "tasks.json"
    tasks = [{"id": 1, "title": "a"}, {"id": 2, "title": "b", "dependencies": [1]}]
    source.write_text(json.dumps({"tasks": tasks}))
    target = tmp_path / "new.tasks.md"
    result = await ask(server, "import", source=source.as_uri(), to=target.as_uri())
    assert result.format == "task-master"
    first, second = (line for line in target.read_text().splitlines() if line.startswith("- "))
    assert f"[dependsOn:: {first.rpartition('^')[2]}]" in second
