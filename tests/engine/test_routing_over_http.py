"""Fallbacks, waits and closed gates in whole runs: the real SDKs, over real HTTP, against servers that misbehave."""

from __future__ import annotations

import asyncio
import importlib
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine import gates
from orchestrator.errors import ProviderError
from orchestrator.model.run import RunState, StepState
from tests.support.fault_server import Answer, Behaviour, Cut, FaultServer, Page, Silence, Status
from tests.support.vendors import ANTHROPIC, BOTH, KEYS, OPENAI, HttpBranch, structured, work

both = pytest.mark.parametrize("model", BOTH)
TASK = "- [ ] a\n"
PATIENT: dict[str, Any] = {"concurrency": 8, "retries": 0, "timeout": 20.0}
QUICK: dict[str, Any] = {**PATIENT, "timeout": 0.4}
"""For what never answers."""


def calls_for(behaviour: Behaviour) -> dict[str, Any]:
    return QUICK if isinstance(behaviour, Silence) or getattr(behaviour, "stall", False) else PATIENT


@pytest.fixture(autouse=True, scope="module")
def sdks() -> None:
    """Imported before anything is timed: on a busy machine that alone takes seconds."""
    importlib.import_module("anthropic")
    importlib.import_module("openai")


@pytest.mark.parametrize(
    "behaviour",
    [
        Status(529),
        Status(503),
        Status(429, retry_after="3600"),
        Status(401),
        Status(402),
        Status(404, "model: gone"),
        Page(),
        Silence(),
        Answer(cut=Cut.BEFORE_HEADERS),
        work(cut=Cut.MID_STREAM),
        work(stall=True),
    ],
    ids=str,
)
@pytest.mark.parametrize("first", BOTH)
async def test_the_next_model_of_the_list_stands_in(behaviour: Behaviour, first: str, tmp_path: Path):
    second = OPENAI if first is ANTHROPIC else ANTHROPIC
    async with FaultServer() as bad, FaultServer() as good:
        bad.always(behaviour)
        good.always(work())
        servers = {first.partition("/")[0]: bad, second.partition("/")[0]: good}
        async with HttpBranch(tmp_path, TASK, servers, models=(first, second), calls=calls_for(behaviour)) as branch:
            view = await branch.run()
            store = await branch.session.store()
            steps = [step for _, step in await store.spent(view.run_id)]
    assert (view.state, view.done) == (RunState.COMPLETED, 1)
    assert [(step.provider, step.state) for step in steps] == [
        (first.partition("/")[0], StepState.FAILED),
        (second.partition("/")[0], StepState.COMPLETED),
    ]
    assert any(f"{first} did not answer" in note for note in branch.notes)


async def test_what_is_down_is_skipped(tmp_path: Path):
    """Nobody listens at the first address: one task finds out, and no other one waits for it."""
    text = "1. [ ] a\n2. [ ] b\n3. [ ] c\n"
    async with FaultServer() as good:
        good.always(work())
        nobody = {"baseUrl": "http://127.0.0.1:1"}
        async with HttpBranch(tmp_path, text, {"openai": good}, models=BOTH, anthropic=nobody) as branch:
            branch.session.trust.consent(tmp_path, "anthropic", "127.0.0.1:1")
            view = await branch.run()
    assert view.done == 3
    assert len(good.calls) == 3
    assert sum("did not answer" in note for note in branch.notes) == 1


@both
async def test_a_run_pauses_when_no_model_is_left_and_goes_on_later(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Its tasks are not called failed for that, but for the one that found out."""
    monkeypatch.setattr(gates, "FIRST_CLOSED", 0.2)
    text = "".join(f"{number}. [ ] task {number}\n" for number in range(1, 4)) + "\n"
    text += "".join(f"- [ ] more {number}\n" for number in range(20))
    async with FaultServer() as server:
        server.then(Status(503), Status(503)).always(work())
        async with HttpBranch(tmp_path, text, server, models=(model,), run={"concurrency": 1}) as branch:
            view = await branch.run()
            assert view.state is RunState.PAUSED
            assert (view.failed, len(server.calls)) == (1, 2)
            await asyncio.sleep(0.25)
            view = await (await branch.resume(view.run_id)).ended()
    assert view.failed == 1
    assert view.done >= 20


@both
async def test_a_wait_that_is_asked_for_is_kept_by_all_runs(model: str, tmp_path: Path):
    wait = 0.5
    arrived: list[float] = []
    calls = {"concurrency": 2, "retries": 2, "timeout": 5.0}
    async with (
        FaultServer() as server,
        HttpBranch(tmp_path, "- [ ] a\n- [ ] b\n", server, models=(model,), calls=calls) as branch,
    ):
        server.then(Status(429, retry_after=str(wait))).always(work())
        first = await branch.start("a")
        await server.until(lambda: bool(server.calls and server.calls[0].finished))
        throttled = time.monotonic()
        while not branch.notes:
            await asyncio.sleep(0.005)
        second = await branch.start("b")
        await server.until(lambda: len(server.calls) >= 2)
        arrived.append(time.monotonic() - throttled)
        views = [await first.ended(), await second.ended()]
    assert [view.done for view in views] == [1, 1]
    assert arrived[0] >= wait * 0.8
    assert any("Trying again in 1 s" in note for note in branch.notes)
    assert len(server.calls) == 3


@both
@pytest.mark.parametrize("broken", [work(cut=Cut.MID_STREAM), work(cut=Cut.BEFORE_FINISH), work(stall=True)], ids=str)
async def test_an_answer_that_breaks_off_is_asked_for_again(broken: Behaviour, model: str, tmp_path: Path):
    """And the task is not split because of it."""
    calls = {**calls_for(broken), "retries": 1}
    async with FaultServer() as server, HttpBranch(tmp_path, TASK, server, models=(model,), calls=calls) as branch:
        server.then(broken, work())
        view = await branch.run()
    assert view.done == 1
    assert server.calls[0].json == server.calls[1].json
    assert any("Asking again" in note for note in branch.notes)


@both
async def test_a_plan_is_made_by_the_model_that_answers(model: str, tmp_path: Path):
    """Also inside a run, whose task fails and is split."""
    other = OPENAI if model is ANTHROPIC else ANTHROPIC
    plan = {
        "ordered": False,
        "tasks": [
            {"title": f"Part {word}", "description": "", "acceptance": "", "dependsOn": []} for word in ("one", "two")
        ],
    }
    async with FaultServer() as bad, FaultServer() as good:
        bad.then(work(says={"status": "failed", "result": "too much at once"}), Status(503)).always(work())
        good.then(structured(plan)).always(work())
        servers = {model.partition("/")[0]: bad, other.partition("/")[0]: good}
        async with HttpBranch(tmp_path, TASK, servers, models=(model, other)) as branch:
            view = await branch.run()
    assert view.done == 3
    assert [branch.mark(title) for title in ("Part one", "Part two", "a")] == ["x"] * 3


async def test_what_another_model_answered_is_not_asked_again(tmp_path: Path):
    """The first model is back when the run is resumed; what the second one said in its place still counts."""
    text = "- [ ] a\n  Accept: it is good\n"
    async with FaultServer() as first, FaultServer() as second:
        first.then(Status(401), Status(401)).always(work())
        second.then(work(), work(stall=True))
        servers = {"anthropic": first, "openai": second}
        async with HttpBranch(tmp_path, text, servers, models=BOTH) as branch:
            run = await branch.start()
            await second.until(lambda: len(second.calls) == 2)
            run.stop()
            stopped = await run.ended()
            verdict = {"criteria": [{"criterion": "it is good", "met": True, "evidence": "It is done."}]}
            first.always(structured(verdict))
            view = await (await branch.resume(stopped.run_id)).ended()
    assert view.done == 1
    assert len(second.calls) == 2
    assert len(first.calls) == 3, "two refused, then the verification alone"


@both
async def test_the_last_failure_is_told(model: str, tmp_path: Path):
    async with FaultServer() as server, HttpBranch(tmp_path, TASK, server, models=(model,)) as branch:
        server.always(Status(401, "bad key"))
        run = await branch.start()
        view = await run.ended()
    assert view.state is RunState.PAUSED
    assert isinstance(run.failure, ProviderError)
    assert "refused the key" in view.reason
    assert branch.mark("a") == " "


@both
async def test_a_key_that_comes_back_reaches_neither_text_nor_store(model: str, tmp_path: Path):
    """In an error, and in an answer: a server that echoes what it was sent."""
    key = KEYS[f"{model.partition('/')[0].upper()}_API_KEY"]
    async with FaultServer() as server:
        server.then(Status(401, echo_key=True))
        server.always(work(f"The key is {key}, by the way."))
        async with HttpBranch(tmp_path, TASK, server, models=(model,), calls={**QUICK, "timeout": 5.0}) as branch:
            first = await branch.run()
            assert first.state is RunState.PAUSED
            view = await (await branch.resume(first.run_id)).ended()
            assert view.done == 1
            said = [branch.text, str(branch.events), str(branch.notes)]
        assert {call.key for call in server.calls} == {key}
    files = [
        file for folder in ("data", "config", "cache") for file in (tmp_path / folder).rglob("*") if file.is_file()
    ]
    assert any(file.suffix == ".db" for file in files)
    assert not [text for text in said if key in text]
    assert not [file.name for file in files if key.encode() in file.read_bytes()]
