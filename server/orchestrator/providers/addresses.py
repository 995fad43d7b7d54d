"""Where a provider is reached, and who said so.

Apart from the vendors because consent depends on it: a base URL from the environment sends the text of a workspace
somewhere else, and a person has to see that before the first call.

Invariant: the host that is shown is the host that is called (test_the_host_shown_is_the_host_called).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from orchestrator.providers.base import Destination


@dataclass(frozen=True, slots=True)
class Address:
    url: str
    source: str
    """As `Destination.source`."""
    problem: str = ""
    """Why it cannot be used; empty when it can. Never repeats a password that stands in the URL."""

    @property
    def host(self) -> str:
        """Host and port, as in the URL."""
        parts = _split(self.url)
        return parts.netloc.rpartition("@")[2] if parts is not None else ""

    @property
    def loopback(self) -> bool:
        """Whether it is this computer. (What listens there may still send the text on.)"""
        parts = _split(self.url)
        return parts is not None and is_loopback(parts.hostname or "")

    @property
    def note(self) -> str:
        """What a person should know about it beside the key; empty for the vendor's own."""
        if self.source == "default":
            return ""
        unencrypted = self.url.lower().startswith("http:") and not self.loopback
        return f"at {self.host} ({self.source}{', not encrypted' if unencrypted else ''})"

    def destination(self) -> Destination:
        return Destination(self.host, self.source)


def vendor_address(setting: str, option: str, variable: str, default: str, environment: Mapping[str, str]) -> Address:
    """The setting, else the environment variable, else the vendor's own."""
    if setting:
        return checked(setting, f"setting {option}")
    if exported := environment.get(variable, "").strip():
        return checked(exported, f"environment {variable}")
    return Address(default, "default")


def checked(url: str, source: str) -> Address:
    parts = _split(url)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        return Address("", source, f"the {source} is not a web address (http:// or https://)")
    if "@" in parts.netloc:
        return Address("", source, f"the {source} has a name or password in it; set a key instead")
    if parts.query or parts.fragment or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return Address("", source, f"the {source} has characters that a base address cannot have")
    return Address(url.rstrip("/"), source)


def is_loopback(host: str) -> bool:
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return None
    return parts
