"""A command in a terminal of its own, as a person sits before it."""

import os
import pty
import select
import signal
import termios
import time
from pathlib import Path

from tests.cli.conftest import ORCHESTRATOR
from tests.support.patience import PATIENCE


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

    def wait_for(self, wanted, times=1):
        """Until it was shown, so often in all."""
        self._read_until(lambda: self.text.count(wanted) >= times, repr(wanted))

    def wait_for_after(self, before, wanted):
        """Until `wanted` was shown behind the last `before`."""
        self._read_until(lambda: wanted in self.text.rpartition(before)[2], f"{wanted!r} after {before!r}")

    def type(self, text):
        os.write(self._terminal, text.encode())

    def send(self, number):
        os.kill(self.process, number)

    def end(self):
        """Read to the end; the exit code. Asserts what must hold after every ending."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline, "its end"):
            pass
        _, status = os.waitpid(self.process, 0)
        os.close(self._terminal)
        assert self.children() == [], "a child process outlived the command"
        return os.waitstatus_to_exitcode(status)

    def close(self):
        """As whoever closes the window."""
        os.close(self._terminal)
        _, status = os.waitpid(self.process, 0)
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

    def _read_until(self, is_shown, wanted):
        deadline = time.monotonic() + PATIENCE
        while not is_shown():
            assert self._read(deadline, wanted), f"It ended without {wanted}. The screen:\n{self.text}"

    def _read(self, deadline, wanted):
        """What it shows next; False at its end."""
        ready, _, _ = select.select([self._terminal], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            self.kill()
            os.waitpid(self.process, 0)
            raise AssertionError(f"No {wanted} in {PATIENCE:.0f} s. The screen:\n{self.text}")
        try:
            new = os.read(self._terminal, 65536)
        except OSError:  # what Linux says when the other side is closed
            new = b""
        self.text += new.decode("utf-8", "replace")
        return bool(new)
