"""`orchestrator/edit/*`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from orchestrator.lsp.protocol import REQUESTS, EditResult, Wire
from orchestrator.lsp.validation import validated

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


def _edit(method: str) -> Callable[[Server, Any], Coroutine[Any, Any, EditResult]]:
    @validated(REQUESTS[method][0])
    def handle(server: Server, params: Wire) -> Coroutine[Any, Any, EditResult]:
        return server.edits.make(method, params)

    return handle


status_set = _edit("orchestrator/edit/status/set")
status_cycle = _edit("orchestrator/edit/status/cycle")
value_set = _edit("orchestrator/edit/value/set")
promote = _edit("orchestrator/edit/promote")
demote = _edit("orchestrator/edit/demote")
move = _edit("orchestrator/edit/move")
into = _edit("orchestrator/edit/into")
subtask_add = _edit("orchestrator/edit/subtask/add")
sibling_add = _edit("orchestrator/edit/sibling/add")
acceptance_add = _edit("orchestrator/edit/acceptance/add")
sort = _edit("orchestrator/edit/sort")
sequence = _edit("orchestrator/edit/sequence")
extract = _edit("orchestrator/edit/extract")
ids_assign = _edit("orchestrator/edit/ids/assign")
fix = _edit("orchestrator/edit/fix")
fix_all = _edit("orchestrator/edit/fixAll")
