from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.lsp import stdio
from orchestrator.lsp.stdio import Frames, Outlet, start_reader


def framed(*bodies: bytes) -> bytes:
    return b"".join(b"Content-Length: %d\r\n\r\n" % len(body) + body for body in bodies)


@given(st.lists(st.binary(max_size=50), max_size=5), st.lists(st.integers(1, 30), min_size=1))
def test_frames_do_not_care_how_bytes_arrive(bodies: list[bytes], sizes: list[int]) -> None:
    stream, frames, found, index = framed(*bodies), Frames(), [], 0
    for size in sizes * (len(stream) + 1):
        found += frames.feed(stream[index : index + size])
        index += size
    assert found == bodies


def test_headers_may_come_in_any_order_and_case() -> None:
    stream = b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:  2\r\n\r\n{}"
    assert Frames().feed(stream) == [b"{}"]


def test_a_senseless_header_is_skipped() -> None:
    assert Frames().feed(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + framed(b"{}")) == [b"{}"]
    for length in (b"many", b"-3", b"9" * 20, b""):
        assert Frames().feed(b"Content-Length: %s\r\n\r\n" % length + framed(b"{}")) == [b"{}"]


def pipe() -> tuple[int, int]:
    return os.pipe()


def sockets() -> tuple[int, int]:
    """What Node and Neovim give a server as its pipes."""
    ours, theirs = socket.socketpair()
    return ours.detach(), theirs.detach()


def with_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the loop cannot watch a descriptor, and a write cannot be told not to wait."""

    def refuse(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.get_running_loop(), "add_reader", refuse)
    monkeypatch.setattr(stdio, "_unwaiting_write", lambda _: None)


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("kind", [pipe, sockets])
async def test_messages_arrive_in_order(
    kind: Callable[[], tuple[int, int]], threads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if threads:
        with_threads(monkeypatch)
    reading, writing = kind()
    loop = asyncio.get_running_loop()
    got: list[bytes] = []
    ended = asyncio.Event()
    start_reader(reading, loop, got.append, ended.set)
    outlet = Outlet(writing, loop)
    sent = [b"%d" % number * (number % 7 * 1000 + 1) for number in range(200)]
    for body in sent:
        outlet.write(framed(body))
    await asyncio.to_thread(outlet.close)
    os.close(writing)
    del outlet  # and with it its own handle of a socket
    await ended.wait()
    assert got == sent


@pytest.mark.parametrize("kind", [pipe, sockets])
async def test_what_the_pipe_takes_is_there_at_once(kind: Callable[[], tuple[int, int]]) -> None:
    """Without the loop or a thread having had its turn."""
    reading, writing = kind()
    outlet = Outlet(writing, asyncio.get_running_loop())
    outlet.write(b"now")
    os.set_blocking(reading, False)
    assert os.read(reading, 10) == b"now"
    assert not outlet.congested
    outlet.close()


async def test_a_client_may_end_without_a_word() -> None:
    reading, writing = os.pipe()
    ended = asyncio.Event()
    start_reader(reading, asyncio.get_running_loop(), lambda _: None, ended.set)
    os.write(writing, b"Content-Length: 10\r\n\r\nhalf")
    os.close(writing)
    await ended.wait()


async def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    """The loop cannot watch one."""
    file = tmp_path / "messages"
    file.write_bytes(framed(b"one", b"two"))
    ended, got = asyncio.Event(), []
    reading = os.open(file, os.O_RDONLY)
    start_reader(reading, asyncio.get_running_loop(), got.append, ended.set)
    await ended.wait()
    os.close(reading)
    assert got == [b"one", b"two"]


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("kind", [pipe, sockets])
async def test_writing_does_not_wait_for_the_reader(
    kind: Callable[[], tuple[int, int]], threads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if threads:
        with_threads(monkeypatch)
    reading, writing = kind()
    loop = asyncio.get_running_loop()
    outlet = Outlet(writing, loop)
    assert not outlet.congested
    body = b"x" * 1_000_000
    outlet.write(body)
    assert outlet.congested
    drained = asyncio.Event()
    outlet.when_drained(drained.set)
    assert not drained.is_set()
    received = 0
    while received < len(body):
        received += len(await asyncio.to_thread(os.read, reading, 1 << 16))
    await drained.wait()
    assert not outlet.congested
    outlet.close()


async def test_drained_when_there_was_nothing_to_send() -> None:
    reading, writing = os.pipe()
    outlet = Outlet(writing, asyncio.get_running_loop())
    drained = asyncio.Event()
    outlet.when_drained(drained.set)
    await drained.wait()
    outlet.close()
    os.close(reading)


@pytest.mark.parametrize("kind", [pipe, sockets])
async def test_a_reader_that_is_gone_is_no_error(kind: Callable[[], tuple[int, int]]) -> None:
    reading, writing = kind()
    outlet = Outlet(writing, asyncio.get_running_loop())
    os.close(reading)
    for _ in range(10):
        outlet.write(b"x" * 100_000)
    outlet.close()
    assert not outlet.congested
