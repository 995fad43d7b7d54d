"""The two pipes to the client. The event loop reads and writes what it can at once; threads wait, it never does.

Apart from the server because a pipe may block for as long as the client likes: a client that does not read must not
stall a run. What the pipe takes at once is written at once: handing it to a thread costs the time of a key, most of
all when the loop works on, because the two share one interpreter. The rest is the thread's, which waits. In the same
way the loop reads where the system tells it that there is something, and a thread waits where it does not (files,
Windows). Threads are daemons, and use the bare descriptors: waiting must not keep the process alive, and a buffered
stream would hold its lock at interpreter exit.

Invariant: whatever else in this process writes to standard output lands on standard error
(test_a_print_does_not_reach_the_client).
Invariant: no child process inherits either pipe (test_children_do_not_inherit_the_pipes).
"""

from __future__ import annotations

import os
import select
import socket
import stat
import sys
import threading
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

_CHUNK = 1 << 16
_LENGTH = b"content-length:"
_DIGITS = 10
"""Of a length that is meant: who waited for a longer message would wait for ever."""


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
        if line.lower().startswith(_LENGTH) and value.isdigit() and len(value) <= _DIGITS:
            return int(value)
    return None


def start_reader(
    descriptor: int, loop: AbstractEventLoop, receive: Callable[[bytes], None], ended: Callable[[], None]
) -> None:
    """Call `receive` on the loop for each message, and `ended` once when the client has gone."""
    frames = Frames()

    def read() -> bool:
        """Whether there may be more."""
        try:
            chunk = os.read(descriptor, _CHUNK)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            chunk = b""  # the same as the end of the stream: nobody is there any more
        for body in frames.feed(chunk):
            hand_over(receive, body)
        if not chunk:
            hand_over(ended)
        return bool(chunk)

    def read_ready() -> None:
        if not read():
            loop.remove_reader(descriptor)

    def read_always() -> None:
        with suppress(RuntimeError):  # the loop has closed first
            while read():
                pass

    try:
        # Not at once, but in order: what is due in between has its turn.
        hand_over: Callable[..., object] = loop.call_soon
        loop.add_reader(descriptor, read_ready)
    except (NotImplementedError, OSError):  # Windows; a file
        hand_over = loop.call_soon_threadsafe
        threading.Thread(target=read_always, name="lsp-reader", daemon=True).start()


class Outlet:
    """Sends without blocking. pygls calls `write`; who has much to say asks for `congested` first.

    Invariant: messages arrive complete and in the order of `write` (test_messages_arrive_in_order).
    """

    CONGESTED = 1 << 16
    """Bytes that wait, besides what the pipe itself holds, from which on the client counts as not reading."""

    def __init__(self, descriptor: int, loop: AbstractEventLoop) -> None:
        self._descriptor = descriptor
        self._write_some = _unwaiting_write(descriptor)
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
            if self._closing:
                return
            if self._bytes == 0 and self._write_some is not None:
                try:
                    message = message[self._write_some(message) :]
                except (BlockingIOError, InterruptedError):
                    pass
                except OSError:
                    self._closing = True  # the reader will notice and end the server
                    self._wake.notify()
                    return
            if message:
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
                self._write_all(message)
            except OSError:
                self._abandon()
                return
            self._sent(len(message))

    def _write_all(self, message: bytes) -> None:
        view = memoryview(message)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:
                waiting = select.poll()
                waiting.register(self._descriptor, select.POLLOUT)
                waiting.poll()

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


def _unwaiting_write(descriptor: int) -> Callable[[bytes], int] | None:
    """Writes what can be written at once, at least one byte, or raises BlockingIOError; None where there is no way.

    Of a pipe the descriptor itself is told not to wait. Of a socket, which may be the one that is read from too, each
    write is told so. A terminal or a file is shared with others, who would not expect it.
    """
    kind = os.fstat(descriptor).st_mode
    if sys.platform == "win32":
        return None
    if stat.S_ISFIFO(kind):
        os.set_blocking(descriptor, False)
        return partial(os.write, descriptor)
    if stat.S_ISSOCK(kind):
        connection = socket.socket(fileno=os.dup(descriptor))
        return partial(_send, connection)
    return None


def _send(connection: socket.socket, message: bytes) -> int:
    return connection.send(message, socket.MSG_DONTWAIT)
