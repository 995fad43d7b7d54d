"""The command line's `Target`: one task of a file that no editor needs to have open.

Apart from the language server's editor because a file has no versions: its whole text is compared instead, and it is
written in one step, through links, with its permissions, byte order mark and line ends.

Invariant: whatever goes wrong, the file keeps its bytes (test_every_failure_leaves_the_file).
Invariant: an edit for another text than the file's is refused (test_a_changed_file_is_refused).
Invariant: of two programs that write at once, the second sees what the first wrote (test_two_writers_take_turns).
Invariant: what an editor has open is changed there (test_splits_go_into_the_editor).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.selector import select
from orchestrator.engine.editor import Holder, Place, View
from orchestrator.engine.file_outline import AGAIN, Content, FileOutline, read, require_writable, write
from orchestrator.engine.outline_files import Taken
from orchestrator.errors import EditRefusedError
from orchestrator.model.safe_text import one_line
from orchestrator.outline import edits as text_edits
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.tree import Outline, Task

if TYPE_CHECKING:
    from orchestrator.engine.handover import ConsiderateHolder, Elsewhere

IN_EDITOR = ", in the editor that has it open: save it there"
"""Behind the name of a file whose change was made there."""


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
    """`place` and `apply` look at the file anew each time."""

    def __init__(self, path: Path, max_bytes: int, wanted: str, look_around: Callable[[], Taken] = Taken) -> None:
        """Finds the task that `wanted` means. Raises FileError, TaskNotFoundError, TaskAmbiguousError.

        `look_around` finds the ids of the other outlines of the workspace; called once, in a thread.
        """
        self.written = False
        """Whether our edit is made."""
        file = FileOutline(path, max_bytes, look_around)
        self._file: Holder = file
        self._considerate: ConsiderateHolder | None = None
        self._anchor = _anchor(file.outline, select(file.outline, wanted))

    def heed(self, elsewhere: Elsewhere) -> None:
        """Let an editor that has the file open make the change."""
        self._considerate = elsewhere.considerate(self._file)

    @property
    def holder(self) -> Holder:
        """The whole of it."""
        return self._considerate or self._file

    @property
    def in_editor(self) -> bool:
        """Whether our edit was made in an editor, which has not saved it."""
        return self._considerate is not None and self._considerate.handed_over

    @property
    def uri(self) -> str:
        return self._file.uri

    async def place(self) -> Place:
        view = await self.holder.look()
        task = _find(view.outline, self._anchor)
        return Place(view.outline, task, None, view.ids_elsewhere, view.tasks_elsewhere)

    def texts(self, place: Place, edits: tuple[TextEdit, ...]) -> tuple[str, str]:
        """Of the file, before and after."""
        old = place.outline.text.string
        return old, text_edits.apply(old, edits)

    async def apply(self, place: Place, edits: tuple[TextEdit, ...], label: str) -> int | None:
        await self.holder.apply(View(place.outline, None), edits, label)
        self.written = True
        self._anchor = _anchor_after((await self.holder.look()).outline, self._anchor)
        return None


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


__all__ = ["IN_EDITOR", "Content", "FileTarget", "read", "require_writable", "write"]
