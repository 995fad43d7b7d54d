"""`orchestrator/trust/*`: what `orchestrator trust` does in a terminal, for the workspace of a document."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.lsp.protocol_trust import ConsentEntry, SuggestedEntry, TrustParams, TrustResult, TrustSetParams
from orchestrator.lsp.validation import validated
from orchestrator.lsp.workspaces import workspace_folder
from orchestrator.model.safe_text import many_lines, one_line

if TYPE_CHECKING:
    from orchestrator.engine.trust import Trust
    from orchestrator.lsp.server import Server


@validated(TrustParams)
async def get(server: Server, params: TrustParams) -> TrustResult:
    trust = (await server.session()).trust
    folder = workspace_folder(params.uri, server.folders)
    return await asyncio.to_thread(_said, trust, folder, editor=server.is_trusted_by_editor)


@validated(TrustSetParams)
async def change(server: Server, params: TrustSetParams) -> TrustResult:
    if params.trusted:
        server.require_trust()
    trust = (await server.session()).trust
    folder = workspace_folder(params.uri, server.folders)

    def write() -> None:
        from orchestrator.engine.suggested import allow

        if params.trusted:
            allow(trust, folder, params.files)
        else:
            trust.revoke(folder)

    await asyncio.to_thread(write)
    return await asyncio.to_thread(_said, trust, folder, editor=server.is_trusted_by_editor)


def _said(trust: Trust, folder: Path, *, editor: bool) -> TrustResult:
    from orchestrator.engine.suggested import suggested_files

    record = trust.record(folder)
    return TrustResult(
        folder=one_line(str(folder)),
        trusted=record.trusted,
        editor=editor,
        files=[
            SuggestedEntry(
                path=one_line(file.relative),
                text=many_lines(file.text),
                sha256=file.sha256,
                allowed=trust.allows_file(folder, file.relative, file.sha256),
                problem=one_line(file.problem),
            )
            for file in suggested_files(folder)
        ],
        consents=[ConsentEntry(provider=one.provider, host=one_line(one.host)) for one in record.consents],
    )
