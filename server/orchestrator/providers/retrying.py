"""Try a failed call again, outside the SDKs, as long as nothing of its answer was shown.

Apart from the providers because waiting must not hold a connection, must be announced, and must be the same for all.

After the first delta an error goes to the caller, who alone knows whether what was shown can be taken back: restart
by calling again.

Invariant: no delta is ever sent twice (test_nothing_is_retried_after_the_first_delta).
Invariant: each retry is announced before its wait (test_a_retry_is_announced).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from orchestrator.errors import ConnectionFailedError, ProviderError
from orchestrator.providers.base import Event, Provider, Request

MAX_DELAY = 60.0
"""Seconds: whoever wants us to wait longer gets a person's decision instead of ours."""
FIRST_DELAY = 0.5
"""Seconds before the first retry where the provider named none; doubled each time, plus up to a half by chance."""

OnRetry = Callable[[str, float], None]
"""Told the reason (for people) and the seconds until the next try."""

logging.getLogger("stamina").setLevel(logging.ERROR)  # it warns of each retry on stderr; we announce them ourselves


async def stream_with_retries(
    provider: Provider, request: Request, retries: int, on_retry: OnRetry, silence: float
) -> AsyncGenerator[Event]:
    """The provider's events. Raises its error when it may not, or not again, be retried.

    `silence` is the longest wait for one event, in seconds; the waits between tries do not count.
    """
    import stamina

    backoff = _Backoff(retries, on_retry)
    opened: tuple[Event, AsyncIterator[Event]] | None = None
    async for attempt in stamina.retry_context(on=backoff, attempts=retries + 1, timeout=None):
        with attempt:
            opened = await _open(provider, request, silence)
    assert opened is not None, "stamina ends with an error or an answer"
    first, events = opened
    try:
        yield first
        while True:
            try:
                event = await _next(events, provider, silence)
            except StopAsyncIteration:
                return
            yield event
    finally:
        await _close(events)


async def _open(provider: Provider, request: Request, silence: float) -> tuple[Event, AsyncIterator[Event]]:
    """The first event, and the rest."""
    events = provider.stream(request)
    try:
        return await _next(events, provider, silence), events
    except BaseException:
        await _close(events)
        raise


async def _next(events: AsyncIterator[Event], provider: Provider, silence: float) -> Event:
    try:
        async with asyncio.timeout(silence):
            return await anext(events)
    except TimeoutError:
        raise ConnectionFailedError(
            f"{provider.name} sent nothing for {silence:g} seconds.",
            hint="Try again, or raise the setting calls.timeout.",
        ) from None


async def _close(events: AsyncIterator[Event]) -> None:
    if isinstance(events, AsyncGenerator):
        await events.aclose()


class _Backoff:
    """Decides after each failure: False, or seconds to wait."""

    def __init__(self, retries: int, on_retry: OnRetry) -> None:
        self._left = retries
        self._delay = FIRST_DELAY
        self._on_retry = on_retry

    def __call__(self, error: Exception) -> bool | float:
        if self._left == 0 or not isinstance(error, ProviderError) or not error.retryable:
            return False
        if error.retry_after is not None and error.retry_after > MAX_DELAY:
            return False
        self._left -= 1
        delay = error.retry_after
        if delay is None:
            delay = min(self._delay * random.uniform(1, 1.5), MAX_DELAY)  # noqa: S311 - not for secrets
            self._delay *= 2
        self._on_retry(error.message, delay)
        return float(delay)
