"""The way to each provider: how many calls at once, how many a minute, not before when, and whether at all.

Apart from the calls because all runs of a session share it: a provider that is throttled or down is so for all of
them. A gate closes when calls fail in a way that others would too; it opens by itself after a while, and closes for
longer when it fails again.

Invariant: no more calls are under way than allowed, over all runs (test_the_limit_holds_over_all_runs).
Invariant: as many again are prepared meanwhile, and no more (test_as_many_are_prepared_as_are_under_way).
Invariant: whoever is told to wait makes everybody wait (test_a_throttled_provider_is_left_alone_by_all).
Invariant: a provider that is down is tried again after a while (test_a_closed_gate_opens_again).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from math import ceil

from orchestrator.config import Calls
from orchestrator.errors import (
    AnswerCutError,
    AnswerMalformedError,
    AuthenticationError,
    ConnectionFailedError,
    ProviderDownError,
    ProviderError,
    RateLimitedError,
    RequestRejectedError,
)

MINUTE = 60.0
FIRST_CLOSED = 10.0
"""Seconds for which a gate closes first; doubled each time that it fails right after."""
LONGEST_CLOSED = 300.0
LONGEST_ASKED = 3_600.0
"""Seconds that a provider may ask us to stay away; then it is tried again all the same."""
ENOUGH = 2
"""Failures in a row that close a gate; one may be the fault of its request."""


class Places:
    """So many at once, the others in the order in which they came."""

    __slots__ = ("_most", "_queue", "_taken")

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self._taken = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait for one; `give` has to follow."""
        if self._taken < self._most() and not self._queue:
            self._taken += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # its turn came at the same moment
                self.give()
            raise

    def give(self) -> None:
        """A place is free again."""
        self._taken -= 1
        self.admit()

    def admit(self) -> None:
        """Let in who may come in; to be called when there are more places, too."""
        while self._queue and self._taken < self._most():
            turn = self._queue.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(None)


class Gate:
    """Of one provider."""

    def __init__(self, calls: Calls, clock: Callable[[], float] = time.monotonic) -> None:
        self.calls = calls
        """The settings in force."""
        self._clock = clock
        self.prepared = Places(self._most_prepared)
        """For turns: of calls that are prepared, those under way among them."""
        self.sent = Places(lambda: self.calls.concurrency)
        """For turns: of calls under way."""
        self._begun: deque[float] = deque()
        """When the calls of the last minute began."""
        self._not_before = 0.0
        self._failures = 0
        self._closed_until = 0.0
        self._closed_for = 0.0
        self._why = ""

    def turn(self, on_wait: Callable[[str], None] = lambda _text: None) -> Turn:
        """For one call: wait until it may be prepared, and on `send` until it may be sent.

        As many are prepared as may be under way beside those: so the next is sent in the moment in which one ends.
        """
        return Turn(self, on_wait)

    @asynccontextmanager
    async def enter(self, on_wait: Callable[[str], None] = lambda _text: None) -> AsyncGenerator[None]:
        """Wait until a call may be sent, then have one of the places, for one that needs no preparation."""
        async with self.turn(on_wait) as turn:
            await turn.send()
            yield

    def _most_prepared(self) -> int:
        """What waits for a limit of the provider's is not prepared: that may take minutes, and the text goes on."""
        most = self.calls.concurrency
        return most if self.calls.per_minute or self._not_before > self._clock() else 2 * most

    @property
    def down(self) -> str:
        """Why it is closed and for how long, for a person; empty when it is open."""
        if not self._closed_until:
            return ""
        left = self._closed_until - self._clock()
        return f"{self._why} It is tried again in {ceil(left)} s" if left > 0 else ""

    def hold_off(self, seconds: float) -> None:
        """No call begins before so many seconds are over."""
        self._not_before = max(self._not_before, self._clock() + seconds)

    def succeeded(self) -> None:
        self._failures = 0
        self._closed_until = self._closed_for = 0.0

    def failed(self, error: ProviderError) -> bool:
        """A call failed, retries included. Whether others would fail now as well."""
        if isinstance(error, RateLimitedError):
            self._close(min(error.retry_after or FIRST_CLOSED, LONGEST_ASKED), error)
        elif isinstance(error, ConnectionFailedError):
            self._close(self._longer(), error)
        elif isinstance(error, (ProviderDownError, AnswerCutError, AnswerMalformedError)):
            self._failures += 1
            if self._failures >= ENOUGH:
                self._close(self._longer(), error)
        elif refused(error):  # it answers; what it wants is a person, who must not wait when all is mended
            return True
        return bool(self.down)

    def _longer(self) -> float:
        self._closed_for = min(self._closed_for * 2 or FIRST_CLOSED, LONGEST_CLOSED)
        return self._closed_for

    def _close(self, seconds: float, error: ProviderError) -> None:
        self._closed_until = max(self._closed_until, self._clock() + seconds)
        self._why = error.message

    async def pace(self, on_wait: Callable[[str], None]) -> None:
        """Wait until the provider's limits let one more begin; it counts as begun then."""
        told = False
        while (delay := self._delay()) > 0:
            if not told and delay >= 1:
                on_wait(f"Waiting {ceil(delay)} s for the provider's limit.")
                told = True
            await asyncio.sleep(delay)
        self._begun.append(self._clock())

    def _delay(self) -> float:
        now = self._clock()
        while self._begun and now - self._begun[0] >= MINUTE:
            self._begun.popleft()
        most = self.calls.per_minute
        full = most > 0 and len(self._begun) >= most
        paced = self._begun[len(self._begun) - most] + MINUTE - now if full else 0.0
        return max(paced, self._not_before - now)

    def admit(self) -> None:
        """There may be more places now."""
        self.prepared.admit()
        self.sent.admit()


class Turn(AbstractAsyncContextManager["Turn"]):
    """Of one call; a class, because each call has one."""

    __slots__ = ("_gate", "_on_wait", "_sent")

    def __init__(self, gate: Gate, on_wait: Callable[[str], None]) -> None:
        self._gate = gate
        self._on_wait = on_wait
        self._sent = False

    async def __aenter__(self) -> Turn:
        await self._gate.prepared.take()
        return self

    async def send(self) -> None:
        """Wait until it may be sent."""
        await self._gate.sent.take()
        self._sent = True
        await self._gate.pace(self._on_wait)

    def end(self) -> None:
        """The answer is there: another call may be sent."""
        if self._sent:
            self._sent = False
            self._gate.sent.give()

    async def __aexit__(self, *_error: object) -> None:
        self.end()
        self._gate.prepared.give()


class Gates:
    """By provider. Made once by a session, so that runs with older settings share them too."""

    def __init__(self, calls: Calls, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls = calls
        self._clock = clock
        self._gates: dict[str, Gate] = {}

    def configure(self, calls: Calls) -> None:
        self._calls = calls
        for gate in self._gates.values():
            gate.calls = calls
            gate.admit()

    def of(self, provider: str) -> Gate:
        if provider not in self._gates:
            self._gates[provider] = Gate(self._calls, self._clock)
        return self._gates[provider]


def refused(error: ProviderError) -> bool:
    """Whatever the request said: a bad key, no credit, a model that is not there."""
    return isinstance(error, AuthenticationError) or (isinstance(error, RequestRejectedError) and not error.other_form)


def elsewhere(error: ProviderError) -> bool:
    """Whether another provider may answer what this one did not."""
    return error.retryable or refused(error) or isinstance(error, AnswerMalformedError)
