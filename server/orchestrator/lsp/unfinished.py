"""Runs of open outlines that can be resumed: for lenses and actions, and offered when a program ended in the middle.

Apart from `runs`, which starts and follows, because lenses and actions ask here at every key and must not wait for
the store: what is known is kept, and read again when the store changed.

Invariant: a run that was cut off is offered once in each server (test_a_run_that_was_cut_off_is_offered).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.engine.editor import Question
from orchestrator.errors import OrchestratorError
from orchestrator.lsp.editor import PersonInEditor
from orchestrator.lsp.holder import canonical
from orchestrator.lsp.protocol import RunResumeParams
from orchestrator.model.run import AttemptState, Run, RunState
from orchestrator.model.safe_text import one_line

if TYPE_CHECKING:
    from orchestrator.engine.session import Session
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server
    from orchestrator.outline.tree import Task

NOT_NOW, RESUME, GIVE_UP = "Not now", "Resume", "Mark it failed"
CUT_OFF = ("the program ended", "the program ended while this ran")
"""As the engine and the store say it."""
TITLE_WIDTH = 60


class Unfinished:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._runs: dict[str, tuple[Run, ...]] = {}
        """By the URI of an open document, the newest first; ended ones too, because a newer one settles an older."""
        self._by_root: dict[str, dict[str, Run]] = {}
        """Of those the newest for each task that one was started on, by its id."""
        self._offered: set[str] = set()

    def at(self, snapshot: Snapshot, task: Task) -> Run | None:
        """The run that can be resumed and holds the task, unless a newer one went over it."""
        known = self._by_root.get(snapshot.uri)
        if not known:
            return None
        above = (task, *snapshot.outline.ancestors(task))
        found = [run for one in above if one.task_id and (run := known.get(one.task_id))]
        newest = max(found, key=lambda run: run.started, default=None)
        return newest if newest is not None and newest.state.resumable else None

    async def load(self) -> None:
        """Read what the store has of the outlines that are open, and have the client ask for lenses again."""
        session = self._server.running_session
        if session is None:
            return
        try:
            store = await session.store()
            found = {
                document.uri: tuple(await store.branches_of(canonical(document.uri)))
                for document in self._server.documents
            }
        except OrchestratorError:
            return  # a run that needs the store will say what is wrong with it
        if found == self._runs:
            return
        self._runs = found
        self._by_root = {
            uri: {str(root): run for run in reversed(runs) for root in run.request.get("roots", ())}
            for uri, runs in found.items()
        }
        if self._server.client.refresh_lenses:
            self._server.suggest(types.WORKSPACE_CODE_LENS_REFRESH, None)
        cut_off = [
            run
            for runs in found.values()
            for run in runs[:1]
            if run.state is RunState.PAUSED and run.reason in CUT_OFF and run.run_id not in self._offered
        ]
        self._offered.update(run.run_id for run in cut_off)
        for run in cut_off:
            self._server.start_alone(self._offer(session, run))

    async def _offer(self, session: Session, run: Run) -> None:
        attempts = await (await session.store()).attempts(run.run_id)
        done = sum(attempt.state is AttemptState.COMPLETED for attempt in attempts)
        so_far = f"{done} task{'s' if done != 1 else ''} of it {'are' if done != 1 else 'is'} done. " if done else ""
        text = f"“{one_line(run.task_title, TITLE_WIDTH)}” was cut off while it ran. {so_far}"
        if not self._server.client.ask:
            self._server.tell(f"{text}`orchestrator resume {run.run_id}` goes on in a terminal.")
            return
        question = Question(f"{text}Go on with it? What is finished is not done again.", (NOT_NOW, RESUME, GIVE_UP))
        answer = await PersonInEditor(self._server).ask(question)
        if answer in {RESUME, GIVE_UP}:
            await self._server.runs.resume(RunResumeParams(run_id=run.run_id, give_up=answer == GIVE_UP))
