"""A command in a terminal of its own, as a person sits before it."""

import os
import pty
import select
import signal
import termios
import time
from pathlib import Path

from tests.cli.conftest import ORCHESTRATOR

PATIENCE = 60


class Screen:
    """Everything that was shown is in `text`."""

    def __init__(self, command, *arguments, env=None):
        environ = {**command.environ, "TERM": "xterm-256color", **(env or {})}
        self.process, self._terminal = pty.fork()
        if self.process == 0:
            os.chdir(command.work)
            os.execve(ORCHESTRATOR, [str(ORCHESTRATOR), *map(str, arguments)], environ)
        self._before = termios.tcgetattr(self._terminal)
        self.text = ""

    def wait_for(self, wanted):
        deadline = time.monotonic() + PATIENCE
        while wanted not in self.text:
            assert time.monotonic() < deadline, f"{wanted!r} is not in {self.text!r}"
            assert self._read(), f"it ended without {wanted!r}: {self.text!r}"

    def type(self, text):
        os.write(self._terminal, text.encode())

    def send(self, number):
        os.kill(self.process, number)

    def end(self):
        """Read to the end; the exit code. Asserts what must hold after every ending."""
        while self._read():
            pass
        _, status = os.waitpid(self.process, 0)
        os.close(self._terminal)
        assert self.children() == [], "a child process outlived the command"
        return os.waitstatus_to_exitcode(status)

    def children(self):
        """Processes of its session that still run; where there is no /proc nobody can say."""
        found = []
        for entry in Path("/proc").glob("*"):
            if entry.name.isdecimal():
                try:
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(fields[3]) == self.process and fields[0] != "Z":
                    found.append(int(entry.name))
        return found

    def attributes_changed(self):
        return termios.tcgetattr(self._terminal) != self._before

    def kill(self):
        os.kill(self.process, signal.SIGKILL)

    def _read(self):
        ready, _, _ = select.select([self._terminal], [], [], PATIENCE)
        try:
            new = os.read(self._terminal, 65536) if ready else b""
        except OSError:  # what Linux says when the other side is closed
            new = b""
        self.text += new.decode("utf-8", "replace")
        return bool(new)
