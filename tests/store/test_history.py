"""The history: what can be found is what is stored."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orchestrator.model.message import Speaker
from orchestrator.model.run import Attempt, AttemptState, ConversationKind, RunKind, SplitOutcome, SplitRecord
from orchestrator.store import Store, grams, history
from orchestrator.store.history import CLOSE, OPEN, Filters, expression
from orchestrator.store.migrate import migrate, shipped_migrations
from orchestrator.store.writer import MANY, WORDS_BEHIND
from tests.store.samples import a_message, a_run, a_step, an_attempt, finished, opened


async def chat(store: Store, number: int, *texts: str, uri: str = "", title: str = "Title") -> None:
    run = dataclasses.replace(a_run(f"run_{number}", started=1000.0 * number), kind=RunKind.CHAT)
    attempt, conversation = an_attempt(number, f"run_{number}")
    conversation = dataclasses.replace(
        conversation, kind=ConversationKind.CHAT, title=title, uri=uri or conversation.uri, task_id=f"id{number}"
    )
    await store.begin_conversation(run, attempt, conversation)
    for index, text in enumerate(texts):
        step = a_step(100 * number + index, number)
        message = a_message(f"{number}.{index}", text, conversation=number, step=100 * number + index)
        await store.begin_step(step, [dataclasses.replace(message, created=1000.0 * number + index)])


async def found(store: Store, query: str, filters: Filters = Filters(), limit: int = 20) -> list[str]:  # noqa: B008
    return [hit.record_id for hit in await store.search_history(query, filters, limit)]


async def test_messages_are_found_by_their_words() -> None:
    async with opened() as store:
        await chat(store, 1, "The login page needs a résumé field", "Use argon2 for passwords", title="Login")
        (hit,) = await store.search_history("RESUME field", Filters())
        assert hit.excerpt == f"The login page needs a {OPEN}résumé{CLOSE} {OPEN}field{CLOSE}"
        assert (hit.kind, hit.record_id, hit.title, hit.task_id) == ("message", "message_1.0", "Login", "id1")
        assert (hit.model, hit.conversation_id, hit.run_id) == ("local/smollm2", "conv_1", "run_1")
        assert await found(store, '"page login"') == []
        assert await found(store, "login -argon2") == ["message_1.0"]
        assert await found(store, "passw") == ["message_1.1"], "the last word may be unfinished"
        assert await found(store, "passw ") == []


async def test_words_of_scripts_without_blanks() -> None:
    """In Japanese, Chinese, Korean and Thai, and words in Latin letters between them."""
    async with opened() as store:
        await chat(
            store, 1, "ログイン画面を作る。APIの設計はまだです", "登録ページのパスワード検索", "搜索历史记录",
            "로그인을 만든다", "สร้างหน้าเข้าสู่ระบบ", "The login page",
        )  # fmt: skip
        for query, wanted in {
            "画面": [0], "ログイン": [0], "ﾛｸﾞｲﾝ": [0], "設計": [0], "検索": [1], "録": [1], "ド": [1],
            "索历": [2], "历史 搜索": [2], "로그인": [3], "เข้า": [4], "api": [0], "API設計": [], "login": [5],
            "画面 API": [0], "画面 login": [], "画面 -設計": [], '"検索"': [1], "面作": [], "page": [5], "logi": [5],
            "APIの設計": [0],
        }.items():  # fmt: skip
            assert sorted(await found(store, query)) == [f"message_1.{number}" for number in wanted], query
        (hit,) = await store.search_history("設計", Filters())
        assert hit.excerpt == f"ログイン画面を作る。APIの{OPEN}設計{CLOSE}はまだです"
        await store._write(
            lambda database: database.execute("UPDATE messages SET text = '別の話' WHERE message_id = 'message_1.0'")
        )
        assert await found(store, "設計") == []
        assert await found(store, "別") == ["message_1.0"]
        assert await store.delete_conversation("conv_1")
        assert await found(store, "検索") == []


@given(st.text(alphabet="aB1あ画ｱ界ไท", min_size=1, max_size=12), st.data())
def test_any_part_of_a_run_is_found(run: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(run) - 1))
    part = run[start : data.draw(st.integers(start + 1, len(run)))]
    assume(grams.has_grams(run))
    DATABASE.execute("INSERT INTO pairs (rowid, text) VALUES (1, ?)", (grams.grams(f"x {run}, y"),))
    found = DATABASE.execute("SELECT rowid FROM pairs WHERE pairs MATCH ?", (grams.phrase(part),)).fetchall()
    DATABASE.execute("INSERT INTO pairs (pairs) VALUES ('delete-all')")
    assert found == [(1,)]


async def test_filters() -> None:
    async with opened() as store:
        await chat(store, 1, "one login", uri="file:///c%3A/a.md")
        await chat(store, 2, "two login", uri="file:///b.md")
        assert await found(store, "login", Filters(uri="file:///c:/a.md")) == ["message_1.0"]
        assert await found(store, "login", Filters(uri="file:///nothing.md")) == []
        assert await found(store, "login", Filters(since=1500.0)) == ["message_2.0"]
        assert await found(store, "login", Filters(until=1500.0)) == ["message_1.0"]
        assert await found(store, "login", Filters(workspace="/projects/site"), 1) != []
        assert await found(store, "login", Filters(workspace="/elsewhere")) == []
        for model in ("local", "smollm2", "local/smollm2"):
            assert len(await found(store, "login", Filters(model=model))) == 2
        assert await found(store, "login", Filters(model="openai")) == []


async def test_history_follows_what_is_stored() -> None:
    async with opened() as store:
        await chat(store, 1, "before")
        await store.begin_step(a_step(9), [a_message(9, "", speaker=Speaker.ASSISTANT, step=9)])
        assert await found(store, "streamed") == []
        await store._write(
            lambda database: database.execute("UPDATE messages SET text = 'streamed' WHERE message_id = 'message_9'")
        )
        assert await found(store, "streamed") == ["message_9"]
        run = dataclasses.replace(a_run("run_2"), kind=RunKind.BRANCH)
        attempt, conversation = an_attempt(2, "run_2")
        await store.begin_run(run)
        await store.begin_task(attempt, conversation, [])
        done = dataclasses.replace(attempt, state=AttemptState.COMPLETED, result="chose argon2", answer="Because of it")
        await store.move(dataclasses.replace(done, result="", answer=""), [])
        await store.move(done, [])
        await store.move(dataclasses.replace(done, result="chose bcrypt"), [])
        assert await found(store, "argon2") == []
        for number, text in ((20, '{"status": "done", "answer": "plutonium"}'), (21, "I looked for plutonium.")):
            await store.begin_step(a_step(number, 2), [])
            answer = a_message(number, text, speaker=Speaker.ASSISTANT, conversation=2, step=number)
            await store.end_step(finished(a_step(number, 2)), answer)
        assert await found(store, "plutonium") == ["message_21"], "what is data stands in the result"
        (hit,) = await store.search_history("bcrypt because", Filters())
        assert (hit.kind, hit.record_id, hit.title) == ("result", "attempt_2", "Build the login page")
        plan = {"tasks": [{"title": "Wire the API", "description": "", "mode": "auto"}], "ordered": True}
        record = SplitRecord(
            "run_2",
            "run_2",
            "/projects/site",
            "file:///a.md",
            "id7",
            "Ship it",
            "soon",
            "h",
            "DECOMPOSE",
            SplitOutcome.APPLIED,
            plan,
            7.0,
        )
        await store.keep_split(record)
        await store.keep_split(dataclasses.replace(record, description="later"))
        assert await found(store, "wire ship later") == ["run_2"]
        assert await found(store, "soon") == []
        assert await found(store, "auto") == [], "modes are no words of a person"
        assert await store.delete_conversation("conv_1")
        assert await found(store, "streamed") == []
        assert await found(store, "before") == []
        assert (await store.size()).rows["history_changes"] == 0
        await store._writing.run(
            lambda database: database.execute(
                "INSERT INTO history_words (history_words, rank) VALUES ('integrity-check', 1)"
            )
        )


async def test_what_many_tasks_stored_together_is_found_at_once() -> None:
    """Where many write, words are brought in step after several commits, or when somebody searches."""
    async with opened() as store:
        await store.begin_run(dataclasses.replace(a_run(), kind=RunKind.BRANCH))
        done: list[Attempt] = []
        for number in range(2 * MANY):
            attempt, conversation = an_attempt(number)
            await store.begin_task(attempt, conversation, [])
            done.append(dataclasses.replace(attempt, result=f"chose argon{number}", ended=2000.0))
        await asyncio.gather(*(store.move(attempt, []) for attempt in done))
        assert (await store.size()).rows["history_changes"] == len(done), "else this shows nothing"
        assert set(await found(store, "chose")) == {attempt.attempt_id for attempt in done}
        assert (await store.size()).rows["history_changes"] == 0
        for _ in range(WORDS_BEHIND):
            await asyncio.gather(*(store.move(attempt, []) for attempt in done))
            await asyncio.gather(*(store.move(dataclasses.replace(one, result="chose bcrypt"), []) for one in done))
        await store.settled()
        assert (await store.size()).rows["history_changes"] == 0
        assert set(await found(store, "bcrypt")) == {attempt.attempt_id for attempt in done}
        assert await found(store, "argon3") == []


async def test_what_the_engine_asks_is_not_found() -> None:
    """Its requests repeat prompts, and a split's raw answer says what the split says."""
    async with opened() as store:
        await store.begin_run(a_run())
        await store.begin_attempt(*an_attempt())
        await store.begin_step(a_step(), [a_message(1, "our prompt", step=1)])
        await store.end_step(finished(a_step()), a_message(2, "raw answer", speaker=Speaker.ASSISTANT, step=1))
        assert await found(store, "prompt") == await found(store, "raw") == []


async def test_a_message_is_kept_for_searching_just_where_the_view_has_it() -> None:
    """What is told apart before the view is asked is what the view would not have."""
    texts = ("plain words", '{"status": "done"}', ' \n{"status": "done"}', "```json\n{}\n```", "{ an open brace")
    numbers = itertools.count(1)
    async with opened() as store:
        await chat(store, 1)
        await store.begin_run(dataclasses.replace(a_run("run_2"), kind=RunKind.BRANCH))
        await store.begin_attempt(*an_attempt(2, "run_2"))
        for conversation, copied, speaker in itertools.product((1, 2), (None, "message_0"), Speaker):
            for number, text in enumerate(texts):
                name = f"{conversation}.{copied}.{speaker}.{number}"
                message = a_message(name, text, speaker=speaker, conversation=conversation)
                step = a_step(next(numbers), conversation)
                await store.begin_step(step, [dataclasses.replace(message, copied_from=copied)])
        kept, wanted = await store._read(
            lambda database: [
                {tuple(row) for row in database.execute(query).fetchall()}
                for query in (
                    "SELECT record_id, text FROM history WHERE kind = 'message'",
                    "SELECT message_id, text FROM history_of_messages",
                )
            ]
        )
        assert kept == wanted
        assert len(kept) == len(texts) * 2 + 1, "what a chat's two say; of a run only what is no data"


async def test_older_stores_are_searched_too(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        migrate(database, None, shipped_migrations()[:6])
        database.execute(
            "INSERT INTO conversations (conversation_id, workspace, uri, title, started, kind)"
            " VALUES ('c', '/w', 'file:///a.md', 'Old', 1, 'chat')"
        )
        database.execute(
            "INSERT INTO messages (message_id, conversation_id, seq, speaker, text, created)"
            " VALUES ('m', 'c', 1, 'user', 'said long ago: 検索画面', 1)"
        )
    async with opened(path) as store:
        assert await found(store, "long ago") == ["m"]
        await chat(store, 1, "another")
        assert await found(store, "画面") == ["m"]


async def test_a_damaged_index_takes_no_record_with_it() -> None:
    async with opened() as store:
        await chat(store, 1, "first")
        await store._writing.run(lambda database: database.execute("DELETE FROM history_words_data WHERE id > 10"))
        await chat(store, 2, "second first")
        assert len(await store.messages("conv_2")) == 1
        assert (await store.size()).rows["history"] == 2
        assert sorted(await found(store, "first")) == ["message_1.0", "message_2.0"], "it was built anew"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("one two", '"one" AND "two"'),
        ("one three", '"one" AND "three"*'),
        ('"a phrase" x', '"a phrase" AND "x"'),
        ("NEAR(a b) OR c*", '"NEAR(a" AND "b)" AND "OR" AND "c*"'),
        ("-a", ""),
        ('--- ** ""', ""),
        ('say "it', '"say" AND "it"'),
        ('a"b', '"a""b"'),
    ],
)
def test_queries(query: str, wanted: str) -> None:
    assert expression(query) == wanted


@given(st.text(max_size=30) | st.text(alphabet='ab "-*^:(){}+NEARORT', max_size=30))
def test_any_query_is_only_words(query: str) -> None:
    DATABASE.execute("SELECT rowid FROM words WHERE words MATCH ?", (expression(query) or '"x"',)).fetchall()
    for term in history.terms(query):
        DATABASE.execute("SELECT rowid FROM pairs WHERE pairs MATCH ?", (grams.phrase(term.text) or "x",)).fetchall()


def _database():
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
    database.execute("INSERT INTO words VALUES ('a b')")
    database.execute("CREATE VIRTUAL TABLE pairs USING fts5(text, content = '', tokenize = ascii)")
    return database


DATABASE = _database()


async def test_meanings_go_with_their_texts() -> None:
    async with opened() as store:
        await chat(store, 1, "one", "two")
        (second, _), (first, text) = await store.history_without_meaning("m1", 10)
        assert text == "one"
        await store.keep_meanings("m1", [(first, b"v1"), (second, b"v2"), (99, b"gone")])
        assert await store.meanings("m1", 0, 10) == [(first, b"v1"), (second, b"v2")]
        assert await store.history_without_meaning("m1", 10) == []
        assert len(await store.history_without_meaning("m2", 10)) == 2
        assert (await store.history_counts("m1"))[:2] == (2, 2)
        assert await store.fitting_history([second, first], Filters(since=1000.5)) == [second]
        await store.delete_conversation("conv_1")
        assert await store.meanings("m1", 0, 10) == []


async def test_many_matches_come_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "FEW", 2)
    async with opened() as store:
        await chat(store, 1, "word word word", "word", "word other", "word")
        assert await found(store, "word", limit=2) == ["message_1.3", "message_1.2"]
