"""Edits without a model in an editor: the real server, requests and commands, and a person who types meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.lsp_client import Buffer, LspClient, serving

EDITOR: dict[str, Any] = {"workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}}}
TEXT = "# Trip\n\n- [ ] Before\n- [ ] Pack the bags 🎒\n  For a week.\n- [ ] After\n"


@asynccontextmanager
async def editing(home: Path, text: str = TEXT) -> AsyncIterator[tuple[LspClient, Buffer]]:
    async with serving(home) as client:
        await client.initialize(EDITOR)
        yield client, await client.open(text)


def on(buffer: Buffer, words: str, **more: Any) -> dict[str, Any]:
    place = buffer.at(words)
    return {"uri": buffer.uri, "version": buffer.version, "range": {"start": place, "end": place}, **more}


async def test_an_edit_is_one_undo_step_and_says_where_the_task_is(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        answer = await client.request("orchestrator/edit/move", on(buffer, "week", steps=-1))
        assert buffer.text == "# Trip\n\n- [ ] Pack the bags 🎒\n  For a week.\n- [ ] Before\n- [ ] After\n"
        assert answer == {"documentVersion": 2, "position": {"line": 2, "character": 2}, "moved": -1}
        await buffer.undo()
        assert buffer.text == TEXT


async def test_commands_take_the_same_parameters(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        command = {"command": "orchestrator.server.edit.status.cycle", "arguments": [on(buffer, "Pack")]}
        answer = await client.request("workspace/executeCommand", command)
        assert "- [/] Pack" in buffer.text
        assert answer["position"] == {"line": 3, "character": 2}


async def test_several_nodes_are_one_edit_and_sections_among_them_are_left_out(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        section = (await client.request("orchestrator/tree", {"uri": buffer.uri}))["nodes"][0]["nodeId"]
        below = (await client.request("orchestrator/tree", {"uri": buffer.uri, "nodeId": section}))["nodes"]
        ids = [below[2]["nodeId"], section, below[0]["nodeId"], below[0]["nodeId"]]
        answer = await client.request("orchestrator/edit/status/cycle", {"uri": buffer.uri, "nodeIds": ids})
        assert buffer.text == TEXT.replace("[ ] Before", "[/] Before").replace("[ ] After", "[/] After")
        assert answer["position"] == {"line": 2, "character": 2}
        await buffer.undo()
        assert buffer.text == TEXT
        error = await client.refused("orchestrator/edit/demote", {"uri": buffer.uri, "nodeIds": [section]})
        assert error.data["kind"] == "taskNotFound"


async def test_an_edit_for_an_older_text_is_refused(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        params = on(buffer, "Pack")
        await buffer.type("Before", "Long before")
        error = await client.refused("orchestrator/edit/demote", params)
        assert (error.data["kind"], "changed meanwhile" in error.message) == ("editRefused", True)
        assert buffer.text == TEXT.replace("Before", "Long before")


async def test_what_is_typed_before_the_edit_arrives_is_kept(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):

        async def typing() -> None:
            await buffer.type("After", "Afterwards")

        client.before_apply = typing
        error = await client.refused("orchestrator/edit/promote", {**on(buffer, "Pack"), "version": None})
        assert error.data["kind"] == "editRefused"
        client.before_apply = typing
        error = await client.refused("orchestrator/edit/demote", on(buffer, "Pack", version=None))
        assert "did not make the change" in error.message
        assert buffer.text == TEXT.replace("After", "Afterwards")


async def test_edits_of_one_document_wait_for_each_other(tmp_path: Path) -> None:
    """As when a key is held down: nobody waits for an answer."""
    async with editing(tmp_path) as (client, buffer):
        answers = []
        for _ in range(5):
            _, answer = await client.ask("orchestrator/edit/status/cycle", {**on(buffer, "Pack"), "version": None})
            answers.append(answer)
        assert [answer["documentVersion"] for answer in await asyncio.gather(*answers)] == [2, 3, 4, 5, 6]
        assert "- [x] Pack" in buffer.text


@pytest.mark.parametrize(
    ("method", "more", "expected"),
    [
        ("status/set", {"status": "failed", "reason": "lost"}, "- [!] Pack the bags 🎒  [reason:: lost]\n"),
        ("value/set", {"key": "mode", "value": "auto"}, "- [ ] Pack the bags 🎒  [mode:: auto]\n"),
        ("subtask/add", {"title": "Socks"}, "  For a week.\n  - [ ] Socks\n"),
        ("sibling/add", {"title": "Socks"}, "  For a week.\n- [ ] Socks\n"),
        ("acceptance/add", {"text": "it closes"}, "  For a week.\n  Accept: it closes\n"),
        ("sequence", {}, "2. [ ] Pack the bags 🎒\n   For a week.\n3. [ ] After\n"),
        ("demote", {}, "  - [ ] Pack the bags 🎒\n    For a week.\n"),
    ],
)
async def test_each_edit(tmp_path: Path, method: str, more: dict[str, Any], expected: str) -> None:
    async with editing(tmp_path) as (client, buffer):
        await client.request(f"orchestrator/edit/{method}", on(buffer, "Pack", **more))
        assert expected in buffer.text


@pytest.mark.parametrize(
    ("method", "params", "kind"),
    [
        ("promote", {"range": None}, "protocol"),
        ("move", {"steps": "up"}, "protocol"),
        ("value/set", {"key": "reason", "value": "x"}, "protocol"),
        ("value/set", {"key": "mode", "value": "wild"}, "editRefused"),
        ("status/set", {"status": "other"}, "protocol"),
        ("promote", {"nodeId": "n999", "range": None}, "taskNotFound"),
        ("promote", {"uri": "file:///w/closed.tasks.md"}, "file"),
        ("extract", {}, "editRefused"),
        ("fix", {"code": "duplicate-id", "name": "fresh"}, "editRefused"),
    ],
)
async def test_bad_parameters(tmp_path: Path, method: str, params: dict[str, Any], kind: str) -> None:
    async with editing(tmp_path) as (client, buffer):
        error = await client.refused(f"orchestrator/edit/{method}", on(buffer, "Pack", **params))
        assert error.data["kind"] == kind
        assert buffer.text == TEXT


async def test_fix_all(tmp_path: Path) -> None:
    async with editing(tmp_path, "- [ ] a  [mode:: ]\r\n- [ ] b  [priority:: Low]") as (client, buffer):
        await client.request("orchestrator/edit/fixAll", {"uri": buffer.uri})
        assert buffer.text == "- [ ] a\r\n- [ ] b  [priority:: low]"
        answer = await client.request("orchestrator/edit/fixAll", {"uri": buffer.uri})
        assert answer["documentVersion"] == 2


async def test_code_actions_are_offered_as_the_client_declared_them(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        result = await client.initialize(EDITOR)
        assert "resolveProvider" not in result["capabilities"]["codeActionProvider"]
    abilities = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}}, "dataSupport": True,
                 "resolveSupport": {"properties": ["edit"]}}  # fmt: skip
    async with serving(tmp_path) as client:
        result = await client.initialize({**EDITOR, "textDocument": {"codeAction": abilities}})
        assert result["capabilities"]["codeActionProvider"]["resolveProvider"] is True
        buffer = await client.open(TEXT)
        place = buffer.at("Pack")
        span = {"start": place, "end": place}
        params = {"textDocument": {"uri": buffer.uri}, "range": span, "context": {"diagnostics": []}}
        actions = await client.request("textDocument/codeAction", params)
        (demote,) = (action for action in actions if action["title"] == "Demote")
        resolved = await client.request("codeAction/resolve", demote)
        (change,) = resolved["edit"]["documentChanges"]
        assert change["textDocument"] == {"uri": buffer.uri, "version": 1}
        await buffer.apply(change["edits"])
        assert "- [ ] Before\n  - [ ] Pack the bags 🎒\n    For a week.\n" in buffer.text
