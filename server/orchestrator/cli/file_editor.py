"""The command line's `Target`: one task of a file that no editor needs to have open.

Apart from the language server's editor because a file has no versions: its whole text is compared instead, and it is
written in one step, through links, with its permissions, byte order mark and line ends.

Invariant: whatever goes wrong, the file keeps its bytes (test_every_failure_leaves_the_file).
Invariant: an edit for another text than the file's is refused (test_a_changed_file_is_refused).
Invariant: of two programs that write at once, the second sees what the first wrote (test_two_writers_take_turns).
"""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cli.selector import select
from orchestrator.engine import atomic_file
from orchestrator.engine.editor import Place
from orchestrator.errors import EditRefusedError, FileError
from orchestrator.model.safe_text import one_line
from orchestrator.outline import edits as text_edits
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Outline, Task

_AGAIN = "Nothing was written; look at the file and run the command again."


@dataclass(frozen=True, slots=True)
class Content:
    text: str
    """Without a byte order mark: offsets count from the first character after it."""
    mark: bytes
    """The byte order mark, mostly empty."""
    mode: int
    """Permission bits."""


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

    def __init__(self, path: Path, max_bytes: int, wanted: str) -> None:
        """Finds the task that `wanted` means. Raises FileError, TaskNotFoundError, TaskAmbiguousError."""
        self.written = False
        """Whether our edit is in the file."""
        self._path = path
        self._max_bytes = max_bytes
        self._outline = parse(read(path, max_bytes).text)
        self._anchor = _anchor(self._outline, select(self._outline, wanted))

    @property
    def uri(self) -> str:
        return Path(os.path.realpath(self._path)).as_uri()

    async def place(self) -> Place:
        outline = self._parsed(read(self._path, self._max_bytes).text)
        return Place(outline, _find(outline, self._anchor), None)

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


def write(path: Path, max_bytes: int, expected: str, edits: Sequence[TextEdit]) -> str:
    """Edit the file in one step, if it still has the text that was expected; the text that it has now.

    Raises FileError and EditRefusedError.
    """

    def check() -> Content:
        content = read(path, max_bytes)
        if content.text != expected:
            raise EditRefusedError(f"{_name(path)} changed meanwhile.", hint=_AGAIN)
        return content

    check()
    require_writable(path)
    try:
        with atomic_file.alone(path):
            content = check()
            after = text_edits.apply(content.text, edits)
            atomic_file.replace(path, content.mark + after.encode("utf-8"), content.mode, before=check)
    except TimeoutError as error:
        raise EditRefusedError(f"Another program is writing {_name(path)}.", hint=_AGAIN) from error
    except OSError as error:
        raise _unwritable(path, error.strerror or "it failed") from error
    return after


def read(path: Path, max_bytes: int) -> Content:
    """Raises FileError for all but a plain file of UTF-8 text that is not too large."""
    try:
        # Not blocking, because a named pipe would wait for a writer for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError as error:
        raise FileError(f"There is no file {_name(path)}.", hint="Check the path.") from error
    except OSError as error:
        raise FileError(f"{_name(path)} cannot be read ({error.strerror}).", hint=_CHECK) from error
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise FileError(f"{_name(path)} is a folder.", hint="Name an outline file in it.")
        if not stat.S_ISREG(status.st_mode):
            raise FileError(f"{_name(path)} is not a plain file.", hint="Name an outline file.")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise FileError(f"{_name(path)} cannot be read ({error.strerror}).", hint=_CHECK) from error
    finally:
        os.close(descriptor)
    if len(content) > max_bytes:
        raise FileError(
            f"{_name(path)} is larger than {max_bytes:,} bytes.",
            hint="Divide it into several outlines, or raise the setting outline.maxBytes.",
        )
    mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    return Content(_decoded(content[len(mark) :], path), mark, stat.S_IMODE(status.st_mode))


def require_writable(path: Path) -> None:
    """Raises FileError. Looks at the permission bits too, because the superuser may write everywhere."""
    real = Path(os.path.realpath(path))
    for place, what in ((real, "the file"), (real.parent, "its folder")):
        try:
            writable = place.stat().st_mode & 0o222 and os.access(place, os.W_OK)
        except OSError as error:
            raise _unwritable(path, error.strerror or "it failed") from error
        if not writable:
            raise _unwritable(path, f"{what} is read-only")


_CHECK = "Check that you may read it."


def _decoded(content: bytes, path: Path) -> str:
    if b"\0" in content:
        raise FileError(f"{_name(path)} is binary, or text in another encoding.", hint="Save it as UTF-8 text.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileError(f"{_name(path)} is not UTF-8 text (line {line}).", hint="Save it as UTF-8 text.") from error


def _unwritable(path: Path, why: str) -> FileError:
    return FileError(
        f"{_name(path)} cannot be written: {why}.",
        hint="Make it writable, or only look at the change (--dry-run, --diff).",
    )


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
        raise EditRefusedError(f"“{one_line(anchor.title, 70)}” {why}.", hint=_AGAIN)
    twins = _twins(outline, anchor.path)
    if len(twins) != anchor.count:
        raise EditRefusedError(f"“{one_line(anchor.title, 70)}” was moved, renamed or copied.", hint=_AGAIN)
    return twins[anchor.ordinal]


def _twins(outline: Outline, path: tuple[str, ...]) -> tuple[Task, ...]:
    candidates = (task for task in outline.tasks() if task.title == path[-1])
    return tuple(task for task in candidates if tuple(node.title for node in outline.path(task)) == path)


def _name(path: Path) -> str:
    return one_line(str(path))
