"""The command line's `Target`: one task of a file that no editor needs to have open.

Apart from the language server's editor because a file has no versions: its whole text is compared instead, and it is
written in one step, through links, with its permissions, byte order mark and line ends.

Invariant: whatever goes wrong, the file keeps its bytes (test_every_failure_leaves_the_file).
Invariant: an edit for another text than the file's is refused (test_a_changed_file_is_refused).
Invariant: of two programs that write at once, the second sees what the first wrote (test_two_writers_take_turns).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cli.selector import select
from orchestrator.engine.editor import Place
from orchestrator.engine.file_outline import AGAIN, Content, read, require_writable, write
from orchestrator.engine.outline_files import Taken
from orchestrator.errors import EditRefusedError
from orchestrator.model.safe_text import one_line
from orchestrator.outline import edits as text_edits
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Outline, Task


@dataclass(frozen=True, slots=True)
class _Anchor:
    """How to find the task again: by its id, else by where its title stands among equal ones."""

    task_id: str | None
    """None also when another task had the same: then it names neither."""
    title: str
    path: tuple[str, ...]
    """Titles from the top level down to the task."""
    ordinal: int
    """From 0, among the tasks of this very path."""
    count: int
    """How many there are: when that changes nobody can say which one was meant."""


class FileTarget:
    """`place` and `apply` read the file anew each time."""

    def __init__(self, path: Path, max_bytes: int, wanted: str, look_around: Callable[[], Taken] = Taken) -> None:
        """Finds the task that `wanted` means. Raises FileError, TaskNotFoundError, TaskAmbiguousError.

        `look_around` finds the ids of the other outlines of the workspace; called once, in a thread.
        """
        self.written = False
        """Whether our edit is in the file."""
        self._path = path
        self._max_bytes = max_bytes
        self._look_around = look_around
        self._taken: Taken | None = None
        self._outline = parse(read(path, max_bytes).text)
        self._anchor = _anchor(self._outline, select(self._outline, wanted))

    @property
    def uri(self) -> str:
        return Path(os.path.realpath(self._path)).as_uri()

    async def place(self) -> Place:
        outline = self._parsed(read(self._path, self._max_bytes).text)
        task = _find(outline, self._anchor)
        if self._taken is None:
            self._taken = await asyncio.to_thread(self._look_around)
        return Place(outline, task, None, self._taken.ids, self._taken.tasks)

    def texts(self, place: Place, edits: tuple[TextEdit, ...]) -> tuple[str, str]:
        """Of the file, before and after."""
        old = place.outline.text.string
        return old, text_edits.apply(old, edits)

    async def apply(self, place: Place, edits: tuple[TextEdit, ...], label: str) -> int | None:  # noqa: ARG002 - a file has no undo list
        after = write(self._path, self._max_bytes, place.outline.text.string, edits)
        self.written = True
        self._anchor = _anchor_after(self._parsed(after), self._anchor)
        return None

    def _parsed(self, text: str) -> Outline:
        """Parsed once for each text: a large file takes seconds, and is asked for several times."""
        if self._outline.text.string != text:
            self._outline = parse(text)
        return self._outline


def _anchor(outline: Outline, task: Task) -> _Anchor:
    path = tuple(node.title for node in outline.path(task))
    twins = _twins(outline, path)
    ordinal = next((index for index, twin in enumerate(twins) if twin.start == task.start), 0)
    alone = task.task_id is not None and len(outline.by_id(task.task_id)) == 1
    return _Anchor(task.task_id if alone else None, task.title, path, ordinal, len(twins))


def _anchor_after(outline: Outline, old: _Anchor) -> _Anchor:
    """Our own edit may have given the task its id."""
    twins = _twins(outline, old.path)
    return _anchor(outline, twins[old.ordinal]) if old.task_id is None and len(twins) == old.count else old


def _find(outline: Outline, anchor: _Anchor) -> Task:
    if anchor.task_id is not None:
        found = outline.by_id(anchor.task_id)
        if len(found) == 1 and found[0].title == anchor.title:
            return found[0]
        why = "has another title now" if len(found) == 1 else "was removed" if not found else "stands there twice now"
        raise EditRefusedError(f"“{one_line(anchor.title, 70)}” {why}.", hint=AGAIN)
    twins = _twins(outline, anchor.path)
    if len(twins) != anchor.count:
        raise EditRefusedError(f"“{one_line(anchor.title, 70)}” was moved, renamed or copied.", hint=AGAIN)
    return twins[anchor.ordinal]


def _twins(outline: Outline, path: tuple[str, ...]) -> tuple[Task, ...]:
    candidates = (task for task in outline.tasks() if task.title == path[-1])
    return tuple(task for task in candidates if tuple(node.title for node in outline.path(task)) == path)


__all__ = ["Content", "FileTarget", "read", "require_writable", "write"]
