"""The two pipes to the client: one thread reads, one thread writes, the event loop does neither.

Apart from the server because a pipe may block for as long as the client likes: a client that does not read must not
stall a run, and a thread that waits for input must not keep the process alive. So both threads are daemons, use
the bare descriptors (a buffered stream would hold its lock at interpreter exit), and hand bytes over by queue.

Invariant: whatever else in this process writes to standard output lands on standard error
(test_a_print_does_not_reach_the_client).
Invariant: no child process inherits either pipe (test_children_do_not_inherit_the_pipes).
"""

from __future__ import annotations

import os
import threading
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable
from contextlib import suppress

_CHUNK = 1 << 16
_LENGTH = b"content-length:"


def claim() -> tuple[int, int]:
    """Take standard input and output for the protocol alone: (read from, write to).

    Descriptor 0 becomes the null device and 1 becomes standard error, for Python, native code and children alike.
    """
    reading, writing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    for descriptor in (reading, writing):
        os.set_inheritable(descriptor, False)
    return reading, writing


class Frames:
    """Cuts a stream of bytes into message bodies. A header that makes no sense is skipped, to the next blank line."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._missing: int | None = None

    def feed(self, chunk: bytes) -> list[bytes]:
        self._buffer += chunk
        bodies: list[bytes] = []
        while True:
            if self._missing is None:
                end = self._buffer.find(b"\r\n\r\n")
                if end < 0:
                    return bodies
                self._missing = _content_length(bytes(self._buffer[:end]))
                del self._buffer[: end + 4]
            elif len(self._buffer) < self._missing:
                return bodies
            else:
                bodies.append(bytes(self._buffer[: self._missing]))
                del self._buffer[: self._missing]
                self._missing = None


def _content_length(header: bytes) -> int | None:
    for line in header.split(b"\r\n"):
        value = line[len(_LENGTH) :].strip()
        if line.lower().startswith(_LENGTH) and value.isdigit():
            return int(value)
    return None


def start_reader(
    descriptor: int, loop: AbstractEventLoop, receive: Callable[[bytes], None], ended: Callable[[], None]
) -> None:
    """Call `receive` on the loop for each message, and `ended` once when the client has gone."""

    def read() -> None:
        frames = Frames()
        try:
            while chunk := os.read(descriptor, _CHUNK):
                for body in frames.feed(chunk):
                    loop.call_soon_threadsafe(receive, body)
        except OSError:
            pass  # the same as the end of the stream: nobody is there any more
        with suppress(RuntimeError):  # the loop has closed first
            loop.call_soon_threadsafe(ended)

    threading.Thread(target=read, name="lsp-reader", daemon=True).start()


class Outlet:
    """Sends without blocking. pygls calls `write`; who has much to say asks for `congested` first.

    Invariant: messages arrive complete and in the order of `write` (test_messages_arrive_in_order).
    """

    CONGESTED = 1 << 16
    """Bytes that wait, besides what the pipe itself holds, from which on the client counts as not reading."""

    def __init__(self, descriptor: int, loop: AbstractEventLoop) -> None:
        self._descriptor = descriptor
        self._loop = loop
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._closing = False
        self._wake = threading.Condition()
        self._on_drained: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._run, name="lsp-writer", daemon=True)
        self._thread.start()

    def write(self, message: bytes) -> None:
        with self._wake:
            if not self._closing:
                self._waiting.append(message)
                self._bytes += len(message)
                self._wake.notify()

    @property
    def congested(self) -> bool:
        return self._bytes > self.CONGESTED

    def when_drained(self, callback: Callable[[], None]) -> None:
        """Call back on the loop, once, when nothing waits any more."""
        with self._wake:
            if self._waiting or self._bytes:
                self._on_drained.append(callback)
                return
        self._loop.call_soon(callback)

    def close(self, timeout: float = 1.0) -> None:
        """Send what waits, for at most so many seconds."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while message := self._next():
            try:
                view = memoryview(message)
                while view:
                    view = view[os.write(self._descriptor, view) :]
            except OSError:
                self._abandon()
                return
            self._sent(len(message))

    def _next(self) -> bytes | None:
        with self._wake:
            while not self._waiting:
                if self._closing:
                    return None
                self._wake.wait()
            return self._waiting.popleft()

    def _sent(self, count: int) -> None:
        with self._wake:
            self._bytes -= count
            if self._bytes:
                return
            callbacks, self._on_drained = self._on_drained, []
        for callback in callbacks:
            self._loop.call_soon_threadsafe(callback)

    def _abandon(self) -> None:
        """The client has closed its end; the reader will notice and end the server."""
        with self._wake:
            self._closing = True
            self._waiting.clear()
            self._bytes = 0
