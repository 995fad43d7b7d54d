"""Conversations with a person: a tree of messages, one turn at a time, pages."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from orchestrator.errors import StoreError
from orchestrator.model.message import Role, Speaker
from orchestrator.model.run import (
    Attempt,
    AttemptState,
    Conversation,
    ConversationKind,
    Ending,
    Run,
    RunKind,
    RunState,
    Step,
    StepState,
    StoredMessage,
)
from orchestrator.store import Store
from tests.store.samples import REPOSITORY, begin_all, opened, other_program, whole_step

URI = "file:///projects/site/a.tasks.md"
TALK = "conv_1"


async def begin_chat(store: Store, number: int = 1, task_id: str = "b7c2d", updated: float = 1.0) -> None:
    run = Run(
        f"run_{number}", RunKind.CHAT, "/projects/site", URI, task_id, "Build it", 1.0, RunState.COMPLETED, ended=1.0
    )
    attempt = Attempt(
        f"attempt_{number}", run.run_id, f"conv_{number}", task_id, "Build it", 1.0, AttemptState.COMPLETED, ended=1.0
    )
    conversation = Conversation(
        attempt.conversation_id,
        "/projects/site",
        URI,
        task_id,
        "Build it",
        1.0,
        kind=ConversationKind.CHAT,
        updated=updated,
    )
    await store.begin_conversation(run, attempt, conversation)


def said(name: str, parent: str | None, depth: int, text: str = "", *, by: Speaker = Speaker.USER) -> StoredMessage:
    ending = Ending.OPEN if by is Speaker.ASSISTANT else Ending.END
    return StoredMessage(name, TALK, by, text, 2.0, None, parent, ending, depth=depth, tokens=depth * 10)


async def turn(store: Store, number: int, parent: str | None, depth: int) -> str:
    """A question and its answer; the answer's id."""
    question = said(f"q{number}", parent, depth, f"question {number}")
    answer = said(f"a{number}", question.message_id, depth + 1, by=Speaker.ASSISTANT)
    assert await store.begin_turn(TALK, [question, answer], 3.0)
    step = Step(f"step_{number}", "attempt_1", Role.CHAT, "scripted", "demo", "chat", "0" * 12, 3.0)
    await store.begin_call(step, answer.message_id)
    whole = dataclasses.replace(answer, text=f"answer {number}", ending=Ending.END)
    ended = dataclasses.replace(step, state=StepState.COMPLETED, raw_answer="{}", ended=4.0)
    assert await store.end_turn(whole, ended, RunState.COMPLETED, 4.0)
    return answer.message_id


async def shown(store: Store, **page: object) -> list[str]:
    return [text for _, text in await store.conversation_page(TALK, **page)]


async def test_a_conversation_grows_and_branches() -> None:
    async with opened() as store:
        await begin_chat(store)
        assert await shown(store) == []
        first = await turn(store, 1, None, 0)
        await turn(store, 2, first, 2)
        assert await shown(store) == ["question 1", "answer 1", "question 2", "answer 2"]

        await turn(store, 3, first, 2)
        assert await shown(store) == ["question 1", "answer 1", "question 3", "answer 3"]
        assert await store.following(TALK, first) == ["q2", "q3"]
        assert await store.variants(TALK, [None, "q1", first]) == {first: 2}

        await store.set_head(TALK, await store.leaf_below("q2"), 5.0)
        assert await shown(store) == ["question 1", "answer 1", "question 2", "answer 2"]
        await store.set_head(TALK, None, 5.0)
        assert await shown(store) == []
        await turn(store, 4, None, 0)
        assert await store.variants(TALK, [None]) == {"": 2}
        step = (await store.steps("attempt_1"))[0]
        assert (step.role, step.state) == (Role.CHAT, StepState.COMPLETED)


async def test_pages() -> None:
    async with opened() as store:
        await begin_chat(store)
        last = None
        for number in range(5):
            last = await turn(store, number, last, 2 * number)
        assert await shown(store, limit=3) == ["answer 3", "question 4", "answer 4"]
        assert await shown(store, before="a3", limit=3) == ["question 2", "answer 2", "question 3"]
        assert await shown(store, before="q0") == []
        with pytest.raises(StoreError, match="no message a99"):
            await shown(store, before="a99")
        with pytest.raises(StoreError, match="no conversation conv_9"):
            await store.conversation_page("conv_9")


async def test_a_text_is_found_on_the_branch_that_is_shown() -> None:
    async with opened() as store:
        await begin_chat(store)
        first = await turn(store, 1, None, 0)
        await turn(store, 2, first, 2)
        await turn(store, 3, first, 2)
        assert await store.find_messages(TALK, "QUESTION") == ["q1", "q3"]
        assert await store.find_messages(TALK, "r 3") == ["a3"]
        assert await store.find_messages(TALK, "question 2") == []
        assert await store.find_messages(TALK, "question", limit=1) == ["q3"]
        await store.set_head(TALK, None, 5.0)
        assert await store.find_messages(TALK, "question") == []
        with pytest.raises(StoreError, match="no conversation conv_9"):
            await store.find_messages("conv_9", "x")


async def test_a_page_costs_what_it_shows() -> None:
    """Counted in steps of SQLite's machine, which no other program can disturb."""

    async def cost_of_a_page(messages: int) -> int:
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        async with opened() as store:
            await begin_chat(store)
            rows = [
                (f"m{n}", TALK, n, "user", f"text {n}", 2.0, f"m{n - 1}" if n else None, n) for n in range(messages)
            ]

            def fill(database: object) -> None:
                database.executemany(  # type: ignore[attr-defined]
                    "INSERT INTO messages (message_id, conversation_id, seq, speaker, text, created, parent_id, depth)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    rows,
                )

            await store._writing.run(fill)
            await store.set_head(TALK, f"m{messages - 1}", 3.0)
            await store._reading.run(lambda database: database.set_progress_handler(count, 10))
            assert len(await store.conversation_page(TALK, limit=50)) == 50
            assert (await store.conversations(9.0, task_id="b7c2d"))[0].messages == messages
        return steps

    assert await cost_of_a_page(5_000) < 1.5 * await cost_of_a_page(100)


async def test_one_turn_at_a_time() -> None:
    async with opened() as store:
        await begin_chat(store)
        one, two = said("q1", None, 0), said("q2", None, 0)
        assert await store.begin_turn(TALK, [one], time.time())
        assert not await store.begin_turn(TALK, [two], time.time())
        assert [message.message_id for message, _ in await store.conversation_page(TALK)] == ["q1"]
        with pytest.raises(StoreError, match="no conversation conv_9"):
            await store.begin_turn("conv_9", [two], time.time())


async def test_a_crash_keeps_the_text(tmp_path: Path) -> None:
    path = tmp_path / "orchestrator.db"
    program = """
        import asyncio, dataclasses, os, signal, sys, time
        from pathlib import Path
        from orchestrator.model.message import Role, Speaker
        from orchestrator.model.run import Step
        from tests.store.samples import opened
        from tests.store.test_conversations import TALK, begin_chat, said

        async def main():
            async with opened(Path(sys.argv[1])) as store:
                await begin_chat(store)
                answer = said("a1", "q1", 1, by=Speaker.ASSISTANT)
                await store.begin_turn(TALK, [said("q1", None, 0, "why?"), answer], time.time())
                step = Step("step_1", "attempt_1", Role.CHAT, "scripted", "demo", "chat", "0" * 12, time.time())
                await store.begin_call(step, "a1")
                await store.store_partial("step_1", "Because it")
                os.kill(os.getpid(), signal.SIGKILL)

        asyncio.run(main())
    """
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", textwrap.dedent(program), str(path)], cwd=REPOSITORY, check=False
    )
    assert killed.returncode == -9
    async with opened(path) as store:
        assert [text for _, text in await store.conversation_page(TALK)] == ["why?", "Because it"]
        assert [one.live for one in await store.conversations(time.time())] == [False]
        assert await store.reconcile(time.time()) == 1
        message, text = (await store.conversation_page(TALK))[-1]
        assert (message.ending, text) == (Ending.INTERRUPTED, "Because it")
        assert (await store.run("run_1")).state is RunState.FAILED  # type: ignore[union-attr]
        assert await store.begin_turn(TALK, [said("q2", "a1", 2, "go on")], time.time())


async def test_names_and_models() -> None:
    async with opened() as store:
        await begin_chat(store)
        await store.retitle_conversation(TALK, "Build the page", "file:///b.tasks.md")
        assert await store.rename_conversation(TALK, "Colours")
        await store.retitle_conversation(TALK, "Another title", "file:///b.tasks.md")
        await store.set_conversation_model(TALK, "strong")
        stored = await store.conversation(TALK)
        assert stored is not None
        assert (stored.title, stored.named, stored.uri, stored.model) == (
            "Colours",
            True,
            "file:///b.tasks.md",
            "strong",
        )
        assert not await store.rename_conversation("conv_9", "x")


async def test_a_list_of_conversations() -> None:
    async with opened() as store:
        await begin_chat(store, 1, "aaaaa", updated=5.0)
        await begin_chat(store, 2, "bbbbb", updated=9.0)
        await turn(store, 1, None, 0)
        listed = await store.conversations(9.0, workspace="/projects/site")
        assert [one.conversation.conversation_id for one in listed] == ["conv_2", "conv_1"]
        assert [(one.messages, one.tokens, one.preview, one.live) for one in listed] == [
            (0, 0, "", False),
            (2, 10, "answer 1", False),
        ]
        assert [one.run_id for one in await store.conversations(9.0, task_id="aaaaa")] == ["run_1"]
        assert await store.conversations(9.0, kind=ConversationKind.ATTEMPT) == []


async def test_deleting(tmp_path: Path) -> None:
    path = tmp_path / "orchestrator.db"
    async with opened(path) as store:
        await begin_chat(store)
        first = await turn(store, 1, None, 0)
        answer = said("a2", first, 2, by=Speaker.ASSISTANT)
        await store.begin_turn(TALK, [answer], 3.0)
        assert await store.delete_conversation(TALK)
        assert not await store.delete_conversation(TALK)
        assert not await store.end_turn(answer, None, RunState.COMPLETED, 4.0)
        assert await store.conversations(9.0) == []
    with other_program(path) as database:
        for table in ("runs", "attempts", "steps", "conversations", "messages"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


async def test_the_conversation_of_an_attempt_is_read_by_its_order_and_stays() -> None:
    async with opened() as store:
        await begin_all(store)
        for number in (1, 2):
            await whole_step(store, number)
        page = [text for _, text in await store.conversation_page("conv_1", limit=3)]
        assert page == ["answer 1", "question 2", "answer 2"]
        assert not await store.delete_conversation("conv_1")
        (listed,) = await store.conversations(9.0)
        assert (listed.messages, listed.preview, listed.conversation.kind) == (4, "answer 2", ConversationKind.ATTEMPT)
