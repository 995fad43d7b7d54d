"""The index as the store keeps it between two sessions: a start that reads no file that did not change.

Apart from the index, which works without it: a store that is locked, damaged or gone is left alone for the rest of the
session, and everything is read from the files as if nothing had been kept.

Invariant: what was kept is used only for a file whose time and size, or whose bytes, are still the same
(test_a_second_start_reads_no_unchanged_file).
Invariant: whatever is wrong with the store, the index is right (test_a_bad_store_loses_nothing).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING

from orchestrator.engine.outline_files import Stamp
from orchestrator.engine.session import STORE_FILE
from orchestrator.errors import StoreError
from orchestrator.lsp.reading import Folder, Known
from orchestrator.lsp.threads import in_thread
from orchestrator.model.outline_index import IndexedNode, IndexedOutline
from orchestrator.outline.contribution import READER, Contribution, restored, rows
from orchestrator.store.store import Store

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server

OPENING_SECONDS = 1.0
"""How long the first look at the files waits for the store."""
BUSY_SECONDS = 0.5
"""How long it waits for another program's lock: less than a person waits for the editor to close."""
AT_ONCE = 5_000
"""Tasks and sections that are restored or written in one go."""
FILES_AT_ONCE = 20
CLOSING_SECONDS = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    key: str
    known: Known
    contribution: Contribution


@dataclass(frozen=True, slots=True)
class _Change:
    """What is to be kept of a file; without a contribution its bytes are as they were."""

    workspace: str
    known: Known
    contribution: Contribution | None


class KeptIndex:
    """Call it from the event loop only. Nothing here raises."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._store: Store | None = None
        self._opening: asyncio.Task[Store | None] | None = None
        self._given_up = False
        self._reader = f"{metadata.version('orchestrator-ls')}.{READER}"
        self._waiting: dict[str, _Change | None] = {}
        """By key, None: forget it."""
        self._writer: asyncio.Task[None] | None = None

    async def load(self, folders: Sequence[Folder]) -> AsyncIterator[list[Kept]]:
        """What was kept of these folders, part by part; nothing where the store does not open in time."""
        path = self._server.directories.data / STORE_FILE
        if not folders or not await in_thread(path.exists):
            return
        store: Store | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout(OPENING_SECONDS):
                store = await self._opened()
        if store is None:
            return
        try:
            for folder in folders:
                outlines = dict(await store.outlines(folder.key, self._reader))
                numbers = list(outlines)
                for start in range(0, len(numbers), FILES_AT_ONCE):
                    part = numbers[start : start + FILES_AT_ONCE]
                    nodes = await store.outline_nodes(part)
                    yield await in_thread(partial(_restored, outlines, part, nodes))
        except StoreError as error:
            self._give_up(error)

    def keep(self, workspace: str, key: str, known: Known, contribution: Contribution | None) -> None:
        before = self._waiting.get(key)
        if contribution is None and before is not None:
            contribution = before.contribution  # that one is not written yet
        self._wait_for(key, _Change(workspace, known, contribution))

    def forget(self, key: str) -> None:
        self._wait_for(key, None)

    async def aclose(self) -> None:
        """What is not written by now is read again at the next start."""
        self._given_up = True
        self._waiting.clear()
        if self._writer is not None:
            self._writer.cancel()
        store, self._store = self._store, None
        if store is not None:
            with suppress(TimeoutError, StoreError):
                async with asyncio.timeout(CLOSING_SECONDS):
                    await store.aclose()

    async def written(self) -> None:
        """Wait until everything is written that was to be kept."""
        while self._writer is not None:
            await asyncio.wait([self._writer])

    # --- writing ----------------------------------------------------------------------------------------------

    def _wait_for(self, key: str, change: _Change | None) -> None:
        if self._given_up:
            return
        self._waiting[key] = change
        if self._writer is None:
            self._writer = self._server.start(self._write())

    async def _write(self) -> None:
        try:
            while self._waiting:
                store = await self._opened()
                if store is None:
                    return
                await self._write_some(store)
        except StoreError as error:
            self._give_up(error)
        finally:
            self._writer = None

    async def _write_some(self, store: Store) -> None:
        gone: list[str] = []
        touched: list[IndexedOutline] = []
        read: list[tuple[IndexedOutline, Contribution]] = []
        nodes = 0
        for key in list(self._waiting)[:FILES_AT_ONCE]:
            change = self._waiting.pop(key)
            if change is None:
                gone.append(key)
                continue
            outline = self._outline(key, change)
            if change.contribution is None:
                touched.append(outline)
                continue
            read.append((outline, change.contribution))
            nodes += len(change.contribution)
            if nodes >= AT_ONCE:
                break
        if gone:
            await store.forget_outlines(gone)
        if touched:
            await store.touch_outlines(touched)
        if read:
            await store.keep_outlines(await in_thread(lambda: [(one, list(rows(found))) for one, found in read]))

    def _outline(self, key: str, change: _Change) -> IndexedOutline:
        known, found = change.known, change.contribution
        return IndexedOutline(
            workspace=change.workspace,
            uri=key,
            modified_ns=known.stamp.modified_ns,
            size=known.stamp.size,
            settled=known.settled,
            digest=known.digest,
            reader=self._reader,
            newer=found is not None and found.newer,
            paths=() if found is None else tuple(sorted(found.paths)),
        )

    async def _opened(self) -> Store | None:
        """The store, by a connection of its own: a run that is to be stored waits for no index."""
        if self._opening is None:
            self._opening = self._server.start(self._open())
        # Who waits no longer must not leave a store half open.
        return await asyncio.shield(self._opening)

    async def _open(self) -> Store | None:
        try:
            store = await Store.open(self._server.directories.data / STORE_FILE, BUSY_SECONDS)
        except StoreError as error:
            self._give_up(error)
            return None
        if self._given_up:
            await store.aclose()
            return None
        self._store = store
        return store

    def _give_up(self, error: StoreError) -> None:
        """For this session. No message: nothing is missing, and whoever needs the store will say what is wrong."""
        _log.warning("The index is not kept (%s).", type(error).__name__)
        self._given_up = True
        self._waiting.clear()


def _restored(
    outlines: Mapping[int, IndexedOutline], numbers: Sequence[int], nodes: Mapping[int, Sequence[IndexedNode]]
) -> list[Kept]:
    found: list[Kept] = []
    for number in numbers:
        outline = outlines[number]
        known = Known(Stamp(outline.modified_ns, outline.size), outline.digest, outline.settled)
        with suppress(ValueError):  # somebody wrote into the store: that file is read anew
            contribution = restored(nodes[number], frozenset(outline.paths), newer=outline.newer)
            found.append(Kept(outline.uri, known, contribution))
    return found
