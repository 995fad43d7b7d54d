"""Export and import for an editor: of the open text where there is one, in a thread, and never over an open file: one
that another editor has open is written there.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.engine.exchange import Foreign, Subject, exporter, importer
from orchestrator.engine.exchange.doing import (
    Converted,
    StoredHistory,
    convert,
    export,
    read_foreign,
    secrets_of,
    write_new,
    write_there,
)
from orchestrator.engine.new_ids import id_source
from orchestrator.errors import FileError
from orchestrator.lsp import uris
from orchestrator.lsp.features.exchange_actions import stem
from orchestrator.lsp.holder import canonical
from orchestrator.lsp.protocol_exchange import ExportParams, ExportResult, ImportParams, ImportResult
from orchestrator.lsp.threads import in_thread
from orchestrator.lsp.workspaces import workspace_folder
from orchestrator.model.safe_text import many_lines, one_line
from orchestrator.outline.parse import parse

if TYPE_CHECKING:
    from orchestrator.engine.file_outline import Content
    from orchestrator.lsp.server import Server


async def export_outline(server: Server, params: ExportParams) -> ExportResult:
    session = await server.session()
    form = exporter(params.format, workspace_folder(params.uri, server.folders))
    target = _path(params.to) if params.to is not None else None
    document = server.documents.find(params.uri)
    if document is not None:
        outline, mark = document.snapshot().outline, ""
    else:
        content = await in_thread(partial(read_foreign, _path(params.uri), server.settings.outline.max_bytes))
        outline, mark = await in_thread(partial(parse, content.text)), content.mark.decode()
    names = [endpoint.key_name for endpoint in server.settings.endpoints.values() if endpoint.key_name]
    secrets = await in_thread(partial(secrets_of, session.keys, names))
    history = StoredHistory(canonical(params.uri), session.store)
    exported = await export(form, Subject(uris.document_name(params.uri), outline, mark, history), secrets)
    if target is not None:
        _refuse_open(server, params.to or "")
        max_bytes = server.settings.outline.max_bytes
        await write_there(session.elsewhere, target, exported.text, max_bytes, "Export", replacing=params.replace)
    return ExportResult(
        text=exported.text if target is None else None, suffix=form.suffix, removed=max(exported.removed, 0)
    )


async def export_beside(server: Server, params: ExportParams) -> ExportResult:
    """As a command: into a file of its own beside the outline, and the person is told."""
    if params.to is not None:
        found = await export_outline(server, params)
        told = uris.document_name(params.to)
    else:
        path = _path(params.uri)
        found = await export_outline(server, params)
        name = f"{stem(path.name) or 'tasks'}{_BESIDE.get(params.format, f'.{params.format}')}"
        told = await in_thread(partial(_write_beside, path.parent, name, found.suffix, found.text or ""))
    removed = f" {found.removed} keys were left out." if found.removed else ""
    server.tell(f"Wrote {one_line(told, 120)}.{removed}")
    return found


_BESIDE = {"json": "", "markdown": ".conversations", "csv": ".calls", "metrics": ".metrics"}
_NAMES = 1_000


def _write_beside(folder: Path, name: str, suffix: str, text: str) -> str:
    """The first name that is free."""
    for number in range(1, _NAMES):
        path = folder / f"{name}{'' if number == 1 else f'-{number}'}{suffix}"
        if not path.exists():
            write_new(path, text)
            return path.name
    raise FileError(f"There are {_NAMES:,} exports of that name.", hint="Delete some, or name a file.")


async def import_told(server: Server, params: ImportParams) -> ImportResult:
    """As a command: the person is told."""
    found = await import_outline(server, params)
    notes = "".join(f" {many_lines(note)}" for note in found.notes)
    plural = "s" if found.tasks != 1 else ""
    name = one_line(uris.document_name(params.to), 120)
    server.tell(f"Wrote {name}: {found.tasks:,} task{plural}, from {one_line(found.what, 80)}.{notes}")
    return found


async def import_outline(server: Server, params: ImportParams) -> ImportResult:
    folder = workspace_folder(params.to, server.folders)
    form = importer(params.format, folder) if params.format else None
    target = _path(params.to)
    _refuse_open(server, params.to)
    max_bytes = server.settings.outline.max_bytes
    document = server.documents.find(params.source)
    if document is not None:
        text = document.text.string
    else:
        content: Content = await in_thread(partial(read_foreign, _path(params.source), max_bytes))
        text = content.text
    taken = server.index.ids_elsewhere(params.to)
    new_id = id_source(parse(""), taken, taken.task_count)
    foreign = Foreign(uris.document_name(params.source), text, new_id)
    found: Converted = await in_thread(partial(convert, foreign, form, folder, max_bytes))
    _refuse_open(server, params.to)
    elsewhere = (await server.session()).elsewhere
    label = f"Import {one_line(foreign.name, 70)}"
    await write_there(elsewhere, target, found.text, max_bytes, label, replacing=params.replace)
    return ImportResult(
        uri=params.to,
        tasks=sum(1 for _ in found.outline.tasks()),
        format=found.form,
        what=found.what,
        notes=list(found.notes),
    )


def _path(uri: str) -> Path:
    path = uris.file_path(uri)
    if path is None:
        raise FileError("This is no file.", hint="Name a file of this computer.")
    return Path(path)


def _refuse_open(server: Server, uri: str) -> None:
    if server.documents.find(uri) is not None:
        raise FileError("That file is open in the editor.", hint="Close it, or name another one.")
