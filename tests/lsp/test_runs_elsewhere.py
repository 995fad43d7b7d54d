"""What another program runs, told to a client that shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.model.run import Run, RunKind, RunState
from orchestrator.store.store import Store
from tests.lsp.in_process import URI, Sent, make_server, open_document

RUN = Run("run_1", RunKind.BRANCH, "/w", URI, "aaaaa", "Pack", 1000.0)


async def state(store: Store, task_id: str, word: str) -> None:
    await store.add_event(RUN.run_id, "attempt.state", {"taskId": task_id, "state": word}, 1001.0)


def heard(sent: Sent) -> list[tuple[Any, ...]]:
    told = sent.of("orchestrator/run/update")
    sent.messages.clear()
    return [(one["kind"], one["detail"].get("taskId"), one["detail"].get("state")) for one in told]


async def test_a_run_of_another_program_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, sent = make_server(tmp_path, elsewhere=True)
    open_document(server, "- [ ] Pack  ^aaaaa\n  - [ ] Socks  ^bbbbb\n")
    await (await server.session()).store()
    other = await Store.open(tmp_path / "data" / "orchestrator.db")
    monkeypatch.setattr(other, "_owner", "another program")
    await other.begin_run(RUN)
    await other.add_event(RUN.run_id, "run.started", {"tasks": 2}, 1000.0)
    await state(other, "bbbbb", "deciding")
    await state(other, "bbbbb", "executing")
    await server.runs_elsewhere.load()
    (node,) = [one["nodeId"] for one in sent.of("orchestrator/run/update") if one["kind"] == "attempt.state"]
    assert server.documents.snapshot(URI).node(node).title == "Socks"
    assert heard(sent) == [("run.started", None, None), ("attempt.state", "bbbbb", "executing")], "how it stands"
    await server.runs_elsewhere.load()
    assert heard(sent) == []
    await state(other, "bbbbb", "verifying")
    await state(other, "bbbbb", "completed")
    await server.runs_elsewhere.load()
    assert heard(sent) == [("attempt.state", "bbbbb", "verifying"), ("attempt.state", "bbbbb", "completed")]
    await other.end_run(RUN.run_id, RunState.PAUSED, "the program ended", 1002.0)
    await server.runs_elsewhere.load()
    assert heard(sent) == [("run.ended", None, "paused")], "also where nobody was left to store it"
    await server.runs_elsewhere.load()
    assert heard(sent) == []
    await other.aclose()
    await server.aclose()


async def test_runs_of_this_program_are_not_told_twice(tmp_path: Path) -> None:
    server, sent = make_server(tmp_path, elsewhere=True)
    store = await (await server.session()).store()
    await store.begin_run(RUN)
    await state(store, "bbbbb", "executing")
    await server.runs_elsewhere.load()
    assert heard(sent) == []
    await server.aclose()


async def test_a_client_that_does_not_show_them_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, sent = make_server(tmp_path)
    store = await (await server.session()).store()
    await store.begin_run(RUN)
    await state(store, "bbbbb", "executing")
    monkeypatch.setattr(store, "_owner", "another program")
    await server.runs_elsewhere.load()
    assert heard(sent) == []
    await server.aclose()
