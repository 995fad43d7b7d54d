"""An editor for tests: speaks raw JSON-RPC to a real `orchestrator serve`, holds buffers, and obeys or disobeys.

Positions are computed here from encoded lines, in another way than the program does it, so that both cannot be wrong
in the same way.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

PATIENCE = 120.0
"""Seconds; not a limit that is tested, only an end to waiting for what never comes."""

GHOSTS = {"experimental": {"orchestrator": {"ghosts": True, "tree": True}}}
_BREAK = re.compile(r"\r\n|\n|\r")
_WIDTH = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


class RpcError(Exception):
    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = error["code"]
        self.message = error["message"]
        self.data = error.get("data")


class Buffer:
    """A document in the editor."""

    def __init__(self, client: LspClient, uri: str, text: str) -> None:
        self.client = client
        self.uri = uri
        self.text = text
        self.version = 1
        self.undo_stack: list[str] = []
        self._gathered: list[dict[str, Any]] = []

    def position(self, offset: int) -> dict[str, int]:
        breaks = [match for match in _BREAK.finditer(self.text) if match.end() <= offset]
        start = breaks[-1].end() if breaks else 0
        codec, width = _WIDTH[self.client.encoding]
        return {"line": len(breaks), "character": len(self.text[start:offset].encode(codec)) // width}

    def offset(self, position: dict[str, int]) -> int:
        starts = [0, *(match.end() for match in _BREAK.finditer(self.text))]
        start = starts[position["line"]]
        line = _BREAK.split(self.text[start:], maxsplit=1)[0]
        codec, width = _WIDTH[self.client.encoding]
        encoded = line.encode(codec)
        assert position["character"] * width <= len(encoded), "the server sent a position past the end of a line"
        return start + len(encoded[: position["character"] * width].decode(codec))

    def span(self, range_: dict[str, Any]) -> str:
        return self.text[self.offset(range_["start"]) : self.offset(range_["end"])]

    def at(self, fragment: str) -> dict[str, int]:
        """The position of the first place where this text stands."""
        return self.position(self.text.index(fragment))

    async def type(self, old: str, new: str) -> None:
        """As a person: replace the first `old`."""
        start = self.text.index(old)
        await self.splice(start, start + len(old), new)

    async def splice(self, start: int, end: int, new: str) -> None:
        change = {"range": {"start": self.position(start), "end": self.position(end)}, "text": new}
        self.undo_stack.append(self.text)
        self.text = self.text[:start] + new + self.text[end:]
        await self._changed([change])

    async def undo(self) -> None:
        self.text = self.undo_stack.pop()
        await self._changed([{"text": self.text}])

    async def apply(self, edits: list[dict[str, Any]]) -> None:
        """As one undo step."""
        spans = [(self.offset(e["range"]["start"]), self.offset(e["range"]["end"]), e["newText"]) for e in edits]
        self.undo_stack.append(self.text)
        changes = []
        for start, end, new in sorted(spans, key=lambda span: span[:2], reverse=True):
            changes.append({"range": {"start": self.position(start), "end": self.position(end)}, "text": new})
            self.text = self.text[:start] + new + self.text[end:]
        await self._changed(changes)

    async def _changed(self, changes: list[dict[str, Any]]) -> None:
        self.version += 1
        if self.client.lag:
            self._gathered += changes
            if len(self._gathered) == len(changes):
                self.client.later(self._flush())
        else:
            await self._tell(changes)

    async def _flush(self) -> None:
        await asyncio.sleep(self.client.lag)
        changes, self._gathered = self._gathered, []
        await self._tell(changes)

    async def _tell(self, changes: list[dict[str, Any]]) -> None:
        document = {"uri": self.uri, "version": self.version}
        await self.client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    async def close(self) -> None:
        del self.client.buffers[self.uri]
        await self.client.notify("textDocument/didClose", {"textDocument": {"uri": self.uri}})


class LspClient:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.encoding = "utf-16"
        self.capabilities: dict[str, Any] = {}
        self.buffers: dict[str, Buffer] = {}
        self.received: list[dict[str, Any]] = []
        """Every notification and request of the server, in order."""
        self.order: list[str] = []
        """What came, answers too: a method, or "answer 7"."""
        self.choices: list[str | None] = []
        """What the person answers to the next messages with buttons; then nothing."""
        self.configuration: Any = None
        self.before_apply: Callable[[], Any] | None = None
        """Called when an edit arrives, before it is looked at."""
        self.lie = False
        """Say that an edit was applied, and leave it out."""
        self.claims = False
        """Say that an edit was applied, when it was left out because of its version."""
        self.lag = 0.0
        """Seconds in which changes are gathered before they are sent."""
        self.obey = True
        self._next_id = 0
        self._waiting: dict[Any, asyncio.Future[Any]] = {}
        self._arrived = asyncio.Condition()
        self._reading = asyncio.ensure_future(self._read())
        self._later: set[asyncio.Future[Any]] = set()

    def later(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.ensure_future(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    # --- talking ----------------------------------------------------------------------------------------------

    async def send_bytes(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        await self.process.stdin.drain()

    async def send(self, message: Any) -> None:
        body = json.dumps(message).encode()
        await self.send_bytes(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def notify(self, method: str, params: Any = None) -> None:
        await self.send({"jsonrpc": "2.0", "method": method, "params": params})

    async def request(self, method: str, params: Any = None) -> Any:
        _, answer = await self.ask(method, params)
        return await asyncio.wait_for(answer, PATIENCE)

    async def ask(self, method: str, params: Any = None) -> tuple[int, asyncio.Future[Any]]:
        """Without waiting for the answer: (id, answer)."""
        self._next_id += 1
        msg_id = self._next_id
        future = self._waiting[msg_id] = asyncio.get_running_loop().create_future()
        await self.send({"jsonrpc": "2.0", "id": msg_id, "method": method, "params": params})
        return msg_id, future

    async def refused(self, method: str, params: Any = None) -> RpcError:
        """The error that this request must be answered with."""
        try:
            answer = await self.request(method, params)
        except RpcError as error:
            return error
        raise AssertionError(f"{method} was answered with {answer}")

    async def initialize(self, capabilities: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        self.capabilities = capabilities or {}
        result = await self.request(
            "initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": self.capabilities, **more}
        )
        self.encoding = result["capabilities"]["positionEncoding"]
        await self.notify("initialized", {})
        return result

    async def open(self, text: str, uri: str = "file:///w/plan.tasks.md", version: int = 1) -> Buffer:
        buffer = self.buffers[uri] = Buffer(self, uri, text)
        buffer.version = version
        item = {"uri": uri, "languageId": "markdown", "version": version, "text": text}
        await self.notify("textDocument/didOpen", {"textDocument": item})
        return buffer

    async def leave(self) -> int:
        """As the protocol wants it; the exit code."""
        await self.request("shutdown")
        await self.notify("exit")
        return await asyncio.wait_for(self.process.wait(), PATIENCE)

    # --- listening --------------------------------------------------------------------------------------------

    def of(self, method: str) -> list[dict[str, Any]]:
        """The params of every message of that method so far."""
        return [message.get("params") for message in self.received if message["method"] == method]

    async def until(self, method: str, wanted: Callable[[Any], bool] = lambda _: True) -> Any:
        """The params of the first such message, now or later."""

        def found() -> Any:
            return next((params or {} for params in self.of(method) if wanted(params)), None)

        async with self._arrived:
            try:
                await asyncio.wait_for(self._arrived.wait_for(lambda: found() is not None), PATIENCE)
            except TimeoutError:
                raise AssertionError(f"no such {method} among {self.of(method)}") from None
        return found()

    def stop_reading(self) -> None:
        self._pipe().pause_reading()

    def read_on(self) -> None:
        if not self._pipe().is_closing():
            self._pipe().resume_reading()

    def _pipe(self) -> Any:
        return self.process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]

    async def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := await stream.readline()) not in {b"\r\n", b""}:
                name, _, value = line.partition(b":")
                assert name in {b"Content-Length", b"Content-Type"}, f"not LSP on standard output: {line!r}"
                length = int(value) if name == b"Content-Length" else length
            if not length:
                return
            await self._take(json.loads(await stream.readexactly(length)))

    async def _take(self, message: dict[str, Any]) -> None:
        assert message["jsonrpc"] == "2.0"
        self.order.append(message.get("method") or f"answer {message['id']}")
        if "method" not in message:
            self._settle(message)
            return
        async with self._arrived:
            self.received.append(message)
            self._arrived.notify_all()
        if "id" in message:
            self.later(self._answer(message))

    def _settle(self, message: dict[str, Any]) -> None:
        future = self._waiting.pop(message["id"], None)
        if future is None:
            self.received.append({"method": "$unasked", "params": message})
        elif "error" in message:
            assert "result" not in message
            future.set_exception(RpcError(message["error"]))
        else:
            future.set_result(message["result"])

    async def _answer(self, message: dict[str, Any]) -> None:
        method, params = message["method"], message.get("params")
        result: Any = None
        if method == "workspace/applyEdit":
            result = await self._apply(params)
        elif method == "window/showMessageRequest":
            wanted = self.choices.pop(0) if self.choices else None
            result = None if wanted is None else {"title": wanted}
        elif method == "workspace/configuration":
            result = [self.configuration for _ in params["items"]]
        await self.send({"jsonrpc": "2.0", "id": message["id"], "result": result})

    async def _apply(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.before_apply is not None:
            hook, self.before_apply = self.before_apply, None
            await hook()
        if not self.obey:
            return {"applied": False, "failureReason": "the file is read-only"}
        (change,) = params["edit"]["documentChanges"]
        buffer = self.buffers.get(change["textDocument"]["uri"])
        if buffer is None or buffer.version != change["textDocument"]["version"]:
            return {"applied": self.claims, "failureReason": "the document is newer"}
        if not self.lie:
            await buffer.apply(change["edits"])
        return {"applied": True}


def _write_script(home: Path, script: list[Any]) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    file = home / "script.json"
    file.write_text(json.dumps(script), "utf-8")
    return file


@asynccontextmanager
async def serving(
    home: Path, *, script: list[Any] | None = None, arguments: tuple[str, ...] = (), **environ: str
) -> AsyncIterator[LspClient]:
    """A server with the user folders below `home`, answered by the scripted provider."""
    script_file = _write_script(home, script or [])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "orchestrator",
        "serve",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 16,
        cwd=home,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")},
            "ORCHESTRATOR_CONFIG_DIR": str(home / "config"),
            "ORCHESTRATOR_DATA_DIR": str(home / "data"),
            "ORCHESTRATOR_CACHE_DIR": str(home / "cache"),
            "ORCHESTRATOR_MODEL": "scripted/script",
            "ORCHESTRATOR_SCRIPTED__SCRIPT": str(script_file),
            **environ,
        },
    )
    client = LspClient(process)
    try:
        yield client
    finally:
        client._reading.cancel()
        client.read_on()  # a pipe that nobody reads keeps asyncio from seeing the end of the process
        if process.returncode is None:
            process.kill()
        await process.wait()
        assert process.stderr is not None
        said = (await process.stderr.read()).decode("utf-8", "replace")
        process._transport.close()  # type: ignore[attr-defined]
        assert not re.search("ERROR|Traceback", said), said
