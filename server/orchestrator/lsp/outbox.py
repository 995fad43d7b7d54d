"""Notices what other programs leave in the store for the outlines that are open here, and says that they are.

Apart from `runs` because it is there without a run: from the first opened outline on, whether there is a store yet or
not. The files of the store are looked at (two calls of the system, no statement), and only when they changed is the
store asked.

Invariant: what another program left is written at once, also into a store that came later
(test_what_another_program_left_is_written_here, test_a_store_that_appears_later_is_noticed).
Invariant: of two windows that have an outline open, the one that runs it writes its outcomes
(test_of_two_windows_the_one_that_runs_writes).
Invariant: while nothing happens no statement is run but the heartbeat (test_an_idle_store_is_not_asked).
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import EditRefusedError, OrchestratorError
from orchestrator.lsp.holder import OutlineHolder, canonical
from orchestrator.store.open_files import say_open

if TYPE_CHECKING:
    from orchestrator.engine.session import Session
    from orchestrator.lsp.server import Server

LOOK_SECONDS = 0.25
AGAIN_SECONDS = 1.0
"""What could not be written is tried again so often: a task may be on its way elsewhere."""
HOLD_SECONDS = 10.0
"""How often it is said that outlines are open here."""

Stamp = tuple[tuple[int, int], ...]


class Outbox:
    def __init__(self, server: Server, database: Path) -> None:
        self._server = server
        self._files = (str(database), f"{database}-wal")
        self._folder = database.parent
        self._working = False
        self.asked = 0
        """How often the store was asked."""

    def begin(self) -> None:
        """From the first outline that is opened on. Again does nothing."""
        if not self._working:
            self._working = True
            self._server.start_alone(self._work_to_the_end())

    async def _work_to_the_end(self) -> None:
        try:
            await self._work()
        finally:
            say_open(self._folder, ())

    async def _work(self) -> None:
        seen: Stamp = ()
        held: dict[str, str] = {}
        said: dict[str, str] = {}
        due = again = said_until = 0.0
        while True:
            now = time.monotonic()
            open_here = {canonical(document.uri): document.uri for document in self._server.documents}
            stamp = _stamp(self._files)
            if not stamp and (said != open_here or now >= said_until):  # a terminal may make a store at any moment
                say_open(self._folder, list(open_here))
                said, said_until = open_here, now + HOLD_SECONDS
            if stamp and (stamp != seen or held != open_here or now >= due or (again and now >= again)):
                seen = stamp
                try:
                    session = await self._server.session()
                    if held != open_here or now >= due:
                        await self._hold(session, list(open_here))
                        held, due = open_here, now + HOLD_SECONDS
                    again = now + AGAIN_SECONDS if await self._write_waiting(session, open_here) else 0.0
                    await self._server.unfinished.load()
                    await self._server.runs_elsewhere.load()
                    await self._server.costs.load()
                    for uri in open_here.values():
                        await self._server.split_history.load(uri)
                except OrchestratorError:
                    due = now + HOLD_SECONDS  # a bad store is told when something is run; it may be mended until then
                    held = open_here
            await asyncio.sleep(LOOK_SECONDS)

    async def _hold(self, session: Session, uris: list[str]) -> None:
        self.asked += 1
        store = await session.store()
        await store.reconcile(time.time())  # another program that had one of them open may be gone
        await store.hold(uris, time.time())
        say_open(self._folder, ())

    async def _write_waiting(self, session: Session, open_here: dict[str, str]) -> bool:
        """Whether something is left that can be written later."""
        self.asked += 1
        store = await session.store()
        for uri in await store.outlines_to_change():
            if uri in open_here:
                await session.take_handovers(OutlineHolder(self._server, open_here[uri]))
        awaited = await store.awaited_outlines()
        busy = {run.holder.uri for run in session.branches()}  # they write their own
        if awaited:  # those of another window too: what both wrote would be two texts of one file
            busy.update(await store.outlines_of_runs_elsewhere())
        for uri in awaited:
            if uri in open_here and uri not in busy:
                try:
                    await session.write_outbox(OutlineHolder(self._server, open_here[uri]))
                except EditRefusedError:
                    continue  # it stays in the outbox
        return any(uri in open_here and uri not in busy for uri in await store.awaited_outlines())


def _stamp(files: tuple[str, ...]) -> Stamp:
    """Another one after each change, empty when there is no store."""
    found: list[tuple[int, int]] = []
    for path in files:
        try:
            status = os.stat(path)  # noqa: PTH116 - asked four times a second
        except OSError:
            if not found:
                return ()
            continue
        found.append((status.st_mtime_ns, status.st_size))
    return tuple(found)
