"""Run one approved command: an installed program, without a shell, without our keys, bounded in time and output.

Apart from the policy because this is the only place that starts a program for a model; who allowed it is settled
before. A program is looked for in the user's PATH without anything inside the workspace, and never in the current
folder; only a path in the user's own setting `tools.programs` may lie in a workspace.

Invariant: nothing inside the workspace is started as a program (test_programs_of_the_folder_are_not_found).
Invariant: no key of ours is in its environment, under whatever name (test_no_key_is_in_the_environment).
Invariant: when `run` ends, the command's process group is gone (test_a_command_leaves_no_process).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.engine.policy import folded, shown
from orchestrator.errors import ToolError
from orchestrator.model.safe_text import one_line
from orchestrator.providers.redaction import remove_secrets

HEAD_BYTES = 12_000
TAIL_BYTES = 24_000
"""Of the output the beginning and the end are kept: what failed is usually said last."""
MAX_OUTPUT_BYTES = 50_000_000
"""A command that writes more is stopped."""
GRACE_SECONDS = 2.0
"""Between asking its processes to end and ending them."""
KILLED_SECONDS = 1.0
"""What was killed is gone in a moment; a system without a process that reaps keeps its names."""

_SECRET_NAME = re.compile(
    r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|_PAT$|^ORCHESTRATOR_|^AWS_|^AZURE_|^SSH_AUTH_SOCK$|^SSH_AGENT"
    r"|^GPG_|^GIT_ASKPASS$|^SSH_ASKPASS$|^DBUS_SESSION|CUSTOM_HEADERS$|^LD_|^DYLD_|^PYTHON(PATH|STARTUP|HOME)$",
    re.IGNORECASE,
)
"""Keys by their usual names, the doors to agents that hold keys, and what changes the programs that are run."""
_SHORTEST_SECRET = 8


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    exit_code: int | None
    """None: it was stopped, or its end is not known."""
    output: str
    """Both streams as they came, the middle left out where there is much."""
    stopped: str = ""
    """Why it was stopped, for people and models."""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.exit_code == 0

    @property
    def summary(self) -> str:
        return self.stopped or f"exit code {self.exit_code}"

    def to_json(self) -> dict[str, Any]:
        return {"exitCode": self.exit_code, "output": self.output, "stopped": self.stopped, "seconds": self.seconds}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> CommandOutcome:
        return cls(stored["exitCode"], stored["output"], stored["stopped"], stored["seconds"])


def find_program(name: str, folder: Path, environ: Mapping[str, str], named: Sequence[str] = ()) -> Path:
    """The absolute path of an installed program. Raises ToolError when there is none outside the workspace.

    `named` are paths from the user's own settings; the last part of each is the name it stands for.
    """
    for entry in named:
        path = Path(entry)
        if path.is_absolute() and path.name == name and os.access(path, os.X_OK) and path.is_file():
            return path
    hidden = False
    for entry in search_path(folder, environ):
        path = Path(entry) / name
        if not (path.is_file() and os.access(path, os.X_OK)):
            continue
        if _inside(Path(os.path.realpath(path)), folder):
            hidden = True
            continue
        return path
    local = hidden or any(
        (Path(entry) / name).is_file() for entry in environ.get("PATH", "").split(os.pathsep) if entry
    )
    why = "only inside the workspace, where programs are not started" if local else "not installed"
    raise ToolError(
        f"The program {one_line(name, 100)} is {why}.",
        hint="Do without it; the person can name it in the setting tools.programs.",
    )


def search_path(folder: Path, environ: Mapping[str, str]) -> list[str]:
    """The folders of PATH that are absolute and outside the workspace, links followed."""
    entries = environ.get("PATH", os.defpath).split(os.pathsep)
    return [entry for entry in entries if entry[:1] == os.sep and not _inside(Path(os.path.realpath(entry)), folder)]


def scrubbed(environ: Mapping[str, str], secrets: Collection[str], folder: Path) -> dict[str, str]:
    """The environment of a command: what looks like a key goes, and whatever holds one of `secrets` (their values)."""
    values = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
    kept = {
        name: value
        for name, value in environ.items()
        if not _SECRET_NAME.search(name)
        and not any(secret in value for secret in values)
        and not re.search(r"://[^/\s@]+@", value)  # an address with a password
    }
    kept["PATH"] = os.pathsep.join(search_path(folder, environ))
    # Bytecode of the moment before an edit would be taken for that of the edited file, which is as long and as old.
    kept["PYTHONDONTWRITEBYTECODE"] = "1"
    return kept


def secret_values(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Values of variables that are named like keys: they must not stand in others, nor in what a command prints."""
    return tuple(
        value
        for name, value in environ.items()
        if re.search(r"KEY|TOKEN|SECRET|PASSW", name, re.IGNORECASE) and len(value) >= _SHORTEST_SECRET
    )


async def run(
    program: Path,
    argv: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    seconds: float,
    secrets: Iterable[str] = (),
) -> CommandOutcome:
    """Run it in the folder. Raises ToolError when it cannot be started; whatever ends us ends it too."""
    started = time.monotonic()
    try:
        process = await asyncio.create_subprocess_exec(
            str(program),
            *argv[1:],
            cwd=folder,
            env=dict(environ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it cannot be written as a command"
        raise ToolError(f"{shown(argv[:1])} cannot be started ({reason}).", hint="Use another command.") from None
    output = _Output()
    stopped = ""
    try:
        async with asyncio.timeout(seconds):
            while chunk := await _read(process):
                output.add(chunk)
                if output.length > MAX_OUTPUT_BYTES:
                    stopped = f"stopped: it wrote more than {MAX_OUTPUT_BYTES:,} bytes"
                    break
            if not stopped:
                await process.wait()
    except TimeoutError:
        stopped = f"stopped after {seconds:g} seconds"
    finally:
        await _end_group(process)
    code = None if stopped else process.returncode
    text = remove_secrets(output.text, secrets)
    return CommandOutcome(code, text, stopped, round(time.monotonic() - started, 2))


async def _read(process: asyncio.subprocess.Process) -> bytes:
    """The next output; nothing when it ended. A child in the background may hold the pipe after the command's end."""
    assert process.stdout is not None
    while True:
        try:
            async with asyncio.timeout(0.2):
                return await process.stdout.read(65_536)
        except TimeoutError:
            if process.returncode is not None:
                return b""


class _Output:
    """The beginning and the end of what was written."""

    def __init__(self) -> None:
        self._head = b""
        self._tail = b""
        self.length = 0

    def add(self, chunk: bytes) -> None:
        self.length += len(chunk)
        room = HEAD_BYTES - len(self._head)
        self._head += chunk[:room]
        self._tail = (self._tail + chunk[max(room, 0) :])[-TAIL_BYTES:]

    @property
    def text(self) -> str:
        head, tail = self._head.decode("utf-8", "replace"), self._tail.decode("utf-8", "replace")
        left_out = self.length - len(self._head) - len(self._tail)
        between = f"\n[… {left_out:,} bytes left out …]\n" if left_out else ""
        return head + between + tail


async def _end_group(process: asyncio.subprocess.Process) -> None:
    """Its processes are asked to end, then ended, also those that it left in the background."""
    if os.name != "posix":
        if process.returncode is None:
            process.kill()
        return
    try:
        if not _signal_group(process.pid, signal.SIGTERM if process.returncode is None else signal.SIGKILL):
            return
        await _gone(process.pid, GRACE_SECONDS)
    finally:
        if _signal_group(process.pid, signal.SIGKILL):
            await asyncio.shield(_gone(process.pid, KILLED_SECONDS))
        with contextlib.suppress(ProcessLookupError):
            await asyncio.shield(process.wait())


async def _gone(group: int, seconds: float) -> None:
    """Wait until nobody is left in the group, so long at most: what nobody reaps stays in it for ever."""
    deadline = time.monotonic() + seconds
    while _signal_group(group, 0) and time.monotonic() < deadline:  # noqa: ASYNC110 - the system tells nobody
        await asyncio.sleep(0.02)


def _signal_group(group: int, number: int) -> bool:
    """Whether there was anyone to be told."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _inside(path: Path, folder: Path) -> bool:
    """Compared as the most forgiving file system would."""
    parts = tuple(folded(part) for part in Path(os.path.realpath(folder)).parts)
    return tuple(folded(part) for part in path.parts)[: len(parts)] == parts
