"""What can be written in an outline and is not known from it: models, executors, prompts, files, other outlines.

Apart from the completion, which is about one line, because this looks at settings, plug-ins and a folder. The
functions that take time know no server, so that they can run in a thread.

Invariant: nothing outside of the outline's folder is listed, whatever links lead there
(test_files_never_leave_the_folder).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from orchestrator.config import Directories, Settings
from orchestrator.engine import executors
from orchestrator.engine.prompt_library import FOLDER, read_drafts
from orchestrator.engine.prompt_set import NAMEABLE
from orchestrator.lsp import uris
from orchestrator.model.task import Status
from orchestrator.outline.completion import Sources
from orchestrator.outline.index import Place
from orchestrator.outline.references import Known
from orchestrator.providers import registry
from orchestrator.providers.keys import Keys

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server

Gather = Callable[[Settings, Directories, str], Sources]

LISTED = ("model", "executor", "prompt")
"""Fields whose values are found by `with_names`."""
ENTRIES = 5_000
"""Entries of a folder that are looked at."""
_NO_MODEL = "/MODEL"
"""How a provider that has any model lists them."""


def of_tasks(server: Server, snapshot: Snapshot) -> Sources:
    """For what is named by ids: the other outlines of the workspace, as far as they are read."""
    there = server.index.ids_elsewhere(snapshot.uri)
    return Sources(elsewhere=lambda: map(_known, there.with_ids()), taken=there, count=there.task_count)


def known(server: Server, snapshot: Snapshot) -> Callable[[str], Sequence[Known]]:
    """What tasks of the other outlines have an id."""
    there = server.index.ids_elsewhere(snapshot.uri)
    return lambda task_id: [_known(place) for place in there.places(task_id)]


def with_names(settings: Settings, directories: Directories, _uri: str) -> Sources:
    values: dict[str, Sequence[tuple[str, str]]] = {
        "model": _models(settings, directories),
        "executor": _executors(),
        "prompt": _prompts(directories),
    }
    return Sources(values=values)


def with_files(_settings: Settings, _directories: Directories, uri: str) -> Sources:
    path = uris.file_path(uri)
    if path is None:
        return Sources()
    base = Path(os.path.realpath(path)).parent
    return Sources(files=lambda folder: files_in(base, folder))


def files_in(base: Path, folder: str) -> Sequence[str]:
    """Names in `base/folder`, folders first and with `/` behind; nothing hidden, nothing outside of `base`."""
    inner = PurePosixPath(folder)
    if inner.is_absolute() or ".." in inner.parts or "\\" in folder or "\0" in folder:
        return ()
    found: list[tuple[bool, str]] = []
    try:
        here = Path(os.path.realpath(base / inner))
        if not here.is_relative_to(base):
            return ()
        with os.scandir(here) as entries:
            for _, entry in zip(range(ENTRIES), entries, strict=False):
                if entry.name.startswith(".") or not _inside(base, entry):
                    continue
                is_folder = entry.is_dir()
                found.append((not is_folder, f"{entry.name}/" if is_folder else entry.name))
    except (OSError, ValueError):
        return ()
    return [name for _, name in sorted(found)]


def _inside(base: Path, entry: os.DirEntry[str]) -> bool:
    return not entry.is_symlink() or Path(os.path.realpath(entry.path)).is_relative_to(base)


def _known(place: Place) -> Known:
    status = place.entry.status or Status.OTHER
    return Known(place.entry.task_id or "", place.entry.title, status, uris.document_name(place.key))


def _models(settings: Settings, directories: Directories) -> list[tuple[str, str]]:
    """Aliases first, then what settings name, then what the providers list."""
    aliases = {alias: list(getattr(settings.models, alias)) for alias in type(settings.models).model_fields}
    found = {alias: f"alias for {', else '.join(models)}" for alias, models in aliases.items()}
    for models in aliases.values():
        for model in models:
            found.setdefault(model, "")
    keys = Keys.load(directories.config, os.environ)
    for spec in registry.specs(settings):
        for listing in spec.models(settings, keys):
            if not listing.model.endswith(_NO_MODEL):
                found[listing.model] = listing.note
    return list(found.items())


def _prompts(directories: Directories) -> list[tuple[str, str]]:
    """The person's own first: the built-in ones are used where nothing is named."""
    own = {draft.name: "yours" for draft in read_drafts(directories.config / FOLDER) if draft.reading.prompt}
    return [*own.items(), *((name, "built-in") for name in NAMEABLE if name not in own)]


def _executors() -> list[tuple[str, str]]:
    return [(name, "") for name in executors.names()]
