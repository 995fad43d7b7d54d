"""Runs of branches as their client sees them: events, progress with a cancel button, and the inbox.

Apart from the engine, which knows no client; beside `splits`, which waits for a person in another way.

Invariant: the answer that names a run goes out before anything about it (test_updates_follow_the_answer).
Invariant: nothing is approved by a message that does not show all of it (test_a_long_edit_is_not_approved_unseen).
"""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.engine.approvals import for_window, readable
from orchestrator.engine.branch import BranchObserver, BranchRequest, BranchView
from orchestrator.engine.editor import Question
from orchestrator.engine.session import Workspace
from orchestrator.errors import EditRefusedError, OrchestratorError, ProtocolError, TaskNotFoundError
from orchestrator.lsp.editor import PersonInEditor
from orchestrator.lsp.holder import OutlineHolder, canonical
from orchestrator.lsp.progress import Progress
from orchestrator.lsp.protocol import (
    ApprovalChangedParams,
    ApprovalInfo,
    ApprovalListParams,
    ApprovalListResult,
    QuestionAnswerParams,
    RunEstimateResult,
    RunGetParams,
    RunGetResult,
    RunInfo,
    RunListParams,
    RunListResult,
    RunPlaceParams,
    RunResumeParams,
    RunStartParams,
    RunStartResult,
    RunStopParams,
    RunTask,
    RunUpdateParams,
)
from orchestrator.lsp.workspaces import workspace_folder
from orchestrator.model.finding import Finding
from orchestrator.model.run import Approval, ApprovalState, Event, Run, RunKind, RunState
from orchestrator.model.safe_text import one_line
from orchestrator.outline.tree import Task

if TYPE_CHECKING:
    from orchestrator.engine.run import BranchRun
    from orchestrator.engine.session import Session
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server

TITLE_WIDTH = 60
LONGEST_MESSAGE = 4_000
"""Characters that a person reads in a message with buttons."""
OUTBOX_SECONDS = 2.0
"""How often it is looked whether another program left something to write."""
HOLD_SECONDS = 10.0


class Runs:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._keeping = False

    async def start(self, params: RunStartParams, token: int | str | None = None) -> RunStartResult:
        snapshot = self._server.documents.snapshot(params.uri)
        roots = _roots(snapshot, params)
        session, folder = await self._session(params.uri)
        request = BranchRequest(
            auto=params.auto,
            budget=None if params.budget is None else Decimal(str(params.budget)),
            calls=params.calls,
        )
        shown = _Shown(self._server, params.uri, folder)
        holder = OutlineHolder(self._server, params.uri)
        run = await session.start_run(
            holder, roots, snapshot.outline, Workspace(folder), request, shown.observer, PersonInEditor(self._server)
        )
        self._follow(run, shown, token)
        return RunStartResult(run_id=run.run_id, document_version=snapshot.version)

    async def resume(self, params: RunResumeParams, token: int | str | None = None) -> RunStartResult:
        session = await self._server.session()
        store = await session.store()
        stored = await store.run(params.run_id)
        if stored is None:
            raise ProtocolError("There is no such run.", hint="Ask for the list of runs.")
        if params.give_up:
            if not await store.mark_failed(params.run_id, "given up", time.time()):
                raise ProtocolError("This run cannot be given up (any more).", hint="Ask for the list of runs.")
            return RunStartResult(run_id=params.run_id, document_version=None)
        uri = self._as_client_writes(stored.uri)
        session, folder = await self._session(uri)
        request = BranchRequest.from_json(stored.request, wait=True)
        shown = _Shown(self._server, uri, folder)
        holder = OutlineHolder(self._server, uri)
        run = await session.resume_run(
            params.run_id, holder, Workspace(folder), request, shown.observer, PersonInEditor(self._server)
        )
        self._follow(run, shown, token)
        document = self._server.documents.find(uri)
        return RunStartResult(run_id=run.run_id, document_version=document.version if document else None)

    def stop(self, params: RunStopParams) -> None:
        session = self._server.running_session
        if session is None:
            return
        run = session.branch(params.run_id)
        if params.task_id is None or run is None:
            session.stop(params.run_id)
        elif not run.stop_task(params.task_id):
            raise ProtocolError("This task is not in the run.", hint="Ask for the tasks of the run.")

    async def list(self, params: RunListParams) -> RunListResult:
        session = await self._server.session()
        store = await session.store()
        runs = await store.runs(kind=RunKind.BRANCH, limit=500)
        if params.uri is not None:
            runs = [run for run in runs if run.uri == canonical(params.uri)]
        return RunListResult(runs=[_info(run, session) for run in runs[: params.limit]])

    async def get(self, params: RunGetParams) -> RunGetResult:
        session = await self._server.session()
        store = await session.store()
        stored = await store.run(params.run_id)
        if stored is None:
            raise ProtocolError("There is no such run.", hint="Ask for the list of runs.")
        live = session.branch(params.run_id)
        if live is not None:
            tasks = [
                RunTask(
                    task_id=view.task_id,
                    title=view.title,
                    parent_id=view.parent,
                    state=None if view.state is None else view.state.value,
                    reason=view.reason,
                )
                for view in live.tasks()
            ]
            return RunGetResult(run=_info(stored, session), tasks=tasks)
        newest = {attempt.task_id: attempt for attempt in await store.attempts(params.run_id) if attempt.task_id}
        tasks = [
            RunTask(
                task_id=task_id,
                title=attempt.task_title,
                parent_id=None,
                state=attempt.state.value,
                reason=attempt.reason,
            )
            for task_id, attempt in newest.items()
            if task_id
        ]
        return RunGetResult(run=_info(stored, session), tasks=tasks)

    async def estimate(self, params: RunPlaceParams) -> RunEstimateResult:
        snapshot = self._server.documents.snapshot(params.uri)
        session, _ = await self._session(params.uri)
        found = await session.estimate(snapshot.outline, _roots(snapshot, params))
        return RunEstimateResult(
            tasks=found.tasks,
            calls=list(found.calls),
            input_tokens=list(found.input_tokens),
            output_tokens=list(found.output_tokens),
            cost_usd=None if found.cost is None else [float(amount) for amount in found.cost],
            model=found.model,
        )

    async def answer(self, params: QuestionAnswerParams) -> None:
        session = await self._server.session()
        approval = await session.answer(params.approval_id, params.answer)
        stored = await (await session.store()).run(approval.run_id)
        if stored is not None and session.branch(approval.run_id) is None:
            # Nobody runs it here: what was confirmed is to be written all the same.
            await session.write_outbox(OutlineHolder(self._server, self._as_client_writes(stored.uri)))

    async def approvals(self, params: ApprovalListParams) -> ApprovalListResult:
        session = await self._server.session()
        found = await (await session.store()).approvals(run_id=params.run_id)
        return ApprovalListResult(approvals=[approval_info(one) for one in found])

    # --- documents that other programs' runs write into ---------------------------------------------------------

    def keep(self) -> None:
        """From the first outline that is opened on: say what is open here, and write what waits for it."""
        if not self._keeping:
            self._keeping = True
            self._server.start_alone(self._keep())

    async def _keep(self) -> None:
        session = await self._server.session()
        told: list[str] = []
        due = 0.0
        try:
            store = await session.store()
            while True:
                open_here = {canonical(document.uri): document.uri for document in self._server.documents}
                if list(open_here) != told or time.monotonic() >= due:
                    told, due = list(open_here), time.monotonic() + HOLD_SECONDS
                    await store.hold(told, time.time())
                for uri in open_here.values():
                    await self._write_waiting(session, uri)
                await asyncio.sleep(OUTBOX_SECONDS)
        except OrchestratorError:
            self._keeping = False  # a bad store is told when something is run; the next opened outline tries again

    async def _write_waiting(self, session: Session, uri: str) -> None:
        holder = OutlineHolder(self._server, uri)
        if any(run.holder.uri == holder.uri for run in session.branches()):
            return  # it writes its own
        try:
            await session.write_outbox(holder)
        except EditRefusedError:
            return  # it stays in the outbox

    # --- following ----------------------------------------------------------------------------------------------

    def _follow(self, run: BranchRun, shown: _Shown, token: int | str | None) -> None:
        shown.begin(run, token)
        self._server.protocol.after_reply(shown.open)
        self._server.start_alone(self._end(run, shown))

    async def _end(self, run: BranchRun, shown: _Shown) -> None:
        view = await run.ended()
        shown.end(view)
        title = one_line(view.title, TITLE_WIDTH)
        if run.failure is not None:
            self._server.tell_failure(f"“{title}” {_STATES[view.state]}: {run.failure}")
        elif view.state is RunState.PAUSED or run.needs_person:
            self._server.tell(f"“{title}” {_STATES[view.state]}; it needs you: {run.needs_person or view.reason}.")
        elif view.failed or view.blocked:
            self._server.tell(
                f"“{title}”: {view.done} of {view.total} tasks are done, {view.failed} failed, "
                f"{view.blocked} were not possible."
            )

    async def _session(self, uri: str) -> tuple[Session, Path]:
        session = await self._server.session()
        folder = workspace_folder(uri, self._server.folders)
        settings = self._server.settings_in_force.of_workspace(folder, session.trust)
        if settings != session.settings:
            session.configure(settings)
        return session, folder

    def _as_client_writes(self, uri: str) -> str:
        return next((document.uri for document in self._server.documents if canonical(document.uri) == uri), uri)


class _Shown:
    """One run on the client's screen."""

    def __init__(self, server: Server, uri: str, folder: Path) -> None:
        self._server = server
        self._uri = uri
        self._folder = folder
        self._waiting: list[tuple[str, Any]] = []
        self._opened = False
        self._run: BranchRun | None = None
        self._progress: Progress | None = None
        self.observer = BranchObserver(self._on_event, self._on_approval)

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
            self._progress.end(f"{view.done} of {view.total} done")

    def _on_event(self, event: Event) -> None:
        task_id = event.detail.get("taskId")
        if event.kind == "attempt.findings":
            findings = [Finding.from_json(stored) for stored in event.detail.get("findings", ())]
            self._server.findings.show(self._folder, str(task_id), findings)
        params = RunUpdateParams(
            run_id=event.run_id,
            uri=self._uri,
            node_id=self._node_id(task_id) if isinstance(task_id, str) else None,
            seq=event.seq,
            kind=event.kind,
            detail=event.detail,
            created=event.created,
        )
        self._notify("orchestrator/run/update", params)
        if self._progress is not None and self._run is not None and event.kind == "attempt.state":
            view = self._run.view
            waits = f" · {view.waiting} wait for you" if view.waiting else ""
            self._progress.report(f"{view.done} of {view.total}{waits}")

    def _on_approval(self, approval: Approval) -> None:
        self._notify("orchestrator/approval/changed", ApprovalChangedParams(approval=approval_info(approval)))
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

    def _node_id(self, task_id: str) -> str | None:
        document = self._server.documents.find(self._uri)
        if document is None:
            return None
        snapshot = document.snapshot()
        found = snapshot.outline.by_id(task_id)
        return snapshot.identities.id_of(found[0]) if found else None

    def _notify(self, method: str, params: Any) -> None:
        if self._opened:
            self._server.protocol.notify(method, params)
        else:
            self._waiting.append((method, params))


def approval_info(approval: Approval) -> ApprovalInfo:
    return ApprovalInfo(
        approval_id=approval.approval_id,
        run_id=approval.run_id,
        kind=approval.kind,
        title=approval.title,
        task_id=str(approval.detail["taskId"]) if "taskId" in approval.detail else None,
        task=str(approval.detail.get("task", "")),
        choices=[str(choice) for choice in approval.detail.get("choices", ())],
        detail=for_window(approval.kind, approval.detail),
        created=approval.created,
        state=approval.state.value,
    )


def _roots(snapshot: Snapshot, params: RunPlaceParams) -> list[Task]:
    """One task, or all at the top when none is named."""
    if params.node_id is not None:
        node = snapshot.node(params.node_id)
    elif params.position is not None:
        if params.version not in {None, snapshot.version}:
            raise EditRefusedError("The text has changed since.", hint="Choose the task again.")
        node = snapshot.outline.task_at_line(min(params.position.line, snapshot.text.line_count - 1))
    else:
        return [task for task in snapshot.outline.tasks() if not snapshot.outline.ancestors(task)]
    if not isinstance(node, Task):
        raise TaskNotFoundError("There is no task here.", hint="Put the cursor on a line with a check box.")
    return [node]


def _info(run: Run, session: Session) -> RunInfo:
    live = session.branch(run.run_id)
    view = live.view if live is not None else None
    return RunInfo(
        run_id=run.run_id,
        uri=run.uri,
        title=run.task_title,
        task_id=run.task_id,
        state=run.state.value,
        reason=run.reason,
        started=run.started,
        ended=run.ended,
        resumable=run.state.resumable,
        here=live is not None,
        done=view.done if view else None,
        total=view.total if view else None,
        cost_usd=None if view is None or view.cost is None else float(view.cost),
    )


_STATES = {
    RunState.RUNNING: "runs",
    RunState.COMPLETED: "is over",
    RunState.PAUSED: "paused",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "was stopped",
    RunState.DISCARDED: "was discarded",
}
