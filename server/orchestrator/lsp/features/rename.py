"""`textDocument/prepareRename` and `rename`: an id, on its task and in every `dependsOn`, over all outlines.

Where an id stands on two tasks, both get the new one: a name means whatever has it.

Invariant: a new id is no other task's, in any outline of the workspace (test_an_id_that_exists_is_refused).
Invariant: all or nothing: a file that may not be changed refuses the rename (test_a_later_format_is_read_only).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.errors import EditRefusedError, ProtocolError, TaskError, TaskNotFoundError
from orchestrator.lsp import convert, uris
from orchestrator.lsp.occurrences import Pointed, pointed_at, sources
from orchestrator.lsp.workspace_edits import Changed, require_writable, workspace_edit
from orchestrator.outline import occurrences

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server

PATIENCE = 20.0
"""Seconds to wait for files that are being read: a rename that misses one would tear a plan apart."""


def prepare(server: Server, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder:
    pointed = pointed_at(server, params)
    found = _required(pointed)
    require_writable(server.index.source_of(pointed.snapshot))
    span = convert.span(pointed.snapshot.text, found.start, found.end, server.client.encoding)
    return types.PrepareRenamePlaceholder(span, found.task_id)


async def rename(server: Server, params: types.RenameParams) -> types.WorkspaceEdit | None:
    pointed = pointed_at(server, params)
    old, new = _required(pointed).task_id, params.new_name.strip().removeprefix("^")
    if new == old:
        return None
    if (wrong := occurrences.wrong_id(new)) is not None:
        raise ProtocolError(f"“{new[:80]}” can be no id.", hint=wrong)
    if not await server.index.fresh(PATIENCE):
        raise EditRefusedError(
            "The files of this workspace are still being read, so a place could be missed.",
            hint="Try again in a moment.",
        )
    _refuse_taken(server, pointed, new)
    found = [source async for source in sources(server, pointed.snapshot.uri, old)]
    # A document may have changed while other files were read: its newest text, and no pause from here on.
    newest = [server.index.newest(source) for source in found]
    changed = [Changed(source, occurrences.rename(source.outline, old, new)) for source in newest]
    return workspace_edit(server.client, changed, f"Rename the id {old} to {new}")


def _required(pointed: Pointed) -> occurrences.Occurrence:
    if pointed.occurrence is None:
        raise TaskNotFoundError(
            "There is no id here.", hint="Put the cursor on one: behind the `^` of a task, or in a `dependsOn`."
        )
    return pointed.occurrence


def _refuse_taken(server: Server, pointed: Pointed, new: str) -> None:
    own = next(iter(pointed.snapshot.outline.by_id(new)), None)
    places = server.index.ids_elsewhere(pointed.snapshot.uri).places(new)
    if own is None and not places:
        return
    title = own.title if own is not None else places[0].entry.title
    file = uris.document_name(pointed.snapshot.uri if own is not None else places[0].key)
    raise TaskError(f"The id {new} is taken: “{title}” in {file} has it.", hint="Choose another one.")
