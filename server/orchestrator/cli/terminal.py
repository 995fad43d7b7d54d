"""Where a command reads and writes: results on stdout, talk on stderr, questions only to a person.

Apart from the commands because the rules are one: no colour where it is not wanted, and nothing that cannot be
encoded crashes. What a file, a model or a provider wrote is made safe (`model.safe_text`) before it comes here.

Invariant: colour repeats what the text says and is never needed (test_no_color_leaves_the_same_text).
Invariant: an encoding without a character never crashes the command (test_output_survives_an_ascii_terminal).
Invariant: talk that nobody can hear ends no work (test_talk_that_cannot_be_written_ends_nothing).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import unicodedata
from collections.abc import Mapping
from typing import Literal, TextIO

from orchestrator.model.safe_text import many_lines

Style = Literal["added", "removed", "strong", "faint", "warning"]

_CODES: dict[Style, str] = {"added": "32", "removed": "31", "strong": "1", "faint": "2", "warning": "33"}
_PLAIN = str.maketrans({"“": '"', "”": '"', "…": "...", "·": "-"})
"""For encodings other than Unicode ones: our own typography must not become question marks."""


class Terminal:
    """The three standard streams, as the environment and `--no-color` want them."""

    def __init__(self, environ: Mapping[str, str], *, no_color: bool = False) -> None:
        self._stdin = sys.stdin
        self._stdout = _tolerant(sys.stdout)
        self._stderr = _tolerant(sys.stderr)
        self._smart = environ.get("TERM", "") != "dumb"
        self._coloured = self._smart and not no_color and not environ.get("NO_COLOR")
        self._status = ""

    @property
    def can_ask(self) -> bool:
        """Whether a person reads what we say and can answer."""
        return _is_terminal(self._stdin) and _is_terminal(self._stderr)

    @property
    def redraws(self) -> bool:
        """Whether lines that were shown can be shown anew."""
        return self._smart and _is_terminal(self._stderr)

    @property
    def coloured(self) -> bool:
        return self._coloured

    @property
    def shows_results(self) -> bool:
        """Whether stdout is a terminal; else a program or a file reads it."""
        return _is_terminal(self._stdout)

    @property
    def width(self) -> int:
        """Columns, for results on a terminal."""
        import shutil

        return max(20, shutil.get_terminal_size((80, 24)).columns)

    def result(self, text: str = "", style: Style | None = None) -> None:
        """A line of what the command was asked for."""
        self.clear_status()
        self._write(self._stdout, text + "\n", style)

    def piece(self, text: str) -> None:
        """The next characters of a result that arrives bit by bit."""
        if text:
            self._write(self._stdout, text, None)

    def document(self, text: str) -> None:
        """A whole document as the result: byte for byte to a file or a program, made safe on a terminal."""
        self.clear_status()
        if self.shows_results:
            self._write(self._stdout, many_lines(text), None)
            return
        self._stdout.flush()
        out = getattr(self._stdout, "buffer", None)
        if out is None:
            self._stdout.write(text)
        else:
            out.write(text.encode("utf-8", "replace"))
            out.flush()

    def say(self, text: str = "", style: Style | None = None) -> None:
        """A line beside the result: progress, notes, errors."""
        self.clear_status()
        self._write(self._stderr, text + "\n", style)

    def status(self, text: str) -> None:
        """Replace the line that tells what goes on; nothing where lines cannot be replaced."""
        if self._smart and _is_terminal(self._stderr):
            fitting = _fit(text, self.width - 1)
            if fitting != self._status:
                self._write(self._stderr, f"\r\x1b[K{fitting}", None)
                self._status = fitting

    def clear_status(self) -> None:
        if self._status:
            self._write(self._stderr, "\r\x1b[K", None)
            self._status = ""

    async def ask(self, prompt: str) -> str | None:
        """The line that the person typed, stripped; None where nobody answers: at Ctrl-D, and when it was closed.

        What was typed before the question could be read is no answer to it, and is dropped.
        """
        self.clear_status()
        _drop_typed(self._stdin)
        self._write(self._stderr, prompt, None)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str | None] = loop.create_future()
        descriptor = self._stdin.fileno()

        def read() -> None:
            # Not the buffered stream: a thread that waits in it would hold its lock when the program ends.
            try:
                line = os.read(descriptor, 4096)
            except OSError:
                line = b""
            loop.call_soon_threadsafe(_settle, answer, line.decode("utf-8", "replace").strip() if line else None)

        # A thread of its own, not the loop's pool: Ctrl-C must not wait until it ends.
        threading.Thread(target=read, name="question", daemon=True).start()
        try:
            return await answer
        except asyncio.CancelledError:
            self._write(self._stderr, "\n", None)
            raise

    def flush(self) -> None:
        self._stdout.flush()
        self._write(self._stderr, "", None)

    def _write(self, stream: TextIO, text: str, style: Style | None) -> None:
        if style is not None and self._coloured and _is_terminal(stream):
            body, end = (text[:-1], "\n") if text.endswith("\n") else (text, "")
            text = f"\x1b[{_CODES[style]}m{body}\x1b[0m{end}"
        if "utf" not in (stream.encoding or "").lower():
            text = text.translate(_PLAIN)
        try:
            stream.write(text)
            if stream is self._stderr or _is_terminal(stream):
                stream.flush()
        except OSError:
            if stream is not self._stderr:
                raise
            give_up(stream)
            self._stderr = _tolerant(None)


def give_up(stream: TextIO) -> None:
    """Point a stream that cannot be written elsewhere, or Python fails once more when it flushes at exit."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(descriptor, stream.fileno())
    except (OSError, ValueError):
        return  # a stream without a file: nothing is flushed there
    finally:
        os.close(descriptor)


def _drop_typed(stream: TextIO) -> None:
    try:
        import termios
    except ImportError:
        return  # Windows
    with contextlib.suppress(termios.error, OSError, ValueError):
        termios.tcflush(stream, termios.TCIFLUSH)


def _fit(text: str, columns: int) -> str:
    """Cut to what one line can hold, or replacing the line would leave the rest of it on the screen."""
    used = 0
    for index, character in enumerate(text):
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > columns - 1:
            return text[:index] + "…"
    return text


def _settle(answer: asyncio.Future[str | None], text: str | None) -> None:
    if not answer.done():
        answer.set_result(text)


def _tolerant(stream: TextIO | None) -> TextIO:
    if stream is None:  # closed by whoever started us
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123  # lives as long as the program
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    return stream


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()
