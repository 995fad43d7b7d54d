"""The port to whoever holds the text: an LSP client, or the command line with a file.

The engine never sees positions of a protocol or paths of a disk; it holds a `Target`, which moves with the text.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Protocol

from orchestrator.outline.edits import TextEdit
from orchestrator.outline.tree import Outline, Task


@dataclass(frozen=True, slots=True)
class Place:
    """A target as it stands now: the outline of the newest text, and the task in it."""

    outline: Outline
    task: Task
    version: int | None
    """The editor's version of the text; None for a file that nobody has open."""
    ids_elsewhere: Container[str] = frozenset[str]()
    """Ids of other files of the workspace: a new id is none of them."""
    tasks_elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """An outline as it stands now."""

    outline: Outline
    version: int | None
    """The editor's version of the text; None for a file that nobody has open."""
    ids_elsewhere: Container[str] = frozenset[str]()
    """Ids of other files of the workspace: a new id is none of them."""
    tasks_elsewhere: int = 0


class Holder(Protocol):
    """One outline as a whole, held by an editor or lying in a file: what a run reads and writes.

    A run knows tasks by their ids, which it gives to those that have none.
    """

    @property
    def uri(self) -> str: ...

    @property
    def is_open(self) -> bool:
        """Whether an editor of this process has it open: then no other program writes its file."""
        ...

    async def look(self) -> View:
        """Raises FileError when it cannot be read (any more)."""
        ...

    async def apply(self, view: View, edits: tuple[TextEdit, ...], label: str) -> int | None:
        """Change the text in one undoable step, and answer its new version.

        `edits` are against `view.outline.text`. Raises EditRefusedError if the text has changed since.
        """
        ...

    def foresee(self, view: View, edits: tuple[TextEdit, ...]) -> None:
        """Another program made these edits in the text that it has open: the file will say so when it is saved."""
        ...

    def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Be told when a person may have changed the text; the answer ends that."""
        ...


class Target(Protocol):
    """One task of one outline, found again after every edit."""

    @property
    def uri(self) -> str: ...

    async def place(self) -> Place:
        """Where the task is now.

        Raises EditRefusedError when it is gone or its title is another one.
        """
        ...

    async def apply(self, place: Place, edits: tuple[TextEdit, ...], label: str) -> int | None:
        """Change the text in one undoable step, and answer its new version.

        `edits` are against `place.outline.text`. Raises EditRefusedError if the text has changed since.
        """
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """Something only a person may decide. The first choice is the careful one."""

    text: str
    choices: tuple[str, ...]


class Person(Protocol):
    async def ask(self, question: Question) -> str | None:
        """The chosen string, or None when nobody is there to ask or the question was dismissed."""
        ...
