"""Runs of other programs, such as another window, told in the words in which those of this server are told.

Apart from `runs` because nothing tells of them here: the store is asked when it has changed.

Invariant: who looks at a run of another program hears every state that its tasks come to, and its end
(test_a_run_of_another_program_is_told).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from orchestrator.lsp.protocol import RunUpdateParams
from orchestrator.lsp.shown_run import node_of
from orchestrator.model.run import STATE_TOLD, Event, Run

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


class RunsElsewhere:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._told: dict[str, int] = {}
        """Of runs under way, by their ids: the number of the last event that was told."""

    async def load(self) -> None:
        """Tell what came since the last time; of a run that is new here, how it stands."""
        session = self._server.running_session
        if session is None or not self._server.client.elsewhere:
            return
        store = await session.store()
        running = {run.run_id: run for run in await store.running_elsewhere()}
        for run_id in [*running, *(one for one in self._told if one not in running)]:
            run = running.get(run_id) or await store.run(run_id)
            told = self._told.pop(run_id, 0)
            if run is None or session.branch(run_id) is not None:
                continue  # it was deleted, or goes on here, where it tells by itself
            events = await store.events(run_id, told)
            for event in events if told else _newest(events):
                self._tell(run, event)
            last = events[-1].seq if events else told
            if run_id in running:
                self._told[run_id] = last
            elif not any(event.kind == "run.ended" for event in events):
                # It was cut off, or its end could not be stored; whoever was told of it has to know that it is over.
                detail = {"state": run.state.value, "reason": run.reason}
                self._tell(run, Event(run_id, last + 1, "run.ended", detail, time.time()))

    def _tell(self, run: Run, event: Event) -> None:
        uri = self._server.runs.as_client_writes(run.uri)
        params = RunUpdateParams(
            run_id=run.run_id,
            uri=uri,
            node_id=node_of(self._server, uri, event.detail.get("taskId")),
            seq=event.seq,
            kind=event.kind,
            detail=event.detail,
            created=event.created,
        )
        self._server.protocol.notify("orchestrator/run/update", params)


def _newest(events: Sequence[Event]) -> Iterator[Event]:
    """Of each task only how it stands now: a long run has thousands of events."""
    last = {event.detail.get("taskId"): event.seq for event in events if event.kind in STATE_TOLD}
    for event in events:
        if event.kind not in STATE_TOLD or last[event.detail.get("taskId")] == event.seq:
            yield event
