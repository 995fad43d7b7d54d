"""Runs of branches as their client starts, resumes, corrects and stops them, and how their end is told.

Apart from the engine, which knows no client; beside `splits`, which waits for a person in another way.

Invariant: what a person restarts is set back in one edit before it runs (test_a_restart_begins_anew).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.engine.branch import BranchRequest
from orchestrator.engine.edit_proposal import EditProposal
from orchestrator.engine.editor import Question
from orchestrator.engine.estimate_line import estimate_line
from orchestrator.engine.heartbeat import HEARD
from orchestrator.engine.needed import needed, with_needed
from orchestrator.engine.session import Workspace
from orchestrator.errors import EditRefusedError, ProtocolError, TaskNotFoundError
from orchestrator.lsp.editor import PersonInEditor
from orchestrator.lsp.edits import lines_of, tasks_with
from orchestrator.lsp.holder import OutlineHolder, canonical
from orchestrator.lsp.protocol import (
    ApprovalFilesParams,
    ApprovalFilesResult,
    ApprovalListParams,
    ApprovalListResult,
    ContextParams,
    ContextPart,
    ContextResult,
    NeededTask,
    ProposedFile,
    QuestionAnswerParams,
    RunCorrectParams,
    RunCorrectResult,
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
)
from orchestrator.lsp.shown_run import TITLE_WIDTH, ShownRun, approval_info
from orchestrator.lsp.workspaces import workspace_folder
from orchestrator.model.run import Run, RunKind, RunState
from orchestrator.model.safe_text import one_line
from orchestrator.model.task import Status
from orchestrator.outline.actions.chosen import roots as topmost
from orchestrator.outline.actions.chosen import tasks_in
from orchestrator.outline.outcome import Outcome, write_outcome
from orchestrator.outline.tree import Outline, Task
from orchestrator.providers.tokens import estimate

if TYPE_CHECKING:
    from orchestrator.engine.run import BranchRun
    from orchestrator.engine.session import Session
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server

NOT_NOW, RUN_TOO = "Not now", "Run it too"


class Runs:
    def __init__(self, server: Server) -> None:
        self._server = server

    async def start(self, params: RunStartParams, token: int | str | None = None) -> RunStartResult:
        self._server.require_trust()
        snapshot = self._server.documents.snapshot(params.uri)
        roots = _chosen(snapshot, params)
        session, folder = await self._session(params.uri)
        holder = OutlineHolder(self._server, params.uri)
        if params.restart:
            snapshot, roots = await self._set_back(session, holder, snapshot, roots)
        if params.needed:
            roots = with_needed(snapshot.outline, roots)
        request = BranchRequest(
            auto=params.auto,
            budget=None if params.budget is None else Decimal(str(params.budget)),
            calls=params.calls,
            # Whoever cannot be asked is told (`_follow`).
            accepted=params.accepted or not self._server.client.ask,
        )
        shown = ShownRun(self._server, params.uri, folder)
        run = await session.start_run(
            holder, roots, snapshot.outline, Workspace(folder), request, shown.observer, PersonInEditor(self._server)
        )
        self._follow(run, shown, token)
        if not (params.accepted or self._server.client.ask):
            self._server.tell(estimate_line(await session.estimate(snapshot.outline, roots)))
        return RunStartResult(run_id=run.run_id, document_version=snapshot.version)

    async def resume(self, params: RunResumeParams, token: int | str | None = None) -> RunStartResult:
        self._server.require_trust()
        session = await self._server.session()
        store = await session.store()
        stored = await store.run(params.run_id)
        if stored is None:
            raise ProtocolError("There is no such run.", hint="Ask for the list of runs.")
        if params.give_up:
            await self._give_up(session, stored)
            return RunStartResult(run_id=params.run_id, document_version=None)
        uri = self.as_client_writes(stored.uri)
        session, folder = await self._session(uri)
        request = BranchRequest.from_json(stored.request, wait=True)
        shown = ShownRun(self._server, uri, folder)
        holder = OutlineHolder(self._server, uri)
        run = await session.resume_run(
            params.run_id, holder, Workspace(folder), request, shown.observer, PersonInEditor(self._server)
        )
        self._follow(run, shown, token)
        document = self._server.documents.find(uri)
        return RunStartResult(run_id=run.run_id, document_version=document.version if document else None)

    async def stop(self, params: RunStopParams) -> None:
        session = self._server.running_session
        if session is None:
            return
        run = session.branch(params.run_id)
        if run is None and not session.is_split(params.run_id):
            store = await session.store()
            if params.task_id is None:
                await store.request_stop(params.run_id)  # another program runs it, or nobody
            elif any(one.run_id == params.run_id for one in await store.running_elsewhere()):
                raise ProtocolError("Another program runs this task.", hint="Stop it there, or stop the whole run.")
        elif params.task_id is None or run is None:
            session.stop(params.run_id)
        elif not run.stop_task(params.task_id):
            raise ProtocolError("This task is not in the run.", hint="Ask for the tasks of the run.")

    async def correct(self, params: RunCorrectParams) -> RunCorrectResult:
        session = self._server.running_session
        run = session.branch(params.run_id) if session is not None else None
        if run is not None:
            told = await run.say(params.task_id, params.text)
        else:
            store = await (await self._server.session()).store()
            told = HEARD if await store.say(params.run_id, params.task_id, params.text, time.time()) else ""
        if not told:
            raise ProtocolError(
                "This task is not under way, so it cannot take that in.",
                hint="Change the task's text, and run it again.",
            )
        return RunCorrectResult(told=told)

    async def list(self, params: RunListParams) -> RunListResult:
        session = await self._server.session()
        store = await session.store()
        if params.uri is not None:
            runs = await store.branches_of(canonical(params.uri), 500)
        else:
            runs = await store.runs(kind=RunKind.BRANCH, limit=500)
        if params.uri is not None and (params.node_id is not None or params.position is not None):
            snapshot = self._server.documents.snapshot(params.uri)
            place = RunPlaceParams(
                uri=params.uri, version=params.version, node_id=params.node_id, position=params.position
            )
            ids = ids_above(snapshot.outline, _roots(snapshot, place)[0])
            runs = [run for run in runs if ids.intersection(run.request.get("roots", ()))]
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
                title=newest[task_id].task_title,
                parent_id=parent_id,
                state=newest[task_id].state.value,
                reason=newest[task_id].reason,
            )
            for task_id, parent_id in self._nested(stored.uri, newest).items()
        ]
        return RunGetResult(run=_info(stored, session), tasks=tasks)

    def _nested(self, uri: str, task_ids: Collection[str]) -> dict[str, str | None]:
        """As they stand in the outline now, each with what it is below; at the end those that are gone."""
        index = self._server.index
        outline = index.of(uri).files.get(index.key_of(uri))
        found = {} if outline is None else dict(outline.nested(task_ids))
        return found | {task_id: None for task_id in task_ids if task_id not in found}

    async def estimate(self, params: RunPlaceParams) -> RunEstimateResult:
        snapshot = self._server.documents.snapshot(params.uri)
        session, _ = await self._session(params.uri)
        roots = _roots(snapshot, params)
        found = await session.estimate(snapshot.outline, roots)
        return RunEstimateResult(
            tasks=found.tasks,
            calls=list(found.calls),
            input_tokens=list(found.input_tokens),
            output_tokens=list(found.output_tokens),
            cost_usd=None if found.cost is None else [float(amount) for amount in found.cost],
            model=found.model,
            line=estimate_line(found),
            needed=[
                NeededTask(node_id=snapshot.identities.id_of(task), title=task.title)
                for task in needed(snapshot.outline, roots)
            ],
        )

    async def context(self, params: ContextParams) -> ContextResult:
        if params.node_id is None and params.position is None:
            raise ProtocolError("The context is that of one task.", hint="Give `nodeId` or `position`.")
        snapshot = self._server.documents.snapshot(params.uri)
        (task,) = _roots(snapshot, params)
        session, folder = await self._session(params.uri)
        person = PersonInEditor(self._server)
        found = await session.shown_context(
            snapshot.outline, task, params.purpose, Workspace(folder), canonical(params.uri), person
        )
        request = found.request
        said = [("system", request.system), *((one.speaker.value, one.text) for one in request.messages)]
        return ContextResult(
            document_version=snapshot.version,
            model=found.model,
            prompt=found.prompt,
            messages=[ContextPart(name=name, text=text, tokens=estimate(text)) for name, text in said if text],
            parts=[ContextPart(name=part.name, text=part.text, tokens=estimate(part.text)) for part in found.parts],
            tools=[tool.name for tool in request.tools],
            tokens=found.tokens,
            max_tokens=request.max_tokens,
            document=found.document(),
        )

    async def answer(self, params: QuestionAnswerParams) -> None:
        session = await self._server.session()
        approval = await session.answer(params.approval_id, params.answer)
        store = await session.store()
        stored = await store.run(approval.run_id)
        if stored is None or session.branch(approval.run_id) is not None:
            return
        if stored.uri not in await store.outlines_of_runs_elsewhere():
            # Nobody runs it here: what was confirmed is to be written all the same.
            await session.write_outbox(OutlineHolder(self._server, self.as_client_writes(stored.uri)))

    async def approvals(self, params: ApprovalListParams) -> ApprovalListResult:
        session = await self._server.session()
        store = await session.store()
        found = await store.approvals(run_id=params.run_id)
        runs = {run_id: await store.run(run_id) for run_id in {one.run_id for one in found}}
        uris = {run_id: self.as_client_writes(run.uri) for run_id, run in runs.items() if run is not None}
        return ApprovalListResult(approvals=[approval_info(one, uris.get(one.run_id)) for one in found])

    async def approval_files(self, params: ApprovalFilesParams) -> ApprovalFilesResult:
        session = await self._server.session()
        open_ones = await (await session.store()).approvals()
        found = next((one for one in open_ones if one.approval_id == params.approval_id), None)
        if found is None or "changes" not in found.detail:
            raise ProtocolError("No files are proposed there.", hint="Ask for the list of approvals.")
        proposal = EditProposal.from_json(found.detail["changes"])
        return ApprovalFilesResult(
            files=[ProposedFile(path=one.path, before=one.before, after=one.after) for one in proposal.changes]
        )

    # --- beginning anew -----------------------------------------------------------------------------------------

    async def _set_back(
        self, session: Session, holder: OutlineHolder, snapshot: Snapshot, roots: Sequence[Task]
    ) -> tuple[Snapshot, list[Task]]:
        """The document and its tasks, ready to begin anew."""
        places = [snapshot.identities.id_of(root) for root in roots]
        for run in session.branches():
            if run.holder.uri == holder.uri and run.covers(snapshot.outline, roots):
                run.stop("restarted")
                await run.ended()
        found = {stored.run_id: stored for root in roots if (stored := self._server.unfinished.at(snapshot, root))}
        for stored in found.values():
            await self._give_up(session, stored)
        for _ in range(_TRIES):
            snapshot = self._server.documents.snapshot(snapshot.uri)
            nodes = [snapshot.node(place) for place in places]
            tasks = [node for node in nodes if isinstance(node, Task)]
            edits = [
                edit
                for root in tasks
                for task in _to_set_back(root)
                for edit in write_outcome(snapshot.outline, task, Outcome(" "))
            ]
            if not edits:
                return snapshot, tasks
            title = one_line(tasks[0].title, TITLE_WIDTH)
            try:
                await holder.apply(await holder.look(), tuple(edits), f"Begin “{title}” anew")
            except EditRefusedError:
                await asyncio.sleep(0)
        raise EditRefusedError("The text changes too fast to set the tasks back.", hint="Try again.")

    async def _give_up(self, session: Session, stored: Run) -> None:
        store = await session.store()
        if not await store.mark_failed(stored.run_id, "given up", time.time()):
            raise ProtocolError("This run cannot be given up (any more).", hint="Ask for the list of runs.")
        self._server.start_alone(self._server.unfinished.load())

    # --- following ----------------------------------------------------------------------------------------------

    def _follow(self, run: BranchRun, shown: ShownRun, token: int | str | None) -> None:
        shown.begin(run, token)
        self._server.protocol.after_reply(shown.open)
        self._server.start_alone(self._end(run, shown))

    async def _end(self, run: BranchRun, shown: ShownRun) -> None:
        view = await run.ended()
        shown.end(view)
        self._server.start_alone(self._server.unfinished.load())
        title = one_line(view.title, TITLE_WIDTH)
        if run.failure is not None:
            self._server.tell_failure(f"“{title}” {_STATES[view.state]}: {run.failure}")
        elif view.state is RunState.PAUSED or run.needs_person:
            self._server.tell(f"“{title}” {_STATES[view.state]}; it needs you: {run.needs_person or view.reason}.")
        elif view.state is RunState.COMPLETED and (view.failed or view.blocked):
            were = "was" if view.blocked == 1 else "were"
            text = (
                f"“{title}”: {view.done} of {view.total} tasks are done, {view.failed} failed, "
                f"{view.blocked} {were} not possible."
            )
            if not await self._offer_needed(run, shown.uri, text):
                self._server.tell(text)

    async def _offer_needed(self, run: BranchRun, uri: str, text: str) -> bool:
        """Offer to run what the branch waits for outside of itself, if that is what kept it; False: no such."""
        document = self._server.documents.find(uri)
        if document is None or not self._server.client.ask:
            return False
        snapshot = document.snapshot()
        kept = [view.task_id for view in run.tasks() if view.state is None and view.reason]
        tasks = [found[0] for key in kept if len(found := snapshot.outline.by_id(key)) == 1]
        wanted = needed(snapshot.outline, tasks)
        if not wanted:
            return False
        titles = ", ".join(f"“{one_line(task.title, TITLE_WIDTH)}”" for task in wanted[:3])
        more = f" and {len(wanted) - 3} more" if len(wanted) > 3 else ""
        question = Question(f"{text} Waiting for {titles}{more}, outside of this run.", (NOT_NOW, RUN_TOO))
        if await PersonInEditor(self._server).ask(question) == RUN_TOO:
            snapshot = self._server.documents.snapshot(uri)
            tasks = [found[0] for key in kept if len(found := snapshot.outline.by_id(key)) == 1]
            await self._run_too(snapshot, tasks)
        return True

    async def _run_too(self, snapshot: Snapshot, tasks: Sequence[Task]) -> None:
        roots = with_needed(snapshot.outline, tasks)
        session, folder = await self._session(snapshot.uri)
        shown = ShownRun(self._server, snapshot.uri, folder)
        run = await session.start_run(
            OutlineHolder(self._server, snapshot.uri),
            roots,
            snapshot.outline,
            Workspace(folder),
            BranchRequest(accepted=False),
            shown.observer,
            PersonInEditor(self._server),
        )
        self._follow(run, shown, None)

    async def _session(self, uri: str) -> tuple[Session, Path]:
        session = await self._server.session()
        folder = workspace_folder(uri, self._server.folders)
        settings = self._server.settings_in_force.of_workspace(folder, session.trust)
        if settings != session.settings:
            session.configure(settings)
        return session, folder

    def as_client_writes(self, uri: str) -> str:
        """The address of a run's outline, as the client has it open."""
        return next((document.uri for document in self._server.documents if canonical(document.uri) == uri), uri)


def _chosen(snapshot: Snapshot, params: RunStartParams) -> list[Task]:
    """What a run is started with: several tasks, without those that stand below another of them, or a place."""
    if params.node_ids is not None:
        return list(topmost(tasks_with(snapshot, params.node_ids)))
    if params.range is not None:
        if params.version not in {None, snapshot.version}:
            raise EditRefusedError("The text has changed since.", hint="Choose the tasks again.")
        return list(topmost(tasks_in(snapshot.outline, *lines_of(params.range))))
    return _roots(snapshot, params)


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


def ids_above(outline: Outline, task: Task) -> set[str]:
    """The ids of a task and of all that it stands below."""
    return {one.task_id for one in (task, *outline.ancestors(task)) if one.task_id}


def _to_set_back(root: Task) -> list[Task]:
    """What is done, failed or asks in the branch; a person's other marks stay, but for the task that they named."""
    found = [root] if root.status in {*_SET_BACK, Status.CANCELLED} else []
    waiting = list(root.children)
    while waiting:
        task = waiting.pop()
        if task.status in _SET_BACK:
            found.append(task)
        if task.status is not Status.CANCELLED:
            waiting += task.children
    return found


_SET_BACK = {Status.COMPLETED, Status.FAILED, Status.ASKING}
_TRIES = 5
_STATES = {
    RunState.RUNNING: "runs",
    RunState.COMPLETED: "is over",
    RunState.PAUSED: "paused",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "was stopped",
    RunState.DISCARDED: "was discarded",
}
