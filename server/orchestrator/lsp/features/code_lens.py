"""`textDocument/codeLens`: how far a task is, and splitting it. Only in outlines.

A lens takes a line of the screen, so few get one: open tasks that have subtasks, and open tasks that stand under no
other task, which is where splitting begins. Every other task has the code action.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp import convert
from orchestrator.lsp.protocol import SplitStartParams
from orchestrator.outline.progress import progress
from orchestrator.outline.tree import Task

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server

COMMAND = "orchestrator.server.split.start"


def code_lens(server: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
    snapshot = server.documents.snapshot(params.text_document.uri)
    if not snapshot.is_outline(server.settings.outline.globs):
        return []
    return [
        _lens(server, snapshot, task)
        for task in snapshot.outline.tasks()
        if not task.status.settled and (task.children or not isinstance(snapshot.outline.parent(task), Task))
    ]


def _lens(server: Server, snapshot: Snapshot, task: Task) -> types.CodeLens:
    done, total = progress(task)
    arguments = SplitStartParams(uri=snapshot.uri, node_id=snapshot.identities.id_of(task))
    return types.CodeLens(
        range=convert.title_span(snapshot.text, task, server.client.encoding),
        command=types.Command(
            title=f"{done}/{total} · Split" if total else "Split",
            command=COMMAND,
            arguments=[arguments.model_dump(mode="json", by_alias=True)],
        ),
    )
