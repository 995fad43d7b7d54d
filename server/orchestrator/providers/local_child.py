"""Join the running child of the embedded model, or start it.

Apart from `local` because everything here blocks (a lock, a process that loads for seconds) and belongs in a thread,
and everything there belongs on the event loop.

Invariant: processes that want the same weights at the same moment share one child (test_processes_share_a_child).
Invariant: neither argv nor the environment of the child holds a key (test_no_key_in_argv_or_environment).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from orchestrator.errors import FileError, ProviderDownError, ProviderUnavailableError
from orchestrator.providers import file_lock, local_door
from orchestrator.providers.local_door import Address, Lease
from orchestrator.providers.local_process import Order

START_SECONDS = 180.0
"""For loading the weights, from a slow disk too."""
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
_CHILD_MODULE = "orchestrator.providers.local_process"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the child shall serve. Equal wishes share a child."""

    weights: Path
    threads: int
    context: int
    folder: Path
    """For the rendezvous, the lock and the log; the child's working directory, outside any workspace."""

    @property
    def name(self) -> str:
        """Differs as soon as a running child would not do: other weights, settings or program."""
        status = self.weights.stat()
        parts = (self.weights, status.st_size, status.st_mtime_ns, self.threads, self.context, _program())
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


class Seat:
    """This process's place at the child. Thread-safe; a seat that was lost is taken again."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self._closed = False

    @property
    def taken(self) -> bool:
        lease = self._lease
        return lease is not None and lease.alive

    def take(self) -> Address:
        """Join the child, and start it if need be. Blocks for seconds. Raises ProviderError or FileError."""
        with self._lock:
            if self._lease is not None and not self._lease.alive:
                self._drop()
            if self._lease is None:
                if self._closed:
                    raise ProviderUnavailableError("The embedded model was closed.", hint="Start again.")
                self._lease = join(self._wish)
            return self._lease.address

    def leave(self) -> None:
        """Without users the child ends. `take` works afterwards too."""
        with self._lock:
            self._drop()

    def close(self) -> None:
        self._closed = True
        self.leave()

    def _drop(self) -> None:
        if self._lease is not None:
            self._lease.close()
            self._lease = None


def join(wish: Wish) -> Lease:
    try:
        wish.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        rendezvous = wish.folder / f"child-{wish.name}.json"
        if lease := _join_running(rendezvous):
            return lease
        with file_lock.held(wish.folder / "child.lock", START_SECONDS):
            return _join_running(rendezvous) or _start(wish, rendezvous)
    except TimeoutError as error:
        raise ProviderDownError(
            "Another process has been starting the embedded model for minutes.", hint="End it, then try again."
        ) from error
    except OSError as error:
        raise FileError(
            f"The embedded model cannot be started from {wish.folder} ({error.strerror or error}).",
            hint="Make room or mend its permissions, or choose another folder with ORCHESTRATOR_CACHE_DIR.",
        ) from error


def _join_running(rendezvous: Path) -> Lease | None:
    address = local_door.read_address(rendezvous)
    return local_door.knock(address) if address is not None else None


def _start(wish: Wish, rendezvous: Path) -> Lease:
    """Start a child and be its first user. What it needs to know goes through its stdin, the key comes back."""
    order = Order(str(wish.weights), wish.threads, wish.context, str(rendezvous))
    log = wish.folder / "child.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", _CHILD_MODULE],
            cwd=wish.folder,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            creationflags=_creation_flags(),
        )
    threading.Thread(target=process.wait, daemon=True, name="embedded-model-reaper").start()
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.daemon = True
    watchdog.start()
    try:
        lease = local_door.knock(_handshake(process, order, log), START_SECONDS)
    finally:
        watchdog.cancel()
    if lease is None:
        process.kill()
        raise _broken(process, log)
    return lease


def _handshake(process: subprocess.Popen[bytes], order: Order, log: Path) -> Address:
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin as orders, process.stdout as answers:
        try:
            orders.write(json.dumps(asdict(order)).encode() + b"\n")
            orders.flush()
            said = answers.readline()
        except BrokenPipeError:
            said = b""
    if not said:
        raise _broken(process, log)
    message: dict[str, Any] = json.loads(said)
    if "error" in message:
        raise ProviderUnavailableError(
            f"The embedded model could not load {Path(order.weights).name} ({message['error']}).",
            hint="Check that memory is free and the file a complete GGUF model; `orchestrator doctor` tells more.",
        )
    return Address(**message["ready"])


def _broken(process: subprocess.Popen[bytes], log: Path) -> ProviderDownError:
    process.wait()
    return ProviderDownError(
        f"The process of the embedded model ended while it started (exit code {process.returncode}).",
        hint=f"Try again; if it stays so, read {log} or choose another model with `orchestrator models`.",
    )


def _creation_flags() -> int:
    """On Windows what `start_new_session` is elsewhere: Ctrl-C of one user must not end the child of the others."""
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    return 0


def _environment() -> dict[str, str]:
    """Ours without anything that looks like a key: native code has no business with those."""
    return {name: value for name, value in os.environ.items() if not _SECRET_NAME.search(name)}


def _program() -> str:
    try:
        return f"{version('orchestrator-ls')} {version('xllamacpp')}"
    except PackageNotFoundError:
        return "from source"
