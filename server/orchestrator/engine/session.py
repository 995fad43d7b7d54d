"""What an edge (language server, command line) holds: settings, store, providers and the running work.

Apart from the edges so that later several windows can share one session: it knows nothing of stdio.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from orchestrator.config import Directories, Settings
from orchestrator.engine.editor import Person, Place, Target
from orchestrator.engine.proposal import Observer, SplitRequest
from orchestrator.engine.routing import Asker, Router
from orchestrator.engine.runner import Runner
from orchestrator.engine.split import Means, Split
from orchestrator.engine.trust import TRUST_FILE, Trust
from orchestrator.errors import EditRefusedError, FileError, ProtocolError, TaskError
from orchestrator.model.task import Plan, PlannedTask
from orchestrator.outline.writer import add_subtasks
from orchestrator.providers.keys import Keys
from orchestrator.store.store import Store

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
        self._store: Store | None = None
        self._opening = asyncio.Lock()
        self._routers: list[Router] = []
        self.configure(settings)

    @property
    def settings(self) -> Settings:
        return self._settings

    def configure(self, settings: Settings) -> None:
        """Use these from the next run on; runs under way keep the providers they have."""
        self._settings = settings
        self._slots = asyncio.Semaphore(settings.calls.concurrency)
        self._routers.append(Router(settings, self.keys, self.trust))

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
        await self._refuse_second(target, place)
        asker = Asker(workspace.folder, person, request.model, request.consented)
        means = Means(self._settings, self._runner, self._routers[-1], self._slots, self._open_store)
        split = Split(means, target, place, request, asker, observer)
        self._splits[split.run_id] = split
        await self._runner.start(split.run_id, self._supervise(split))
        return split

    def split(self, run_id: str) -> Split:
        """A split of this session that has not ended. ProtocolError when there is none (any more)."""
        if run_id not in self._splits:
            raise ProtocolError("This split has ended.", hint="Start another one.")
        return self._splits[run_id]

    def stop(self, run_id: str, reason: str = "user") -> None:
        """Stop a run; nothing happens when it has ended already."""
        if run_id in self._splits:
            self._splits[run_id].stop(reason)

    async def split_hashes(self, uri: str) -> dict[str, str]:
        """For `stale.stale_tasks`: what the tasks of this outline said when they were split last. Raises StoreError."""
        return await (await self._open_store()).split_hashes(uri)

    async def aclose(self) -> None:
        """Stop everything, wait until what happened is stored, close providers and store."""
        await self._runner.aclose()
        for router in self._routers:
            await router.aclose()
        if self._store is not None:
            store, self._store = self._store, None
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
            if self._store is None:
                self._store = await Store.open(self.directories.data / STORE_FILE)
                await self._store.reconcile(time.time())
            return self._store


def _refuse_hopeless(place: Place) -> None:
    """What could not be written must cost no call."""
    task = place.task
    if not task.title:
        hint = "Write what is to be done after its check box."
        raise TaskError(f"The task in line {task.line + 1} has no title.", hint=hint)
    if task.status.settled:
        raise TaskError(f"“{task.title}” is {task.status.value}.", hint="Set it back to `[ ]` to split it.")
    add_subtasks(place.outline, task, Plan((PlannedTask("the least that a split adds"),)), lambda: "00000")
