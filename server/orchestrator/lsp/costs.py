"""What the tasks of open outlines cost so far: for lenses and hovers, which must not wait for the store.

Apart from `unfinished`, which knows runs and not their calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.engine.bills import branch_bill, own_bill
from orchestrator.errors import OrchestratorError
from orchestrator.lsp.holder import canonical
from orchestrator.model.usage import Bill
from orchestrator.outline.tree import Task

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server


class Costs:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._bills: dict[str, dict[str, Bill]] = {}
        """By the URI of an open document, then by task id."""

    def own(self, snapshot: Snapshot, task: Task) -> Bill:
        return own_bill(task, self._of(snapshot))

    def branch(self, snapshot: Snapshot, task: Task) -> Bill:
        """Of the task and all below it; nothing where no call was made in this outline."""
        bills = self._of(snapshot)
        return branch_bill(task, bills) if bills else Bill()

    def _of(self, snapshot: Snapshot) -> Mapping[str, Bill]:
        return self._bills.get(snapshot.uri, {})

    async def load(self) -> None:
        """Read what the store has of the outlines that are open, and have the client ask for lenses again."""
        session = self._server.running_session
        if session is None:
            return
        try:
            store = await session.store()
            found = {
                document.uri: await store.bills_of_outline(canonical(document.uri))
                for document in self._server.documents
            }
        except OrchestratorError:
            return  # a run that needs the store will say what is wrong with it
        if found == self._bills:
            return
        self._bills = found
        if self._server.client.refresh_lenses:
            self._server.suggest(types.WORKSPACE_CODE_LENS_REFRESH, None)
