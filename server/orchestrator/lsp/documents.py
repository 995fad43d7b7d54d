"""The open documents: our own text sync, in place of pygls'.

Apart from pygls because its documents split lines where LSP does not, and rebuild the whole text at every change.
A document holds its text at the newest version and parses it when somebody asks; what an answer is computed from is a
`Snapshot`, which later changes do not touch.

Invariant: no notification raises, whatever a client sends: unknown documents are ignored, places outside the text
mean its nearest place, versions are taken as they come (test_sync_never_raises).
Invariant: a node keeps its id while text around it changes, also when nobody asked in between, and when the document
is closed and opened again (test_identities_survive_unparsed_changes, test_identities_survive_closing).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from orchestrator.errors import DocumentClosedError, FileError, TaskNotFoundError
from orchestrator.lsp import uris
from orchestrator.lsp.changes import Batch
from orchestrator.outline import edits as edits_of
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.text import Encoding, Text

if TYPE_CHECKING:
    from orchestrator.outline.identity import Identities
    from orchestrator.outline.problems import Check, Problem
    from orchestrator.outline.tree import Node, Outline

NO_LIMIT = 1 << 62
SCATTERED = 100_000
"""Edits that may be gone through to place changes among them before what there is so far is read: some 50 ms."""
REMEMBERED = 32
"""Closed documents whose node ids are kept, for when they are opened again."""

_generations = count(1)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A document as it was at one version."""

    uri: str
    """As the client writes it."""
    version: int
    text: Text
    outline: Outline
    """Of an empty text, if the document is too large (`outline.maxBytes`)."""
    identities: Identities
    document: Document = field(repr=False)
    """Which may have a newer version by now."""

    def problems(self) -> tuple[Problem, ...]:
        """In document order."""
        check = self.document.check()
        if check.outline is self.outline:
            return check.problems()
        from orchestrator.outline.problems import problems

        return problems(self.outline)

    def is_outline(self, globs: Sequence[str]) -> bool:
        from orchestrator.outline.files import is_outline

        if self.uri.startswith("orchestrator:"):  # conversations and other documents of ours
            return False
        if "/.orchestrator/prompts/" in self.uri:
            return False
        return is_outline(uris.document_name(self.uri), self.outline, globs)

    def node(self, node_id: str) -> Node:
        """Raises TaskNotFoundError."""
        found = self.identities.node_of(node_id)
        if found is None:
            raise TaskNotFoundError("This task is not in the outline any more.", hint="Choose it again.")
        return found


@dataclass(frozen=True, slots=True)
class _Analysis:
    outline: Outline
    identities: Identities
    complete: bool
    """False for a document that is too large."""


class Document:
    def __init__(self, uri: str, version: int, string: str) -> None:
        self.uri = uri
        self.version = version
        self.text = Text(string)
        self.limit = NO_LIMIT
        """Characters from which on the text is not read as an outline."""
        self.generation = next(_generations)
        """Another one each time it is opened: versions start anew then."""
        self.kept: dict[str, Any] = {}
        """What features keep of their last answers, by method."""
        self._analysis: _Analysis | None = None
        self._pending = Batch()
        self._check: Check | None = None
        self._watchers: list[Callable[[], None]] = []

    def reopen(self, uri: str, version: int, string: str) -> None:
        """Opened once more; nodes of what stayed the same keep their ids."""
        self.uri = uri
        self.version = version
        self.generation = next(_generations)
        if edit := edits_of.minimal(self.text.string, string):
            self._pending.add(edit)
        self.text = Text(string)
        self._tell()

    def change(
        self,
        version: int,
        changes: Sequence[types.TextDocumentContentChangeEvent],
        encoding: Encoding,
    ) -> None:
        """Each change is against the text after the one before."""
        for change in changes:
            if isinstance(change, types.TextDocumentContentChangePartial):
                self._change_part(change, encoding)
            else:
                if edit := edits_of.minimal(self.text.string, change.text):
                    self._pending.add(edit)
                self.text = Text(change.text)
        self.version = version
        self._tell()

    def _change_part(self, change: types.TextDocumentContentChangePartial, encoding: Encoding) -> None:
        start = self.text.offset(change.range.start.line, change.range.start.character, encoding)
        end = self.text.offset(change.range.end.line, change.range.end.character, encoding)
        start, end = min(start, end), max(start, end)
        self._pending.add(TextEdit(start, end, change.text))
        self.text = self.text.replace(start, end, change.text)
        if self._pending.looked_at > SCATTERED:
            self._analyse()

    def snapshot(self) -> Snapshot:
        analysis = self._analyse()
        return Snapshot(self.uri, self.version, self.text, analysis.outline, analysis.identities, self)

    def check(self) -> Check:
        """The problems of the newest text, found by going on from those of the text before it."""
        outline = self._analyse().outline
        if self._check is None:
            # Here and not at the top, as the parser below.
            from orchestrator.outline.problems import Check

            self._check = Check(outline)
        elif self._check.outline is not outline:
            self._check.after(outline)
        return self._check

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Be told of every change and of the closing; the answer ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def closed(self) -> None:
        self._tell()

    def _tell(self) -> None:
        for watcher in list(self._watchers):
            watcher()

    def _analyse(self) -> _Analysis:
        known = self._analysis
        edits = () if known is None else self._pending.edits
        readable = len(self.text) <= self.limit
        if known is not None and not edits and known.complete == readable:
            return known
        # Here and not at the top: the parser is not needed before `initialize` is answered.
        from orchestrator.outline.identity import Identities
        from orchestrator.outline.parse import parse
        from orchestrator.outline.reparse import reparse

        if known is not None and known.complete and readable:
            outline = reparse(known.outline, edits)
            self.text = outline.text  # the same text; it must not be kept twice
        else:
            outline = parse(self.text if readable else "")
            self._check = None
        self._analysis, self._pending = _Analysis(outline, Identities(outline), readable), Batch()
        return self._analysis


class Documents:
    """All open documents, found by any spelling of their URI."""

    def __init__(self) -> None:
        self._limit = NO_LIMIT
        self._open: dict[str, Document] = {}
        self._closed: dict[str, Document] = {}
        """The most recently closed last."""

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._open.values()))

    def use_limit(self, characters: int) -> None:
        self._limit = characters
        for document in self._open.values():
            document.limit = characters

    def open(self, uri: str, version: int, string: str) -> Document:
        """Also when it is open already: then the newer text counts."""
        key = uris.normal(uri)
        known = self._open.get(key) or self._closed.pop(key, None)
        document = known or Document(uri, version, string)
        document.limit = self._limit
        self._open[key] = document
        if known:
            known.reopen(uri, version, string)
        return document

    def close(self, uri: str) -> Document | None:
        key = uris.normal(uri)
        document = self._open.pop(key, None)
        if document is None:
            return None
        self._closed[key] = document
        for oldest in list(self._closed)[:-REMEMBERED]:
            del self._closed[oldest]
        document.closed()
        return document

    def find(self, uri: str) -> Document | None:
        return self._open.get(uris.normal(uri))

    def get(self, uri: str) -> Document:
        """Raises FileError when it is not open, and DocumentClosedError when it was a moment ago."""
        document = self.find(uri)
        if document is None and uris.normal(uri) in self._closed:
            raise DocumentClosedError("This document was closed meanwhile.", hint="Open it and try again.")
        if document is None:
            raise FileError("This document is not open in the editor.", hint="Open it and try again.")
        return document

    def snapshot(self, uri: str) -> Snapshot:
        return self.get(uri).snapshot()
