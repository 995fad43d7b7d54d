from __future__ import annotations

import asyncio

from orchestrator.engine.chat_updates import Ended, Text, Thought, Update
from orchestrator.lsp.append_feed import AppendFeed
from orchestrator.model.run import Ending


class Pipe:
    """A client that may not read."""

    congested = False

    def __init__(self) -> None:
        self.sent: list[tuple[str, Update]] = []
        self.drained: list = []

    def when_drained(self, callback) -> None:
        self.drained.append(callback)

    def feed(self) -> AppendFeed:
        return AppendFeed(lambda message_id, update: self.sent.append((message_id, update)), self)  # type: ignore[arg-type]


async def test_pieces_arrive_once_and_in_order() -> None:
    pipe = Pipe()
    feed = pipe.feed()
    feed.open()
    feed.put("a", Text("1"))
    assert pipe.sent == [("a", Text("1"))], "what follows silence goes out at once"
    for piece in "234":
        feed.put("a", Text(piece))
    feed.put("a", Thought("hm"))
    assert len(pipe.sent) == 1
    await asyncio.sleep(0.05)
    assert pipe.sent[1:] == [("a", Text("234")), ("a", Thought("hm"))]
    feed.put("a", Text("5"))
    feed.put("b", Text("6"))
    feed.put("a", Ended(Ending.END, ""))
    assert pipe.sent[3:] == [("a", Text("5")), ("b", Text("6")), ("a", Ended(Ending.END, ""))], (
        "an end is not held back"
    )


async def test_a_client_that_does_not_read() -> None:
    pipe = Pipe()
    feed = pipe.feed()
    feed.open()
    pipe.congested = True
    for _ in range(1_000):
        feed.put("a", Text("x" * 10))
    await asyncio.sleep(0.05)
    assert pipe.sent == []
    assert len(feed._waiting) == 1
    pipe.congested = False
    pipe.drained.pop()()
    assert pipe.sent == [("a", Text("x" * 10_000))]


async def test_nothing_before_it_is_opened_and_while_it_is_held() -> None:
    pipe = Pipe()
    feed = pipe.feed()
    feed.put("a", Text("1"))
    feed.forget()
    feed.put("a", Text("2"))
    assert pipe.sent == []
    feed.open()
    assert pipe.sent == [("a", Text("2"))]
    feed.hold()
    feed.put("a", Text("3"))
    feed.send_now()
    feed.put("a", Text("4"))
    assert pipe.sent[1:] == [("a", Text("3"))]
    feed.open()
    assert pipe.sent[2:] == [("a", Text("4"))]
