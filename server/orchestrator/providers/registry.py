"""Every provider there is: built in, from the settings, and from plug-ins.

Apart from the providers because looking at the list must cost nothing: no SDK, no network, no key is read here.

Invariant: no SDK is imported on the way to the list (test_specs_import_no_sdk).
Invariant: a plug-in that is broken becomes an entry that says so, and nothing else breaks
(test_a_broken_plugin_says_so).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import Never

from orchestrator.config import Settings
from orchestrator.errors import ConfigError, ProviderUnavailableError
from orchestrator.providers import anthropic, local, openai, scripted
from orchestrator.providers.base import Availability, Destination, ModelListing, ProviderSpec
from orchestrator.providers.keys import Keys
from orchestrator.providers.redaction import redact

ENTRY_POINTS = "orchestrator.providers"
"""The group in which a plug-in names its `ProviderSpec`."""

BUILT_IN = (local.SPEC, anthropic.SPEC, openai.SPEC, scripted.SPEC)

_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def specs(settings: Settings) -> tuple[ProviderSpec, ...]:
    """The embedded one first. Names are unique among the usable ones: the first with a name has it."""
    found = list(BUILT_IN)
    for name, endpoint in settings.endpoints.items():
        found.append(_fitting(openai.endpoint_spec(name, endpoint), found, "choose another name for the endpoint"))
    for plugin in _plugins():
        found.append(_fitting(plugin, found, "uninstall one of the two"))
    return tuple(found)


def spec(name: str, settings: Settings) -> ProviderSpec:
    """Raises ConfigError when there is no provider of that name."""
    known = specs(settings)
    for candidate in known:
        if candidate.name == name:
            return candidate
    names = ", ".join(dict.fromkeys(candidate.name for candidate in known))
    raise ConfigError(
        f"There is no provider called {name!r}. There are: {names}.",
        hint="Name a model as provider/model; add a server of your own under `endpoints` in your settings.",
    )


def split_model(model: str) -> tuple[str, str]:
    """`provider/model` in two; the model's own name may hold further slashes. Raises ConfigError."""
    provider, slash, name = model.partition("/")
    if not slash or not name or not _NAME.fullmatch(provider):
        raise ConfigError(
            f"{model!r} does not name a model.", hint="Write provider/model, as `orchestrator models` lists them."
        )
    return provider, name


def _plugins() -> Iterator[ProviderSpec]:
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        yield _load(point)


def _load(point: EntryPoint) -> ProviderSpec:
    origin = f"plug-in {point.dist.name if point.dist else point.value}"
    try:
        loaded = point.load()
    except Exception as error:  # noqa: BLE001 - a plug-in may fail in any way, and must not take us along
        return unusable(point.name, origin, f"{origin} cannot be loaded: {type(error).__name__}: {redact(str(error))}")
    if not isinstance(loaded, ProviderSpec):
        return unusable(point.name, origin, f"{origin} names no ProviderSpec but a {type(loaded).__name__}")
    return _guarded(loaded, origin)


def _guarded(plugin: ProviderSpec, origin: str) -> ProviderSpec:
    """Questions are asked of every provider at once: a plug-in that raises only makes itself unusable."""

    def availability(settings: Settings, keys: Keys) -> Availability:
        try:
            return plugin.availability(settings, keys)
        except Exception as error:  # noqa: BLE001 - as above
            detail = redact(str(error))
            return Availability(False, f"{origin} failed: {type(error).__name__}: {detail}", mend="orchestrator config")

    def models(settings: Settings, keys: Keys) -> tuple[ModelListing, ...]:
        try:
            return plugin.models(settings, keys)
        except Exception:  # noqa: BLE001 - `availability` tells
            return ()

    return replace(plugin, availability=availability, models=models)


def _fitting(candidate: ProviderSpec, before: list[ProviderSpec], mend: str) -> ProviderSpec:
    """The candidate, or an unusable one in its place when its name is bad or taken."""
    if not _NAME.fullmatch(candidate.name):
        return unusable(candidate.name, candidate.title, f"{candidate.name!r} cannot be a provider's name; {mend}")
    if any(other.name == candidate.name for other in before):
        return unusable(candidate.name, candidate.title, f"another provider is called {candidate.name}; {mend}")
    return candidate


def unusable(name: str, title: str, reason: str) -> ProviderSpec:
    """A provider that can only say why it is none."""

    def availability(_settings: Settings, _keys: Keys) -> Availability:
        return Availability(False, reason, mend="orchestrator config")

    def destination(_settings: Settings, _keys: Keys) -> Destination:
        return Destination("", "unusable")

    def models(_settings: Settings, _keys: Keys) -> tuple[ModelListing, ...]:
        return ()

    def create(_settings: Settings, _keys: Keys) -> Never:
        raise ProviderUnavailableError(f"{title} cannot be used: {reason}.", hint="Run `orchestrator config`.")

    return ProviderSpec(
        name=name, title=title, availability=availability, destination=destination, models=models, create=create
    )
