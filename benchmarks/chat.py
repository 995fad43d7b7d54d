"""Conversations: how much later a client has the first token, what a piece costs, and what a long one costs to open.

In one process, with the server's own dispatch and JSON, and a pipe that only counts: what is measured is our part.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.report import Figure
from orchestrator.config import Directories
from orchestrator.lsp.client import Client
from orchestrator.lsp.protocol_chat import ChatOpenParams, ChatSendParams
from orchestrator.lsp.server import Server
from orchestrator.model.usage import Usage
from orchestrator.providers.base import Event, Finished, FinishReason, Request, TextDelta
from orchestrator.providers.scripted import ScriptedProvider

STREAMS = 50
URI = "file:///w/plan.tasks.md"


class _Pipe:
    """In place of the client: notes when the first piece of text was written."""

    congested = False

    def __init__(self) -> None:
        self.first = 0.0
        self.messages = 0

    def write(self, data: bytes) -> None:
        self.messages += 1
        if not self.first and b'"kind":"text"' in data:
            self.first = time.perf_counter()


class _Model(ScriptedProvider):
    """Streams pieces of five characters, as fast as it is asked or at a pace."""

    def __init__(self, pieces: int, pause: float) -> None:
        super().__init__([])
        self.pieces, self.pause = pieces, pause
        self.first = 0.0

    async def stream(self, request: Request) -> AsyncIterator[Event]:  # noqa: ARG002 - as the port says
        for _ in range(self.pieces):
            await asyncio.sleep(self.pause)
            self.first = self.first or time.perf_counter()
            yield TextDelta("word ")
        yield Finished(FinishReason.END, Usage(1, 1), "{}")


async def _server(folder: Path, tasks: int) -> tuple[Server, _Pipe]:
    server = Server()
    folders = Directories(folder / "config", folder / "data", folder / "cache")
    server.__dict__["directories"] = folders
    server.client = Client(chat=True)
    pipe = _Pipe()
    server.protocol.set_writer(pipe)  # pyright: ignore[reportArgumentType]
    folders.config.mkdir(parents=True)
    (folders.config / "config.toml").write_text(f"model = 'scripted/demo'\n[calls]\nconcurrency = {STREAMS}\n")
    server.documents.open(URI, 1, "".join(f"- [ ] Task {n}  ^a{n:04}\n" for n in range(tasks)))
    return server, pipe


async def _open(server: Server, number: int) -> str:
    at: Any = {"line": number, "character": 3}
    opened = await server.chats.open(ChatOpenParams.model_validate({"uri": URI, "position": at}))
    return opened.conversation.conversation_id


async def _say(server: Server, conversation_id: str) -> None:
    session = await server.session()
    await server.chats.send(ChatSendParams(conversation_id=conversation_id, text="Go"))
    await session.chats.ended(conversation_id)


async def _use(server: Server, model: _Model) -> None:
    """Have the router answer with it, before its first call: it keeps the routes that it found."""
    session = await server.session()
    session._routers[-1]._providers["scripted"] = model  # noqa: SLF001


async def _first_token(folder: Path, rounds: int) -> float:
    """Milliseconds from the provider's first piece to the client's."""
    server, pipe = await _server(folder, 1)
    conversation_id = await _open(server, 0)
    model = _Model(3, 0.05)
    await _use(server, model)
    later: list[float] = []
    for _ in range(rounds):
        model.first = pipe.first = 0.0
        await _say(server, conversation_id)
        later.append(1000 * (pipe.first - model.first))
    await server.aclose()
    return median(later)


async def _per_piece(folder: Path, pieces: int) -> tuple[float, float]:
    """Milliseconds of processor time for a piece, of all that the server does; and messages for each hundred pieces."""
    server, pipe = await _server(folder, STREAMS)
    ids = [await _open(server, number) for number in range(STREAMS)]
    raw = _Model(pieces, 0.002)

    async def drained() -> None:
        async for _ in raw.stream(Request("m", "", (), 1)):
            pass

    began = time.process_time()
    await asyncio.gather(*(drained() for _ in range(STREAMS)))
    alone = time.process_time() - began
    await _use(server, _Model(pieces, 0.002))
    before, began = pipe.messages, time.process_time()
    await asyncio.gather(*(_say(server, one) for one in ids))
    used = time.process_time() - began - alone
    await server.aclose()
    count = STREAMS * pieces
    return 1000 * used / count, 100 * (pipe.messages - before) / count


async def _opening(folder: Path, messages: int, rounds: int) -> float:
    """Seconds to open a conversation of so many messages."""
    server, _ = await _server(folder, 1)
    conversation_id = await _open(server, 0)
    await _use(server, _Model(1, 0))
    await _say(server, conversation_id)
    store = await (await server.session()).store()
    head = (await store.conversation(conversation_id)).head_id  # type: ignore[union-attr]

    def fill(database: Any) -> None:
        rows: list[tuple[object, ...]] = []
        parent = head
        for number in range(2, messages):
            said = ("assistant" if number % 2 else "user", "word " * 40, 1.0, parent, number, number * 50)
            rows.append((f"m{number}", conversation_id, number + 1, *said))
            parent = f"m{number}"
        names = "message_id, conversation_id, seq, speaker, text, created, parent_id, depth, tokens"
        database.executemany(f"INSERT INTO messages ({names}) VALUES ({', '.join('?' * 9)})", rows)
        database.execute("UPDATE conversations SET head_id = ?", (parent,))

    await store._writing.run(fill)  # noqa: SLF001
    params = ChatOpenParams(conversation_id=conversation_id)
    taken: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        opened = await server.chats.open(params)
        json.dumps(opened.model_dump(mode="json", by_alias=True))
        taken.append(time.perf_counter() - began)
        assert len(opened.messages) == 100
        assert opened.earlier == messages - 100
    await server.aclose()
    return median(taken)


def measure(quick: bool) -> Iterable[Figure]:
    rounds = 3 if quick else 15
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        later = asyncio.run(_first_token(folder / "first", rounds))
        yield Figure("chat: first token, later than the provider gives it", later, "ms", 5.0)
        cost, sent = asyncio.run(_per_piece(folder / "pieces", 40 if quick else 400))
        yield Figure(f"chat: processor time for a piece, {STREAMS} streams", cost, "ms", 0.3)
        yield Figure("chat: messages for 100 pieces", sent, "")
        short, long = (asyncio.run(_opening(folder / str(count), count, rounds)) for count in (100, 10_000))
        name = "chat: opening 10,000 messages, times that of 100"
        yield Figure(name, long / short, "x", 3.0, f"{1000 * long:.1f} ms")
