"""The ports to other forms of an outline: exporters write one, importers read one; and the registry of both.

Apart from the edges, because the command line and an editor offer the same, and from `outline`, because a form is
something that a plug-in may add: in the entry-point groups `orchestrator.exporters` and `orchestrator.importers`, where
the entry's name is what a person writes behind `--format`.

An importer reads text that strangers wrote into values (`model.portable`), and never writes: `importing` does that,
through `outline.document`, so that foreign text is data whatever a plug-in makes of it.

Invariant: a plug-in that is broken says so, and others are found (test_a_broken_form_says_so).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from orchestrator.engine import plugins
from orchestrator.errors import ConfigError
from orchestrator.model.metrics import GroupBy, Metrics
from orchestrator.model.portable import PortableOutline
from orchestrator.outline.tree import Outline
from orchestrator.store.past import Call, Talk

EXPORTERS = "orchestrator.exporters"
IMPORTERS = "orchestrator.importers"


class History(Protocol):
    """What the store has of an outline, read when an exporter asks."""

    async def talks(self) -> Sequence[Talk]:
        """The oldest first."""
        ...

    async def calls(self) -> Sequence[Call]:
        """In the order in which they began."""
        ...

    async def metrics(self, by: GroupBy) -> Sequence[Metrics]: ...


@dataclass(frozen=True, slots=True)
class Subject:
    """What is exported."""

    name: str
    """Of the outline's file."""
    outline: Outline
    mark: str
    """The file's byte order mark, mostly empty."""
    history: History


@runtime_checkable
class Exporter(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def suffix(self) -> str:
        """Of the file that is written, with its dot."""
        ...

    def export(self, subject: Subject) -> Awaitable[str]: ...


@dataclass(frozen=True, slots=True)
class Foreign:
    """What is imported."""

    name: str
    """Of the file, for messages."""
    text: str
    """Without a byte order mark."""
    new_id: Callable[[], str]
    """An id that no task of the workspace has, for tasks that others depend on."""


@dataclass(frozen=True, slots=True)
class Imported:
    outline: PortableOutline
    notes: tuple[str, ...] = ()
    """What a person should know: what was left out, and why."""
    source: str | None = None
    """The Markdown that the values came from, byte for byte, where there is one."""
    what: str = ""
    """What it was, for a person: "Task Master, 2 tags"."""


@runtime_checkable
class Importer(Protocol):
    @property
    def name(self) -> str: ...

    def recognises(self, foreign: Foreign) -> bool:
        """From a look at it. Never raises; the first importer that says yes reads it."""
        ...

    def read(self, foreign: Foreign) -> Imported:
        """Raises FileError that names the place of what cannot be read."""
        ...


def exporter(name: str, workspace: Path | None = None) -> Exporter:
    """Built-in ones first. Raises ConfigError when there is none, or it cannot be used."""
    return _find(name, _exporters(), EXPORTERS, Exporter, "exporter", workspace)


def importer(name: str, workspace: Path | None = None) -> Importer:
    return _find(name, _importers(), IMPORTERS, Importer, "importer", workspace)


def importers(workspace: Path | None = None) -> list[Importer]:
    """In the order in which they are asked: plug-ins first, since they know their own; broken ones are left out."""
    found: list[Importer] = []
    for point in _points(IMPORTERS):
        try:
            found.append(_load(point, Importer, "importer", workspace))
        except ConfigError:
            continue
    return [*found, *_importers()]


def exporter_names() -> tuple[str, ...]:
    """Nothing of a plug-in is imported for that."""
    return tuple(dict.fromkeys((*(one.name for one in _exporters()), *(point.name for point in _points(EXPORTERS)))))


def importer_names() -> tuple[str, ...]:
    return tuple(dict.fromkeys((*(one.name for one in _importers()), *(point.name for point in _points(IMPORTERS)))))


def _exporters() -> tuple[Exporter, ...]:
    from orchestrator.engine.exchange.calls_csv import CallsAsCsv
    from orchestrator.engine.exchange.conversations import ConversationsAsMarkdown
    from orchestrator.engine.exchange.json_outline import JsonOutline
    from orchestrator.engine.exchange.metrics_csv import MetricsAsCsv

    return JsonOutline(), ConversationsAsMarkdown(), CallsAsCsv(), MetricsAsCsv()


def _importers() -> tuple[Importer, ...]:
    from orchestrator.engine.exchange.json_outline import JsonOutline
    from orchestrator.engine.exchange.kiro import Kiro
    from orchestrator.engine.exchange.markdown_list import MarkdownList
    from orchestrator.engine.exchange.spec_kit import SpecKit
    from orchestrator.engine.exchange.task_master import TaskMaster

    return JsonOutline(), TaskMaster(), SpecKit(), Kiro(), MarkdownList()


def _points(group: str) -> list[EntryPoint]:
    return sorted(entry_points(group=group), key=lambda point: point.name)


def _find(name: str, built_in: Sequence[Any], group: str, kind: type[Any], what: str, workspace: Path | None) -> Any:
    for one in built_in:
        if one.name == name:
            return one
    for point in _points(group):
        if point.name == name:
            return _load(point, kind, what, workspace)
    known = exporter_names() if what == "exporter" else importer_names()
    raise ConfigError(f"There is no {what} “{name}”.", hint=f"There are {', '.join(known)}.")


def _load(point: EntryPoint, kind: type[Any], what: str, workspace: Path | None) -> Any:
    loaded = plugins.load(point, what, workspace)
    try:
        made = loaded() if isinstance(loaded, type) else loaded
    except Exception as error:  # a plug-in may fail in any way
        raise ConfigError(
            f"The {what} {point.name} cannot be made: {type(error).__name__}.", hint="Update or uninstall it."
        ) from error
    if not isinstance(made, kind):
        raise ConfigError(
            f"The entry point {point.name} names no {what} but a {type(made).__name__}.",
            hint="Update or uninstall the plug-in.",
        )
    return made
