"""A real HTTP server that speaks both vendors' wire formats and misbehaves on command.

Apart from any test because every layer that calls a model is tested over real HTTP with it: the SDKs, the engine,
the command line and the editors. It runs in a thread of its own, so that a test may block or be asynchronous, and a
child process may call it.

    async with FaultServer() as server:                 # or `with FaultServer() as server:`
        server.then(Status(429, retry_after="0.1"), Answer("hello", chunk=2))
        ...                                             # base URLs: server.anthropic, server.openai
        assert server.calls[0].key == "sk-test"
        assert server.wait_until(lambda: server.calls[1].aborted)

Each request takes the next behaviour of `then`, or else that of `always`. Without either it is answered "ok".
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

from tests.support import wire_formats
from tests.support.faults import Answer, Behaviour, Bytes, Cut, Page, Redirect, Silence, Status, Tokens, Wanted

__all__ = [
    "Answer",
    "Behaviour",
    "Bytes",
    "Call",
    "Cut",
    "FaultServer",
    "Page",
    "Redirect",
    "Silence",
    "Status",
    "Tokens",
    "Wanted",
]

PATIENCE = 120.0
"""Seconds until a test that waits for the server gives up."""


@dataclass
class Call:
    """One request as it arrived, and what became of it."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lowercase."""
    body: bytes
    aborted: bool = False
    """The client left before the answer was complete."""
    finished: bool = False
    """The server has done what it was told to."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def key(self) -> str:
        return self.headers.get("x-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")


class FaultServer:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.busiest = 0
        """How many requests were open at the same time, at most."""
        self.models: list[str] = ["test-model"]
        """What `/v1/models` lists."""
        self._plan: deque[Behaviour] = deque()
        self._default: Behaviour = Answer()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stopped = asyncio.Event()
        self._port = 0
        self._thread = threading.Thread(target=self._serve, name="fault-server", daemon=True)

    def then(self, *behaviours: Behaviour) -> Self:
        """Do these, one per request, in this order."""
        self._plan.extend(behaviours)
        return self

    def always(self, behaviour: Behaviour) -> Self:
        """Do this whenever nothing is planned."""
        self._default = behaviour
        return self

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def anthropic(self) -> str:
        return f"http://{self.host}"

    @property
    def openai(self) -> str:
        return f"http://{self.host}/v1"

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        """Whether it came true in time. Blocks: in a coroutine use `until`."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    async def until(self, condition: Callable[[], bool]) -> bool:
        return await asyncio.to_thread(self.wait_until, condition)

    def start(self) -> Self:
        self._thread.start()
        self._ready.wait(PATIENCE)
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(PATIENCE)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(self, *_exc: object) -> None:
        await asyncio.to_thread(self.stop)

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._run())

    async def _run(self) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        server.close()
        current = asyncio.current_task()
        waiting = [task for task in asyncio.all_tasks() if task is not current]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            call = await _read_request(reader)
            if call is None:
                return
            self.calls.append(call)
            self.busiest = max(self.busiest, sum(not one.finished and not one.aborted for one in self.calls))
            exchange = _Exchange(call, reader, writer)
            try:
                await exchange.answer(self._next(call), self.models)
            except ConnectionError:
                call.aborted = True
            call.finished = True
        finally:
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    def _next(self, call: Call) -> Behaviour:
        if call.path.endswith("/models") and not self._plan:
            return Page(200, wire_formats.models(self.models), "application/json")
        return self._plan.popleft() if self._plan else self._default


async def _read_request(reader: asyncio.StreamReader) -> Call | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _version = head[0].split(" ")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return Call(method, path, headers, body)


class _Exchange:
    """One request and its answer. A watcher notices when the client leaves."""

    def __init__(self, call: Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._call = call
        self._reader = reader
        self._writer = writer
        self._left = asyncio.Event()

    async def answer(self, behaviour: Behaviour, models: list[str]) -> None:
        watcher = asyncio.ensure_future(self._watch())
        try:
            match behaviour:
                case Answer():
                    await self._stream(behaviour)
                case Status():
                    await self._status(behaviour)
                case Page(code, content, content_type):
                    await self._whole(code, content.encode(), {"content-type": content_type})
                case Redirect(to, code):
                    await self._whole(code, b"", {"location": to})
                case Silence():
                    await self._pause(None)
                case Bytes(content):
                    await self._send(content)
        finally:
            watcher.cancel()

    async def _watch(self) -> None:
        try:
            while await self._reader.read(4096):
                pass
        except ConnectionError:
            pass
        self._left.set()

    async def _pause(self, seconds: float | None) -> None:
        """Wait; ends the exchange when the client leaves meanwhile. None: wait for that alone."""
        try:
            await asyncio.wait_for(self._left.wait(), seconds)
        except TimeoutError:
            return
        raise ConnectionAbortedError

    async def _send(self, content: bytes) -> None:
        if self._left.is_set():
            raise ConnectionAbortedError
        self._writer.write(content)
        await self._writer.drain()

    async def _head(self, code: int, headers: Mapping[str, str]) -> None:
        phrase = HTTPStatus(code).phrase if code in HTTPStatus._value2member_map_ else "Overloaded"
        lines = [
            f"HTTP/1.1 {code} {phrase}",
            *(f"{name}: {value}" for name, value in headers.items()),
            "connection: close",
        ]
        await self._send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def _whole(self, code: int, body: bytes, headers: Mapping[str, str]) -> None:
        await self._head(code, {**headers, "content-length": str(len(body))})
        await self._send(body)

    async def _status(self, status: Status) -> None:
        message = f"{status.message} {self._call.key}" if status.echo_key else status.message
        body = status.body
        if body is None:
            body = wire_formats.of(self._call.path).error(status.code, status.kind, message)
        headers = {"content-type": "application/json", **status.headers}
        if status.retry_after:
            headers["retry-after"] = status.retry_after
        await self._whole(status.code, body.encode(), headers)

    async def _stream(self, answer: Answer) -> None:
        if answer.cut is Cut.BEFORE_HEADERS:
            return self._break()
        wire = wire_formats.of(self._call.path)
        await self._head(200, {"content-type": answer.content_type, "transfer-encoding": "chunked"})
        if answer.cut is Cut.AFTER_HEADERS:
            return self._break()
        events = [wire.delta(answer, piece) for piece in _pieces(answer)]
        for index, wanted in enumerate(answer.calls):
            events += wire.call(index, wanted, list(_cut(wanted.arguments, answer.chunk)))
        fault_at = len(events) // 2
        for event in wire.opening(answer, self._call.json.get("model", "")):
            await self._chunk(event)
        for index, event in enumerate(events):
            if index == fault_at and await self._fault(answer, wire, event):
                return None
            if answer.delay:
                await self._pause(answer.delay)
            await self._chunk(event)
        if not events and await self._fault(answer, wire, wire.delta(answer, "")):
            return None
        if answer.cut is Cut.BEFORE_FINISH:
            return self._break()
        for event in wire.closing(answer):
            await self._chunk(event)
        await self._send(b"0\r\n\r\n")
        return None

    async def _fault(self, answer: Answer, wire: wire_formats.Wire, event: bytes) -> bool:
        """Do what goes wrong in the middle; whether that was the end."""
        if answer.strange is not None:
            await self._chunk(wire.strange(answer.strange))
        if answer.corrupt:
            await self._chunk(wire.corrupt())
        if answer.error is not None:
            await self._chunk(wire.error_event(answer.error))
            await self._send(b"0\r\n\r\n")
            return True
        if answer.stall:
            while True:
                await self._pause(answer.pings or None)
                await self._chunk(wire.ping())
        if answer.cut is Cut.MID_STREAM:
            self._break()
            return True
        if answer.cut in {Cut.MID_EVENT, Cut.MID_CHARACTER}:
            middle = next((i + 1 for i, byte in enumerate(event) if byte >= 0xC0), len(event) // 2)
            await self._chunk(event[:middle])
            self._break()
            return True
        return False

    async def _chunk(self, content: bytes) -> None:
        await self._send(b"%x\r\n%s\r\n" % (len(content), content))

    def _break(self) -> None:
        """Close without the end that HTTP asks for. What was written still arrives."""
        self._writer.close()


def _pieces(answer: Answer) -> Iterator[str]:
    if answer.split_characters:
        units = answer.text.encode("utf-16-le")
        for start in range(0, len(units), 2):
            yield units[start : start + 2].decode("utf-16-le", "surrogatepass")
        return
    yield from _cut(answer.text, answer.chunk)


def _cut(text: str, size: int) -> Iterator[str]:
    for start in range(0, len(text), size):
        yield text[start : start + size]
