"""What code actions and lenses offer of running: Run, Run branch, Stop.

Apart from `code_action`, which lists everything, because only this asks what is under way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.lsp.holder import canonical
from orchestrator.lsp.protocol import RunStartParams, RunStopParams
from orchestrator.model.task import Status
from orchestrator.outline.tree import Task

if TYPE_CHECKING:
    from orchestrator.engine.run import BranchRun
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server

RUN, STOP = "orchestrator/run/start", "orchestrator/run/stop"


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


def run_params(snapshot: Snapshot, task: Task) -> RunStartParams:
    return RunStartParams(uri=snapshot.uri, node_id=snapshot.identities.id_of(task))


def run_title(task: Task) -> str:
    return "Run branch" if any(not child.status.settled for child in task.children) else "Run task"


def offers(server: Server, snapshot: Snapshot, task: Task) -> list[tuple[str, str, RunStartParams | RunStopParams]]:
    """Title, method and parameters."""
    run = running(server, snapshot, task)
    if run is not None:
        whole = RunStopParams(run_id=run.run_id)
        one = RunStopParams(run_id=run.run_id, task_id=task.task_id)
        return [("Stop this task", STOP, one), ("Stop the run", STOP, whole)]
    if task.status.settled or task.status is Status.OTHER:
        return []
    return [(run_title(task), RUN, run_params(snapshot, task))]
