"""Running a branch in an editor: the real server, the scripted provider, and a person who types meanwhile."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.branches import asks, does, done, sums_up
from tests.support.lsp_client import PATIENCE, Buffer, LspClient, RpcError, serving

EDITOR: dict[str, Any] = {
    "workspace": {"applyEdit": True},
    "window": {"workDoneProgress": True, "showMessage": {}},
    "experimental": {"orchestrator": {"inbox": True}},
}
TEXT = "# Trip\n\n- [ ] Pack  [mode:: auto]\n  1. [ ] Socks\n  2. [ ] Shirts\n- [ ] Leave  [mode:: auto]\n"


@asynccontextmanager
async def editing(home: Path, script: list[Any], text: str = TEXT) -> AsyncIterator[tuple[LspClient, Buffer]]:
    async with serving(home, script=script) as client:
        await client.initialize(EDITOR)
        yield client, await client.open(text)


async def start(client: LspClient, buffer: Buffer, at: str = "", **more: Any) -> str:
    place = {"position": buffer.position(buffer.text.index(at))} if at else {}
    return (await client.request("orchestrator/run/start", {"uri": buffer.uri, **place, **more}))["runId"]


async def ended(client: LspClient, run_id: str) -> dict[str, Any]:
    def is_end(update: dict[str, Any]) -> bool:
        return update["runId"] == run_id and update["kind"] == "run.ended"

    return (await client.until("orchestrator/run/update", is_end))["detail"]


async def opened(client: LspClient) -> dict[str, Any]:
    return (await client.until("orchestrator/approval/changed"))["approval"]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.02)


async def test_a_run_writes_into_the_open_document(tmp_path: Path) -> None:
    async with editing(tmp_path, [done("It is done."), sums_up("All packed.")]) as (client, buffer):
        run_id = await start(client, buffer)
        assert (await ended(client, run_id))["state"] == "completed"
        assert buffer.text.count("[x]") == 4
        assert "> Result: All packed." in buffer.text
        got = await client.request("orchestrator/run/get", {"runId": run_id})
        assert got["run"]["state"] == "completed"
        assert {task["state"] for task in got["tasks"]} == {"completed"}
        pack = got["tasks"][0]["taskId"]
        nested = [(task["title"], task["parentId"]) for task in got["tasks"]]
        assert nested == [("Pack", None), ("Socks", pack), ("Shirts", pack), ("Leave", None)]
        listed = await client.request("orchestrator/run/list", {"uri": buffer.uri})
        assert [run["runId"] for run in listed["runs"]] == [run_id]


async def test_updates_follow_the_answer(tmp_path: Path) -> None:
    async with editing(tmp_path, [done()]) as (client, buffer):
        run_id = await start(client, buffer, "Leave")
        await ended(client, run_id)
        updates = [update for update in client.of("orchestrator/run/update") if update["runId"] == run_id]
        assert [update["seq"] for update in updates] == list(range(1, len(updates) + 1))
        states = [update for update in updates if update["kind"] == "attempt.state"]
        assert all(update["nodeId"] for update in states)


async def test_a_question_is_answered_from_the_inbox(tmp_path: Path) -> None:
    async with editing(tmp_path, [asks("Leave", "When?"), done("At noon.")]) as (client, buffer):
        run_id = await start(client, buffer, "Leave")
        approval = await opened(client)
        assert (approval["kind"], approval["title"], approval["task"]) == ("question", "When?", "Leave")
        await until(lambda: "[?] Leave" in buffer.text)
        listed = await client.request("orchestrator/approval/list", {})
        assert [(one["approvalId"], one["uri"]) for one in listed["approvals"]] == [
            (approval["approvalId"], buffer.uri)
        ]
        assert approval["uri"] == buffer.uri
        answer = {"approvalId": approval["approvalId"], "answer": "At noon"}
        await client.request("orchestrator/question/answer", answer)
        assert (await ended(client, run_id))["state"] == "completed"
        assert "[x] Leave" in buffer.text
        with pytest.raises(RpcError):
            await client.request("orchestrator/question/answer", answer)


async def test_it_is_stopped_and_resumed(tmp_path: Path) -> None:
    script = [does("Socks"), {**done(delay=0.3), "chunk": 2}]
    async with editing(tmp_path, script) as (client, buffer):
        run_id = await start(client, buffer, "Pack")
        await until(lambda: "[x] Socks" in buffer.text)
        await client.request("orchestrator/run/stop", {"runId": run_id})
        assert (await ended(client, run_id))["state"] == "cancelled"
        assert "[ ] Shirts" in buffer.text
        listed = await client.request("orchestrator/run/list", {})
        assert listed["runs"][0]["resumable"] is True
        given_up = await client.request("orchestrator/run/resume", {"runId": run_id, "giveUp": True})
        assert given_up["runId"] == run_id
        with pytest.raises(RpcError, match="cannot be resumed"):
            await client.request("orchestrator/run/resume", {"runId": run_id})


async def test_a_split_by_a_run_is_noticed_as_stale(tmp_path: Path) -> None:
    plan = {"ordered": False, "tasks": [{"title": "Shirts"}, {"title": "Boots"}, {"title": "Maps"}]}
    script = [
        does("Pack", status="failed", result="too much at once"),
        {"when": {"schema": "plan"}, "answer": plan},
        asks("Shirts", "Which?"),
        done(),
        sums_up(),
    ]

    async def codes(client: LspClient, buffer: Buffer) -> list[str]:
        answer = await client.request("textDocument/diagnostic", {"textDocument": {"uri": buffer.uri}})
        return [item["code"] for item in answer["items"]]

    async with serving(tmp_path, script=script) as client:
        await client.initialize({**EDITOR, "textDocument": {"diagnostic": {}}})
        buffer = await client.open("# Trip\n\n- [ ] Pack  [mode:: auto]\n")
        run_id = await start(client, buffer)
        approval = await opened(client)
        assert "- [ ] Boots" in buffer.text or "- [x] Boots" in buffer.text
        assert "stale-split" not in await codes(client, buffer)
        await buffer.type("Pack", "Pack lightly")
        async with asyncio.timeout(PATIENCE):
            while "stale-split" not in await codes(client, buffer):
                await asyncio.sleep(0.02)
        await client.request("orchestrator/approval/answer", {"approvalId": approval["approvalId"], "answer": "All."})
        await ended(client, run_id)


async def test_typing_meanwhile_is_kept(tmp_path: Path) -> None:
    async with editing(tmp_path, [done(delay=0.05), sums_up()]) as (client, buffer):
        run_id = await start(client, buffer)
        for number in range(10):
            await buffer.type("# Trip", f"# Trip {number}") if number == 0 else await buffer.type(
                f"# Trip {number - 1}", f"# Trip {number}"
            )
            await asyncio.sleep(0.05)
        await ended(client, run_id)
        assert buffer.text.startswith("# Trip 9\n")
        assert buffer.text.count("[x]") == 4


async def test_an_estimate_and_the_actions(tmp_path: Path) -> None:
    async with editing(tmp_path, [done(delay=0.3)]) as (client, buffer):
        estimate = await client.request("orchestrator/run/estimate", {"uri": buffer.uri})
        assert estimate["tasks"] == 4
        assert estimate["costUsd"] == [0.0, 0.0]
        lenses = await client.request("textDocument/codeLens", {"textDocument": {"uri": buffer.uri}})
        assert [lens["command"]["title"] for lens in lenses] == ["0/2 · Split", "Run", "Split", "Run"]
        command = lenses[3]["command"]
        run_id = (
            await client.request(
                "workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]}
            )
        )["runId"]
        await client.until("orchestrator/run/update")
        lenses = await client.request("textDocument/codeLens", {"textDocument": {"uri": buffer.uri}})
        assert [lens["command"]["title"] for lens in lenses][-1] == "Stop"
        await ended(client, run_id)


async def test_what_another_program_left_is_written_here(tmp_path: Path) -> None:
    """The command line runs a file that the editor has open: the editor's server writes it, the file stays."""
    file = tmp_path / "work" / "plan.tasks.md"
    file.parent.mkdir()
    text = "- [ ] Leave  ^aaaaa\n"
    file.write_text(text)
    folders = {f"ORCHESTRATOR_{name.upper()}_DIR": str(tmp_path / name) for name in ("config", "data", "cache")}
    scripted = {"ORCHESTRATOR_SCRIPTED__SCRIPT": str(tmp_path / "script.json")}
    async with serving(tmp_path, script=[done("Done elsewhere.", delay=1.0)]) as client:
        await client.initialize(EDITOR)
        await client.request("orchestrator/run/list", {})  # the store is there
        buffer = await client.open(text, file.as_uri())
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orchestrator", "run", str(file), "--model", "scripted/x", "--auto"),
            env={**os.environ, **folders, **scripted},
            cwd=file.parent,
        )
        assert await process.wait() == 0
        await until(lambda: "[x] Leave" in buffer.text)
        assert "> Result: Done elsewhere." in buffer.text
        assert file.read_text() == text


async def test_an_editor_without_trust_runs_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, script=[done()]) as client:
        await client.initialize(EDITOR, initializationOptions={"trusted": False})
        buffer = await client.open(TEXT)
        here = {"uri": buffer.uri, "position": buffer.at("Leave")}
        refused = {
            "run/start": here,
            "run/resume": {"runId": "run_1"},
            "split/start": here,
            "chat/send": {"conversationId": "conversation_1", "text": "Hello"},
            "chat/retry": {"conversationId": "conversation_1"},
            "chat/restart": {"conversationId": "conversation_1"},
            "playbook/save": {"uri": buffer.uri, "nodeId": "n1"},
        }
        for method, params in refused.items():
            with pytest.raises(RpcError, match="Trust the workspace"):
                await client.request(f"orchestrator/{method}", params)
        with pytest.raises(RpcError, match="Trust the workspace"):
            await client.request("orchestrator/trust/set", {"uri": buffer.uri, "trusted": True})
        assert not (await client.request("orchestrator/trust/get", {"uri": buffer.uri}))["editor"]
        assert (await client.request("orchestrator/run/estimate", {"uri": buffer.uri}))["tasks"] == 4


async def test_only_what_was_shown_is_allowed(tmp_path: Path) -> None:
    """The editor's own trust is no word of ours, and a word is for the very files that the window showed."""
    folder = tmp_path / "work"
    prompt = folder / ".orchestrator" / "prompts" / "execute.md"
    prompt.parent.mkdir(parents=True)
    (folder / ".orchestrator.toml").write_text("[run]\nconcurrency = 1  # \u202e\n")
    prompt.write_text("Do it.\n")
    async with serving(tmp_path, script=[]) as client:
        await client.initialize(EDITOR, initializationOptions={"trusted": True})
        buffer = await client.open(TEXT, (folder / "plan.tasks.md").as_uri())
        at = {"uri": buffer.uri}
        found = await client.request("orchestrator/trust/get", at)
        assert (found["folder"], found["trusted"], found["editor"]) == (str(folder), False, True)
        assert found["files"][0]["text"] == "[run]\nconcurrency = 1  # <U+202E>\n"
        shown = {file["path"]: file["sha256"] for file in found["files"]}
        assert list(shown) == [".orchestrator.toml", ".orchestrator/prompts/execute.md"]
        prompt.write_text("Do something else.\n")
        given = await client.request("orchestrator/trust/set", {**at, "trusted": True, "files": shown})
        assert given["trusted"]
        assert [file["allowed"] for file in given["files"]] == [True, False]
        gone = await client.request("orchestrator/trust/set", {**at, "trusted": False})
        assert (gone["trusted"], [file["allowed"] for file in gone["files"]]) == (False, [False, False])
