"""Tasks with tools in an editor: an edit that is read and approved in the inbox, and findings as diagnostics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.e2e.test_run_over_lsp import EDITOR, ended, opened, start
from tests.support.hands import finish, use
from tests.support.lsp_client import Buffer, LspClient, serving

TEXT = "# Work\n\n- [ ] Fix it  [executor:: code]  [mode:: auto]\n- [ ] Look  [executor:: review]  [mode:: auto]\n"
FIX = ("change_file", {"path": "app.py", "old": "wrong", "new": "right"})
FOUND = {"path": "app.py", "line": 1, "severity": "warning", "message": "It is odd."}


@asynccontextmanager
async def working(home: Path, *script: Any) -> AsyncIterator[tuple[LspClient, Buffer, Path]]:
    """An outline in a folder of its own, beside a program."""
    folder = home / "work"
    folder.mkdir()
    app = folder / "app.py"
    app.write_text("x = 'wrong'\n")
    async with serving(home, script=list(script)) as client:
        await client.initialize(EDITOR)
        yield client, await client.open(TEXT, (folder / "plan.tasks.md").as_uri()), app


async def test_an_edit_is_approved_in_the_inbox(tmp_path: Path) -> None:
    async with working(tmp_path, use(FIX, finish("Fixed."))) as (client, buffer, app):
        run_id = await start(client, buffer, "Fix it")
        approval = await opened(client)
        assert approval["kind"] == "edit"
        assert approval["choices"] == ["Refuse", "Allow", "Allow for this run"]
        assert "-x = 'wrong'\n+x = 'right'" in approval["detail"]["text"]
        assert "changes" not in approval["detail"]
        assert app.read_text() == "x = 'wrong'\n"
        found = await client.request("orchestrator/approval/files", {"approvalId": approval["approvalId"]})
        assert found["files"] == [{"path": "app.py", "before": "x = 'wrong'\n", "after": "x = 'right'\n"}]
        answer = {"approvalId": approval["approvalId"], "answer": "Allow"}
        await client.request("orchestrator/question/answer", answer)
        assert (await ended(client, run_id))["state"] == "completed"
        assert app.read_text() == "x = 'right'\n"
        assert "[x] Fix it" in buffer.text


async def test_findings_of_a_review_are_diagnostics_of_the_file(tmp_path: Path) -> None:
    async with working(tmp_path, use(finish("One fault.", findings=[FOUND]))) as (client, buffer, app):
        run_id = await start(client, buffer, "Look")

        told = await client.until("textDocument/publishDiagnostics", lambda told: told["uri"].endswith("/app.py"))
        (shown,) = told["diagnostics"]
        assert told["uri"] == app.as_uri()
        assert (shown["message"], shown["source"]) == ("It is odd.", "orchestrator review")
        assert shown["range"] == {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 11}}
        assert (await ended(client, run_id))["state"] == "completed"
