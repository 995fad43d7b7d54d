"""Prompts as they are stored: versions that never change, and which of them is in use."""

from __future__ import annotations

from dataclasses import dataclass

BUILT_IN, EDITED, IMPORTED, WORKSPACE = "built-in", "edited", "imported", "workspace"
"""Who wrote a version: the package, the person, a file that the person imported, a workspace that they trust."""


@dataclass(frozen=True, slots=True)
class PromptVersion:
    name: str
    version: str
    """The first 12 hex digits of the SHA-256 of the text."""
    text: str
    created: float
    """When it was written, or first used where it is not the person's own."""
    parent: str = ""
    """The version that it was made from; empty where there is none."""
    origin: str = BUILT_IN


@dataclass(frozen=True, slots=True)
class PromptUse:
    """Since when a version is in use; the last of a name that was not taken back counts."""

    name: str
    version: str
    """Empty: the one that ships with the package, whichever that is."""
    since: float
