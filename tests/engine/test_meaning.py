"""The history by what it means, with a small embedding of the tests' own; the real one once."""

from __future__ import annotations

import asyncio
import threading
import time

import numpy
import pytest

from orchestrator.engine import meaning
from orchestrator.engine.meaning import MODEL, Meanings
from orchestrator.errors import ConfigError, ProviderUnavailableError
from orchestrator.providers import embedding
from orchestrator.store.history import Filters
from tests.store.samples import opened
from tests.store.test_history import chat

TOPICS = (("password", "argon2", "login"), ("garden", "tomato", "soil"), ("invoice", "tax", "money"))


class Reader:
    """A topic is a dimension."""

    def __init__(self, seconds: float = 0.0):
        self.seconds = seconds
        self.texts: list[str] = []
        self.threads = set()

    def encode(self, texts, *, remember=True):
        time.sleep(self.seconds)
        self.threads.add(threading.current_thread())
        self.texts += texts
        rows = [[sum(text.count(word) for word in topic) for topic in TOPICS] for text in texts]
        found = numpy.array(rows, dtype=numpy.float32) + 0.01
        return found / numpy.linalg.norm(found, axis=1, keepdims=True)


async def test_what_means_the_same_is_found():
    async with opened() as store:
        await chat(store, 1, "argon2 for every login", "water the tomato")
        await chat(store, 2, "the soil in the garden", uri="file:///b.md")
        meanings = Meanings(Reader())
        assert await meanings.search(store, "password", Filters(), 5) == []
        await meanings.build(store)
        (one,) = await meanings.search(store, "password", Filters(), 5)
        assert (one.hit.record_id, one.excerpt.text, one.nearness) == ("message_1.0", "argon2 for every login", 1.0)
        plants = await meanings.search(store, "garden", Filters(), 5)
        assert [one.hit.record_id for one in plants] == ["message_1.1", "message_2.0"]
        assert len(await meanings.search(store, "garden", Filters(), 1)) == 1
        (one,) = await meanings.search(store, "garden", Filters(uri="file:///b.md"), 5)
        assert one.hit.record_id == "message_2.0"
        await store.delete_conversation("conv_2")
        assert len(await meanings.search(store, "garden", Filters(), 5)) == 1
        with pytest.raises(ConfigError):
            await meanings.search(store, "  ", Filters(), 5)


async def test_building_goes_on_where_it_was_stopped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(meaning, "BATCH", 2)
    async with opened() as store:
        await chat(store, 1, *(f"login {number}" for number in range(7)))
        reader, told = Reader(), []

        def stop_at_the_third(known: int, total: int) -> None:
            told.append((known, total))
            if len(told) == 3:
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await Meanings(reader).build(store, stop_at_the_third)
        assert (await store.history_counts(MODEL))[:2] == (7, 4)
        await Meanings(reader).build(store, lambda known, total: told.append((known, total)))
        assert told == [(0, 7), (2, 7), (4, 7), (4, 7), (6, 7)]
        assert reader.texts == [f"login {number}" for number in range(6, -1, -1)], "each once, the newest first"


async def test_building_leaves_the_loop_free():
    async with opened() as store:
        await chat(store, 1, *(f"login {number}" for number in range(3)))
        reader = Reader(seconds=0.2)
        building = asyncio.ensure_future(Meanings(reader).build(store))
        worst, last = 0.0, time.perf_counter()
        while not building.done():
            await asyncio.sleep(0.005)
            worst, last = max(worst, time.perf_counter() - last), time.perf_counter()
        assert threading.main_thread() not in reader.threads
        assert worst < 0.15


async def test_without_the_package_it_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(embedding, "available", lambda: False)
    async with opened() as store:
        with pytest.raises(ProviderUnavailableError, match="search by words"):
            await Meanings().search(store, "login", Filters(), 5)


async def test_the_real_embedding_finds_other_words():
    async with opened() as store:
        await chat(
            store, 1,
            "We hash every password with argon2 before it is stored.",
            "The tomatoes need water each morning.",
            "Invoices are sent on the first day of the month.",
        )  # fmt: skip
        meanings = Meanings()
        await meanings.build(store)
        found = await meanings.search(store, "how do we store passwords", Filters(), 3)
        assert found[0].hit.record_id == "message_1.0"
