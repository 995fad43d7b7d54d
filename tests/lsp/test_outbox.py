"""Noticing what other programs leave in the store."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from orchestrator.engine.marks import change_of
from orchestrator.lsp import outbox as outbox_module
from orchestrator.model.run import Attempt, Conversation, OutboxEntry, Run, RunKind, RunState
from orchestrator.outline.outcome import Outcome
from orchestrator.store.store import Store
from tests.lsp.in_process import URI, make_server, open_document
from tests.support.patience import PATIENCE


async def until(true) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.005)


async def test_an_idle_store_is_not_asked(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(outbox_module, "LOOK_SECONDS", 0.005)
    server, _ = make_server(tmp_path, apply_edit=True)
    open_document(server, "- [ ] a  ^aaaaa\n")
    server.outbox.begin()
    server.outbox.begin()
    await asyncio.sleep(0.1)
    assert server.outbox.asked == 0, "there is no store yet"
    assert server.running_session is None
    store = await Store.open(tmp_path / "data" / "orchestrator.db")
    await until(lambda: server.outbox.asked)
    async with asyncio.timeout(PATIENCE):
        asked = -1
        while server.outbox.asked != asked:  # 40 looks without a question
            asked = server.outbox.asked
            await asyncio.sleep(0.2)
    assert await store.held_elsewhere("file:///w/plan.tasks.md", time.time()) is False, "this process holds it"
    await store.aclose()
    await server.aclose()


async def test_of_two_windows_the_one_that_runs_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "LOOK_SECONDS", 0.005)
    server, sent = make_server(tmp_path, apply_edit=True)
    open_document(server, "- [ ] a  ^aaaaa\n")
    other = await Store.open(tmp_path / "data" / "orchestrator.db")
    monkeypatch.setattr(other, "_owner", "another window")
    attempt = Attempt("attempt_1", "run_1", "conv_1", "aaaaa", "a", 1000.0)
    await other.begin_run(Run("run_1", RunKind.BRANCH, "/w", URI, "aaaaa", "a", time.time()))
    await other.begin_attempt(attempt, Conversation("conv_1", "/w", URI, "aaaaa", "a", 1000.0))
    change = change_of("", Outcome("x"), " ")
    await other.add_outbox(OutboxEntry("entry_1", "run_1", "attempt_1", URI, "aaaaa", change, 1001.0))
    await other.hold([URI], time.time())
    session = await server.session()
    server.outbox.begin()
    await until(lambda: server.outbox.asked > 1)
    assert await (await session.store()).outlines_of_runs_elsewhere() == [URI]
    await asyncio.sleep(0.1)
    assert sent.of("workspace/applyEdit") == []
    await other.end_run("run_1", RunState.COMPLETED, "", 1002.0)
    await until(lambda: sent.of("workspace/applyEdit"))
    await other.aclose()
    await server.aclose()
