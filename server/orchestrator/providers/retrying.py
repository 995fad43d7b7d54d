"""Try a failed call again, outside the SDKs, as long as nothing of its answer was shown.

Apart from the providers because waiting must not hold a connection, must be announced, and must be the same for all.

After the first delta an error goes to the caller, who alone knows whether what was shown can be taken back: restart
by calling again.

Invariant: no delta is ever sent twice (test_nothing_is_retried_after_the_first_delta).
Invariant: each retry is announced before its wait (test_a_retry_is_announced).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import lru_cache
from typing import Any

from orchestrator.errors import ConnectionFailedError, ProviderError
from orchestrator.providers.base import Event, Provider, Request

MAX_DELAY = 60.0
"""Seconds: whoever wants us to wait longer gets a person's decision instead of ours."""
FIRST_DELAY = 0.5
"""Seconds before the first retry where the provider named none; doubled each time, plus up to a half by chance."""

OnRetry = Callable[[ProviderError, float], None]
"""Told what failed and the seconds until the next try."""


def stream_with_retries(
    provider: Provider, request: Request, retries: int, on_retry: OnRetry, silence: float
) -> RetriedStream:
    """The provider's events. Raises its error when it may not, or not again, be retried.

    `silence` is the longest wait for one event, in seconds; the waits between tries do not count.
    """
    return RetriedStream(provider, request, _Backoff(retries, on_retry), silence)


class RetriedStream(AsyncIterator[Event]):
    """No generator, because each of those costs its loop a registration; one task reads it, and closes it like one."""

    def __init__(self, provider: Provider, request: Request, backoff: _Backoff, silence: float) -> None:
        self._provider = provider
        self._request = request
        self._backoff = backoff
        self._silence = silence
        self._events: AsyncIterator[Event] | None = None
        """Of the try that is under way."""
        self._begun = False
        """An event was handed on: from then on nothing is tried again."""
        self._reader: asyncio.Task[Any] | None = None
        """Who asks for the events of this try."""
        self._waiting = False
        """Whether a wait for an event is under way, and since when."""
        self._since = 0.0
        self._over = False
        self._closed = False
        self._watch = _watch(asyncio.get_running_loop())

    async def __anext__(self) -> Event:
        while not self._closed:
            if self._events is None:
                self._events = self._provider.stream(self._request)
                self._reader = asyncio.current_task()
                self._watch.add(self)
            try:
                event = await self._next(self._events)
            except ProviderError as error:
                delay = None if self._begun else self._backoff.delay(error)
                await self._end_try()
                if delay is None:
                    self._closed = True
                    raise
            except BaseException:
                await self.aclose()
                raise
            else:
                self._begun = True
                return event
            await asyncio.sleep(delay)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Stops the call at the vendor."""
        self._closed = True
        await self._end_try()

    async def _end_try(self) -> None:
        events, self._events = self._events, None
        self._watch.remove(self)
        if isinstance(events, AsyncGenerator):
            await events.aclose()

    async def _next(self, events: AsyncIterator[Event]) -> Event:
        self._since, self._waiting, task = time.monotonic(), True, self._reader
        before = 0 if task is None else task.cancelling()
        try:
            return await anext(events)
        except asyncio.CancelledError:
            # Cancelled by us alone: a person's stop counts more, also in the same moment.
            if self._over and task is not None and task.uncancel() <= before:
                raise ConnectionFailedError(
                    f"{self._provider.name} sent nothing for {self._silence:g} seconds.",
                    hint="Try again, or raise the setting calls.timeout.",
                ) from None
            raise
        finally:
            self._waiting = self._over = False

    def look(self, now: float) -> float:
        """Give the call up when it has been silent too long; else when to look again."""
        due = self._since + self._silence if self._waiting else now + self._silence
        if self._waiting and self._reader is not None and due <= now:
            self._over = True
            self._reader.cancel()
            return now + self._silence
        return due


class _Watch:
    """Bounds the waits of all streams of one event loop with one timer, which looks when the first may be due."""

    def __init__(self) -> None:
        self._streams: dict[RetriedStream, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        """When it looks."""

    def add(self, stream: RetriedStream) -> None:
        self._streams[stream] = None
        now = time.monotonic()
        self._look_at(stream.look(now), now)

    def remove(self, stream: RetriedStream) -> None:
        self._streams.pop(stream, None)
        if not self._streams and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_at(self, due: float, now: float) -> None:
        if self._timer is not None:
            if due >= self._due:
                return
            self._timer.cancel()
        self._due = due
        self._timer = asyncio.get_running_loop().call_later(due - now, self._look)

    def _look(self) -> None:
        self._timer = None
        now = time.monotonic()
        self._look_at(min(stream.look(now) for stream in self._streams), now)


@lru_cache(maxsize=4)
def _watch(_loop: asyncio.AbstractEventLoop) -> _Watch:
    """A program has one event loop; tests have one after the other."""
    return _Watch()


class _Backoff:
    """Decides after each failure."""

    def __init__(self, retries: int, on_retry: OnRetry) -> None:
        self._left = retries
        self._delay = FIRST_DELAY
        self._on_retry = on_retry

    def delay(self, error: ProviderError) -> float | None:
        """Seconds to wait before the next try; None when there is none."""
        if self._left == 0 or not error.retryable:
            return None
        if error.retry_after is not None and error.retry_after > MAX_DELAY:
            return None
        self._left -= 1
        delay = error.retry_after
        if delay is None:
            delay = min(self._delay * random.uniform(1, 1.5), MAX_DELAY)  # noqa: S311 - not for secrets
            self._delay *= 2
        self._on_retry(error, delay)
        return float(delay)
