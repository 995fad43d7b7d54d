"""Carry one streamed call of an official SDK: open, read, and close whatever happens.

Apart from the vendors because the order of these steps is what makes a call cancellable and its errors clean, and
it must be the same for both.

Invariant: leaving the stream early closes the connection at once (test_closing_early_hangs_up).
Invariant: an error carries no SDK exception along, since those hold requests with keys (test_errors_carry_no_cause).
Invariant: a key that a server sends back is in no event (test_an_echoed_key_is_never_shown).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from orchestrator.errors import ProviderError
from orchestrator.providers.addresses import Address
from orchestrator.providers.answer import malformed
from orchestrator.providers.base import Event, Finished, TextDelta, ThoughtDelta, ToolCallDelta
from orchestrator.providers.failures import Call, Mapped, map_error
from orchestrator.providers.redaction import SecretFilter, remove_secrets

if TYPE_CHECKING:
    import httpx2

CONNECT_SECONDS = 15.0
"""At most, to reach a server: one that is there answers sooner."""
PING_PATIENCE = 5
"""How many times the timeout a server may fill with pings alone: models think, but not for ever."""


class SdkStream(Protocol):
    """What both SDKs return for `stream=True`."""

    response: httpx2.Response

    async def __anext__(self) -> Any: ...


class Reader(Protocol):
    """Makes events of a vendor's chunks; pure."""

    def feed(self, chunk: Mapping[str, Any]) -> Iterable[Event]: ...
    def finish(self) -> Finished:
        """Raises AnswerCutError when the vendor gave no reason for the end."""
        ...


class _Closing(Protocol):
    async def close(self) -> None: ...


_Client = TypeVar("_Client", bound=_Closing)


class LazyClient(Generic[_Client]):
    """An SDK's client, made at first use in a thread: importing an SDK takes a second or two."""

    def __init__(self, make: Callable[[], _Client]) -> None:
        self._make = make
        self._client: _Client | None = None
        self._making = asyncio.Lock()

    async def get(self) -> _Client:
        async with self._making:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make)
            return self._client

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()


def http_client(address: Address, timeout: float) -> httpx2.AsyncClient:
    """Follows no redirect: a person agreed to this host. Takes no proxy to this computer itself.

    On this computer every call has a connection of its own: it costs nothing, and servers of models there (the embedded
    one's after five seconds) hang up on a kept one without a word, at times in the moment when the next call is sent.
    """
    import httpx2

    kept = 0 if address.loopback else 8
    return httpx2.AsyncClient(
        follow_redirects=False,
        trust_env=not address.loopback,
        timeout=httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=kept),
    )


async def run(
    open_stream: Callable[[], Awaitable[AbstractAsyncContextManager[SdkStream]]],
    reader: Reader,
    call: Call,
    table: Mapping[str, Mapped],
) -> AsyncGenerator[Event]:
    failure: ProviderError | None = None
    clean = _Clean(call.secrets)
    try:
        async with asyncio.timeout(call.timeout * PING_PATIENCE):
            opened = await open_stream()
        async with opened as stream:
            _check_content_type(stream.response)
            while True:
                async with asyncio.timeout(call.timeout * PING_PATIENCE):
                    try:
                        chunk = await anext(stream)
                    except StopAsyncIteration:
                        break
                call = call if call.answering else replace(call, answering=True)
                for event in reader.feed(_plain(chunk)):
                    if cleaned := clean.event(event):
                        yield cleaned
        if not call.answering and not _is_event_stream(stream.response):
            raise malformed(f"{call.host} sent no stream of events")
        finished = reader.finish()
        for event in clean.rest():
            yield event
        yield clean.finished(finished)
    except ProviderError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - the table decides, and nothing unmapped may leave a provider
        failure = map_error(error, call, table)
    if failure is not None:
        raise failure  # outside the handler, so that no SDK exception hangs on it


class _Clean:
    """Some servers repeat the key that they were sent, and a model may say what it read."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = secrets
        self._text, self._thought = SecretFilter(secrets), SecretFilter(secrets)
        self._calls: dict[int, SecretFilter] = {}

    def event(self, event: Event) -> Event | None:
        """The same one where there is nothing to remove; None while it may be the beginning of a key."""
        if isinstance(event, TextDelta):
            text = self._text.feed(event.text)
            return event if text is event.text else TextDelta(text) if text else None
        if isinstance(event, ThoughtDelta):
            text = self._thought.feed(event.text)
            return event if text is event.text else ThoughtDelta(text) if text else None
        if isinstance(event, ToolCallDelta):
            arguments = self._calls.setdefault(event.index, SecretFilter(self._secrets)).feed(event.arguments)
            return event if arguments is event.arguments else replace(event, arguments=arguments)
        return event

    def rest(self) -> Iterator[Event]:
        if thought := self._thought.rest():
            yield ThoughtDelta(thought)
        if text := self._text.rest():
            yield TextDelta(text)

    def finished(self, event: Finished) -> Finished:
        calls = tuple(replace(call, arguments=remove_secrets(call.arguments, self._secrets)) for call in event.calls)
        raw, echo = (remove_secrets(text, self._secrets) for text in (event.raw, event.echo))
        return replace(event, raw=raw, echo=echo, calls=calls)


def _plain(chunk: Any) -> Mapping[str, Any]:
    """The JSON of a chunk. SDKs build their classes without checking, and pass on what is no object."""
    if hasattr(chunk, "model_dump"):
        return chunk.model_dump(exclude_unset=True, warnings=False)
    raise malformed(f"a chunk is no object but {type(chunk).__name__}")


def _check_content_type(response: httpx2.Response) -> None:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {"text/html", "application/xhtml+xml", "application/json"}:
        raise malformed(f"it sent {kind} instead of a stream of events")


def _is_event_stream(response: httpx2.Response) -> bool:
    return response.headers.get("content-type", "").lower().startswith("text/event-stream")
