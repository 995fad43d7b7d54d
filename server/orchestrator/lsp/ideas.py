"""A line of an open document that is an idea and no task yet, as the engine's `Target`.

Apart from `editor`, whose way to change a document it goes: it has no node that could be found again, only its words.

Invariant: expanding is one edit, and one undo takes it back (test_an_idea_is_expanded_in_one_edit).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.engine.editor import Place
from orchestrator.engine.ideas import Draft, drafted, expanded
from orchestrator.errors import EditRefusedError
from orchestrator.lsp import convert
from orchestrator.lsp.editor import OpenTask
from orchestrator.lsp.protocol import Position, Range
from orchestrator.outline.edits import TextEdit, minimal
from orchestrator.outline.text import Encoding, Text

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server


class OpenIdea(OpenTask):
    """Found again by its words: near where it stood, else wherever they stand once."""

    def __init__(self, server: Server, snapshot: Snapshot, line: int) -> None:
        """Raises TaskNotFoundError where the line is no idea."""
        draft = drafted(snapshot.text, line)
        super().__init__(server, snapshot, draft.task, node_id=f"idea:{line}")
        self._line = line
        self._words = snapshot.text.line(line)

    def span(self, encoding: Encoding) -> Range:
        text = self._document().snapshot().text
        start, end = text.line_start(self._line), text.line_end(self._line)
        first, last = (convert.position(text, offset, encoding) for offset in (start, end))
        return Range(
            start=Position(line=first.line, character=first.character),
            end=Position(line=last.line, character=last.character),
        )

    async def place(self) -> Place:
        snapshot = self._document().snapshot()
        draft = self._draft(snapshot.text)
        return Place(draft.outline, draft.task, snapshot.version)

    async def apply(self, place: Place, edits: tuple[TextEdit, ...], label: str) -> int | None:
        snapshot = self._document().snapshot()
        draft = self._draft(snapshot.text)
        if snapshot.version != place.version or draft.outline.text.string != place.outline.text.string:
            raise EditRefusedError("The text has changed meanwhile.", hint="Try again.")
        edit = minimal(snapshot.text.string, expanded(draft, edits))
        real = Place(snapshot.outline, draft.task, snapshot.version)
        return await super().apply(real, (edit,) if edit else (), label)

    def _draft(self, text: Text) -> Draft:
        same = [line for line in range(text.line_count) if text.line(line) == self._words]
        if self._line in same:
            same = [self._line]
        if len(same) != 1:
            raise EditRefusedError(
                f"The line “{self._title}” is not in the document any more.",
                hint="Bring it back (undo), or discard the plan.",
            )
        self._line = same[0]
        return drafted(text, self._line)
