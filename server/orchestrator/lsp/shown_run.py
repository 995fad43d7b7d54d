"""One run of a branch on the client's screen: its events, its progress with a cancel button, and its questions.

Apart from `runs`, which starts, resumes and stops, because this only shows.

Invariant: the answer that names a run goes out before anything about it (test_updates_follow_the_answer).
Invariant: a run whose id a client was given ends by an update (test_a_run_that_never_began_ends_too).
Invariant: nothing is approved by a message that does not show all of it (test_a_long_edit_is_not_approved_unseen).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.engine.approvals import for_window, readable
from orchestrator.engine.branch import BranchObserver, BranchView
from orchestrator.engine.editor import Question
from orchestrator.errors import ProtocolError
from orchestrator.lsp.editor import PersonInEditor
from orchestrator.lsp.progress import Progress
from orchestrator.lsp.protocol import ApprovalChangedParams, ApprovalInfo, RunUpdateParams
from orchestrator.model.finding import Finding
from orchestrator.model.run import STATE_TOLD, Approval, ApprovalState, Event
from orchestrator.model.safe_text import one_line

if TYPE_CHECKING:
    from orchestrator.engine.run import BranchRun
    from orchestrator.lsp.server import Server

TITLE_WIDTH = 60
NOTE_WIDTH = 200
LONGEST_MESSAGE = 4_000
"""Characters that a person reads in a message with buttons."""


class ShownRun:
    """One run on the client's screen."""

    def __init__(self, server: Server, uri: str, folder: Path) -> None:
        self._server = server
        self.uri = uri
        self._folder = folder
        self._waiting: list[tuple[str, Any]] = []
        self._opened = False
        self._last = 0
        """The number of the last event."""
        self._end_seen = False
        self._run: BranchRun | None = None
        self._progress: Progress | None = None
        self.observer = BranchObserver(self._on_event, self._on_approval, on_note=self._on_note)

    def begin(self, run: BranchRun, token: int | str | None) -> None:
        self._run = run
        self._progress = Progress(self._server, run.run_id, f"Run “{one_line(run.title, TITLE_WIDTH)}”")
        self._progress.begin(token)

    def open(self) -> None:
        """The client knows the run now."""
        self._opened = True
        waiting, self._waiting = self._waiting, []
        for method, params in waiting:
            self._server.protocol.notify(method, params)

    def end(self, view: BranchView) -> None:
        if self._progress is not None:
            self._progress.end(f"{view.done} of {view.total} done" if view.total else view.reason)
        if not self._end_seen:
            # It never began, or its end could not be stored; whoever was given its id has to know that it is over.
            detail = {"state": view.state.value, "reason": view.reason}
            self._on_event(Event(view.run_id, self._last + 1, "run.ended", detail, time.time()))

    def _on_note(self, text: str) -> None:
        """What it may take, why a call waits, …"""
        if self._progress is not None:
            self._progress.report(one_line(text, NOTE_WIDTH))

    def _on_event(self, event: Event) -> None:
        self._last = event.seq
        self._end_seen = self._end_seen or event.kind == "run.ended"
        task_id = event.detail.get("taskId")
        if event.kind == "attempt.findings":
            findings = [Finding.from_json(stored) for stored in event.detail.get("findings", ())]
            self._server.findings.show(self._folder, str(task_id), findings)
        params = RunUpdateParams(
            run_id=event.run_id,
            uri=self.uri,
            node_id=node_of(self._server, self.uri, task_id),
            seq=event.seq,
            kind=event.kind,
            detail=event.detail,
            created=event.created,
        )
        self._notify("orchestrator/run/update", params)
        if self._progress is not None and self._run is not None and event.kind in STATE_TOLD:
            view = self._run.view
            waits = f" · {view.waiting_words}" if view.waiting else ""
            self._progress.report(f"{view.done} of {view.total}{waits}")

    def _on_approval(self, approval: Approval) -> None:
        self._notify("orchestrator/approval/changed", ApprovalChangedParams(approval=approval_info(approval, self.uri)))
        if approval.state is ApprovalState.OPEN and not self._server.client.inbox:
            self._server.start_alone(self._ask(approval))

    async def _ask(self, approval: Approval) -> None:
        """Of a client without an inbox: by a message, with buttons where there are choices."""
        choices = tuple(str(choice) for choice in approval.detail.get("choices", ()))
        about = one_line(str(approval.detail.get("task", "")), TITLE_WIDTH)
        if not choices:
            self._server.tell(
                f"“{about}” asks: {one_line(approval.title, 500)} Answer it with `orchestrator resume` in a terminal."
            )
            return
        shown = readable(approval.kind, approval.detail)
        if len(shown) > LONGEST_MESSAGE:  # what is not seen is not approved
            self._server.tell(
                f"“{about}” asks: {one_line(approval.title, 500)} That is too long for a message. "
                "Read and answer it with `orchestrator resume` in a terminal."
            )
            return
        text = "\n".join(part for part in (one_line(approval.title, 500), shown) if part)
        answer = await PersonInEditor(self._server).ask(Question(text, choices))
        session = self._server.running_session
        if answer is not None and session is not None:
            try:
                await session.answer(approval.approval_id, answer)
            except ProtocolError:
                return  # it was answered elsewhere while the message stood

    def _notify(self, method: str, params: Any) -> None:
        if self._opened:
            self._server.protocol.notify(method, params)
        else:
            self._waiting.append((method, params))


def node_of(server: Server, uri: str, task_id: object) -> str | None:
    """The node of a task that an event is about, in the text as it is now."""
    document = server.documents.find(uri)
    if document is None or not isinstance(task_id, str):
        return None
    snapshot = document.snapshot()
    found = snapshot.outline.by_id(task_id)
    return snapshot.identities.id_of(found[0]) if found else None


def approval_info(approval: Approval, uri: str | None) -> ApprovalInfo:
    return ApprovalInfo(
        approval_id=approval.approval_id,
        run_id=approval.run_id,
        kind=approval.kind,
        title=approval.title,
        task_id=str(approval.detail["taskId"]) if "taskId" in approval.detail else None,
        task=str(approval.detail.get("task", "")),
        uri=uri,
        choices=[str(choice) for choice in approval.detail.get("choices", ())],
        detail=for_window(approval.kind, approval.detail),
        created=approval.created,
        state=approval.state.value,
    )
