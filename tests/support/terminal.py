"""A real terminal for tests: tmux on a private socket, driven by keys, read from its screen, polled, never slept for.

Apart from `neovim`, which sees the editor from inside: here is only what a person types and sees.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = float(os.environ.get("TEST_PATIENCE", "120"))
"""Seconds until a screen that never comes fails the test. No measure of speed."""


class TerminalMissingError(Exception):
    """No tmux; the message says how to get it."""


class Terminal:
    """One program in a terminal of a fixed size. Use as a context manager."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        columns: int = 80,
        lines: int = 24,
    ) -> None:
        found = shutil.which("tmux")
        if found is None:
            raise TerminalMissingError("tmux is needed for these tests. Install it with: apt-get install tmux")
        # Addresses of sockets are short; folders of tests are not.
        self._own = Path(tempfile.mkdtemp(prefix="tmux-"))
        self._tmux = [found, "-S", str(self._own / "s"), "-f", "/dev/null"]
        self._status = self._own / "status"
        # A shell notes the exit status, because tmux 3.3 sometimes misses the end of a child.
        self._argv = ["sh", "-c", '"$@"; echo $? > "$0"', str(self._status), *argv]
        self._folder = folder
        self._environment = {**environment, "COLORTERM": "truecolor"}
        self._size = (columns, lines)

    def __enter__(self) -> Self:
        columns, lines = self._size
        # remain-on-exit keeps the last screen of a program that ended, so that a test can show why.
        self._run(
            *("set-option", "-g", "escape-time", "0", ";", "set-option", "-g", "remain-on-exit", "on", ";"),
            *("set-option", "-g", "status", "off", ";", "set-option", "-g", "default-terminal", "tmux-256color", ";"),
            *("new-session", "-d", "-x", str(columns), "-y", str(lines), "-c", str(self._folder), *self._argv),
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run("kill-server", check=False)
        shutil.rmtree(self._own, ignore_errors=True)

    def type(self, text: str) -> None:
        """Characters as they are."""
        self._run("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        """Keys by tmux's names: Enter, Escape, C-c."""
        self._run("send-keys", *keys)

    def screen(self) -> list[str]:
        """The rows without trailing blanks."""
        return [row.rstrip() for row in self._run("capture-pane", "-p").splitlines()]

    def screen_with_colours(self) -> str:
        """The rows with the escape sequences that colour them."""
        return self._run("capture-pane", "-p", "-e", "-N")

    def wait_for(self, text: str) -> list[str]:
        """Until the text stands on the screen; answers the screen."""
        return self.wait_until(f"'{text}' on the screen", lambda screen: any(text in row for row in screen))

    def wait_until(self, what: str, condition: Callable[[list[str]], bool]) -> list[str]:
        end = time.monotonic() + PATIENCE
        while not condition(screen := self.screen()):
            if time.monotonic() > end:
                raise AssertionError("\n".join([f"Still waiting for: {what}", "--- screen ---", *screen]))
            time.sleep(0.02)
        return screen

    def wait_for_end(self) -> int:
        """Until the program has ended; answers its exit status."""
        self.wait_until("the program to end", lambda _: self._status.exists() and self._status.read_text() != "")
        return int(self._status.read_text())

    def _run(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments], env=self._environment, capture_output=True, text=True, check=False
        )
        if check and done.returncode != 0:
            raise AssertionError(f"tmux {arguments[0]}: {done.stderr.strip()}")
        return done.stdout
