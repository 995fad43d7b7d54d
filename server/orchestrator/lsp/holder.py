"""The engine's `Holder` over LSP: an outline that the client has open, or its file once it was closed.

Apart from `editor`, which follows one task, because a run reads and writes a whole outline, for longer than it is open.

Invariant: what a person has open is changed by an edit there, never on the disk behind their back
(test_a_run_writes_into_the_open_document).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.engine.editor import View
from orchestrator.engine.file_outline import FileOutline
from orchestrator.errors import EditRefusedError, FileError
from orchestrator.lsp import uris
from orchestrator.lsp.editor import change
from orchestrator.outline.edits import TextEdit

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


def canonical(uri: str) -> str:
    """The same for every way to write it, in every process: of the real file, where it is one."""
    path = uris.file_path(uri)
    return uri if path is None else Path(os.path.realpath(path)).as_uri()


class OutlineHolder:
    def __init__(self, server: Server, uri: str) -> None:
        self._server = server
        self._uri = uri
        self._canonical = canonical(uri)
        self._file: FileOutline | None = None
        self._watched: Callable[[], None] | None = None
        self._unwatch: Callable[[], None] = lambda: None

    @property
    def uri(self) -> str:
        return self._canonical

    @property
    def is_open(self) -> bool:
        return self._server.documents.find(self._uri) is not None

    async def look(self) -> View:
        document = self._server.documents.find(self._uri)
        if document is None:
            return await self._in_file().look()
        self._file = None
        self._follow()
        elsewhere = self._server.index.ids_elsewhere(self._uri)
        return View(document.snapshot().outline, document.version, elsewhere, elsewhere.task_count)

    async def apply(self, view: View, edits: tuple[TextEdit, ...], label: str) -> int | None:
        document = self._server.documents.find(self._uri)
        if (document is None) != (view.version is None):
            raise EditRefusedError("The document was opened or closed meanwhile.", hint="Try again.")
        if document is None:
            return await self._in_file().apply(view, edits, label)
        if document.version != view.version or document.text.string != view.outline.text.string:
            raise EditRefusedError("The text has changed meanwhile.", hint="Try again.")
        unwilling = await change(self._server, document, view.outline.text, edits, label)
        if unwilling is not None:
            raise unwilling.refusal()
        return document.version

    def foresee(self, view: View, edits: tuple[TextEdit, ...]) -> None:
        if self._file is not None:
            self._file.foresee(view, edits)

    def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        self._watched = changed
        self._follow()

        def end() -> None:
            self._unwatch()
            self._unwatch = lambda: None
            self._watched = None

        return end

    def _follow(self) -> None:
        """Of the document that is open now: a closed and opened one is another."""
        self._unwatch()
        self._unwatch = lambda: None
        document = self._server.documents.find(self._uri)
        if document is not None and self._watched is not None:
            self._unwatch = document.watch(self._watched)

    def _in_file(self) -> FileOutline:
        if self._file is None:
            path = uris.file_path(self._uri)
            if path is None:
                raise FileError("The document was closed and never saved.", hint="Open it again, and resume the run.")
            self._file = FileOutline(Path(path), self._server.settings.outline.max_bytes)
        return self._file
