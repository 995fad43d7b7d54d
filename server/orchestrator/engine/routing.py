"""Which model answers: a role names an alias, an alias names models in order, the first usable one is taken.

When a provider does not answer, the next model of the alias is asked, and the provider is left alone for a while
(`gates`). Also the border of consent: nothing of a workspace is sent to a host that its person has not agreed to.

Invariant: without consent no provider for a remote host is made (test_no_consent_no_call).
Invariant: a provider that is down is skipped while another of the models can answer (test_what_is_down_is_skipped).
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from orchestrator.config import Settings
from orchestrator.engine.editor import Person, Question
from orchestrator.engine.gates import Gates, elsewhere
from orchestrator.engine.trust import Trust
from orchestrator.errors import (
    ConfigError,
    ConsentRequiredError,
    OrchestratorError,
    ProviderError,
    ProviderUnavailableError,
)
from orchestrator.model.message import Role
from orchestrator.model.usage import Cost, Usage
from orchestrator.providers import registry
from orchestrator.providers.base import Availability, Destination, Provider, ProviderSpec
from orchestrator.providers.keys import Keys
from orchestrator.providers.prices import TABLE, Prices, own_prices

ALLOW = "Allow for this workspace"
REFUSE = "Not now"
USABLE_SECONDS = 2.0
BASIC = "basic offline model"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Route:
    provider: Provider
    model: str
    """Without the provider."""
    prices: Prices = TABLE

    def cost(self, usage: Usage) -> Cost:
        return self.prices.cost(self.provider.name, self.model, usage)

    @property
    def name(self) -> str:
        """`provider/model`."""
        return f"{self.provider.name}/{self.model}"

    @property
    def label(self) -> str:
        """For people: a small model is called what it is wherever it answers."""
        return f"{self.name} ({BASIC})" if self.provider.capabilities.guided else self.name


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf a call is made."""

    folder: Path
    """The workspace."""
    person: Person
    model: str = ""
    """`provider/model` or alias for this call only; empty: as the settings say."""
    consented: bool = False
    """The person named `model` for this very call, which is consent."""


class Router:
    """Providers are made at first use and kept until `aclose`."""

    def __init__(self, settings: Settings, keys: Keys, trust: Trust, gates: Gates | None = None) -> None:
        self.prices = Prices(own_prices(settings.prices))
        self._gates = Gates(settings.calls) if gates is None else gates
        self._settings = settings
        self._keys = keys
        self._trust = trust
        self._providers: dict[str, Provider] = {}
        self._specs: dict[str, ProviderSpec] = {}
        self._usable: dict[str, tuple[float, Availability]] = {}
        self._routes: dict[tuple[Role, str], tuple[float, Route]] = {}
        self._looking = defaultdict[str, asyncio.Lock](asyncio.Lock)
        """By provider."""
        self._asking = asyncio.Lock()
        self._making = asyncio.Lock()

    @property
    def trust(self) -> Trust:
        return self._trust

    async def answered(
        self,
        route_of: Callable[[frozenset[str]], Awaitable[Route]],
        work: Callable[[Route], Awaitable[_T]],
        tell: Callable[[str], None],
    ) -> _T:
        """What `work` answers with the first model that does. `route_of` gets the names that were asked in vain.

        Raises what `work` raised last; its `everywhere` says whether asking for something else would meet it, too.
        """
        failed: dict[str, ProviderError] = {}
        while True:
            try:
                route = await route_of(frozenset(failed))
            except OrchestratorError:
                if not failed:
                    raise
                break
            try:
                return await work(route)
            except ProviderError as error:
                if not elsewhere(error):
                    raise
                failed[route.name] = error
                error.everywhere = self._gates.of(route.provider.name).failed(error)
                tell(f"{route.label} did not answer: {error.message}")
        raise failed.popitem()[1]

    async def route(self, role: Role, asker: Asker, without: frozenset[str] = frozenset()) -> Route:
        """The model for this role; `without` these names.

        Raises ConfigError for a provider that does not exist, ProviderUnavailableError when none of the models
        can be used, ConsentRequiredError when the person does not agree.
        """
        if not without and (known := self._known_route(role, asker)) is not None:
            return known
        reasons: list[str] = []
        mend = "See `orchestrator models` for what can be used."
        for name in candidates(self._settings, role, asker.model):
            if name in without:
                reasons.append(f"{name}: it did not answer")
                continue
            provider_name, model = registry.split_model(name)
            spec = self._spec(provider_name)
            if down := self._gates.of(provider_name).down:
                mend = mend if reasons else "Wait until then, and go on."
                reasons.append(f"{name}: {down}")
                continue
            availability = await self._availability(spec)
            if not availability.usable:
                mend = f"Mend it with `{availability.mend}`." if availability.mend and not reasons else mend
                reasons.append(f"{name}: {availability.detail}")
                continue
            async with self._asking:  # one question at a time: a recursive split asks from many places at once
                await self._require_consent(spec, model, asker)
            provider = await self._provider(spec)
            if provider.capabilities.guided:
                self._require_listed(spec, name)
            found = Route(provider, model, self.prices)
            if not (without or reasons or spec.destination(self._settings, self._keys).remote):
                self._routes[role, asker.model] = time.monotonic(), found
            return found
        raise ProviderUnavailableError(f"No model can be used ({'; '.join(reasons)}).", hint=mend)

    def _known_route(self, role: Role, asker: Asker) -> Route | None:
        """What was found a moment ago, where that asks nobody for consent: a run asks before each of its calls."""
        known = self._routes.get((role, asker.model))
        if known is None or time.monotonic() - known[0] >= USABLE_SECONDS:
            return None
        return None if self._gates.of(known[1].provider.name).down else known[1]

    def _spec(self, name: str) -> ProviderSpec:
        """Looked up once: plug-ins are looked for in every installed package, which takes longer than a short call."""
        if name not in self._specs:
            self._specs[name] = registry.spec(name, self._settings)
        return self._specs[name]

    async def _availability(self, spec: ProviderSpec) -> Availability:
        """A run asks before each of its calls; what was usable a moment ago still is.

        Who asks while somebody looks waits for what is seen: a look may ask the keyring, and many tasks start at once.
        """
        async with self._looking[spec.name]:
            known = self._usable.get(spec.name)
            if known is not None and time.monotonic() - known[0] < USABLE_SECONDS:
                return known[1]
            found = await asyncio.to_thread(spec.availability, self._settings, self._keys)
            if found.usable:
                self._usable[spec.name] = time.monotonic(), found
            return found

    async def route_unasked(self, role: Role, override: str = "") -> Route:
        """The model that would be asked first. For showing a request, never for sending it: no consent is needed."""
        reasons: list[str] = []
        for name in candidates(self._settings, role, override):
            provider_name, model = registry.split_model(name)
            try:
                return Route(await self._provider(self._spec(provider_name)), model)
            except ProviderUnavailableError as error:
                reasons.append(f"{name}: {error.message}")
        raise ProviderUnavailableError(
            f"No model can be used ({'; '.join(reasons)}).", hint="See `orchestrator models` for what can be used."
        )

    async def aclose(self) -> None:
        providers, self._providers = list(self._providers.values()), {}
        for provider in providers:
            await provider.aclose()

    def _require_listed(self, spec: ProviderSpec, name: str) -> None:
        """A guided plan may come about without a call, which would be the one to refuse the name."""
        listed = [listing.model for listing in spec.models(self._settings, self._keys)]
        if name not in listed and not self._settings.local.weights:  # a weights file answers to any name
            raise ProviderUnavailableError(
                f"There is no model {name}.", hint=f"Use {' or '.join(listed)}; see `orchestrator models`."
            )

    async def _provider(self, spec: ProviderSpec) -> Provider:
        async with self._making:
            if spec.name not in self._providers:  # looking up a key may ask the keyring, which may ask the person
                self._providers[spec.name] = await asyncio.to_thread(spec.create, self._settings, self._keys)
                await asyncio.to_thread(self.prices.per_million, spec.name, "")  # the table takes long to load
            return self._providers[spec.name]

    async def _require_consent(self, spec: ProviderSpec, model: str, asker: Asker) -> None:
        destination = spec.destination(self._settings, self._keys)
        if not destination.remote or (asker.consented and asker.model):
            return
        if self._trust.consented(asker.folder, spec.name, destination.host):
            return
        answer = await asker.person.ask(_question(spec, destination, self._price(spec.name, model), asker.folder))
        if answer != ALLOW:
            raise ConsentRequiredError(
                f"Nothing was sent: {spec.title} ({destination.host}) is not allowed for {asker.folder.name}.",
                hint=f"Allow it with `orchestrator trust allow {spec.name}`, or choose another model.",
            )
        self._trust.consent(asker.folder, spec.name, destination.host)

    def _price(self, provider: str, model: str) -> str:
        prices = self.prices.per_million(provider, model)
        if prices is None:
            return f"The price of {model} is not known here."
        reading, writing = (price.quantize(Decimal("0.01")) for price in prices)
        return f"{model} costs ${reading} per million tokens read and ${writing} per million written."


def candidates(settings: Settings, role: Role, override: str = "") -> tuple[str, ...]:
    """Names of models to try, best first."""
    aliases = {
        "fast": settings.models.fast,
        "balanced": settings.models.balanced,
        "strong": settings.models.strong,
    }
    chosen = override or settings.model
    if not chosen:
        chosen = getattr(settings.roles, role.value, settings.roles.plan)
    if chosen in aliases:
        return tuple(aliases[chosen])
    if "/" not in chosen:
        raise ConfigError(
            f"There is no model “{chosen}”.",
            hint="Write it as provider/model, or use an alias: fast, balanced, strong. See `orchestrator models`.",
        )
    return (chosen,)


def _question(spec: ProviderSpec, destination: Destination, price: str, folder: Path) -> Question:
    return Question(
        f"Send task text of “{folder.name}” to {spec.title} at {destination.host} "
        f"(address from: {destination.source})? "
        "Sent are the headings, the task with its parents, results that it builds on, and the titles beside it, "
        "with up to two playbooks or splits of yours as examples; "
        "of other files only those that a task names in its field `files`, and what a model looks at in this folder "
        "for a task whose executor reads files (no keys, no ignored ones); in a conversation also what you write and "
        f"attach. {price}",
        (REFUSE, ALLOW),
    )
