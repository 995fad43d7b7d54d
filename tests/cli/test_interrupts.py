"""Ctrl-C between reading and working, at the moments when Python alone would lose it."""

import asyncio
import os
import select
import signal
import threading

import pytest

from orchestrator.cli.interrupts import Interrupts

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


@pytest.fixture
def interrupts():
    with asyncio.Runner() as runner, Interrupts(runner.get_loop()) as interrupts:
        yield interrupts


def press():
    os.kill(os.getpid(), signal.SIGINT)


def read_without_noticing():
    """As the line editor does when Ctrl-C comes while it shows a key: its handler has run, and a key is waited for."""
    quiet, other = os.pipe()
    press()
    try:
        select.select([quiet], [], [])
    finally:
        os.close(quiet)
        os.close(other)


def test_ctrl_c_is_not_lost_while_a_key_is_shown(interrupts):
    for _ in range(20):
        with pytest.raises(KeyboardInterrupt):
            interrupts.read(read_without_noticing)
    assert interrupts.read(lambda: "a line") == "a line"


def test_ctrl_c_before_the_work_began_stops_it(interrupts):
    heard = threading.Event()
    interrupts._pass_on = heard.set
    assert interrupts.read(lambda: "a line") == "a line"
    press()
    assert heard.wait(30)
    assert interrupts.run(*until_stopped()) == "stopped"


def test_ctrl_c_stops_the_work(interrupts):
    work, stop = until_stopped(press)
    assert interrupts.run(work, stop) == "stopped"


def test_ctrl_c_when_there_is_nothing_to_stop_is_forgotten(interrupts):
    heard = threading.Event()
    interrupts._pass_on = heard.set
    press()
    assert heard.wait(30)
    assert interrupts.read(lambda: "a line") == "a line"

    async def work():
        return "done"

    assert interrupts.run(work()) == "done"


def test_afterwards_ctrl_c_means_what_it_meant():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGURG)
    with asyncio.Runner() as runner, Interrupts(runner.get_loop()) as interrupts:
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGURG)) == before
    assert not interrupts._listener.is_alive()


def until_stopped(begun=lambda: None):
    """Work that ends when it is told to, and how it is told."""
    stopped = asyncio.Event()

    async def work():
        begun()
        async with asyncio.timeout(30):
            await stopped.wait()
        return "stopped"

    return work(), stopped.set
