"""A client on bare pipes, that knows when each message was complete. What it does with them is not on the clock.

It waits with the pipe, not with an event loop, so that the time is the server's and not the client's.
"""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.lsp.stdio import Frames

SERVE = [sys.executable, "-P", "-m", "orchestrator", "serve"]
URI = "file:///benchmark/plan.tasks.md"
PATIENCE = 300.0
"""Seconds until a server counts as stuck."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message of the server."""

    at: float
    """`time.perf_counter` when its last byte was there."""
    body: bytes


class Connection:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin
        assert process.stdout
        self.process = process
        self._in, self._out = process.stdin.fileno(), process.stdout.fileno()
        self._frames = Frames()
        self._waiting: list[Arrival] = []
        self._next_id = 0
        self.capabilities: dict[str, Any] = {}

    # --- out --------------------------------------------------------------------------------------------------

    def send(self, body: bytes) -> float:
        """When the first byte went out."""
        view = memoryview(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        began = time.perf_counter()
        while view:
            view = view[os.write(self._in, view) :]
        return began

    def notify(self, method: str, params: Any) -> None:
        self.send(message(method, params))

    def request(self, method: str, params: Any) -> Any:
        """The result, once it is there."""
        return json.loads(self.asked(method, params)[1].body)["result"]

    def asked(self, method: str, params: Any) -> tuple[float, Arrival]:
        """The seconds that a request takes, and its answer as it came."""
        self._next_id += 1
        began = self.send(message(method, params, self._next_id))
        answer = self.until(answers(self._next_id))
        assert b'"error"' not in answer.body[:200], answer.body[:500]
        return answer.at - began, answer

    # --- in ---------------------------------------------------------------------------------------------------

    def receive(self, patience: float = PATIENCE) -> Arrival | None:
        """The next message; None if there is none in so many seconds."""
        deadline = time.perf_counter() + patience
        while not self._waiting:
            left = deadline - time.perf_counter()
            if left <= 0 or not select.select([self._out], [], [], left)[0]:
                return None
            chunk = os.read(self._out, 1 << 20)
            if not chunk:
                raise RuntimeError(f"The server ended: exit code {self.process.wait()}")
            now = time.perf_counter()
            self._waiting += (Arrival(now, body) for body in self._frames.feed(chunk))
        return self._waiting.pop(0)

    def until(self, wanted: Callable[[bytes], Any]) -> Arrival:
        """The first message of that kind; others are dropped."""
        while arrival := self.receive():
            if wanted(arrival.body):
                return arrival
        raise TimeoutError("The server does not answer.")

    def drop_all(self, seconds: float) -> None:
        """Whatever still comes, until nothing has come for so long."""
        while self.receive(seconds):
            pass

    # --- an editor --------------------------------------------------------------------------------------------

    def initialize(self, capabilities: dict[str, Any], options: Any = None) -> None:
        params = {
            "processId": os.getpid(),
            "rootUri": None,
            "capabilities": capabilities,
            "initializationOptions": options,
        }
        self.capabilities = self.request("initialize", params)["capabilities"]
        self.notify("initialized", {})

    def open(self, text: str, uri: str = URI) -> float:
        """When the first byte went out."""
        item = {"uri": uri, "languageId": "markdown", "version": 1, "text": text}
        return self.send(message("textDocument/didOpen", {"textDocument": item}))


def message(method: str, params: Any, msg_id: int | None = None) -> bytes:
    """As VS Code's client writes it: UTF-8, no spaces."""
    content: dict[str, Any] = {"jsonrpc": "2.0", "id": msg_id, "method": method, "params": params}
    if msg_id is None:
        del content["id"]
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def answers(msg_id: int) -> Callable[[bytes], Any]:
    """Whether a message is the answer to this request, told without reading all of it."""
    return re.compile(rb'\{(?:"jsonrpc": ?"2.0", ?)?"id": ?%d\D' % msg_id).match


def says(method: str) -> Callable[[bytes], Any]:
    """Whether a message is of this method: it stands among the first or the last words."""
    name = re.compile(rb'"method": ?"%s"' % re.escape(method.encode()))
    return lambda body: name.search(body[:200]) or name.search(body[-200:])


@contextmanager
def running(command: Sequence[str], **more: str) -> Iterator[Connection]:
    """A server with folders of its own, and its end. `more` goes into its environment."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")}
        for kind in ("CONFIG", "DATA", "CACHE"):
            environment[f"ORCHESTRATOR_{kind}_DIR"] = str(Path(folder) / kind.lower())
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment.update(more)
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            yield Connection(process)
        finally:
            process.kill()
            process.communicate()
