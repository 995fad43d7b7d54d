"""Ctrl-C for a program that reads lines and works in turn: it stops the work, or clears the line, and is never lost.

Apart from `chat` because Python alone loses some. The line editor notices a signal only while it waits for a key: one
that comes while it shows a key is acted on with the next key, which a person who pressed Ctrl-C does not press. And
between two pieces of work Python's own handler would end the program. So the handler here does nothing, and a thread
hears of every signal as it comes, through the file descriptor that Python writes to from the signal itself. The thread
tells the work to stop, or pokes the main thread with another signal until it has left the reading.

Invariant: a Ctrl-C ends the reading, whatever was going on when it came (test_ctrl_c_is_not_lost_while_a_key_is_shown).
Invariant: a Ctrl-C before the work began stops it (test_ctrl_c_before_the_work_began_stops_it).
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, Self, TypeVar

T = TypeVar("T")

POKE_SECONDS = 0.02
"""Between two pokes. One is enough, unless it comes while a key is shown as well."""


class Interrupts:
    """Owns Ctrl-C between `with` and its end, in the main thread; `loop` runs the work."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._main = threading.get_ident()
        self._ear, self._mouth = socket.socketpair()
        self._mouth.setblocking(False)
        self._listener = threading.Thread(target=self._listen, name="interrupts", daemon=True)
        self._restore: list[Callable[[], object]] = []
        self._pressed = False
        """Since the reading or the work began; set by the listener alone."""
        self._reading = False
        self._stop: Callable[[], None] | None = None
        """While there is work."""

    def __enter__(self) -> Self:
        handlers: dict[int, Any] = {signal.SIGINT: self._on_interrupt}
        if sys.platform != "win32":
            handlers[signal.SIGURG] = self._on_poke  # of all signals the one that does nothing by itself
        for number, handler in handlers.items():
            before = signal.signal(number, handler)
            self._restore.append(lambda number=number, before=before: signal.signal(number, before))
        fd = signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        self._restore.append(lambda: signal.set_wakeup_fd(fd))
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        while self._restore:
            self._restore.pop()()
        self._mouth.close()
        self._listener.join()
        self._ear.close()

    def run(self, work: Coroutine[Any, Any, T], stop: Callable[[], object] = lambda: None) -> T:
        """Until the work has ended, which `stop` asks for. What has no `stop` is short."""

        def told() -> None:
            if self._stop is tell:  # else it came as the work ended
                stop()

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the program ends
                self._loop.call_soon_threadsafe(told)

        self._stop = tell
        try:
            if self._pressed:
                tell()
            return self._loop.run_until_complete(work)
        finally:
            self._stop = None

    def read(self, ask: Callable[[], T]) -> T:
        """What `ask` returns, which reads from the terminal; raises KeyboardInterrupt at a Ctrl-C."""
        self._pressed = False  # there was nothing to stop
        self._reading = True
        try:
            return ask()
        finally:
            self._reading = False

    # --- in the main thread, between any two instructions -----------------------------------------------------

    def _on_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """Only where there is nothing to poke with, and where the console's own reading is left by it."""
        if sys.platform == "win32" and self._reading:
            self._reading = False
            raise KeyboardInterrupt

    def _on_poke(self, _number: int, _frame: FrameType | None) -> None:
        if self._reading and self._pressed:
            self._reading = self._pressed = False
            raise KeyboardInterrupt

    # --- in the thread ----------------------------------------------------------------------------------------

    def _listen(self) -> None:
        while heard := self._ear.recv(4096):
            if signal.SIGINT in heard:
                self._pressed = True
                self._pass_on()

    def _pass_on(self) -> None:
        if (stop := self._stop) is not None:
            stop()
        elif sys.platform != "win32":
            left = threading.Event()  # never set: a pause that costs nothing
            while self._reading and self._pressed:
                signal.pthread_kill(self._main, signal.SIGURG)
                left.wait(POKE_SECONDS)
