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
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from orchestrator.errors import ConnectionFailedError, ProviderError
from orchestrator.providers.base import Event, Provider, Request

MAX_DELAY = 60.0
"""Seconds: whoever wants us to wait longer gets a person's decision instead of ours."""
FIRST_DELAY = 0.5
"""Seconds before the first retry where the provider named none; doubled each time, plus up to a half by chance."""

OnRetry = Callable[[ProviderError, float], None]
"""Told what failed and the seconds until the next try."""


async def stream_with_retries(
    provider: Provider, request: Request, retries: int, on_retry: OnRetry, silence: float
) -> AsyncGenerator[Event]:
    """The provider's events. Raises its error when it may not, or not again, be retried.

    `silence` is the longest wait for one event, in seconds; the waits between tries do not count.
    """
    backoff = _Backoff(retries, on_retry)
    patience = _Patience(provider.name, silence)
    try:
        while True:
            events = provider.stream(request)
            try:
                try:
                    event = await patience.next(events)
                except ProviderError as error:
                    delay = backoff.delay(error)
                    if delay is None:
                        raise
                else:
                    while True:
                        yield event
                        try:
                            event = await patience.next(events)
                        except StopAsyncIteration:
                            return
            finally:
                if isinstance(events, AsyncGenerator):
                    await events.aclose()
            await asyncio.sleep(delay)
    finally:
        patience.end()


class _Patience:
    """Bounds each wait for an event. One timer for a call, which looks again later, and not one for each event."""

    def __init__(self, name: str, silence: float) -> None:
        self._name = name
        self._silence = silence
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Task[Any] | None = None
        """Whose wait is under way."""
        self._over = False
        self._since = 0.0
        self._timer = self._loop.call_later(silence, self._look)

    async def next(self, events: AsyncIterator[Event]) -> Event:
        self._since = self._loop.time()
        self._waiting = task = asyncio.current_task()
        before = 0 if task is None else task.cancelling()
        try:
            return await anext(events)
        except asyncio.CancelledError:
            # Cancelled by us alone: a person's stop counts more, also in the same moment.
            if self._over and task is not None and task.uncancel() <= before:
                raise ConnectionFailedError(
                    f"{self._name} sent nothing for {self._silence:g} seconds.",
                    hint="Try again, or raise the setting calls.timeout.",
                ) from None
            raise
        finally:
            self._waiting, self._over = None, False

    def end(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        due = self._since + self._silence if self._waiting is not None else now + self._silence
        if self._waiting is not None and due <= now:
            self._over = True
            self._waiting.cancel()
        else:
            self._timer = self._loop.call_at(due, self._look)


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
