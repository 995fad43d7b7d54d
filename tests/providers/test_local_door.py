"""The greeting at the door of the embedded model's process, and the lock under which it starts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress

import pytest
from tests.support.patience import wait_until

from orchestrator.providers import file_lock, local_door, local_process
from orchestrator.providers.local_door import Address
from orchestrator.providers.local_process import Users

KEY = "the-key"


@contextmanager
def door(key: str = KEY):
    listening = socket.create_server(("127.0.0.1", 0))
    users = Users(key)
    threading.Thread(target=users.attend, args=(listening,), daemon=True).start()
    yield Address(pid=1, door=listening.getsockname()[1], port=2, key=KEY), users
    listening.close()


def test_who_knows_the_key_is_let_in():
    with door() as (address, _):
        lease = local_door.knock(address)
        assert lease is not None
        assert lease.alive
        lease.close()


def test_door_refuses_a_wrong_key():
    with door("another key") as (address, _):
        assert local_door.knock(address) is None


def test_a_stranger_on_the_port_is_not_believed():
    """Another program may have got the port of a child that died: it must not get a prompt."""
    heard = bytearray()
    listening = socket.create_server(("127.0.0.1", 0))

    def stranger():
        connection, _ = listening.accept()
        with connection:
            heard.extend(connection.recv(1024))
            connection.sendall(os.urandom(48) + b"+")
            with suppress(ConnectionResetError):
                heard.extend(connection.recv(1024))

    thread = threading.Thread(target=stranger)
    thread.start()
    assert local_door.knock(Address(pid=1, door=listening.getsockname()[1], port=2, key=KEY)) is None
    thread.join()
    listening.close()
    assert len(heard) == 16, "no proof is given to who gave none"
    assert KEY.encode() not in heard


def test_nobody_at_the_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert local_door.knock(Address(pid=1, door=port, port=2, key=KEY)) is None


def test_a_silent_visitor_keeps_nobody_waiting():
    with door() as (address, _), socket.create_connection(("127.0.0.1", address.door)):
        lease = local_door.knock(address)
        assert lease is not None
        lease.close()


def test_the_child_stays_as_long_as_one_user_is_left(monkeypatch):
    monkeypatch.setattr("orchestrator.providers.local_process.GRACE_SECONDS", 0.1)
    monkeypatch.setattr("orchestrator.providers.local_process.FIRST_USER_SECONDS", 5)
    with door() as (address, users):
        first, second = local_door.knock(address), local_door.knock(address)
        assert first is not None
        assert second is not None
        waiting = threading.Thread(target=users.wait_for_the_last)
        waiting.start()
        first.close()
        waiting.join(0.3)
        assert waiting.is_alive()
        assert second.alive
        second.close()
        waiting.join()
        assert local_door.knock(address) is None, "nobody is let in once it leaves"


def test_a_visit_that_was_over_before_anybody_waited(monkeypatch):
    monkeypatch.setattr("orchestrator.providers.local_process.GRACE_SECONDS", 0.01)
    with door() as (address, users):
        lease = local_door.knock(address)
        assert lease is not None
        lease.close()
        wait_until(lambda: users._count == 0)
        waiting = threading.Thread(target=users.wait_for_the_last, daemon=True)
        waiting.start()
        waiting.join(local_process.FIRST_USER_SECONDS / 2)
        assert not waiting.is_alive(), "it waits for a first user, who has come and gone"


def test_rendezvous_is_private_and_complete(tmp_path):
    address = Address(pid=7, door=1, port=2, key=KEY)
    local_door.write_address(tmp_path / "child.json", address)
    assert (tmp_path / "child.json").stat().st_mode & 0o777 == 0o600
    assert local_door.read_address(tmp_path / "child.json") == address
    assert [path.name for path in tmp_path.iterdir()] == ["child.json"]
    assert KEY not in repr(address)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"pid": 1}', "\x00"])
def test_a_spoilt_rendezvous_is_none(tmp_path, content):
    (tmp_path / "child.json").write_text(content)
    assert local_door.read_address(tmp_path / "child.json") is None


def test_lock_excludes_other_processes(tmp_path):
    path = tmp_path / "a.lock"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, pathlib; from orchestrator.providers import file_lock\n"
            "with file_lock.held(pathlib.Path(sys.argv[1]), 5):\n print('held', flush=True); sys.stdin.read()",
            str(path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(TimeoutError), file_lock.held(path, 0.1):
        pass
    holder.kill()
    holder.communicate()
    started = time.monotonic()
    with file_lock.held(path, 10):
        assert time.monotonic() - started < 10, "the system released the lock of the killed process"
