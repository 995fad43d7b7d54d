"""Noticing what other programs leave in the store."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from orchestrator.lsp import outbox as outbox_module
from orchestrator.store.store import Store
from tests.lsp.in_process import make_server, open_document
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
