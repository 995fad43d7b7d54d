"""The embedded model: a small one on this computer that needs no key, no network and no consent.

It is a basic offline model and is called so wherever it answers. The model itself runs in a child process
(`local_process`); this file finds the weights, keeps a seat at the child while it is in use, and speaks with it
through the OpenAI provider.

Invariant: looking at the specs imports no native code (test_availability_imports_no_native_code).
Invariant: when the child dies, its calls fail as retryable, and the next one starts it anew
(test_a_crash_is_retryable_and_mended).
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from orchestrator.config import Directories, LocalOptions, Settings, expanded
from orchestrator.errors import (
    AnswerCutError,
    AnswerMalformedError,
    ConfigError,
    ConnectionFailedError,
    ProviderDownError,
    ProviderUnavailableError,
)
from orchestrator.providers import addresses, embedding, weights
from orchestrator.providers.base import (
    Availability,
    Capabilities,
    Destination,
    Event,
    ModelListing,
    ProviderSpec,
    Request,
)
from orchestrator.providers.keys import Keys
from orchestrator.providers.local_child import Seat, Wish
from orchestrator.providers.local_door import Address
from orchestrator.providers.local_process import MODEL_ALIAS
from orchestrator.providers.openai import OpenAIProvider

NAME = "local"
TITLE = "Embedded model (basic offline)"
PACKAGE = "xllamacpp"
INSTALL = embedding.INSTALL
MOST_THREADS = 4
GUIDED_BELOW_BYTES = 1_500_000_000
"""Weights smaller than that do not plan by themselves; a person's own bigger file may."""
IDLE_SECONDS = 300.0
"""After so long without a call we leave the child, so that its memory is free again."""
LEAST_TIMEOUT_SECONDS = 180.0
"""Reading a long prompt takes a slow computer minutes, and it says nothing meanwhile."""
_LOST_SECONDS = 1.0
_OWN_FILE = "gguf"
"""The name in listings of the file in `local.weights`; with that setting every name means it."""


class LocalProvider:
    """Safe for many calls at once, in one event loop. Each weights file has its own child."""

    def __init__(self, options: LocalOptions, timeout: float, directories: Directories) -> None:
        self._options = options
        self._timeout = max(timeout, LEAST_TIMEOUT_SECONDS)
        self._directories = directories
        self._seats: dict[Path, Seat] = {}
        self._clients: dict[Path, tuple[Address, OpenAIProvider]] = {}
        self._calls = 0
        self._idle: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        own = self._options.weights
        guided = not own or expanded(own).stat().st_size < GUIDED_BELOW_BYTES
        return Capabilities(schema=True, grammar=True, guided=guided)

    async def stream(self, request: Request) -> AsyncGenerator[Event]:
        file = await asyncio.to_thread(weights.locate, request.model, self._options.weights, self._directories)
        seat = self._seats.setdefault(file, Seat(self._wish(file)))
        with_alias = replace(request, model=MODEL_ALIAS)
        self._begin()
        try:
            client = await self._client(file, await asyncio.to_thread(seat.take))
            async with aclosing(client.stream(with_alias)) as events:
                async for event in events:
                    yield event
        except (ConnectionFailedError, AnswerCutError, AnswerMalformedError, ProviderDownError):
            if await _keeps(seat):
                raise
            raise ProviderDownError(
                "The process of the embedded model ended in the middle of a call.",
                hint="Try again: it starts anew. If it stays so, run `orchestrator doctor`.",
            ) from None
        finally:
            self._end()

    async def aclose(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        for _, client in self._clients.values():
            await client.aclose()
        for seat in self._seats.values():
            await asyncio.to_thread(seat.close)

    def _wish(self, file: Path) -> Wish:
        threads = self._options.threads or min(os.cpu_count() or 1, MOST_THREADS)
        return Wish(file, threads, self._options.context, self._directories.cache / "local")

    async def _client(self, file: Path, address: Address) -> OpenAIProvider:
        """One for each child that we meet; a restarted child has another port and key."""
        known = self._clients.get(file)
        if known is not None and known[0] == address:
            return known[1]
        client = OpenAIProvider(
            name=NAME,
            title="the embedded model",
            address=addresses.Address(address.base_url, "embedded"),
            api_key=address.key,
            timeout=self._timeout,
            capabilities=Capabilities(schema=True, grammar=True),
        )
        self._clients[file] = (address, client)
        if known is not None:
            await known[1].aclose()
        return client

    def _begin(self) -> None:
        self._calls += 1
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _end(self) -> None:
        self._calls -= 1
        if self._calls == 0:
            self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._leave)

    def _leave(self) -> None:
        for seat in self._seats.values():
            seat.leave()


async def _keeps(seat: Seat) -> bool:
    """Whether the child lives. Its connections close one after the other when it dies: look for a moment."""
    for _ in range(20):
        if not seat.taken:
            return False
        await asyncio.sleep(_LOST_SECONDS / 20)
    return True


def _availability(settings: Settings, keys: Keys) -> Availability:
    if importlib.util.find_spec(PACKAGE) is None or not embedding.available():
        return Availability(False, "its packages are not installed", INSTALL)
    if own := settings.local.weights:
        try:
            weights.check_gguf(expanded(own))
        except ConfigError as error:
            return Availability(False, error.message.rstrip("."), "orchestrator config")
        return Availability(True, f"weights from the setting local.weights ({Path(own).name})")
    directories = Directories.default(keys.environment)
    here = [model.name for model in weights.KNOWN if weights.present(model, directories)]
    if not here:
        return Availability(False, "no weights on this computer", weights.pull_command(weights.KNOWN[0].name))
    return Availability(True, f"weights of {', '.join(here)}")


def _destination(_settings: Settings, _keys: Keys) -> Destination:
    return Destination("", "embedded")


def _models(settings: Settings, keys: Keys) -> tuple[ModelListing, ...]:
    if own := settings.local.weights:
        return (ModelListing(f"{NAME}/{_OWN_FILE}", f"basic offline model from {Path(own).name}"),)
    directories = Directories.default(keys.environment)
    return tuple(
        ModelListing(f"{NAME}/{model.name}", _note(model, weights.present(model, directories)))
        for model in weights.KNOWN
    )


def _note(model: weights.KnownModel, present: bool) -> str:
    state = "here" if present else f"fetch it: {weights.pull_command(model.name)}"
    return f"{model.title}, {round(model.size / 1e6)} MB, {model.licence}, basic offline model; {state}"


def _create(settings: Settings, keys: Keys) -> LocalProvider:
    availability = _availability(settings, keys)
    if not availability.usable:
        raise ProviderUnavailableError(
            f"The embedded model cannot be used: {availability.detail}.", hint=f"Run: {availability.mend}"
        )
    return LocalProvider(settings.local, settings.calls.timeout, Directories.default(keys.environment))


SPEC = ProviderSpec(
    name=NAME,
    title=TITLE,
    availability=_availability,
    destination=_destination,
    models=_models,
    create=_create,
)
