"""What was stored is what is read."""

from __future__ import annotations

import asyncio
import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import StoreError
from orchestrator.model.message import Role, Speaker
from orchestrator.model.run import (
    Attachment,
    Attempt,
    AttemptState,
    Conversation,
    ConversationKind,
    Ending,
    Event,
    Run,
    RunKind,
    RunState,
    Step,
    StepState,
    StoredMessage,
    ToolUse,
)
from orchestrator.model.usage import Usage
from orchestrator.store import Store
from tests.store.samples import a_message, a_run, a_step, an_attempt, begin_all, finished, opened, whole_step

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
times = st.floats(min_value=0, max_value=1e11)
maybe_times = st.none() | times
tokens = st.integers(min_value=0, max_value=2**40)
usages = st.builds(Usage, tokens, tokens, tokens, tokens, st.booleans())
costs = st.none() | st.decimals(min_value=0, max_value=1_000_000, places=9)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def records() -> st.SearchStrategy[tuple[Run, Attempt, Conversation, Step, StoredMessage]]:
    return st.tuples(
        st.builds(
            Run,
            run_id=st.just("run_1"),
            kind=st.sampled_from(RunKind),
            workspace=texts,
            uri=texts,
            task_id=st.none() | texts,
            task_title=texts,
            started=times,
            state=st.sampled_from(RunState),
            reason=texts,
            ended=maybe_times,
        ),
        st.builds(
            Attempt,
            attempt_id=st.just("attempt_1"),
            run_id=st.just("run_1"),
            conversation_id=st.just("conv_1"),
            task_id=st.none() | texts,
            task_title=texts,
            started=times,
            state=st.sampled_from(AttemptState),
            reason=texts,
            ended=maybe_times,
        ),
        st.builds(
            Conversation,
            conversation_id=st.just("conv_1"),
            workspace=texts,
            uri=texts,
            task_id=st.none() | texts,
            title=texts,
            started=times,
            kind=st.sampled_from(ConversationKind),
            head_id=st.none() | st.just("message_1"),
            named=st.booleans(),
            updated=times,
            model=texts,
            forked_from=st.none() | st.just("conv_0"),
            merged=texts,
        ),
        st.builds(
            Step,
            step_id=st.just("step_1"),
            attempt_id=st.just("attempt_1"),
            role=st.sampled_from(Role),
            provider=texts,
            model=texts,
            prompt=texts,
            prompt_version=st.just("0123456789ab"),
            started=times,
            state=st.sampled_from(StepState),
            raw_answer=texts,
            usage=usages,
            cost=costs,
            error=texts,
            repair=st.booleans(),
            ended=maybe_times,
        ),
        st.builds(
            StoredMessage,
            message_id=st.just("message_1"),
            conversation_id=st.just("conv_1"),
            speaker=st.sampled_from(Speaker),
            text=texts,
            created=times,
            step_id=st.none() | st.just("step_1"),
            parent_id=st.none() | st.just("message_0"),
            ending=st.sampled_from(Ending),
            reason=texts,
            depth=tokens,
            tokens=tokens,
            attached=st.lists(st.builds(Attachment, texts, texts), max_size=2).map(tuple),
            tools=st.lists(st.builds(ToolUse, texts, texts, texts, texts, st.booleans()), max_size=2).map(tuple),
            copied_from=st.none() | st.just("message_0"),
        ),
    )


@given(records(), st.dictionaries(texts, json_values, max_size=3))
def test_records_come_back(stored: tuple[Run, Attempt, Conversation, Step, StoredMessage], detail: dict) -> None:
    run, attempt, conversation, step, message = stored

    async def store_and_read() -> None:
        async with opened() as store:
            await store.begin_run(run)
            await store.begin_attempt(attempt, conversation)
            await store.begin_step(step, [message])
            event = await store.add_event("run_1", "run.started", detail, 7.0)
            assert await store.run("run_1") == run
            assert await store.runs() == [run]
            assert await store.attempts("run_1") == [attempt]
            assert await store.conversation("conv_1") == conversation
            assert await store.steps("attempt_1") == [step]
            assert await store.messages("conv_1") == [message]
            assert await store.events("run_1") == [event] == [Event("run_1", 1, "run.started", detail, 7.0)]

    asyncio.run(store_and_read())


@given(begun=records(), ended=records())
def test_end_of_step_comes_back(begun: tuple, ended: tuple) -> None:
    run, attempt, conversation, first, _ = begun
    _, _, _, last, message = ended

    async def store_and_read() -> None:
        async with opened() as store:
            await store.begin_run(run)
            await store.begin_attempt(attempt, conversation)
            await store.begin_step(first, [])
            await store.end_step(last, message)
            begun_as = {name: getattr(first, name) for name in ("role", "provider", "model", "prompt", "repair")}
            assert await store.steps("attempt_1") == [dataclasses.replace(last, **begun_as)]
            assert await store.messages("conv_1") == [message]

    asyncio.run(store_and_read())


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("cut \ud83d in half", "cut \ufffd in half"),
        ("two \ud83d\ude00 halves", "two \ufffd\ufffd halves"),
        ("a\0b", "a\ufffdb"),
        ("\udc80\0", "\ufffd\ufffd"),
        ("whole 😀, 家族 👨‍👩‍👧, e\u0301, \u202e, \x1b[31m", "whole 😀, 家族 👨‍👩‍👧, e\u0301, \u202e, \x1b[31m"),
    ],
)
async def test_text_that_sqlite_cannot_hold(text: str, stored: str) -> None:
    async with opened() as store:
        await store.begin_run(dataclasses.replace(a_run(), task_title=text, uri=text, task_id=text))
        attempt, conversation = an_attempt()
        await store.begin_attempt(attempt, dataclasses.replace(conversation, title=text))
        await store.begin_step(a_step(), [a_message(1, text)])
        await store.store_partial("step_1", text)
        assert await store.partial_answer("step_1") == stored
        await store.end_step(dataclasses.replace(finished(a_step(), text), error=text), None)
        await store.set_attempt("attempt_1", AttemptState.FAILED, text, 9.0)
        await store.keep_prompt("plan", "1", text, 1.0)
        event = await store.add_event("run_1", text, {"reason": text.replace("\0", "")}, 1.0)
        await store.end_run("run_1", RunState.FAILED, text, 9.0)

        run = await store.run("run_1")
        assert run is not None
        assert [run.task_title, run.uri, run.task_id, run.reason] == [stored] * 4
        assert [message.text for message in await store.messages("conv_1")] == [stored]
        assert [(step.raw_answer, step.error) for step in await store.steps("attempt_1")] == [(stored, stored)]
        assert [attempt.reason for attempt in await store.attempts("run_1")] == [stored]
        assert await store.prompt("plan", "1") == stored
        assert await store.events("run_1") == [event]


async def test_answer_of_ten_megabytes(tmp_path) -> None:
    answer = "0123456789 😀\n" * 600_000
    async with opened(tmp_path / "orchestrator.db") as store:
        await begin_all(store)
        await store.begin_step(a_step(), [])
        await store.store_partial("step_1", answer)
        await store.end_step(finished(a_step(), answer), a_message(1, answer, speaker=Speaker.ASSISTANT))
        [step] = await store.steps("attempt_1")
        [message] = await store.messages("conv_1")
        assert step.raw_answer == message.text == answer


@pytest.mark.parametrize(
    ("cost", "stored"),
    [
        (None, None),
        (Decimal(0), Decimal(0)),
        (Decimal("0.000000001"), Decimal("0.000000001")),
        (Decimal("0.0000000004"), Decimal(0)),
        (Decimal("0.0000000375") * 12345, Decimal("0.000462938")),
        (Decimal("9000000000.123456789"), Decimal("9000000000.123456789")),
    ],
)
async def test_cost_is_exact_to_a_billionth(cost: Decimal | None, stored: Decimal | None) -> None:
    async with opened() as store:
        await begin_all(store)
        await store.begin_step(dataclasses.replace(a_step(), cost=cost), [])
        [step] = await store.steps("attempt_1")
        assert step.cost == stored


@pytest.mark.parametrize("cost", [Decimal("NaN"), Decimal("Infinity"), Decimal("1e12")])
async def test_cost_that_is_no_amount_is_refused(cost: Decimal) -> None:
    async with opened() as store:
        await begin_all(store)
        with pytest.raises(StoreError):
            await store.begin_step(dataclasses.replace(a_step(), cost=cost), [])
        assert await store.steps("attempt_1") == []


async def test_messages_keep_their_order_though_their_times_are_equal() -> None:
    async with opened() as store:
        await begin_all(store)
        await store.begin_step(a_step(1), [a_message(n, str(n), step=1) for n in (3, 1, 2)])
        await store.end_step(finished(a_step(1)), a_message(0, "0", speaker=Speaker.ASSISTANT, step=1))
        await store.begin_step(a_step(2), [a_message(9, "9", step=2)])
        assert [message.text for message in await store.messages("conv_1")] == ["3", "1", "2", "0", "9"]
        assert [step.step_id for step in await store.steps("attempt_1")] == ["step_1", "step_2"]


async def test_request_is_stored_whole_or_not_at_all() -> None:
    async with opened() as store:
        await begin_all(store)
        with pytest.raises(StoreError, match="messages"):
            await store.begin_step(a_step(), [a_message(1, "once"), a_message(1, "twice")])
        assert await store.steps("attempt_1") == []
        assert await store.messages("conv_1") == []


async def test_attempt_and_conversation_are_stored_together() -> None:
    async with opened() as store:
        await store.begin_run(a_run())
        with pytest.raises(StoreError, match="FOREIGN KEY"):
            await store.begin_attempt(*an_attempt(run_id="run_of_nobody"))
        assert await store.conversation("conv_1") is None


async def test_unknown_records_are_refused() -> None:
    async with opened() as store:
        await begin_all(store)
        for call in (
            store.end_run("run_x", RunState.FAILED, "", 1.0),
            store.set_attempt("attempt_x", AttemptState.FAILED),
            store.set_task_id("attempt_x", "abcde"),
            store.end_step(finished(a_step(7)), None),
            store.store_partial("step_x", "text"),
            store.add_event("run_x", "run.started", {}, 1.0),
            store.begin_step(a_step(1, attempt=7), []),
        ):
            with pytest.raises(StoreError) as caught:
                await call
            assert caught.value.hint


async def test_reading_what_is_not_there() -> None:
    async with opened() as store:
        assert await store.run("run_x") is None
        assert await store.runs() == []
        assert await store.attempts("run_x") == await store.steps("attempt_x") == []
        assert await store.messages("conv_x") == await store.events("run_x") == []
        assert await store.partial_answer("step_x") == ""
        assert await store.prompt("plan", "1") is None


async def test_partial_text_after_the_end_is_dropped() -> None:
    async with opened() as store:
        await begin_all(store)
        await store.begin_step(a_step(), [])
        await store.store_partial("step_1", "an ans")
        assert await store.partial_answer("step_1") == "an ans"
        await store.end_step(finished(a_step()), None)
        assert await store.partial_answer("step_1") == ""
        await store.store_partial("step_1", "an answ")
        assert await store.partial_answer("step_1") == ""


async def test_partial_text_of_a_cut_call_is_kept() -> None:
    async with opened() as store:
        await begin_all(store)
        await store.begin_step(a_step(), [])
        await store.store_partial("step_1", "1. Write the f")
        cut = dataclasses.replace(a_step(), state=StepState.FAILED, error="the connection broke", ended=5.0)
        await store.end_step(cut, None)
        assert await store.partial_answer("step_1") == "1. Write the f"


async def test_task_id_reaches_the_run_from_its_first_attempt_only() -> None:
    async with opened() as store:
        await begin_all(store)
        await store.begin_attempt(*an_attempt(2))
        await store.set_task_id("attempt_2", "child")
        run = await store.run("run_1")
        assert run is not None
        assert run.task_id is None
        await store.set_task_id("attempt_1", "b7c2d")
        run = await store.run("run_1")
        assert run is not None
        assert run.task_id == "b7c2d"
        assert [attempt.task_id for attempt in await store.attempts("run_1")] == ["b7c2d", "child"]
        for number, task_id in ((1, "b7c2d"), (2, "child")):
            conversation = await store.conversation(f"conv_{number}")
            assert conversation is not None
            assert conversation.task_id == task_id


async def test_events_are_numbered_from_one_in_each_run() -> None:
    async with opened() as store:
        for run_id in ("run_1", "run_2"):
            await store.begin_run(a_run(run_id))
        added = await asyncio.gather(
            *(store.add_event(f"run_{1 + n % 2}", "attempt.state", {"n": n}, 1.0) for n in range(40))
        )
        for run_id in ("run_1", "run_2"):
            events = await store.events(run_id)
            assert [event.seq for event in events] == list(range(1, 21))
            assert sorted((e for e in added if e.run_id == run_id), key=lambda e: e.seq) == events
            assert await store.events(run_id, after=18) == events[18:]
            assert await store.events(run_id, after=20) == []


@pytest.mark.parametrize("detail", [{"a": {1, 2}}, {"a": float("nan")}, {"a": b"bytes"}])
async def test_detail_that_is_no_json_is_refused(detail: dict) -> None:
    async with opened() as store:
        await begin_all(store)
        with pytest.raises(StoreError):
            await store.add_event("run_1", "attempt.state", detail, 1.0)
        assert await store.events("run_1") == []


async def test_detail_is_read_when_the_event_is_added() -> None:
    async with opened() as store:
        await begin_all(store)
        detail = {"state": "deciding"}
        adding = asyncio.ensure_future(store.add_event("run_1", "attempt.state", detail, 1.0))
        await asyncio.sleep(0)
        detail["state"] = "planning"
        assert (await adding).detail == {"state": "deciding"}


async def test_prompt_version_never_changes() -> None:
    async with opened() as store:
        await store.keep_prompt("plan", "0123456789ab", "the text", 1.0)
        await store.keep_prompt("plan", "0123456789ab", "another text", 2.0)
        await store.keep_prompt("plan", "ba9876543210", "a later text", 3.0)
        assert await store.prompt("plan", "0123456789ab") == "the text"
        assert await store.prompt("plan", "ba9876543210") == "a later text"


async def test_runs_come_newest_first_by_workspace() -> None:
    async with opened() as store:
        for n in range(60):
            await store.begin_run(a_run(f"run_{n:02}", workspace=f"/w{n % 2}", started=float(n)))
        assert [run.run_id for run in await store.runs(limit=3)] == ["run_59", "run_58", "run_57"]
        assert len(await store.runs()) == 50
        of_one = await store.runs(workspace="/w0", limit=100)
        assert [run.run_id for run in of_one] == [f"run_{n:02}" for n in range(58, -1, -2)]
        assert await store.runs(workspace="/elsewhere") == []


async def test_records_are_there_after_reopening(tmp_path) -> None:
    path = tmp_path / "orchestrator.db"
    async with opened(path) as store:
        await begin_all(store)
        await whole_step(store, 1)
        await store.end_run("run_1", RunState.COMPLETED, "", 9.0)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["orchestrator.db"]
    async with opened(path) as store:
        run = await store.run("run_1")
        assert run is not None
        assert (run.state, run.ended) == (RunState.COMPLETED, 9.0)
        assert [message.text for message in await store.messages("conv_1")] == ["question 1", "answer 1"]


async def test_closed_store_says_so(tmp_path) -> None:
    store = await Store.open(tmp_path / "orchestrator.db")
    await store.aclose()
    await store.aclose()
    with pytest.raises(StoreError, match="closed"):
        await store.begin_run(a_run())
    with pytest.raises(StoreError, match="closed"):
        await store.runs()
