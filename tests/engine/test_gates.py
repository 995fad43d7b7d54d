"""The way to a provider: places, pace, and closing it for a while."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.config import Calls
from orchestrator.engine.gates import ENOUGH, FIRST_CLOSED, LONGEST_CLOSED, MINUTE, Gate, Gates
from orchestrator.errors import (
    AnswerCutError,
    AuthenticationError,
    ConnectionFailedError,
    ContextTooLongError,
    ProviderDownError,
    RateLimitedError,
    RequestRejectedError,
)
from tests.support.patience import PATIENCE


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def down() -> ProviderDownError:
    return ProviderDownError("It is overloaded.", hint="Wait.")


async def test_the_limit_holds_over_all_runs():
    gates, most, busy = Gates(Calls(concurrency=3)), 0, 0

    async def call() -> None:
        nonlocal most, busy
        async with gates.of("a").enter():
            busy += 1
            most = max(most, busy)
            await asyncio.sleep(0)
            busy -= 1

    await asyncio.gather(*(call() for _ in range(20)))
    assert (most, busy) == (3, 0)
    gates.configure(Calls(concurrency=5))
    await asyncio.gather(*(call() for _ in range(20)))
    assert most == 5


async def test_a_higher_limit_lets_those_in_who_wait():
    gates = Gates(Calls(concurrency=1))
    entered = 0

    async def call() -> None:
        nonlocal entered
        async with gates.of("a").enter():
            entered += 1
            await asyncio.sleep(30)

    waiting = [asyncio.create_task(call()) for _ in range(4)]
    await asyncio.sleep(0.01)
    assert entered == 1
    gates.configure(Calls(concurrency=3))
    await asyncio.sleep(0.01)
    assert entered == 3
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    async with asyncio.timeout(PATIENCE), gates.of("a").enter():
        pass  # whoever was cancelled gave its place back


@pytest.mark.parametrize(
    ("calls", "under_way", "prepared"),
    [
        (Calls(concurrency=8), 8, 16),
        (Calls(concurrency=1), 1, 2),
        (Calls(concurrency=8, per_minute=100), 8, 8),
    ],
)
async def test_as_many_are_prepared_as_are_under_way(calls: Calls, under_way: int, prepared: int):
    gate, ready, sent = Gate(calls), 0, 0
    end = asyncio.Event()

    async def call() -> None:
        nonlocal ready, sent
        async with gate.turn() as turn:
            ready += 1
            await turn.send()
            sent += 1
            await end.wait()

    waiting = [asyncio.create_task(call()) for _ in range(40)]
    await settle()
    assert (sent, ready) == (under_way, prepared)
    for task in waiting[:prepared]:
        task.cancel()
    await settle()
    assert (sent, ready) == (2 * under_way, 2 * prepared), "whoever was cancelled gave its places back"
    end.set()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert sent == 40 - prepared + under_way


async def test_nothing_is_prepared_for_a_provider_that_asked_us_to_wait():
    gate, ready = Gate(Calls(concurrency=8)), 0
    gate.hold_off(30)

    async def call() -> None:
        nonlocal ready
        async with gate.turn() as turn:
            ready += 1
            await turn.send()

    waiting = [asyncio.create_task(call()) for _ in range(20)]
    await settle()
    assert ready == 8
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_providers_do_not_wait_for_each_other():
    gates = Gates(Calls(concurrency=1))
    async with gates.of("a").enter(), asyncio.timeout(PATIENCE), gates.of("b").enter():
        pass


async def test_no_more_calls_begin_in_a_minute_than_allowed(monkeypatch: pytest.MonkeyPatch):
    clock = Clock()
    gate, began, told = Gate(Calls(concurrency=8, per_minute=3), clock), [], []

    async def pass_time(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr("orchestrator.engine.gates.asyncio.sleep", pass_time)
    for _ in range(8):
        async with gate.enter(told.append):
            began.append(clock.now)
        clock.now += 1
    for first, fourth in zip(began, began[3:], strict=False):
        assert fourth - first >= MINUTE
    assert told == ["Waiting 57 s for the provider's limit."] * 2
    assert began[-1] < 1_000 + 3 * MINUTE, "and no fewer"


async def test_a_throttled_provider_is_left_alone_by_all():
    gates = Gates(Calls(concurrency=8))
    gates.of("a").hold_off(0.1)
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def call() -> float:
        async with gates.of("a").enter():
            return loop.time() - begun

    assert all(took >= 0.09 for took in await asyncio.gather(*(call() for _ in range(5))))


def test_a_closed_gate_opens_again():
    clock = Clock()
    gate = Gate(Calls(), clock)
    assert [gate.failed(down()) for _ in range(ENOUGH)] == [False] * (ENOUGH - 1) + [True]
    assert gate.down == f"It is overloaded. It is tried again in {FIRST_CLOSED:g} s"
    clock.now += FIRST_CLOSED
    assert gate.down == ""
    assert gate.failed(down()), "it fails right away again"
    assert f"{2 * FIRST_CLOSED:g} s" in gate.down
    for _ in range(10):
        clock.now += 2 * LONGEST_CLOSED
        assert gate.failed(down())
    assert f"{LONGEST_CLOSED:g} s" in gate.down
    gate.succeeded()
    assert gate.down == ""
    assert not gate.failed(down()), "the count begins anew"


@pytest.mark.parametrize(
    ("error", "everywhere", "closed"),
    [
        (ConnectionFailedError("Nobody is there.", hint="h"), True, True),
        (RateLimitedError("Too many.", hint="h", retry_after=90), True, True),
        (AuthenticationError("Bad key.", hint="h"), True, False),
        (RequestRejectedError("No credit.", hint="h", other_form=False), True, False),
        (RequestRejectedError("No such field.", hint="h"), False, False),
        (ContextTooLongError("Too long.", hint="h"), False, False),
        (AnswerCutError("It broke.", hint="h"), False, False),
    ],
)
def test_what_closes_a_gate(error, everywhere, closed):
    gate = Gate(Calls(), Clock())
    assert gate.failed(error) is everywhere
    assert bool(gate.down) is closed
    if error.retry_after:
        assert "90 s" in gate.down
