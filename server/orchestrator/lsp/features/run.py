"""`orchestrator/run/stop`, and the cancel button of a progress message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp.protocol import Done, RunStopParams
from orchestrator.lsp.validation import validated

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


@validated(RunStopParams)
def stop(server: Server, params: RunStopParams) -> Done:
    server.splits.stop(params.run_id)
    return Done()


def cancel_progress(server: Server, params: types.WorkDoneProgressCancelParams) -> None:
    run_id = server.cancellable.get(params.token)
    if run_id is not None:
        server.splits.stop(run_id)
