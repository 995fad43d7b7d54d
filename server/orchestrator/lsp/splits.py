"""Splits under way, as their client sees them: previews, events, progress, and a question where there are no ghosts.

Apart from the engine, which knows one proposal after the other and no client.

Invariant: the answer that names a run goes out before anything about it (test_preview_follows_the_answer).
Invariant: `seq` of the previews that are sent has no gaps, and the last one shows the end
(test_previews_are_numbered, test_a_client_that_does_not_read_loses_nothing).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from orchestrator.engine.editor import Question
from orchestrator.engine.proposal import Observer, Proposal, SplitRequest
from orchestrator.engine.session import Workspace
from orchestrator.errors import EditRefusedError, ProtocolError, TaskNotFoundError
from orchestrator.lsp import convert
from orchestrator.lsp.editor import OpenTask, PersonInEditor
from orchestrator.lsp.feed import Feed
from orchestrator.lsp.ghosts import decision_report, ghosts, listing_of, plan_changes, plan_of
from orchestrator.lsp.ideas import OpenIdea
from orchestrator.lsp.progress import Progress
from orchestrator.lsp.protocol import (
    PlaybookSaveParams,
    PlaybookSaveResult,
    RunUpdateParams,
    SplitAcceptParams,
    SplitAcceptResult,
    SplitDiscardParams,
    SplitEditParams,
    SplitPreviewParams,
    SplitStartParams,
    SplitStartResult,
)
from orchestrator.lsp.wire import UsageReport
from orchestrator.lsp.workspaces import workspace_folder
from orchestrator.model.run import Event, SplitState
from orchestrator.model.safe_text import many_lines, one_line
from orchestrator.outline.tree import Task

if TYPE_CHECKING:
    from orchestrator.engine.split import Split
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server

APPLY, DISCARD, FORCE = "Apply", "Discard", "Split anyway"
MAX_RAW = 4000
"""Characters of an unusable answer that are shown."""
LISTED_LINES = 40
"""Of a plan, in a message."""
TITLE_WIDTH = 60


class Splits:
    def __init__(self, server: Server) -> None:
        self._server = server

    async def start(self, params: SplitStartParams, token: int | str | None = None) -> SplitStartResult:
        """`token` is the work-done token of the request."""
        server = self._server
        server.require_trust()
        snapshot = server.documents.snapshot(params.uri)
        target = _target(server, snapshot, params)
        if isinstance(target, OpenIdea):
            span = target.span(server.client.encoding)
        else:
            task = (await target.place()).task
            span = convert.wire_range(convert.node_span(snapshot.text, task, server.client.encoding))
        session = await server.session()
        folder = workspace_folder(params.uri, server.folders)
        settings = server.settings_in_force.of_workspace(folder, session.trust)
        if settings != session.settings:
            session.configure(settings)
        client = server.client
        # Whoever can neither show ghosts nor answer a question gets the subtasks at once: undo takes them back.
        preview = settings.split.preview and (client.ghosts or client.ask)
        request = SplitRequest(levels=params.levels, force=params.force, preview=preview, replan=params.replan)
        if params.idea:  # whoever asks to expand an idea wants a plan of it
            request = replace(request, force=True, replan=False)
        shown = Shown(server, target, (await target.place()).task.title)
        observer = Observer(shown.on_proposal, shown.on_event)
        split = await session.start_split(target, Workspace(folder), request, observer, PersonInEditor(server))
        shown.begin(split, token)
        server.protocol.after_reply(shown.open)
        if not client.ghosts:
            server.start_alone(self._follow_by_message(split, params, offer=preview))
        return SplitStartResult(
            run_id=split.run_id, node_id=target.node_id, document_version=snapshot.version, range=span
        )

    async def accept(self, params: SplitAcceptParams) -> SplitAcceptResult:
        split = self._find(params.run_id)
        items = None if params.items is None else [tuple(path) for path in params.items]
        # Cancelling this request must not tear an edit in two.
        applied = await asyncio.shield(self._server.start(split.accept(items, fields=params.fields)))
        self._server.start_alone(self._server.split_history.load(split.target.uri))
        return SplitAcceptResult(document_version=applied.version, added=applied.added)

    def edit(self, params: SplitEditParams) -> None:
        split = self._find(params.run_id)
        split.edit(plan_of(params.children, params.ordered, split.proposal.plan.source))

    async def save_playbook(self, params: PlaybookSaveParams, *, tell: bool = False) -> PlaybookSaveResult:
        from orchestrator.engine.playbooks.saving import save_playbook

        self._server.require_trust()  # every planner is shown it, in all of the person's workspaces
        node = self._server.documents.snapshot(params.uri).node(params.node_id)
        if not isinstance(node, Task):
            raise TaskNotFoundError("There is no task here.", hint="Put the cursor on a line with a check box.")
        folder = self._server.directories.config
        path = await asyncio.to_thread(save_playbook, folder, node, replace=params.replace)
        if tell:
            self._server.tell(f"Saved as a playbook: {path}. Planners are shown it where a task resembles it.")
        return PlaybookSaveResult(path=str(path))

    async def discard(self, params: SplitDiscardParams) -> None:
        """Also while it is being planned: then it is stopped."""
        split = self._find(params.run_id)
        if split.proposal.state is SplitState.READY:
            await asyncio.shield(self._server.start(split.discard()))
        else:
            split.stop("discarded")

    def stop(self, run_id: str) -> None:
        if self._server.running_session is not None:
            self._server.running_session.stop(run_id)

    def _find(self, run_id: str) -> Split:
        if self._server.running_session is None:
            raise ProtocolError("There is no such split.", hint="Start one.")
        return self._server.running_session.split(run_id)

    # --- clients without ghosts --------------------------------------------------------------------------------

    async def _follow_by_message(self, split: Split, params: SplitStartParams, *, offer: bool) -> None:
        proposal = await split.settled()
        if offer and proposal.state is SplitState.READY:
            await self._offer(split)
        await self._tell_end(await split.ended(), params)

    async def _offer(self, split: Split) -> None:
        """Ask until it is written or discarded; no answer means no."""
        trouble = ""
        while split.proposal.state is SplitState.READY:
            lines = list(listing_of(split.proposal))
            left_out = [f"… and {len(lines) - LISTED_LINES} more"] if len(lines) > LISTED_LINES else []
            title = one_line(split.proposal.title, TITLE_WIDTH)
            what = f"Plan “{title}” anew:" if split.proposal.changes else f"Split “{title}” into:"
            heading = f"{trouble}{what}"
            text = "\n".join([heading, *lines[:LISTED_LINES], *left_out])
            answer = await PersonInEditor(self._server).ask(Question(text, (DISCARD, APPLY)))
            try:
                if answer != APPLY:
                    await split.discard()
                    return
                await split.accept()
            except EditRefusedError as error:
                trouble = f"{error}\n"
            except ProtocolError:
                return  # it was accepted, discarded or stopped elsewhere while the question stood

    async def _tell_end(self, proposal: Proposal, params: SplitStartParams) -> None:
        title, message = one_line(proposal.title, TITLE_WIDTH), many_lines(proposal.message)
        if proposal.state is SplitState.FAILED:
            self._server.tell_failure(f"“{title}” was not split: {message}")
        elif proposal.state is SplitState.SIMPLE and params.replan:
            self._server.tell(f"“{title}”: {message}")
        elif proposal.state is SplitState.SIMPLE:
            question = Question(f"“{title}” needs no subtasks: {message}", ("OK", FORCE))
            if await PersonInEditor(self._server).ask(question) == FORCE:
                await self.start(params.model_copy(update={"force": True}))
        elif proposal.state is SplitState.APPLIED and message:
            self._server.tell(message)


class Shown:
    """One split on the client's screen."""

    def __init__(self, server: Server, target: OpenTask, title: str) -> None:
        self._server = server
        self._target = target
        self._feed: Feed[Proposal] = Feed(self._send, server.outlet)
        self._events: list[Event] = []
        self._opened = False
        self._seq = 0
        self._title = title
        self._progress: Progress | None = None

    def begin(self, split: Split, token: int | str | None) -> None:
        """Show progress, unless it is over already."""
        if split.proposal.state in _AT_WORK:
            self._progress = Progress(self._server, split.run_id, f"Split “{one_line(self._title, TITLE_WIDTH)}”")
            self._progress.begin(token)

    def open(self) -> None:
        """The client knows the run now."""
        self._opened = True
        self._feed.open()
        events, self._events = self._events, []
        for event in events:
            self.on_event(event)

    def on_proposal(self, proposal: Proposal) -> None:
        at_work = proposal.state in _AT_WORK
        self._feed.put(proposal, now=not at_work)
        if self._progress is not None and not at_work:
            # Also when a person is to decide: nothing moves any more.
            self._progress.end(_STATES[proposal.state])

    def on_event(self, event: Event) -> None:
        if not self._opened:
            self._events.append(event)
            return
        params = RunUpdateParams(
            run_id=event.run_id,
            uri=self._target.uri,
            node_id=self._target.node_id,
            seq=event.seq,
            kind=event.kind,
            detail=event.detail,
            created=event.created,
        )
        self._notify("orchestrator/run/update", params)

    def _send(self, proposal: Proposal) -> None:
        self._seq += 1
        document = self._server.documents.find(self._target.uri)
        params = SplitPreviewParams(
            run_id=proposal.run_id,
            uri=self._target.uri,
            node_id=self._target.node_id,
            document_version=document.version if document else None,
            seq=self._seq,
            state=proposal.state,
            title=proposal.title,
            children=ghosts(proposal.plan, dict(proposal.asks)),
            ordered=proposal.plan.ordered,
            decision=decision_report(proposal),
            changes=plan_changes(proposal.changes),
            message=proposal.message,
            source=_source(proposal),
            usage=UsageReport.of(proposal.usage, proposal.cost),
        )
        if self._server.client.ghosts:
            self._notify("orchestrator/split/preview", params)
        if self._progress is not None:
            self._progress.report(_progress_message(proposal))
        if proposal.state is SplitState.FAILED and proposal.raw:
            self._show_raw(proposal)

    def _show_raw(self, proposal: Proposal) -> None:
        """An answer that could not be used, for the person to read: in the editor's log of this server."""
        text = f"The model's answer, as it came:\n{many_lines(proposal.raw[:MAX_RAW])}"
        self._notify(types.WINDOW_LOG_MESSAGE, types.LogMessageParams(types.MessageType.Log, text))

    def _notify(self, method: str, params: Any) -> None:
        self._server.protocol.notify(method, params)


def _target(server: Server, snapshot: Snapshot, params: SplitStartParams) -> OpenTask:
    if not params.idea:
        return OpenTask(server, snapshot, _asked_for(snapshot, params))
    if params.position is None or params.node_id is not None:
        raise ProtocolError("An idea is named by `position`.", hint="Give the position of its line.")
    if params.version not in {None, snapshot.version}:
        raise EditRefusedError("The text has changed since.", hint="Choose the line again.")
    return OpenIdea(server, snapshot, min(params.position.line, snapshot.text.line_count - 1))


def _asked_for(snapshot: Snapshot, params: SplitStartParams) -> Task:
    if (params.node_id is None) == (params.position is None):
        raise ProtocolError("Either `nodeId` or `position` must be given.", hint="Give one of the two.")
    if params.node_id is not None:
        node = snapshot.node(params.node_id)
    else:
        assert params.position is not None
        if params.version not in {None, snapshot.version}:
            raise EditRefusedError("The text has changed since.", hint="Choose the task again.")
        node = snapshot.outline.task_at_line(min(params.position.line, snapshot.text.line_count - 1))
    if not isinstance(node, Task):
        raise TaskNotFoundError("There is no task here.", hint="Put the cursor on a line with a check box.")
    return node


def _source(proposal: Proposal) -> str:
    return " · ".join(part for part in (proposal.source, proposal.plan.source) if part)


_AT_WORK = {SplitState.DECIDING, SplitState.PLANNING}
_STATES = {
    SplitState.DECIDING: "deciding",
    SplitState.PLANNING: "planning",
    SplitState.READY: "waits for your decision",
    SplitState.SIMPLE: "needs no subtasks",
    SplitState.APPLIED: "applied",
    SplitState.DISCARDED: "discarded",
    SplitState.FAILED: "failed",
    SplitState.CANCELLED: "stopped",
}


def _progress_message(proposal: Proposal) -> str:
    found = len(proposal.plan.tasks)
    counted = f"{found} subtask{'s' if found != 1 else ''}" if found else ""
    return " · ".join(part for part in (_STATES[proposal.state], counted) if part)
