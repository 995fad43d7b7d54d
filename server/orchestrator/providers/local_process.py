"""The child process that holds the embedded model: `python -P -m orchestrator.providers.local_process`.

Apart because native code may crash, print and leak, and the language server must not notice. One child serves
all processes of a user that want the same weights; it ends a few seconds after the last one left the door
(`local_door`). Its order comes as one line of JSON through stdin, its answer goes as one line through stdout;
after that stdout and stdin are closed to it. The key is made here and never in argv or the environment.

Invariant: nothing but the one line is ever written to the stdout that we were given, whatever native code prints
(test_the_child_prints_one_line).
Invariant: the child ends when its last user is gone, killed users included (test_child_ends_with_its_last_user),
however short the visit was (test_a_visit_that_was_over_before_anybody_waited).
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from orchestrator.providers import local_door
from orchestrator.providers.local_door import HOST, Address

GRACE_SECONDS = 3.0
"""How long a child without users waits for the next one: commands often follow each other."""
FIRST_USER_SECONDS = 60.0
"""How long a new child waits for whoever started it: a busy computer takes its time."""
SLOTS = 2
"""Conversations at once. More slots than processor cores add nothing."""
MODEL_ALIAS = "embedded"
"""What the server calls the model, whatever the file is."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the starter wants."""

    weights: str
    threads: int
    context: int
    """Tokens per conversation."""
    rendezvous: str
    """Where to write the `Address`."""


class Users:
    """Counts the open doors and says when it is time to go."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._changed = threading.Condition()
        self._count = 0
        self._visits = 0
        """Ever, the left ones included: a short one may be over before anybody waits for it."""
        self._leaving = False

    def attend(self, door: socket.socket) -> None:
        """Let users in until the process ends."""
        while True:
            try:
                connection, _ = door.accept()
            except OSError:  # out of descriptors: later there may be some again
                time.sleep(0.2)
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def wait_for_the_last(self) -> None:
        """Return when nobody is left. Nobody is let in afterwards."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._count == 0)
                visits = self._visits
                patience = GRACE_SECONDS if visits else FIRST_USER_SECONDS
                if not self._changed.wait_for(lambda seen=visits: self._visits > seen, timeout=patience):
                    self._leaving = True
                    return

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            if not local_door.admit(connection, self._key):
                return
            with self._changed:
                if self._leaving:
                    return
                self._count += 1
                self._visits += 1
                self._changed.notify_all()
            try:
                with suppress(OSError):
                    local_door.welcome(connection)
                    while connection.recv(64):
                        pass
            finally:
                with self._changed:
                    self._count -= 1
                    self._changed.notify_all()


def main() -> None:
    answer = _take_stdout()
    order = Order(**json.loads(sys.stdin.buffer.readline()))
    sys.stdin.close()
    key = secrets.token_urlsafe(32)
    try:
        server, port = _serve_model(order, key)
    except Exception as error:  # noqa: BLE001  # whatever it is, the starter shall read it and not wait
        _reply(answer, {"error": f"{type(error).__name__}: {error}"})
        os._exit(1)
    door = socket.create_server((HOST, 0))
    users = Users(key)
    threading.Thread(target=users.attend, args=(door,), daemon=True).start()
    rendezvous = Path(order.rendezvous)
    address = Address(pid=os.getpid(), door=door.getsockname()[1], port=port, key=key)
    local_door.write_address(rendezvous, address)
    _reply(answer, {"ready": asdict(address)})
    users.wait_for_the_last()
    if local_door.read_address(rendezvous) == address:
        with suppress(OSError):
            rendezvous.unlink()
    del server
    os._exit(0)  # native threads have nothing to say any more, and some wait for ever


def _take_stdout() -> int:
    """Keep the real stdout to ourselves and give everybody else the null device, in native code too."""
    ours = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
    return ours


def _reply(descriptor: int, message: dict[str, Any]) -> None:
    with suppress(BrokenPipeError), os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(message) + "\n")


def _serve_model(order: Order, key: str) -> tuple[object, int]:
    """The running server, to be kept alive, and its port. Takes seconds."""
    os.environ["OMP_WAIT_POLICY"] = "passive"  # before the import, or idle threads burn the processor
    import xllamacpp  # pyright: ignore[reportMissingTypeStubs]  # native and untyped, used in these lines only

    library: Any = xllamacpp
    params = library.CommonParams()
    params.model.path = order.weights
    params.model_alias = {MODEL_ALIAS}
    params.n_parallel = SLOTS
    params.n_ctx = order.context * SLOTS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = order.threads
    params.hostnames, params.port, params.api_keys = [HOST], 0, [key]
    params.cors_origins, params.cors_credentials = f"http://{HOST}", False  # its default echoes any web page's origin
    params.ui = params.endpoint_slots = params.fit_params = False
    params.cache_ram_mib = params.verbosity = 0
    server = library.Server(params)
    return server, int(server.listening_address.rsplit(":", 1)[1])


if __name__ == "__main__":
    main()
