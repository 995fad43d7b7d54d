"""What running branches ask of the store."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from orchestrator.model.run import (
    Approval,
    AttemptState,
    OutboxEntry,
    OutboxState,
    Run,
    RunKind,
    RunState,
    StepState,
)
from orchestrator.store import Store, leases
from tests.store.samples import a_message, a_run, a_step, an_attempt, finished, opened

NOW = 5000.0


def a_branch(run_id: str = "run_1") -> Run:
    return dataclasses.replace(a_run(run_id), kind=RunKind.BRANCH, request={"auto": True})


def an_approval(number: int = 1) -> Approval:
    detail = {"choices": ["no", "yes"]}
    return Approval(f"approval_{number}", "run_1", "attempt_1", "question", "Which one?", detail, NOW + number)


def an_entry(number: int = 1, uri: str = "file:///a.tasks.md") -> OutboxEntry:
    change = {"mark": "x", "result": f"result {number}"}
    return OutboxEntry(f"entry_{number}", "run_1", "attempt_1", uri, "b7c2d", change, NOW + number)


async def begin(store: Store) -> None:
    await store.begin_run(a_branch())
    attempt, conversation = an_attempt()
    told = [("task.started", {"taskId": "b7c2d"})]
    events = await store.begin_task(dataclasses.replace(attempt, brief='{"title":"t"}'), conversation, told)
    assert [(event.seq, event.kind, event.detail) for event in events] == [(1, "task.started", {"taskId": "b7c2d"})]


@pytest.fixture
async def store() -> Store:
    return await Store.open(None)


async def test_an_attempt_moves_with_its_events_and_its_outbox(store: Store) -> None:
    await begin(store)
    (attempt,) = await store.live_attempts("run_1")
    assert attempt.brief == '{"title":"t"}'
    done = dataclasses.replace(attempt, state=AttemptState.COMPLETED, ended=NOW, result="short", answer="long")
    events = await store.move(done, [("attempt.state", {"state": "completed"})], an_entry(), NOW)
    assert [event.seq for event in events] == [2]
    assert await store.attempts("run_1") == [done]
    assert await store.live_attempts("run_1") == []
    assert await store.outbox("file:///a.tasks.md") == [an_entry()]


async def test_a_finished_call_is_found_by_its_request(store: Store) -> None:
    await begin(store)
    for number in (1, 2, 3):
        step = dataclasses.replace(a_step(number), request_hash="hash")
        await store.begin_step(step, [a_message(f"q{number}", "question")])
        ended = finished(step) if number != 2 else dataclasses.replace(step, state=StepState.FAILED, ended=NOW)
        await store.end_step(dataclasses.replace(ended, finish='{"reason":"end"}'), answer(number))
    first = await store.finished_call("attempt_1", "hash", 0)
    second = await store.finished_call("attempt_1", "hash", 1)
    assert first is not None
    assert second is not None
    assert (first[0].step_id, first[1], first[0].finish) == ("step_1", "answer 1", '{"reason":"end"}')
    assert (second[0].step_id, second[1]) == ("step_3", "answer 3")
    assert await store.finished_call("attempt_1", "hash", 2) is None
    assert await store.finished_call("attempt_1", "other", 0) is None
    assert len(await store.spent("run_1")) == 3


def answer(number: int):
    from orchestrator.model.message import Speaker

    return a_message(f"a{number}", f"answer {number}", speaker=Speaker.ASSISTANT, step=number)


async def test_effects_are_found_in_their_order(store: Store) -> None:
    await begin(store)
    await store.add_effect("attempt_1", "read", "hash", '"one"', NOW)
    await store.add_effect("attempt_1", "read", "hash", '"two"', NOW)
    assert [await store.effect("attempt_1", "read", "hash", n) for n in range(3)] == ['"one"', '"two"', None]
    assert await store.effect("attempt_1", "write", "hash", 0) is None


async def test_an_approval_is_answered_once(store: Store) -> None:
    await begin(store)
    await store.add_approval(an_approval(1), [("approval.opened", {})])
    await store.add_approval(an_approval(2))
    assert [one.approval_id for one in await store.approvals()] == ["approval_1", "approval_2"]
    assert await store.approvals(workspace="/elsewhere") == []
    assert len(await store.approvals(workspace="/projects/site", run_id="run_1")) == 2
    answers = await asyncio.gather(*(store.answer_approval("approval_1", word, NOW) for word in ("yes", "no")))
    assert [one.answer for one in answers if one] == ["yes"]
    await store.withdraw_approvals("attempt_1", NOW)
    assert await store.approvals() == []
    assert [one.state for one in await store.approvals_of("attempt_1")] == ["answered", "withdrawn"]


async def test_the_outbox_keeps_its_order_and_knows_what_was_written(store: Store) -> None:
    await begin(store)
    for number in (1, 2, 3):
        await store.add_outbox(an_entry(number))
    await store.add_outbox(an_entry(4, "file:///b.tasks.md"))
    waiting = await store.outbox("file:///a.tasks.md")
    assert [entry.entry_id for entry in waiting] == ["entry_1", "entry_2", "entry_3"]
    written = [dataclasses.replace(entry, state=OutboxState.WRITTEN, closed=NOW) for entry in waiting[:2]]
    refused = dataclasses.replace(waiting[2], state=OutboxState.REFUSED, reason="gone", closed=NOW)
    assert await store.last_result("file:///a.tasks.md", "b7c2d") == ""
    await store.close_outbox([*written, refused])
    assert await store.outbox("file:///a.tasks.md") == []
    assert await store.last_result("file:///a.tasks.md", "b7c2d") in {"result 1", "result 2"}


async def test_one_of_two_gets_the_run(tmp_path: Path) -> None:
    path = tmp_path / "data" / "orchestrator.db"
    async with opened(path) as one, opened(path) as two:
        await begin(one)
        assert await one.claim("run_1", NOW) is None, "it is running"
        await one.end_run("run_1", RunState.PAUSED, "a question", NOW)
        claimed = await asyncio.gather(one.claim("run_1", NOW), two.claim("run_1", NOW))
        (run,) = [run for run in claimed if run]
        assert (run.state, run.reason, run.ended, run.request) == (RunState.RUNNING, "", None, {"auto": True})


async def test_a_branch_without_its_program_can_be_resumed(tmp_path: Path) -> None:
    path = tmp_path / "data" / "orchestrator.db"
    async with opened(path) as store:
        await begin(store)
        await store.begin_step(a_step(), [])
        await store._writing.execute("UPDATE runs SET heartbeat = 1.0")
        assert await store.reconcile(NOW) == 1
        run = await store.run("run_1")
        assert run is not None
        assert (run.state, run.reason) == (RunState.PAUSED, "the program ended while this ran")
        assert [attempt.state for attempt in await store.live_attempts("run_1")] == ["pending"]
        assert [step.state for step in await store.steps("attempt_1")] == ["failed"]
        assert await store.reconcile(NOW) == 0
        await store.add_approval(an_approval())
        assert await store.mark_failed("run_1", "user", NOW)
        assert not await store.mark_failed("run_1", "user", NOW)
        assert await store.live_attempts("run_1") == []
        assert await store.approvals() == []
        assert [event.kind for event in await store.events("run_1")][-1] == "run.ended"


async def test_a_file_is_held_while_its_holder_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data" / "orchestrator.db"
    async with opened(path) as one:
        monkeypatch.setattr(leases, "_TOKEN", "another")
        async with opened(path) as two:
            monkeypatch.setattr(leases, "_process_is_gone", lambda owner: False)
            await one.hold(["file:///a", "file:///b"], NOW)
            assert await two.held_elsewhere("file:///a", NOW)
            assert not await one.held_elsewhere("file:///a", NOW)
            assert not await two.held_elsewhere("file:///a", NOW + leases.LEASE_SECONDS + 1)
            await one.hold(["file:///b"], NOW)
            assert not await two.held_elsewhere("file:///a", NOW)
            await two.hold([], NOW + leases.LEASE_SECONDS + 1)
            assert (await two.size()).rows["holders"] == 0
