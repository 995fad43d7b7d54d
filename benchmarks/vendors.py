"""Conversations through the vendors' own SDKs, over HTTP: the SDK alone, and the SDK with our server and a client.

A server in a process of its own streams pieces that say when they were sent, in both vendors' formats. First the SDK
reads them in this process, then `orchestrator serve` does, and this process is its editor: so each piece has an age
when it arrives, both ways on one clock, and what is later with us is ours.

    python -m benchmarks vendors [--quick]
    python -m benchmarks.vendors            # the server alone: prints its port
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from tests.support import wire_formats
from tests.support.faults import EVENT_STREAM, Answer, Tokens

from benchmarks.report import Figure
from benchmarks.wire import SERVE, URI, Connection, message, running, says

STREAMS = 50
PACE = 0.02
"""Seconds before each piece: the first one finds a stream that is open on both ways."""
TASKS = "".join(f"- [ ] Task {number}  ^a{number:04}\n" for number in range(STREAMS))
KEY = "sk-benchmark-0123456789"
ABILITIES: dict[str, Any] = {"window": {"showMessage": {}}, "experimental": {"orchestrator": {"chat": True}}}
_MOMENT = re.compile(r"@([0-9.]+)")
_is_update = says("orchestrator/chat/update")
_asks = says("window/showMessageRequest")
_IDS = count(1_000_000)


def measure(quick: bool) -> Iterator[Figure]:
    rounds, pieces = (3, 40) if quick else (15, 200)
    with _vendor() as port:
        for vendor in ("anthropic", "openai"):
            client = _client(vendor, port)
            alone, whole = asyncio.run(_alone(client, rounds))
            cost_alone = asyncio.run(_cost_alone(client, pieces))
            with _served(vendor, port) as connection:
                ids = _conversations(connection)
                ours, ours_whole = _first(connection, ids[0], rounds)
                cost = _cost(connection, ids, f"{vendor}/pieces-{pieces}", pieces)
            name = f"chat through the {vendor} SDK"
            note = f"{alone * 1000:.2f} ms with the SDK alone"
            yield Figure(f"{name}: first token, later than the SDK has it", (ours - alone) * 1000, "ms", 5.0, note)
            note = f"{whole * 1000:.1f} ms with the SDK alone"
            yield Figure(
                f"{name}: from sending to the first token, more than", (ours_whole - whole) * 1000, "ms", note=note
            )
            note = f"{cost_alone * 1000:.2f} ms with the SDK alone, {cost * 1000:.2f} ms with all"
            what = f"{name}: processor time for a piece, {STREAMS} streams, beside the SDK's"
            yield Figure(what, (cost - cost_alone) * 1000, "ms", 0.3, note)


# --- the SDK alone ------------------------------------------------------------------------------------------

Stream = Callable[[str], AsyncIterator[str]]
"""The texts of an answer of this model."""


def _client(vendor: str, port: int) -> Stream:
    said: Any = [{"role": "user", "content": "Go"}]
    if vendor == "anthropic":
        import anthropic

        claude = anthropic.AsyncAnthropic(api_key=KEY, base_url=f"http://127.0.0.1:{port}", max_retries=0)

        async def messages(model: str) -> AsyncIterator[str]:
            async for event in await claude.messages.create(model=model, messages=said, max_tokens=100, stream=True):
                if event.type == "content_block_delta" and event.delta.type == "text_delta":
                    yield event.delta.text

        return messages
    import openai

    gpt = openai.AsyncOpenAI(api_key=KEY, base_url=f"http://127.0.0.1:{port}/v1", max_retries=0)

    async def completions(model: str) -> AsyncIterator[str]:
        async for chunk in await gpt.chat.completions.create(model=model, messages=said, stream=True):
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    return completions


async def _alone(stream: Stream, rounds: int) -> tuple[float, float]:
    """How old the first piece is when it comes, and how long it takes to come, in seconds."""
    ages: list[float] = []
    waits: list[float] = []
    for _ in range(rounds + 1):
        began = time.monotonic()
        texts = [(time.monotonic(), text) async for text in stream("pieces-3")]
        at, first = texts[0]
        ages.append(at - _moment(first))
        waits.append(at - began)
    return median(ages[1:]), median(waits[1:])


async def _cost_alone(stream: Stream, pieces: int) -> float:
    """Seconds of processor time for a piece."""

    async def drained() -> None:
        async for _ in stream(f"pieces-{pieces}"):
            pass

    await drained()
    began = time.process_time()
    await asyncio.gather(*(drained() for _ in range(STREAMS)))
    return (time.process_time() - began) / (STREAMS * pieces)


# --- with our server ------------------------------------------------------------------------------------------


@contextmanager
def _served(vendor: str, port: int) -> Generator[Connection]:
    environment = {
        "ORCHESTRATOR_MODEL": f"{vendor}/pieces-3",
        "ORCHESTRATOR_CALLS__CONCURRENCY": str(STREAMS),
        "ANTHROPIC_API_KEY": KEY,
        "OPENAI_API_KEY": KEY,
        "ORCHESTRATOR_ANTHROPIC__BASE_URL": f"http://127.0.0.1:{port}",
        "ORCHESTRATOR_OPENAI__BASE_URL": f"http://127.0.0.1:{port}/v1",
    }
    with running(SERVE, **environment) as connection:
        connection.initialize(ABILITIES)
        connection.open(TASKS)
        yield connection


def _conversations(connection: Connection) -> list[str]:
    found: list[str] = []
    for line in range(STREAMS):
        place = {"uri": URI, "position": {"line": line, "character": 3}}
        found.append(connection.request("orchestrator/chat/open", place)["conversation"]["conversationId"])
    _send(connection, found[0])
    asked = json.loads(connection.until(_asks).body)
    answer = {"jsonrpc": "2.0", "id": asked["id"], "result": asked["params"]["actions"][-1]}
    connection.send(json.dumps(answer).encode())
    _until_ended(connection, 1)
    return found


def _first(connection: Connection, conversation_id: str, rounds: int) -> tuple[float, float]:
    ages: list[float] = []
    waits: list[float] = []
    for _ in range(rounds):
        began = time.monotonic()
        _send(connection, conversation_id)
        arrival = connection.until(lambda body: _is_update(body) and b'"kind":"text"' in body)
        ages.append(time.monotonic() - _moment(arrival.body.decode()))
        waits.append(time.monotonic() - began)
        _until_ended(connection, 1)
    return median(ages), median(waits)


def _cost(connection: Connection, ids: list[str], model: str, pieces: int) -> float:
    for one in ids:
        connection.request("orchestrator/chat/model", {"conversationId": one, "model": model})
    began = _processor_seconds(connection.process.pid)
    for one in ids:
        _send(connection, one)
    _until_ended(connection, len(ids))
    return (_processor_seconds(connection.process.pid) - began) / (len(ids) * pieces)


def _send(connection: Connection, conversation_id: str) -> None:
    """Without waiting for the answer: the first piece may be there before one has read it."""
    connection.send(message("orchestrator/chat/send", {"conversationId": conversation_id, "text": "Go"}, next(_IDS)))


def _until_ended(connection: Connection, count: int) -> None:
    for _ in range(count):
        connection.until(lambda body: _is_update(body) and b'"kind":"end"' in body)


def _processor_seconds(pid: int) -> float:
    """Of all threads of a process, since it began."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _moment(text: str) -> float:
    found = _MOMENT.search(text)
    assert found is not None, text[:200]
    return float(found[1])


# --- the vendor ------------------------------------------------------------------------------------------


@contextmanager
def _vendor() -> Generator[int]:
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.vendors"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    size = re.search(r"content-length: *(\d+)", head, re.IGNORECASE)
    body: dict[str, Any] = json.loads(await reader.readexactly(int(size[1]))) if size else {}
    wire, answer = wire_formats.of(head.split(" ")[1]), Answer(tokens=Tokens())
    writer.write(
        f"HTTP/1.1 200 OK\r\ncontent-type: {EVENT_STREAM}\r\ntransfer-encoding: chunked\r\n"
        "connection: close\r\n\r\n".encode()
    )
    for event in wire.opening(answer, str(body["model"])):
        writer.write(_chunk(event))
    for _ in range(int(str(body["model"]).rpartition("-")[2])):
        await asyncio.sleep(PACE)
        writer.write(_chunk(wire.delta(answer, f"@{time.monotonic():.6f} ")))
    for event in wire.closing(answer):
        writer.write(_chunk(event))
    writer.write(b"0\r\n\r\n")
    writer.close()


def _chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


async def _serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
