"""`textDocument/codeLens` and `orchestrator/lenses`: how far a task is, splitting and running it. Only in outlines.

A lens takes a line of the screen, so few get one: open tasks that have subtasks, and open tasks that stand under no
other task, which is where splitting begins. Every other task has the code action.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types

from orchestrator.lsp import convert
from orchestrator.lsp.features import run_actions
from orchestrator.lsp.protocol import (
    LensesParams,
    LensesResult,
    LensInfo,
    RunResumeParams,
    RunStopParams,
    SplitStartParams,
    Wire,
)
from orchestrator.lsp.protocol_chat import ChatOpenParams
from orchestrator.lsp.validation import validated
from orchestrator.outline.progress import progress
from orchestrator.outline.tree import Node, Task
from orchestrator.outline.visible import nodes_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server

SPLIT = "orchestrator.server.split.start"
RUN = "orchestrator.server.run.start"
STOP = "orchestrator.server.run.stop"
RESUME = "orchestrator.server.run.resume"
CHAT = "orchestrator.server.chat.open"
LEAST_SHOWN = 0.01
"""Dollars."""


def code_lens(server: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
    snapshot = server.documents.snapshot(params.text_document.uri)
    return list(_of(server, snapshot, snapshot.outline.tasks()))


@validated(LensesParams)
def lenses(server: Server, params: LensesParams) -> LensesResult:
    """Of tasks that start in these lines: a client that knows what is on its screen needs no others."""
    snapshot = server.documents.snapshot(params.uri)
    there = nodes_in(snapshot.outline, params.range.start.line, params.range.end.line + 1)
    return LensesResult(
        document_version=snapshot.version, lenses=[_wire(lens) for lens in _of(server, snapshot, there)]
    )


def _of(server: Server, snapshot: Snapshot, nodes: Iterable[Node]) -> Iterator[types.CodeLens]:
    if not snapshot.is_outline(server.settings.outline.globs):
        return
    for task in nodes:
        if not isinstance(task, Task) or task.status.settled:
            continue
        if task.children or not isinstance(snapshot.outline.parent(task), Task):
            yield from _lenses(server, snapshot, task)


def _wire(lens: types.CodeLens) -> LensInfo:
    assert lens.command is not None, "no lens of ours is resolved later"
    given = cast("list[dict[str, Any]]", lens.command.arguments)
    span = convert.wire_range(lens.range)
    return LensInfo(range=span, title=lens.command.title, command=lens.command.command, arguments=given)


def _lenses(server: Server, snapshot: Snapshot, task: Task) -> list[types.CodeLens]:
    """`3/7 · $0.12 · Split`, `Run` and `Chat`; while it runs `Stop`, and `Resume` where a run can go on."""
    done, total = progress(task)
    span = convert.title_span(snapshot.text, task, server.client.encoding)
    split = SplitStartParams(uri=snapshot.uri, node_id=snapshot.identities.id_of(task))
    run = run_actions.running(server, snapshot, task)
    said = [f"{done}/{total}"] if total else []
    if server.running_session is not None and (cost := server.costs.branch(snapshot, task).cost):
        said.append(f"${cost:.2f}" if cost >= LEAST_SHOWN else "under $0.01")
    lenses = [types.CodeLens(span, _command(" · ".join([*said, "Split"]), SPLIT, split))]
    if run is not None:
        lenses.append(types.CodeLens(span, _command("Stop", STOP, RunStopParams(run_id=run.run_id))))
    elif stored := run_actions.unfinished(server, snapshot, task):
        lenses.append(types.CodeLens(span, _command("Resume", RESUME, RunResumeParams(run_id=stored.run_id))))
    else:
        lenses.append(types.CodeLens(span, _command("Run", RUN, run_actions.run_params(snapshot, task))))
    if server.client.chat:
        chat = ChatOpenParams(uri=snapshot.uri, node_id=snapshot.identities.id_of(task))
        lenses.append(types.CodeLens(span, _command("Chat", CHAT, chat)))
    return lenses


def _command(title: str, command: str, params: Wire) -> types.Command:
    return types.Command(title, command, arguments=[params.model_dump(mode="json", by_alias=True)])
