"""A document in memory that a person can type in while a split runs: the engine's `Target` without an editor."""

from __future__ import annotations

from orchestrator.engine.editor import Place, Question
from orchestrator.errors import EditRefusedError
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.identity import Identities
from orchestrator.outline.parse import parse
from orchestrator.outline.reparse import reparse
from orchestrator.outline.tree import Task


class TextDocument:
    def __init__(self, text: str) -> None:
        self.outline = parse(text)
        self.identities = Identities(self.outline)
        self.version = 1
        self.history: list[str] = []
        """Texts before each edit that a split made: what one undo brings back."""

    @property
    def text(self) -> str:
        return self.outline.text.string

    def type(self, old: str, new: str) -> None:
        """As a person: replace the first `old`."""
        start = self.text.index(old)
        self._change((TextEdit(start, start + len(old), new),))

    def target(self, title: str) -> TextTarget:
        task = next(task for task in self.outline.tasks() if task.title == title)
        return TextTarget(self, self.identities.id_of(task), title)

    def write(self, edits: tuple[TextEdit, ...]) -> int:
        self.history.append(self.text)
        self._change(edits)
        return self.version

    def _change(self, edits: tuple[TextEdit, ...]) -> None:
        self.outline = reparse(self.outline, edits)
        self.identities = Identities(self.outline)
        self.version += 1


class TextTarget:
    uri = "file:///plan.tasks.md"

    def __init__(self, document: TextDocument, node_id: str, title: str) -> None:
        self.document = document
        self.node_id = node_id
        self.title = title
        self.typing_before_apply: list[tuple[str, str]] = []
        """What the person types between the computation of an edit and its application, one item for each try."""

    async def place(self) -> Place:
        node = self.document.identities.node_of(self.node_id)
        if not isinstance(node, Task) or node.title != self.title:
            raise EditRefusedError(f"“{self.title}” is gone.", hint="Split it again.")
        return Place(self.document.outline, node, self.document.version)

    async def apply(self, place: Place, edits: tuple[TextEdit, ...], label: str) -> int | None:
        if self.typing_before_apply:
            self.document.type(*self.typing_before_apply.pop(0))
        if place.version != self.document.version:
            raise EditRefusedError("The text has changed.", hint="Try again.")
        assert label
        return self.document.write(edits)


class ScriptedPerson:
    """Answers questions in the order given; None when it has no answer left."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.questions: list[Question] = []

    async def ask(self, question: Question) -> str | None:
        self.questions.append(question)
        return self.answers.pop(0) if self.answers else None
