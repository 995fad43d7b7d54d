"""`orchestrator/split/*`."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from orchestrator.lsp.protocol import (
    Done,
    PlaybookSaveParams,
    PlaybookSaveResult,
    SplitAcceptParams,
    SplitAcceptResult,
    SplitDiscardParams,
    SplitEditParams,
    SplitStartParams,
    SplitStartResult,
)
from orchestrator.lsp.validation import validated

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


@validated(SplitStartParams)
def start(server: Server, params: SplitStartParams) -> Coroutine[Any, Any, SplitStartResult]:
    return server.splits.start(params)


@validated(SplitAcceptParams)
def accept(server: Server, params: SplitAcceptParams) -> Coroutine[Any, Any, SplitAcceptResult]:
    return server.splits.accept(params)


@validated(SplitEditParams)
def edit(server: Server, params: SplitEditParams) -> Done:
    server.splits.edit(params)
    return Done()


@validated(PlaybookSaveParams)
def save_playbook(server: Server, params: PlaybookSaveParams) -> Coroutine[Any, Any, PlaybookSaveResult]:
    return server.splits.save_playbook(params)


@validated(SplitDiscardParams)
async def discard(server: Server, params: SplitDiscardParams) -> Done:
    await server.splits.discard(params)
    return Done()
