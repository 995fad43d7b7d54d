"""What many tasks write together is stored as if each record had been written by itself."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import sqlite3
from typing import Any

import pytest

from orchestrator.errors import StoreError
from orchestrator.model.message import Speaker
from orchestrator.model.run import (
    Attachment,
    AttemptState,
    Ending,
    Event,
    OutboxEntry,
    OutboxState,
    RunKind,
    ToolUse,
)
from orchestrator.store import Store, rows
from tests.store.samples import a_message, a_run, a_step, an_attempt, finished, opened

TASKS = 90
"""More than the largest statement has rows."""
TABLES = ("conversations", "attempts", "steps", "messages", "effects", "outbox", "events")


def writes(store: Store, rng: random.Random) -> list[tuple[int, Any]]:
    """A branch of tasks that all run at once: the writes of each in order, those of different ones mixed."""
    mixed: list[tuple[float, int, Any]] = []
    for number in range(1, TASKS + 1):
        attempt, conversation = an_attempt(number)
        text = rng.choice(("plain", "schön", "a\0b", "\ud800", ""))
        told = [("attempt.state", {"title": text, "n": number})]
        done = dataclasses.replace(
            attempt, state=AttemptState.COMPLETED, ended=9.0, result=text, answer="all of it", executor="answer"
        )
        entry = OutboxEntry(
            f"entry_{number}", "run_1", attempt.attempt_id, "file:///a.md", f"t{number}", {"mark": "x"}, 3
        )
        request = [
            a_message(f"{number}{part}", f"{text} {part}", conversation=number, step=number) for part in ("a", "b")
        ]
        answer = a_message(f"{number}c", f"{text} c", speaker=Speaker.ASSISTANT, conversation=number, step=number)
        step = a_step(number, number)
        closed = dataclasses.replace(entry, state=OutboxState.WRITTEN, reason=text, closed=4.0)
        given = (store, attempt, conversation, told)
        calls = [
            lambda given=given: given[0].begin_task(*given[1:]),
            lambda step=step, request=request: store.begin_step(step, request),
            lambda attempt=attempt: store.add_effect(attempt.attempt_id, "corrections", "hash", "[]", 1.0),
            lambda attempt=attempt: store.add_effect(attempt.attempt_id, "corrections", "hash", "[1]", 1.0),
            lambda step=step, answer=answer: store.end_step(finished(step, ""), answer),
            lambda done=done, told=told: store.move(dataclasses.replace(done, result="first"), told, None, 2.0),
            lambda done=done, told=told, entry=entry: store.move(done, [*told, *told], entry, 3.0),
            lambda closed=closed: asyncio.ensure_future(store.close_outbox([closed])),
        ]
        places = sorted(rng.random() for _ in calls)
        mixed += [(place, number, call) for place, call in zip(places, calls, strict=True)]
    mixed.sort(key=lambda one: one[0])
    return [(number, call) for _, number, call in mixed]


async def stored(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    def read(database: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
        found = {
            table: [tuple(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3")]
            for table in TABLES
        }
        query = (
            "SELECT kind, record_id, history.text FROM history JOIN history_words ON history_words.rowid = entry_id"
            " ORDER BY 1, 2"
        )
        return {**found, "history": [tuple(row) for row in database.execute(query)]}

    return await store._writing.run(read)


async def test_together_is_as_one_by_one() -> None:
    told: list[list[list[Event]]] = []
    contents: list[Any] = []
    for together in (False, True):
        async with opened() as store:
            await store.begin_run(dataclasses.replace(a_run(), kind=RunKind.BRANCH))
            answers: list[Any] = []
            for _, call in writes(store, random.Random(3)):
                answers.append(call())
                if not together:
                    await answers[-1]
            told.append([found for found in await asyncio.gather(*answers) if found])
            contents.append(await stored(store))
            assert [event.detail for event in await store.events("run_1")] == [
                event.detail for found in told[-1] for event in found
            ]
    assert contents[0] == contents[1]
    assert told[0] == told[1]
    assert len(contents[0]["messages"]) == 3 * TASKS


async def test_a_record_that_is_not_there_sinks_no_other() -> None:
    async with opened() as store:
        await store.begin_run(a_run())
        one, conversation = an_attempt(1)
        nobody, _ = an_attempt(2)
        begun, moved, missing = (
            store.begin_task(one, conversation, []),
            store.move(dataclasses.replace(one, reason="moved"), []),
            store.move(nobody, [("attempt.state", {})]),
        )
        with pytest.raises(StoreError, match="no attempt attempt_2"):
            await missing
        assert (await begun, await moved) == ([], [])
        assert [attempt.reason for attempt in await store.attempts("run_1")] == ["moved"]
        assert await store.events("run_1") == []


async def test_what_few_records_set_is_stored_with_the_others() -> None:
    """Columns that no record of a commit sets are left out of its statement."""
    unusual = {
        "parent_id": "message_1",
        "ending": Ending.CANCELLED,
        "reason": "why",
        "depth": 3,
        "tokens": 4,
        "attached": (Attachment("a.py", "x"),),
        "tools": (ToolUse("c1", "read_file", "{}"),),
        "thoughts": "Hm.",
    }
    async with opened() as store:
        await store.begin_run(dataclasses.replace(a_run(), kind=RunKind.BRANCH))
        attempt, conversation = an_attempt(1)
        await store.begin_task(attempt, conversation, [])
        given = [a_message("1", "plain"), *(a_message(name, "x") for name in unusual)]
        given[1:] = [
            dataclasses.replace(message, message_id=f"msg_{name}", **{name: value})
            for message, (name, value) in zip(given[1:], unusual.items(), strict=True)
        ]
        for number, message in enumerate(given, 1):  # each in a commit of its own
            await store.begin_step(a_step(number), [message])
        assert await store.messages(conversation.conversation_id) == given


async def test_a_column_has_the_default_of_its_field() -> None:
    async with opened() as store:
        for table, columns in (
            ("conversations", rows.conversations),
            ("attempts", rows.attempts),
            ("messages", rows.messages),
            ("outbox", rows.entries),
        ):
            assert await defaults(store, table, columns.names[-len(columns.unset) :]) == columns.unset
        assert await defaults(store, "steps", rows.STEP_NAMES[-len(rows.STEP_UNSET) :]) == rows.STEP_UNSET


async def defaults(store: Store, table: str, names: tuple[str, ...]) -> list[Any]:
    def read(database: sqlite3.Connection) -> list[Any]:
        said = {row["name"]: row["dflt_value"] for row in database.execute(f"PRAGMA table_info({table})")}
        return [database.execute(f"SELECT {said[name]}").fetchone()[0] if said[name] else None for name in names]

    return await store._writing.run(read)
