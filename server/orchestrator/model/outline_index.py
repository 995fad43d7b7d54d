"""The index of saved outlines, as the store keeps it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IndexedNode:
    """A task or a section."""

    seq: int
    """From 1, in document order."""
    title: str
    status: str | None
    """None: a section."""
    task_id: str | None
    line: int
    depends_on: str
    """The ids that it names, with commas between them."""
    parent: int | None
    """The `seq` of what it stands below."""
    title_start: int
    """Characters before the title in its line."""
    title_end: int
    head: str | None
    """The line up to the title's end, where not all of that is ASCII."""


@dataclass(frozen=True, slots=True)
class IndexedOutline:
    """A saved outline, as it was when it was read."""

    workspace: str
    """The URI of its workspace folder."""
    uri: str
    modified_ns: int
    size: int
    settled: bool
    """Whether these two tell of every change since."""
    digest: str
    """SHA-256 of its bytes, in hexadecimal."""
    reader: str
    """Which version of Orchestrator read it."""
    newer: bool
    """It is in a later version of the format."""
    paths: tuple[str, ...]
    """Of files that it names."""
