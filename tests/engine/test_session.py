"""A session that is closed while its store is just being opened."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from orchestrator.config import Directories, Settings
from orchestrator.engine.session import Session
from orchestrator.errors import StoreError
from orchestrator.providers.keys import Keys
from orchestrator.store.store import Store


async def test_a_store_that_is_just_being_opened_is_closed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked for it hears that it is closed; one server that was left in that moment logged a traceback."""
    opened, go_on = asyncio.Event(), asyncio.Event()
    reconcile = Store.reconcile

    async def slow(store: Store, now: float) -> int:
        opened.set()
        await go_on.wait()
        return await reconcile(store, now)

    monkeypatch.setattr(Store, "reconcile", slow)
    directories = Directories(tmp_path / "config", tmp_path / "data", tmp_path / "cache")
    session = Session(Settings(), directories, Keys.load(directories.config, {}))
    asked = asyncio.create_task(session.store())
    await opened.wait()
    closing = asyncio.create_task(session.aclose())
    await asyncio.sleep(0)
    go_on.set()
    await closing
    store = await asked
    with pytest.raises(StoreError):
        await store.runs()
