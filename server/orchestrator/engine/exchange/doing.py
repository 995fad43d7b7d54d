"""Export and import, as the command line and an editor ask for them.

Apart from the forms, which know nothing of files and keys: here keys are removed from what leaves, and a file that is
there is not written over unasked.

Invariant: no key leaves (test_no_key_leaves).
Invariant: what cannot be read or written leaves no file behind (test_bad_sources_write_nothing).
Invariant: what an editor has open is written there (test_fixes_and_imports_go_into_the_editor).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.engine import atomic_file
from orchestrator.engine.exchange import (
    Exporter,
    Foreign,
    Imported,
    Importer,
    Subject,
    importer_names,
    importers,
)
from orchestrator.engine.file_outline import Content, read, uri_of
from orchestrator.engine.handover import Elsewhere
from orchestrator.errors import ConfigError, EditRefusedError, FileError, OrchestratorError
from orchestrator.model.metrics import GroupBy, Metrics, MetricsQuery
from orchestrator.model.safe_text import one_line
from orchestrator.outline.document import document
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Outline
from orchestrator.providers.keys import Keys
from orchestrator.providers.redaction import REMOVED, without_keys
from orchestrator.store.past import Call, Talk
from orchestrator.store.store import Store


class StoredHistory:
    """Opens the store only when an exporter asks."""

    def __init__(self, uri: str, store: Callable[[], Awaitable[Store]]) -> None:
        self._uri = uri
        self._store = store

    async def talks(self) -> Sequence[Talk]:
        return await (await self._store()).talks(self._uri)

    async def calls(self) -> Sequence[Call]:
        return await (await self._store()).calls(self._uri)

    async def metrics(self, by: GroupBy) -> Sequence[Metrics]:
        return await (await self._store()).metrics(MetricsQuery(by, uri=self._uri))


@dataclass(frozen=True, slots=True)
class Exported:
    text: str
    removed: int
    """Keys that were taken out."""


async def export(form: Exporter, subject: Subject, secrets: Sequence[str]) -> Exported:
    """Raises StoreError, and ConfigError when a plug-in fails."""
    source = subject.outline.text.string
    clean = await asyncio.to_thread(without_keys, source, secrets)
    if clean != source:
        subject = replace(subject, outline=await asyncio.to_thread(parse, clean))
    try:
        text = await form.export(subject)
    except OrchestratorError:
        raise
    except Exception as error:  # a plug-in may fail in any way
        raise ConfigError(
            f"The exporter {form.name} failed: {type(error).__name__}.", hint="Update or uninstall its plug-in."
        ) from error
    cleaned = await asyncio.to_thread(without_keys, text, secrets)
    return Exported(cleaned, cleaned.count(REMOVED) - source.count(REMOVED))


def secrets_of(keys: Keys, names: Sequence[str]) -> list[str]:
    """The values of all keys that there are. May ask a keyring: call it in a thread."""
    found = [keys.find(name) for name, _ in keys.names(names)]
    return [key.value.get_secret_value() for key in found if key is not None]


@dataclass(frozen=True, slots=True)
class Converted:
    text: str
    """What is to be written."""
    outline: Outline
    form: str
    what: str
    notes: tuple[str, ...]


def convert(foreign: Foreign, form: Importer | None, workspace: Path | None, max_bytes: int) -> Converted:
    """Foreign text as an outline. Takes its time: call it in a thread.

    Without a form the first importer that recognises the text reads it. Raises FileError for what cannot be read,
    EditRefusedError for what cannot be written, ConfigError when a plug-in fails.
    """
    chosen = form or next((one for one in importers(workspace) if _recognises(one, foreign)), None)
    if chosen is None:
        raise FileError(
            f"{one_line(foreign.name)} is in no form that is known.",
            hint=f"Say what it is with --format ({', '.join(importer_names())}); nothing was written.",
        )
    found = _read(chosen, foreign)
    text = document(found.outline) if found.source is None else found.source
    if len(text.encode("utf-8", "surrogatepass")) > max_bytes:
        raise FileError(
            f"The outline would be larger than {max_bytes:,} bytes.",
            hint="Import a part of it, or raise the setting outline.maxBytes; nothing was written.",
        )
    return Converted(text, parse(text), chosen.name, found.what or chosen.name, found.notes)


def read_foreign(path: Path, max_bytes: int) -> Content:
    """Raises FileError."""
    return read(path, max_bytes)


async def write_there(
    elsewhere: Elsewhere, path: Path, text: str, max_bytes: int, label: str, *, replacing: bool
) -> bool:
    """`write_new`, or the same in the editor that has the file open: then True, and it is not saved there.

    Raises as `write_new`, and EditRefusedError when there are words in the editor that are not in the file.
    """
    base = ""
    if replacing and await asyncio.to_thread(path.is_file):
        try:
            base = (await asyncio.to_thread(read, path, max_bytes)).text
        except FileError:  # no editor of ours has such a file open
            base = None
    elif await asyncio.to_thread(os.path.lexists, path):
        base = None
    if base is not None:
        change = TextEdit(0, len(base), text.removeprefix("\ufeff"))
        if await elsewhere.changes(uri_of(path), base, (change,), label, hint=_SAVE):
            return True
    await asyncio.to_thread(write_new, path, text, replacing=replacing)
    return False


_SAVE = "Save it there, or name another file."


def write_new(path: Path, text: str, *, replacing: bool = False) -> None:
    """In one step. Raises FileError, also when there is such a file and it may not be replaced."""
    content = text.encode("utf-8")
    name = one_line(str(path))
    try:
        if replacing and path.exists():
            if not path.is_file():
                raise FileError(f"{name} is not a plain file.", hint="Name another one.")
            atomic_file.replace(path, content, path.stat().st_mode & 0o777)
            return
        if os.path.lexists(path):
            raise FileError(f"{name} is there already.", hint="Name a new file, or replace it with --replace.")
        atomic_file.create(path, content)
    except FileExistsError as error:
        raise FileError(f"{name} is there already.", hint="Name a new file, or replace it with --replace.") from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is no name of a file"
        raise FileError(f"{name} cannot be written ({why}).", hint="Check its folder and its name.") from error


def _recognises(form: Importer, foreign: Foreign) -> bool:
    try:
        return form.recognises(foreign)
    except Exception:  # noqa: BLE001 - a plug-in may fail in any way, and then knows nothing of this file
        return False


def _read(form: Importer, foreign: Foreign) -> Imported:
    try:
        found = form.read(foreign)
    except OrchestratorError:
        raise
    except RecursionError as error:
        raise EditRefusedError(
            f"{one_line(foreign.name)} is nested too deeply.", hint="Divide it; nothing was written."
        ) from error
    except Exception as error:  # a plug-in may fail in any way
        raise ConfigError(
            f"The importer {form.name} failed: {type(error).__name__}.", hint="Update or uninstall its plug-in."
        ) from error
    return found
