"""What code actions and lenses offer of running: run, stop, resume, restart, give up, and run what is needed too.

Apart from `code_action`, which lists everything, because only this asks what is under way and what could go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.engine.needed import needed
from orchestrator.lsp.holder import canonical
from orchestrator.lsp.protocol import RunResumeParams, RunStartParams, RunStopParams
from orchestrator.model.safe_text import one_line
from orchestrator.model.task import Status
from orchestrator.outline.tree import Task

if TYPE_CHECKING:
    from orchestrator.engine.run import BranchRun
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server
    from orchestrator.model.run import Run

RUN, STOP, RESUME = "orchestrator/run/start", "orchestrator/run/stop", "orchestrator/run/resume"
TITLE_WIDTH = 40
MOST_READ = 500
"""Tasks of a branch whose dependencies are looked for at each move of the cursor."""

Offered = tuple[str, str, RunStartParams | RunStopParams | RunResumeParams]
"""Title, method and parameters."""


def running(server: Server, snapshot: Snapshot, task: Task) -> BranchRun | None:
    """The run of this server that works on the task."""
    session = server.running_session
    if session is None or not session.branches():
        return None
    uri = canonical(snapshot.uri)
    return next(
        (
            run
            for run in session.branches()
            if run.holder.uri == uri and task.task_id is not None and task.task_id in run.schedule
        ),
        None,
    )


def unfinished(server: Server, snapshot: Snapshot, task: Task) -> Run | None:
    """The run that can be resumed and holds the task. Nothing is known before anything ran."""
    return None if server.running_session is None else server.unfinished.at(snapshot, task)


def run_params(snapshot: Snapshot, task: Task, *, restart: bool = False, needs: bool = False) -> RunStartParams:
    return RunStartParams(uri=snapshot.uri, node_id=snapshot.identities.id_of(task), restart=restart, needed=needs)


def run_title(task: Task) -> str:
    return "Run branch" if any(not child.status.settled for child in task.children) else "Run task"


def offers(server: Server, snapshot: Snapshot, task: Task) -> list[Offered]:
    again = (f"Restart {_what(task)}", RUN, run_params(snapshot, task, restart=True))
    run = running(server, snapshot, task)
    if run is not None:
        whole = RunStopParams(run_id=run.run_id)
        one = RunStopParams(run_id=run.run_id, task_id=task.task_id)
        return [("Stop this task", STOP, one), ("Stop the run", STOP, whole), again]
    if task.status is Status.OTHER:
        return []
    if task.status.settled:
        return [again]
    return [*_going_on(server, snapshot, task), *_fresh(snapshot, task), *([again] if _was_tried(task) else [])]


def _going_on(server: Server, snapshot: Snapshot, task: Task) -> list[Offered]:
    """Of the run that could be resumed."""
    stored = unfinished(server, snapshot, task)
    if stored is None:
        return []
    about = f"the run of “{one_line(stored.task_title, TITLE_WIDTH)}”"
    return [
        (f"Resume {about}", RESUME, RunResumeParams(run_id=stored.run_id)),
        (f"Mark {about} as failed", RESUME, RunResumeParams(run_id=stored.run_id, give_up=True)),
    ]


def _fresh(snapshot: Snapshot, task: Task) -> list[Offered]:
    offered: list[Offered] = [(run_title(task), RUN, run_params(snapshot, task))]
    if _is_small(snapshot, task) and (wanted := needed(snapshot.outline, (task,))):
        first = f"“{one_line(wanted[0].title, TITLE_WIDTH)}”"
        more = f" and {len(wanted) - 1} more" if len(wanted) > 1 else ""
        offered.append((f"Run {first}{more} too, which it depends on", RUN, run_params(snapshot, task, needs=True)))
    return offered


def _is_small(snapshot: Snapshot, task: Task) -> bool:
    """Of a large branch every task would have to be read whenever the cursor moves; its run offers that at its end."""
    return snapshot.outline.segments.branch_end(task.index) - task.index <= MOST_READ


def _was_tried(task: Task) -> bool:
    return task.status in {Status.FAILED, Status.ASKING} or any(
        child.status in {Status.COMPLETED, Status.FAILED, Status.ASKING} for child in task.children
    )


def _what(task: Task) -> str:
    return "branch" if task.children else "task"
