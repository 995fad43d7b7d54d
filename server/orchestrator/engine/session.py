"""What an edge (language server, command line) holds: settings, store, providers and the running work.

Apart from the edges so that later several windows can share one session: it knows nothing of stdio.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.config import Directories, Settings
from orchestrator.engine.branch import BranchObserver, BranchRequest
from orchestrator.engine.chat import Chats
from orchestrator.engine.chat_updates import Hub
from orchestrator.engine.editor import Holder, Person, Place, Target
from orchestrator.engine.estimate import estimated
from orchestrator.engine.experience import note_written, remembered
from orchestrator.engine.garbage import Garbage
from orchestrator.engine.gates import Gates
from orchestrator.engine.handover import Elsewhere, take_handovers
from orchestrator.engine.marks import Marks, Written
from orchestrator.engine.means import BranchMeans
from orchestrator.engine.meanwhile import CONFIRM
from orchestrator.engine.money import Estimate
from orchestrator.engine.new_ids import require_no_misplaced_id
from orchestrator.engine.prompt_library import PromptLibrary, allowed_by
from orchestrator.engine.proposal import Observer, SplitRequest
from orchestrator.engine.replan import Replan
from orchestrator.engine.routing import Asker, Router, candidates
from orchestrator.engine.run import BranchRun
from orchestrator.engine.runner import Runner
from orchestrator.engine.schedule import runnable
from orchestrator.engine.shown_context import Purpose, ShownContext, shown_context
from orchestrator.engine.split import Means, Split
from orchestrator.engine.trust import TRUST_FILE, Trust
from orchestrator.errors import EditRefusedError, FileError, ProtocolError, StoreError, TaskError
from orchestrator.model.ids import record_id
from orchestrator.model.message import Role
from orchestrator.model.run import Approval, OutboxEntry, RunState
from orchestrator.model.task import Plan, PlannedTask
from orchestrator.outline.tree import Outline, Task
from orchestrator.outline.writer import add_subtasks
from orchestrator.providers.keys import Keys
from orchestrator.store.store import Store

if TYPE_CHECKING:
    from orchestrator.engine.meaning import Meanings

STORE_FILE = "orchestrator.db"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder that trust and consent belong to."""

    folder: Path
    """A real path (no links)."""


class Session:
    """Create it without awaiting anything: the store opens at first use, so that a bad one blocks no editor."""

    def __init__(self, settings: Settings, directories: Directories, keys: Keys) -> None:
        self.directories = directories
        self.keys = keys
        self.trust = Trust(directories.config / TRUST_FILE)
        self._runner = Runner()
        self._splits: dict[str, Split] = {}
        self._branches: dict[str, BranchRun] = {}
        self._workspace_locks: dict[Path, asyncio.Lock] = {}
        self.hub = Hub()
        self.chats = Chats(self.means, self._open_store, self.branches, self.hub)
        self._store: Store | None = None
        self._opening = asyncio.Lock()
        self._unstored: dict[str, tuple[RunState, str]] = {}
        self._routers: list[Router] = []
        self._gates = Gates(settings.calls)
        self._garbage = Garbage()
        self.elsewhere = Elsewhere(self._open_store, directories.data / STORE_FILE)
        """Other programs of the person, which may have an outline open that is changed here."""
        self.configure(settings)

    @property
    def settings(self) -> Settings:
        return self._settings

    def configure(self, settings: Settings) -> None:
        """Use these from the next run on; runs under way keep the providers they have."""
        self._settings = settings
        self._gates.configure(settings.calls)
        self._routers.append(Router(settings, self.keys, self.trust, self._gates))

    async def start_split(
        self, target: Target, workspace: Workspace, request: SplitRequest, observer: Observer, person: Person
    ) -> Split:
        """Start; answers as soon as the run has an id, before the store or a model was touched.

        Raises EditRefusedError if the target is gone, ProtocolError if the same task is being split already, FileError
        if the outline is in a later version of the format: then it is read-only for us; TaskError, EditRefusedError for
        a task that can have no subtasks.
        """
        place = await target.place()
        if place.outline.front_matter.newer:
            raise FileError(
                "This outline is in a later version of the format.", hint="Update Orchestrator to change it."
            )
        _refuse_hopeless(place)
        if request.replan and not place.task.children:
            raise TaskError(f"“{place.task.title}” has no subtasks to plan anew.", hint="Split it.")
        await self._refuse_second(target, place)
        asker = Asker(workspace.folder, person, request.model, request.consented)
        means = self.means()
        kind = Replan if request.replan else Split
        split = kind(means, target, place, request, asker, observer)
        self._splits[split.run_id] = split
        await self._runner.start(split.run_id, self._supervise(split))
        return split

    def split(self, run_id: str) -> Split:
        """A split of this session that has not ended. ProtocolError when there is none (any more)."""
        if run_id not in self._splits:
            raise ProtocolError("This split has ended.", hint="Start another one.")
        return self._splits[run_id]

    def is_split(self, run_id: str) -> bool:
        """Whether a split of this session that has not ended has this id."""
        return run_id in self._splits

    def stop(self, run_id: str, reason: str = "user") -> None:
        """Stop a run; nothing happens when it has ended already."""
        if run_id in self._splits:
            self._splits[run_id].stop(reason)
        elif run_id in self._branches:
            self._branches[run_id].stop(reason)

    # --- branches -----------------------------------------------------------------------------------------------

    async def start_run(
        self,
        holder: Holder,
        roots: Sequence[Task],
        outline: Outline,
        workspace: Workspace,
        request: BranchRequest,
        observer: BranchObserver,
        person: Person,
    ) -> BranchRun:
        """Run these branches; answers as soon as the run has an id, before the store or a model was touched.

        Raises FileError for an outline of a later format, TaskError when there is nothing to do, ProtocolError when a
        run of this session works on one of these branches already.
        """
        if outline.front_matter.newer:
            raise FileError(
                "This outline is in a later version of the format.", hint="Update Orchestrator to change it."
            )
        if not any(True for _ in runnable(roots)):
            raise TaskError("There is nothing to do: all is completed or cancelled.", hint="Set a task back to `[ ]`.")
        for other in self._branches.values():
            if other.holder.uri == holder.uri and other.covers(outline, roots):
                raise ProtocolError(f"“{other.title}” is being run already.", hint="Wait until it ends, or stop it.")
        asker = Asker(workspace.folder, person, request.model, request.consented)
        holder = self.elsewhere.considerate(holder)
        run = BranchRun(self._branch_means(), holder, roots, outline, request, asker, observer, self.estimate)
        return await self._begin(run)

    async def resume_run(
        self,
        run_id: str,
        holder: Holder,
        workspace: Workspace,
        request: BranchRequest,
        observer: BranchObserver,
        person: Person,
    ) -> BranchRun:
        """Go on with a run that paused or was stopped. `request`: as it was asked for now; see `resumable`.

        Raises ProtocolError when it cannot be resumed, or another program was faster.
        """
        store = await self._open_store()
        claimed = await store.claim(run_id, time.time())
        if claimed is None:
            raise ProtocolError(
                "This run cannot be resumed (any more).", hint="`orchestrator runs` lists those that can."
            )
        asker = Asker(workspace.folder, person, request.model, request.consented)
        outline = (await holder.look()).outline
        holder = self.elsewhere.considerate(holder)
        run = BranchRun(self._branch_means(), holder, (), outline, request, asker, observer, self.estimate, claimed)
        return await self._begin(run)

    def branch(self, run_id: str) -> BranchRun | None:
        """A run of this session that has not ended."""
        return self._branches.get(run_id)

    def branches(self) -> tuple[BranchRun, ...]:
        return tuple(self._branches.values())

    async def answer(self, approval_id: str, answer: str) -> Approval:
        """Answer what waits for a person, whoever runs it. Raises ProtocolError when it is not open (any more)."""
        store = await self._open_store()
        approval = await store.answer_approval(approval_id, answer, time.time())
        if approval is None:
            raise ProtocolError("This was answered already, or is not asked any more.", hint="Look at the inbox again.")
        if approval.kind == "confirm" and answer == CONFIRM[1] and "change" in approval.detail:
            await self._write_confirmed(store, approval)
        run = self._branches.get(approval.run_id)
        if run is not None:
            run.answered(approval)
        return approval

    def beside(self, work: Coroutine[Any, Any, None]) -> AbstractAsyncContextManager[None]:
        """Run `work` of an edge beside the body; it is cancelled when the body ends."""
        return self._runner.beside(work)

    async def estimate(self, outline: Outline, roots: Sequence[Task], model: str = "") -> Estimate:
        """What running these branches may take, from history where there is one."""
        store = await self._open_store()
        name = candidates(self._settings, Role.EXECUTE, model)[0]
        return await asyncio.to_thread(estimated, outline, roots, self._settings, name, await store.typical_tokens())

    @cached_property
    def meanings(self) -> Meanings:
        """The history by what it means, for the session's store."""
        from orchestrator.engine.meaning import Meanings

        return Meanings()

    async def shown_context(
        self, outline: Outline, task: Task, purpose: Purpose, workspace: Workspace, uri: str, person: Person
    ) -> ShownContext:
        """What a model would be sent about the task; nothing is sent, and nobody is asked."""
        store = await self._open_store()
        library = PromptLibrary(store, self.directories.config)
        prompts = await library.in_force(workspace.folder, allowed_by(self.trust, workspace.folder))
        return await shown_context(
            outline,
            task,
            purpose,
            uri=uri,
            router=self._routers[-1],
            asker=Asker(workspace.folder, person),
            settings=self._settings,
            experience=await remembered(store, self.directories.config, workspace.folder),
            prompts=prompts,
            last_answer=lambda: store.last_answer(uri, task.task_id or ""),
        )

    async def store(self) -> Store:
        """Raises StoreError."""
        return await self._open_store()

    async def write_outbox(self, holder: Holder) -> None:
        """Write what waits for this outline: at start, when it is opened, and now and then."""
        store = await self._open_store()

        async def told(_written: Sequence[Written]) -> None:
            return

        entries = await store.outbox(holder.uri)
        if entries:
            marks = Marks(store, holder, told, self._settings.run.grace)
            for entry in entries:
                marks.put(entry)
            await marks.flush()

    async def take_handovers(self, holder: Holder) -> None:
        """Make what other programs ask to be changed in this outline, which is open here."""
        await take_handovers(await self._open_store(), holder)

    async def _write_confirmed(self, store: Store, approval: Approval) -> None:
        """The person says that the outcome counts for the text as it is now."""
        task_id = str(approval.detail["taskId"])
        run = await store.run(approval.run_id)
        if run is None:
            return
        change = {**approval.detail["change"], "textHash": ""}
        entry = OutboxEntry(record_id("entry"), run.run_id, approval.attempt_id, run.uri, task_id, change, time.time())
        await store.add_outbox(entry)
        live = self._branches.get(run.run_id)
        if live is not None:
            live.marks.put(entry)

    async def _begin(self, run: BranchRun) -> BranchRun:
        self._branches[run.run_id] = run
        await self._runner.start(run.run_id, self._supervise_branch(run))
        return run

    async def _supervise_branch(self, run: BranchRun) -> None:
        try:
            with self._garbage.seldom():
                await run.work()
        finally:
            del self._branches[run.run_id]
            if run.unstored is not None:
                self._unstored[run.run_id] = run.unstored

    def means(self) -> Means:
        """What is lent to whoever makes a call."""
        return Means(
            self._settings,
            self._runner,
            self._routers[-1],
            self._gates,
            self._open_store,
            self.directories.config,
            self.hub,
        )

    def _branch_means(self) -> BranchMeans:
        return BranchMeans(
            self._settings,
            self._runner,
            self._routers[-1],
            self._gates,
            self._open_store,
            self.directories.config,
            self.hub,
            self.trust.is_trusted,
            lambda folder: self._workspace_locks.setdefault(folder, asyncio.Lock()),
        )

    async def note_written_splits(self, uri: str, outline: Outline) -> None:
        """Of programs that were killed between writing a split and saying so. Raises StoreError."""
        await note_written(await self._open_store(), uri, outline)

    async def split_hashes(self, uri: str) -> dict[str, str]:
        """For `stale.stale_tasks`: what the tasks of this outline said when they were split last. Raises StoreError."""
        return await (await self._open_store()).split_hashes(uri)

    async def aclose(self) -> None:
        """Stop everything, wait until what happened is stored, close providers and store."""
        await self._runner.aclose()
        for router in self._routers:
            await router.aclose()
        async with self._opening:  # one that is just being opened is closed, too
            store, self._store = self._store, None
        if store is not None:
            await store.aclose()

    async def _supervise(self, split: Split) -> None:
        try:
            await split.work()
        finally:
            del self._splits[split.run_id]

    async def _refuse_second(self, target: Target, place: Place) -> None:
        for other in list(self._splits.values()):
            if other.target.uri != target.uri or other.proposal.state.ended:
                continue
            try:
                taken = (await other.target.place()).task
            except EditRefusedError:
                continue
            if taken.start == place.task.start:
                raise ProtocolError(
                    f"“{place.task.title}” is being split already.",
                    hint="Accept or discard that split first, or stop it.",
                )

    async def _open_store(self) -> Store:
        """The store, opened at first use; a failed opening is tried again at the next run."""
        async with self._opening:
            store = self._store
            if store is None:
                store = self._store = await Store.open(self.directories.data / STORE_FILE)
                await store.reconcile(time.time())
            if self._unstored:
                await self._store_ends(store)
            return store

    async def _store_ends(self, store: Store) -> None:
        """Of runs that ended while the store could not be written: until then nobody could resume them."""
        for run_id, (state, reason) in list(self._unstored.items()):
            with suppress(StoreError):
                await store.end_run(run_id, state, reason, time.time())
                await store.add_event(run_id, "run.ended", {"state": state.value, "reason": reason}, time.time())
                self._unstored.pop(run_id, None)


def _refuse_hopeless(place: Place) -> None:
    """What could not be written must cost no call."""
    task = place.task
    if not task.title:
        hint = "Write what is to be done after its check box."
        raise TaskError(f"The task in line {task.line + 1} has no title.", hint=hint)
    require_no_misplaced_id([task])
    if task.status.settled:
        raise TaskError(f"“{task.title}” is {task.status.value}.", hint="Set it back to `[ ]` to split it.")
    add_subtasks(place.outline, task, Plan((PlannedTask("the least that a split adds"),)), lambda: "00000")
