"""Whether a vendor's key is there, and the one command that mends it if not.

Apart from `keys` because that knows nothing of vendors, and from the vendors because both ask the same.
"""

from __future__ import annotations

from orchestrator.errors import ConfigError, ProviderUnavailableError
from orchestrator.providers.addresses import Address
from orchestrator.providers.base import Availability
from orchestrator.providers.keys import Keys, variable_name


def key_availability(name: str, address: Address, keys: Keys) -> Availability:
    if address.problem:
        _, exported, variable = address.source.partition("environment ")
        return Availability(False, address.problem, mend=f"unset {variable}" if exported else "orchestrator config")
    try:
        key = keys.find(name)
    except ConfigError as error:
        quoted = error.hint.split("`")
        return Availability(False, error.message, mend=quoted[1] if len(quoted) > 1 else "orchestrator doctor")
    if key is None:
        return Availability(False, f"no key named {name}", mend=f"orchestrator auth set {name}")
    if not _sendable(key.value.get_secret_value()):
        return Availability(False, f"{key.source}: not a key that can be sent", mend=_replace(name, key.source))
    parts = (f"key from {key.source}", address.note)
    return Availability(True, "; ".join(part for part in parts if part))


def find_key(name: str, title: str, keys: Keys) -> str:
    """The key's value. Raises ProviderUnavailableError (or ConfigError for a file that must not be used)."""
    key = keys.find(name)
    mend = f"Run `orchestrator auth set {name}`."
    if key is None:
        raise ProviderUnavailableError(f"{title} has no key (named {name}).", hint=mend)
    value = key.value.get_secret_value()
    if not _sendable(value):
        mend = f"Run `{_replace(name, key.source)}`."
        raise ProviderUnavailableError(f"The key of {title} ({key.source}) cannot be sent as it is.", hint=mend)
    return value


def _replace(name: str, source: str) -> str:
    """The command; a key in the environment goes before every other."""
    return f"unset {variable_name(name)}" if source.startswith("environment") else f"orchestrator auth set {name}"


def _sendable(value: str) -> bool:
    """HTTP headers take no other characters, and libraries repeat a refused header in their error."""
    return value.isascii() and value.isprintable() and " " not in value
