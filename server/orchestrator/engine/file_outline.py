"""An outline that lies in a file: read whole, written in one step, through links, with its mode and line ends.

Apart from the command line because a run in the language server writes files too, those that no editor has open.

Invariant: whatever goes wrong, the file keeps its bytes (test_every_failure_leaves_the_file).
Invariant: an edit for another text than the file's is refused (test_a_changed_file_is_refused).
"""

from __future__ import annotations

import asyncio
import codecs
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engine import atomic_file
from orchestrator.engine.editor import View
from orchestrator.engine.outline_files import Taken
from orchestrator.errors import EditRefusedError, FileError
from orchestrator.model.safe_text import one_line
from orchestrator.outline import edits as text_edits
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.parse import parse
from orchestrator.outline.reparse import merged, reparse
from orchestrator.outline.tree import Outline

AGAIN = "Nothing was written; look at the file and run the command again."


@dataclass(frozen=True, slots=True)
class Content:
    text: str
    """Without a byte order mark: offsets count from the first character after it."""
    mark: bytes
    """The byte order mark, mostly empty."""
    mode: int
    """Permission bits."""


class FileOutline:
    """A `Holder`. `look` reads the file again only when it is another one than before."""

    def __init__(self, path: Path, max_bytes: int, look_around: Callable[[], Taken] = Taken) -> None:
        """Raises FileError.

        `look_around` finds the ids of the other outlines of the workspace; called once, in a thread.
        """
        self._path = path
        self._uri = uri_of(path)
        self._max_bytes = max_bytes
        self._look_around = look_around
        self._taken: Taken | None = None
        self._seen = self._stamp()
        self._outline = parse(read(path, max_bytes).text)

    @property
    def uri(self) -> str:
        return self._uri

    @property
    def is_open(self) -> bool:
        return False

    @property
    def outline(self) -> Outline:
        """As it was last seen."""
        return self._outline

    async def look(self) -> View:
        stamp = self._stamp()
        if stamp != self._seen:
            self._take(read(self._path, self._max_bytes).text)
            self._seen = stamp
        if self._taken is None:
            self._taken = await asyncio.to_thread(self._look_around)
        return View(self._outline, None, self._taken.ids, self._taken.tasks)

    async def apply(self, view: View, edits: tuple[TextEdit, ...], label: str) -> int | None:  # noqa: ARG002 - a file has no undo list
        after = write(self._path, self._max_bytes, view.outline.text.string, edits)
        if view.outline is self._outline:
            self._follow(edits)
        else:
            self._take(after, edits)
        self._seen = self._stamp()
        return None

    def foresee(self, view: View, edits: tuple[TextEdit, ...]) -> None:
        """Until the file is another one."""
        if view.outline is self._outline:
            self._take(text_edits.apply(view.outline.text.string, edits), edits)

    def watch(self, changed: Callable[[], None]) -> Callable[[], None]:  # noqa: ARG002 - each `look` sees for itself
        return lambda: None

    def _take(self, text: str, edits: tuple[TextEdit, ...] = ()) -> None:
        known = self._outline.text.string
        if edits and text_edits.apply(known, edits) == text:
            self._follow(edits)
        elif known != text:
            self._outline = parse(text)

    def _follow(self, edits: tuple[TextEdit, ...]) -> None:
        self._outline = reparse(self._outline, merged(self._outline.text, edits) or edits)

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            status = os.stat(self._path)  # noqa: PTH116 - asked before each task
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns


def uri_of(path: Path) -> str:
    """As every program of ours names the file, through links."""
    return Path(os.path.realpath(path)).as_uri()


def write(path: Path, max_bytes: int, expected: str, edits: Sequence[TextEdit]) -> str:
    """Edit the file in one step, if it still has the text that was expected; the text that it has now.

    Raises FileError and EditRefusedError.
    """

    def check() -> Content:
        content = read(path, max_bytes)
        if content.text != expected:
            raise EditRefusedError(f"{_name(path)} changed meanwhile.", hint=AGAIN)
        return content

    content = check()
    require_writable(path)
    after = text_edits.apply(expected, edits)
    try:
        with atomic_file.alone(path):
            atomic_file.replace(path, content.mark + after.encode("utf-8"), content.mode, before=check)
    except TimeoutError as error:
        raise EditRefusedError(f"Another program is writing {_name(path)}.", hint=AGAIN) from error
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


def _name(path: Path) -> str:
    return one_line(str(path))
