"""Fixtures of the store's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.store import connection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "orchestrator.db"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up on a lock at once: how long it waits is SQLite's affair, not this test's."""
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.05)
