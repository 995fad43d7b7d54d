"""What the server knows of all outlines of the workspace folders, open or not, and how it stays right.

Apart from `outline/index.py`, which holds one workspace and no clock. Here is who reads the files, when: all of them
once in the background; again what the client's watching reports, or, where it does not watch, what a look at every
file's time and size shows when somebody asks. The text of an open document stands in place of the saved one.

A key costs nothing here: a document that changed is marked, and what it contributes is found out when somebody asks
(or, for those who subscribed to changes of ids, after a pause).

Invariant: open text counts, not the saved one, from opening to closing (test_open_text_stands_over_saved_text).
Invariant: what was found does not depend on how it was heard of (test_watching_and_sweeping_find_the_same).
Invariant: nothing that a disk does raises here (test_hostile_folders).
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.engine import outline_files
from orchestrator.engine.new_ids import id_source
from orchestrator.engine.outline_files import Found
from orchestrator.lsp import reading, uris
from orchestrator.lsp.kept_index import KeptIndex
from orchestrator.lsp.progress import Progress
from orchestrator.lsp.reading import Folder, Known, Reader, Slice
from orchestrator.lsp.threads import in_thread
from orchestrator.outline.contribution import Contribution, contribution
from orchestrator.outline.index import Elsewhere, Index, Place
from orchestrator.outline.parse import parse

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Document, Snapshot
    from orchestrator.lsp.server import Server
    from orchestrator.outline.tree import Outline

MAX_FILES = 10_000
"""Outlines below all workspace folders together."""
MAX_NODES = 1_000_000
"""Tasks and sections in them."""
PATIENCE = 5.0
"""Seconds that a question about all files waits for files that are being read."""
PROGRESS_AFTER = 1.0
"""Seconds after which a person is shown that files are being read."""
SWEEP_PAUSE = 0.5
"""Seconds between two looks at all files of a client that does not watch them; longer where a look takes long."""
SWEEP_SHARE = 10
"""The pause, in times of what the last look cost."""
WATCHED_PAUSE = 60.0
"""The same for a client that watches: it may miss a folder that is moved away as a whole."""
SIGNAL_PAUSE = 0.3
"""Seconds of quiet before changed ids are told."""
SWITCH_SECONDS = 0.001
"""How long a thread that reads keeps the interpreter from the event loop, instead of Python's 5 ms."""
LARGE = 2_000
"""Lines of a document that is read in a thread when it counts for the first time."""
BREATH = 0.5
"""The pause between two slices, in times of a slice."""


@dataclass(frozen=True, slots=True)
class IdsChanged:
    """Told to subscribers: in files of this workspace these ids came, went, or both."""

    scope: str
    ids: frozenset[str]
    complete: bool
    """Whether all files have been read by now. Told once with True when the first reading ends."""


@dataclass(frozen=True, slots=True)
class Source:
    """An outline as it is now, and how an edit of it is addressed."""

    key: str
    uri: str
    version: int | None
    """None: it is not open."""
    outline: Outline


class WorkspaceIndex:
    """Call it from the event loop only. Complete when made without folders; else some time after `begin`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._folders = _folders_of(server.folders)
        self._indexes: dict[str, Index] = {}
        """By scope: the key of a workspace folder, or of a file that is in none."""
        self._kept = KeptIndex(server)
        self._loaded = False
        self._known: dict[str, Known] = {}
        """By key, of the saved files."""
        self._open: dict[str, Document] = {}
        """By key."""
        self._keys: dict[Document, str] = {}
        self._prepared: set[str] = set()
        """Keys of large documents that were read once: from then on only what changes is."""
        self._preparing = False
        self._states: dict[str, tuple[int, int]] = {}
        """By key, generation and version of the open text that is in the index."""
        self._wanted: set[str] = set()
        """Paths to read again."""
        self._sweep_wanted = False
        self._worker: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._begun = False
        self._complete = not self._folders
        if self._complete:
            self._idle.set()
        self._swept_at = 0.0
        self._sweep_cost = 0.0
        self._told_limit = False
        self._subscribers: list[Callable[[IdsChanged], None]] = []
        self._changed: dict[str, set[str]] = {}
        self._signal: asyncio.TimerHandle | None = None
        self._refresh_cost = 0.0
        self.watched: tuple[str, ...] = ()
        """Patterns of the files of which the client tells when they change."""

    # --- asking ------------------------------------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether all files were read; while they are, every answer is of what is known so far."""
        return self._complete

    def ids_elsewhere(self, uri: str) -> Elsewhere:
        """The ids that other files of this file's workspace have, as they are now. Costs nothing to ask at every key.

        `places(id)` says where, `location` makes LSP's of it, `generation` is another number when it may say something
        else, and it is a container for `fresh_id` with its `task_count`.
        """
        key = self.key_of(uri)
        self._refresh(leave_out=key, wait=False)
        return self._look(key).elsewhere(key, complete=self._complete)

    def new_ids(self, snapshot: Snapshot) -> Callable[[], str]:
        """Ids for new tasks of a document, each another one, that no task of its workspace has."""
        there = self.ids_elsewhere(snapshot.uri)
        return id_source(snapshot.outline, there, there.task_count)

    def subscribe(self, told: Callable[[IdsChanged], None]) -> Callable[[], None]:
        """Be told of changed ids, after a pause; the answer ends that."""
        self._subscribers.append(told)
        return lambda: self._subscribers.remove(told)

    def of(self, uri: str) -> Index:
        """The workspace of this file, with the newest text of every open document."""
        self._refresh()
        return self._look(self.key_of(uri))

    def files(self) -> list[tuple[str, Contribution]]:
        """All files of all workspaces, by key, in alphabetical order."""
        self._refresh()
        return sorted((item for index in self._indexes.values() for item in index.files.items()), key=lambda i: i[0])

    async def fresh(self, patience: float = PATIENCE) -> bool:
        """Look whether files changed, if nobody tells; wait until they are read, at most so long. Whether they are."""
        await self._prepare()
        if self._begun and self._folders and self._complete:
            pause = WATCHED_PAUSE if self.watched else max(SWEEP_PAUSE, SWEEP_SHARE * self._sweep_cost)
            if time.monotonic() - self._swept_at > pause:
                self._sweep_wanted = True
                self._go()
                if self.watched:
                    return True
        return await self.settled(patience)

    async def settled(self, patience: float = PATIENCE) -> bool:
        """Wait until nothing is being read, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._idle.wait()
        return self._idle.is_set()

    async def source(self, key: str) -> Source | None:
        """The outline of one file as it is now; None when it can be read no longer."""
        document = self._open.get(key) or self._server.documents.find(key)
        if document is None:
            path = uris.file_path(key)
            outline = None if path is None else await in_thread(lambda: self._parsed(path))
            document = self._open.get(key)  # it may have been opened meanwhile
            if document is None:
                return None if outline is None else Source(key, key, None, outline)
        return self.source_of(document.snapshot())

    def source_of(self, snapshot: Snapshot) -> Source:
        return Source(self.key_of(snapshot.uri), snapshot.uri, snapshot.version, snapshot.outline)

    def newest(self, source: Source) -> Source:
        """The same outline as its open document has it at this very moment."""
        document = self._open.get(source.key)
        return source if document is None else self.source_of(document.snapshot())

    def key_of(self, uri: str) -> str:
        """The one name of a file, for any spelling of its URI, and for a link to it once it was opened."""
        document = self._server.documents.find(uri)
        known = self._keys.get(document) if document is not None else None
        return known or uris.normal(uri)

    def is_open(self, key: str) -> bool:
        return key in self._open

    def uri_of(self, key: str) -> str:
        """As the client writes it, if it is open."""
        document = self._open.get(key)
        return document.uri if document is not None else key

    def location(self, place: Place) -> types.Location:
        """Where the title of a task or section stands."""
        found = self._look(place.key).files.get(place.key)
        line, start, end = place.entry.line, 0, 0
        if found is not None and place.entry.index < len(found):
            start, end = found.title_columns(place.entry.index, self._server.client.encoding)
        span = types.Range(types.Position(line, start), types.Position(line, end))
        return types.Location(self.uri_of(place.key), span)

    def scope_of(self, key: str) -> str:
        """The innermost workspace folder that holds it; a file in none stands for itself."""
        holding = [folder.key for folder in self._folders if key.startswith(folder.key + "/")]
        return max(holding, key=len, default=key)

    # --- being told --------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Read all files, in the background."""
        self._begun = True
        for document in self._server.documents:
            self.touched(document)
        self.use_folders()

    def use_folders(self) -> None:
        """The workspace folders are others now, or the settings say something else of what an outline is."""
        self._folders = _folders_of(self._server.folders)
        moved = [(key, found) for index in self._indexes.values() for key, found in index.files.items()]
        self._indexes.clear()
        for key, found in moved:
            if key in self._open or self.scope_of(key) != key:
                self._put(key, found)
            else:
                self._known.pop(key, None)
        if not self._begun:
            return
        if self._folders:
            self._complete = False
            self._sweep_wanted = True
            self._go()
        elif self._worker is None:
            self._complete = True
            self._idle.set()

    def use_settings(self) -> None:
        self._known.clear()  # what was no outline may be one now, and the reverse
        self._states.clear()
        self.use_folders()

    def touched(self, document: Document) -> None:
        """It was opened or changed. Called at every key."""
        self._adopt(document)
        # Nobody but another open document has a problem less or more because of this one.
        if len(self._open) > 1:
            self._tell_later()

    def closed(self, document: Document) -> None:
        """From now on the saved text counts."""
        key = self._keys.pop(document, None)
        if key is None:
            return
        self._open.pop(key, None)
        self._states.pop(key, None)
        self._prepared.discard(key)
        self._known.pop(key, None)
        path = uris.file_path(key)
        if path is None or not self._begun or self.scope_of(key) == key:
            self._put(key, None)
        else:
            self._want([path])

    def changed_on_disk(self, changed: Iterable[str], gone: Iterable[str]) -> None:
        """URIs of files or folders."""
        # What is said to be gone is, at once; whether it really is, the disk says.
        forgotten = [key for uri in gone for key in self._forget_below(uris.normal(uri).rstrip("/"))]
        self._want([path for uri in (*changed, *gone, *forgotten) if (path := uris.file_path(uri)) is not None])

    # --- open documents ----------------------------------------------------------------------------------------

    def _adopt(self, document: Document) -> str:
        key = self._keys.get(document)
        if key is None:
            key = self._keys[document] = uris.normal(document.uri)
            self._open[key] = document
            if self._folders:
                self._server.start_alone(self._find_real_key(document))
        return key

    def _refresh(self, leave_out: str | None = None, *, wait: bool = True) -> None:
        """Find out what the open documents contribute that changed since the last time.

        Without `wait` a large document that was just opened counts a little later: it is read in a thread.
        """
        began = time.monotonic()
        for document in self._server.documents:
            key, state = self._adopt(document), (document.generation, document.version)
            if key == leave_out or self._states.get(key) == state:
                continue
            if not wait and self._is_unread(key, document):
                self._server.start_alone(self._prepare())
                continue
            self._states[key] = state
            snapshot = document.snapshot()
            ours = snapshot.is_outline(self._server.settings.outline.globs)
            self._put(key, contribution(snapshot.outline) if ours else None)
            self._refresh_cost = time.monotonic() - began

    def _is_unread(self, key: str, document: Document) -> bool:
        return key not in self._prepared and document.text.line_count > LARGE

    async def _prepare(self) -> None:
        """Read large documents in a thread; what is found stays with their outlines."""
        if self._preparing:
            return
        self._preparing = True
        try:
            for document in self._server.documents:
                key = self._adopt(document)
                if self._is_unread(key, document):
                    self._prepared.add(key)
                    await in_thread(partial(contribution, document.snapshot().outline))
                    self._changed.setdefault(self.scope_of(key), set())
                    self._tell_later()
        finally:
            self._preparing = False

    async def _find_real_key(self, document: Document) -> None:
        """A document that was opened through a link is the file behind it."""
        path, folders = uris.file_path(document.uri), self._folders
        if path is None or not folders:
            return
        real = await in_thread(lambda: reading.real_key(path, folders))
        key = self._keys.get(document)
        if key in {None, real} or real in self._open:
            return
        assert key is not None
        del self._open[key]
        self._states.pop(key, None)
        self._put(key, None)
        self._keys[document], self._open[real] = real, document

    # --- saved files -------------------------------------------------------------------------------------------

    def _want(self, paths: Sequence[str]) -> None:
        if paths and self._begun and self._folders:
            self._wanted.update(paths)
            self._go()

    def _go(self) -> None:
        if self._worker is None:
            self._idle.clear()
            self._worker = self._server.start(self._work())

    async def _work(self) -> None:
        """Reads what is wanted until nothing is: there is one of it at a time."""
        progress = Progress(self._server, None, "Reading outlines")
        interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        shown = asyncio.get_running_loop().call_later(PROGRESS_AFTER, progress.begin, None)
        try:
            while self._sweep_wanted or self._wanted:
                if self._sweep_wanted:
                    self._sweep_wanted = False
                    await self._sweep(progress)
                else:
                    await self._read_wanted(progress)
        except Exception as error:  # noqa: BLE001 - the outermost frame of this work: what is known stays so
            self._server.tell_error(error)
        finally:
            sys.setswitchinterval(interval)
            shown.cancel()
            progress.end("")
            self._worker = None
            self._idle.set()

    def stop(self) -> None:
        """Read nothing more: the session ends."""
        self._begun = False
        self._idle.set()
        if self._worker is not None:
            self._worker.cancel()

    async def aclose(self) -> None:
        self.stop()
        await self._kept.aclose()

    async def _read_wanted(self, progress: Progress) -> None:
        paths, self._wanted = sorted(self._wanted), set()
        globs, seen = tuple(self._server.settings.outline.globs), set[str]()
        await self._read(reading.these(paths, self._folders, globs), progress, seen)
        for key in {reading.key_of(path) for path in paths} - seen:
            self._forget(key)

    async def _sweep(self, progress: Progress) -> None:
        if not self._loaded:
            self._loaded = True
            await self._load()
        began = time.monotonic()
        folders, globs = self._folders, tuple(self._server.settings.outline.globs)
        seen: set[str] = set()
        await self._read(reading.everything(folders, globs), progress, seen)
        if folders != self._folders:
            self._complete = not self._folders
            return  # if there are any, another look is wanted already
        held = {key for index in self._indexes.values() for key in index.files}
        for key in (held | self._known.keys()) - seen:
            self._forget(key)
        self._swept_at = time.monotonic()
        self._sweep_cost = self._swept_at - began
        if not self._complete:
            self._complete = True
            for folder in folders:
                self._changed.setdefault(folder.key, set())
            self._tell()

    async def _load(self) -> None:
        """What was known when the last session ended, to be compared with the files right after this."""
        async for part in self._kept.load(self._folders):
            for kept in part:
                if kept.key not in self._known and self.scope_of(kept.key) != kept.key:
                    self._known[kept.key] = kept.known
                    if kept.key not in self._open:
                        self._put(kept.key, kept.contribution)

    async def _read(self, work: Iterator[Found | None], progress: Progress, seen: set[str]) -> None:
        reader = Reader(work, self._known, self._server.settings.outline.max_bytes)
        while True:
            began = time.monotonic()
            part = await in_thread(reader.slice)
            seen.update(part.seen)
            self._take(part)
            if part.ended:
                return
            files = len(self._known)
            progress.report(f"{files:,} file{'s' if files != 1 else ''}")
            await asyncio.sleep(BREATH * (time.monotonic() - began))

    def _take(self, part: Slice) -> None:
        for key in part.nothing:
            self._forget(key)
        for read in part.read:
            if read.contribution is not None and not self._room_for(read.key, read.contribution):
                continue
            self._known[read.key] = read.known
            self._kept.keep(self.scope_of(read.key), read.key, read.known, read.contribution)
            if read.contribution is not None and read.key not in self._open:
                self._put(read.key, read.contribution)

    def _room_for(self, key: str, found: Contribution) -> bool:
        nodes = sum(index.node_count for index in self._indexes.values())
        if key in self._known or (len(self._known) < MAX_FILES and nodes + len(found) <= MAX_NODES):
            return True
        if not self._told_limit:
            self._told_limit = True
            self._server.warn(
                f"This workspace has more outlines than are kept in mind ({MAX_FILES:,} files, {MAX_NODES:,} tasks): "
                "the others are not found by search, references and rename. Open a smaller folder to have them all."
            )
        return False

    def _forget(self, key: str) -> None:
        """There is no saved outline of this name."""
        if self._known.pop(key, None) is not None:
            self._kept.forget(key)
        if key not in self._open:
            self._put(key, None)

    def _forget_below(self, key: str) -> list[str]:
        found = [one for one in self._known if one == key or one.startswith(key + "/")]
        for known in found:
            self._forget(known)
        return found

    def _parsed(self, path: str) -> Outline | None:
        content = outline_files.content_of(path, self._server.settings.outline.max_bytes)
        return None if content is None else parse(content.text)

    # --- the workspaces ----------------------------------------------------------------------------------------

    def _look(self, key: str) -> Index:
        """The workspace of this file, an empty one if it has none."""
        return self._indexes.get(self.scope_of(key)) or Index()

    def _put(self, key: str, found: Contribution | None) -> None:
        scope = self.scope_of(key)
        index = self._indexes.get(scope)
        if index is None:
            if found is None:
                return
            index = self._indexes[scope] = Index()
        changed = index.put(key, found)
        if not index.files:
            del self._indexes[scope]
        if changed and self._subscribers:
            self._changed.setdefault(scope, set()).update(changed)
            self._tell_later()

    def _tell_later(self) -> None:
        if self._subscribers and self._signal is None:
            pause = max(SIGNAL_PAUSE, SWEEP_SHARE * self._refresh_cost)
            self._signal = asyncio.get_running_loop().call_later(pause, self._tell)

    def _tell(self) -> None:
        if self._signal is not None:
            self._signal.cancel()
            self._signal = None
        if self._subscribers:
            self._refresh(wait=False)
        changed, self._changed = self._changed, {}
        for scope, ids in changed.items():
            for told in list(self._subscribers):
                told(IdsChanged(scope, frozenset(ids), self._complete))


def _folders_of(given: Iterable[str]) -> tuple[Folder, ...]:
    """Those that are folders of this computer."""
    folders = {
        uris.normal(uri).rstrip("/"): path.rstrip(os.sep) or os.sep
        for uri in given
        if (path := uris.file_path(uri)) is not None and os.path.isabs(path)  # noqa: PTH117 - only looks at the text
    }
    return tuple(Folder(key, path) for key, path in folders.items())
