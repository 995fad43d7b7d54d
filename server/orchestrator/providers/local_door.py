"""How a process of the user finds the running child of the embedded model, and both prove who they are.

The child listens at two ports of this computer: the model's own HTTP port, and the door. A user of the model
keeps one connection to the door open as long as it needs the child; the system closes it when that process dies
in whatever way, so the child always knows whether somebody is left. The rendezvous file (mode 0600) names
both ports and the key. Apart from `local` and `local_process` because both sides must speak it alike.

Invariant: nobody is let in, and nobody is believed to be the child, without the key; the key itself
never crosses the door (test_door_refuses_a_wrong_key, test_a_stranger_on_the_port_is_not_believed).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import socket
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

HOST = "127.0.0.1"
PATIENCE_SECONDS = 5.0
"""For each step of the greeting, so that a silent stranger stops nobody."""
_NONCE_BYTES = 16
_PROOF_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class Address:
    """What the rendezvous file holds."""

    pid: int
    door: int
    port: int
    """Of the model's HTTP server."""
    key: str

    def __repr__(self) -> str:
        return f"Address(pid={self.pid}, door={self.door}, port={self.port})"

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.port}/v1"


def write_address(path: Path, address: Address) -> None:
    """In one step: a reader sees the old file or the new one, and nobody else can read either."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mkstemp makes it 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(address), file)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def read_address(path: Path) -> Address | None:
    """None when there is no child, or the file is not one of ours."""
    try:
        return Address(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


class Lease:
    """An open connection to the door: while it lasts, the child stays."""

    def __init__(self, connection: socket.socket, address: Address) -> None:
        self._connection = connection
        self.address = address

    @property
    def alive(self) -> bool:
        """Whether the child still holds its end. It never sends anything, so readable means closed."""
        try:
            self._connection.setblocking(False)
            return self._connection.recv(1) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        self._connection.close()


def knock(address: Address, patience: float = PATIENCE_SECONDS) -> Lease | None:
    """Ask to be let in. None when nobody is there, or whoever is there does not know the key. Blocks."""
    connection = None
    try:
        connection = socket.create_connection((HOST, address.door), timeout=patience)
        ours = secrets.token_bytes(_NONCE_BYTES)
        connection.sendall(ours)
        theirs = _receive(connection, _NONCE_BYTES)
        if not hmac.compare_digest(_receive(connection, _PROOF_BYTES), _proof(address.key, b"child", ours, theirs)):
            raise ConnectionError("not our child")
        connection.sendall(_proof(address.key, b"user", ours, theirs))
        if _receive(connection, 1) != b"+":
            raise ConnectionError("not let in")
    except OSError:
        if connection is not None:
            connection.close()
        return None
    return Lease(connection, address)


def admit(connection: socket.socket, key: str) -> bool:
    """The child's side of `knock`. Blocks; the last byte is sent by `welcome`."""
    connection.settimeout(PATIENCE_SECONDS)
    try:
        theirs = _receive(connection, _NONCE_BYTES)
        ours = secrets.token_bytes(_NONCE_BYTES)
        connection.sendall(ours + _proof(key, b"child", theirs, ours))
        return hmac.compare_digest(_receive(connection, _PROOF_BYTES), _proof(key, b"user", theirs, ours))
    except OSError:
        return False


def welcome(connection: socket.socket) -> None:
    connection.settimeout(None)
    connection.sendall(b"+")


def _proof(key: str, who: bytes, user_nonce: bytes, child_nonce: bytes) -> bytes:
    return hmac.digest(key.encode(), who + user_nonce + child_nonce, "sha256")


def _receive(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        chunk = connection.recv(count - len(received))
        if not chunk:
            raise ConnectionError("the other side hung up")
        received += chunk
    return received
