from __future__ import annotations

import asyncio

from orchestrator.lsp.feed import INTERVAL, Feed


class SlowOutlet:
    """A pipe whose other end does not read until told to."""

    def __init__(self) -> None:
        self.congested = False
        self._callbacks: list[object] = []

    def when_drained(self, callback: object) -> None:
        self._callbacks.append(callback)

    def drain(self) -> None:
        self.congested = False
        for callback in self._callbacks:
            callback()  # type: ignore[operator]


def make(outlet: SlowOutlet | None = None) -> tuple[Feed[int], list[int]]:
    sent: list[int] = []
    feed: Feed[int] = Feed(sent.append, outlet)  # type: ignore[arg-type]
    return feed, sent


async def test_the_first_after_a_silence_goes_at_once() -> None:
    feed, sent = make()
    feed.open()
    feed.put(1)
    assert sent == [1]


async def test_feed_sends_the_last_state() -> None:
    feed, sent = make()
    feed.open()
    for number in range(100):
        feed.put(number)
    await asyncio.sleep(INTERVAL * 3)
    assert sent == [0, 99]


async def test_what_a_person_waits_for_is_not_held_back() -> None:
    feed, sent = make()
    feed.open()
    feed.put(1)
    feed.put(2)
    feed.put(3, now=True)
    assert sent == [1, 3]
    await asyncio.sleep(INTERVAL * 3)
    assert sent == [1, 3]


async def test_nothing_before_the_answer() -> None:
    feed, sent = make()
    feed.put(1)
    feed.put(2, now=True)
    assert sent == []
    feed.open()
    assert sent == [2]


async def test_a_client_that_does_not_read_gets_the_newest_later() -> None:
    outlet = SlowOutlet()
    feed, sent = make(outlet)
    feed.open()
    outlet.congested = True
    for number in range(50):
        feed.put(number, now=number == 49)
        await asyncio.sleep(0)
    assert sent == []
    outlet.drain()
    assert sent == [49]
    feed.put(50, now=True)
    assert sent == [49, 50]
