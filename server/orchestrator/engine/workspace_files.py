"""The one door to the files of a workspace for everything that a model asks for.

Apart from the tools because each of them needs the same care: a repository may hold links that lead out of it, a link
may appear between looking and opening, a name may be a pipe that never ends.

A link inside the workspace is followed by name first (`locate`), so that policy sees the file that is meant; then
every folder on the way and the file itself are opened without following any link. POSIX only, since only there a file
can be opened relative to an open folder.

All methods are synchronous: call them in a thread.

Invariant: no byte outside the folder is read or written, whatever links there are and whenever they appear
(test_links_lead_nowhere, test_a_link_that_appears_after_the_look_is_not_followed).
Invariant: a file is replaced only while it is what was expected (test_a_changed_file_is_not_overwritten).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from orchestrator.engine.policy import relative
from orchestrator.errors import EditRefusedError, ToolError
from orchestrator.model.safe_text import one_line

MAX_FILE_BYTES = 2_000_000
"""Larger files are named and not read: no model reads them, and no person reads their diff."""

MOST_ENTRIES = 100_000

_FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FILE_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a named pipe would wait for a writer for ever
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


@dataclass(frozen=True, slots=True)
class Content:
    """A plain file as it was read."""

    data: bytes
    mode: int
    """Permission bits."""
    size: int
    """On the disk; more than `data` where that was cut."""

    @property
    def whole(self) -> bool:
        return len(self.data) >= self.size

    @property
    def binary(self) -> bool:
        return b"\0" in self.data[:8192]


class WorkspaceFiles:
    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.realpath(folder))

    def locate(self, path: str) -> str:
        """The path that is really meant, inside links followed. Raises ToolError when it leaves the workspace."""
        wanted = relative(path)
        real = os.path.realpath(self.folder / wanted)
        if real == str(self.folder):
            return "."
        inside = os.path.join(self.folder, "")  # noqa: PTH118 - with its separator, so that /ws2 is not in /ws
        if not real.startswith(inside):
            raise ToolError(
                f"{one_line(path, 200)} is a link that leads out of the workspace.",
                hint="Only files inside the workspace can be used.",
            )
        return relative(real.removeprefix(inside).replace(os.sep, "/"))

    def read(self, path: str, limit: int = MAX_FILE_BYTES) -> Content:
        """A located path's content, at most `limit` bytes. Raises ToolError: no file, no plain one, not allowed."""
        with self._parent(path) as (parent, name):
            return self._read_at(parent, name, path, limit)

    def find(self, path: str, limit: int = MAX_FILE_BYTES) -> Content | None:
        """As `read`, but None where there is no such file."""
        try:
            return self.read(path, limit)
        except _MissingError:
            return None

    def scan(self, path: str) -> tuple[list[str], list[str]]:
        """The names of the plain files and of the folders in a located folder, sorted; links are neither.

        Of a folder with more than MOST_ENTRIES only so many: nobody reads such a list.
        """
        parts = () if path == "." else tuple(path.split("/"))
        files: list[str] = []
        folders: list[str] = []
        try:
            with self._folder(parts, path) as descriptor, os.scandir(descriptor) as entries:
                for entry in islice(entries, MOST_ENTRIES):
                    if entry.is_file(follow_symlinks=False):
                        files.append(entry.name)
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
        except OSError as error:
            raise _failure(error, path, "listed") from None
        return sorted(files), sorted(folders)

    def is_folder(self, path: str) -> bool:
        try:
            with self._folder(() if path == "." else tuple(path.split("/")), path):
                return True
        except ToolError:
            return False

    def replace(self, path: str, content: bytes, mode: int, expected: str | None) -> None:
        """Write the file in one step, if it still is `expected` (SHA-256, None: no such file).

        Raises EditRefusedError when it is not, ToolError when it cannot be written. Folders are made as needed.
        """
        with self._parent(path, create=True) as (parent, name):
            # The same name for the same work: what a kill leaves is replaced when the work is done again.
            temporary = f".{fingerprint(name.encode() + content)[:16]}.orchestrator.tmp"
            try:
                self._write_at(parent, temporary, content, mode)
                self._expect(parent, name, path, expected)
                if expected is None:  # linking fails where a file has appeared; renaming would replace it
                    os.link(temporary, name, src_dir_fd=parent, dst_dir_fd=parent, follow_symlinks=False)
                else:
                    os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
                    temporary = ""
                os.fsync(parent)
            except FileExistsError:
                raise changed(path) from None
            except OSError as error:
                raise _failure(error, path, "written") from None
            finally:
                if temporary:
                    with contextlib.suppress(OSError):
                        os.unlink(temporary, dir_fd=parent)

    def remove(self, path: str, expected: str) -> None:
        """Delete the file, if it still is `expected`. Folders that become empty stay."""
        with self._parent(path) as (parent, name):
            self._expect(parent, name, path, expected)
            try:
                os.unlink(name, dir_fd=parent)
                os.fsync(parent)
            except OSError as error:
                raise _failure(error, path, "deleted") from None

    @contextmanager
    def _parent(self, path: str, *, create: bool = False) -> Generator[tuple[int, str]]:
        if path == ".":
            raise ToolError("The workspace itself is a folder.", hint="Name a file in it.")
        *folders, name = path.split("/")
        with self._folder(tuple(folders), path, create=create) as descriptor:
            yield descriptor, name

    @contextmanager
    def _folder(self, parts: tuple[str, ...], path: str, *, create: bool = False) -> Generator[int]:
        """An open folder; each step is opened from the one before, and no link is followed."""
        if os.open not in os.supports_dir_fd:
            raise ToolError("Files cannot be opened safely on this system.", hint="Use Linux or macOS.")
        try:
            descriptor = os.open(self.folder, _FOLDER_FLAGS)
        except OSError as error:
            raise _failure(error, ".", "opened") from None
        try:
            for part in parts:
                try:
                    if create:
                        with contextlib.suppress(FileExistsError):
                            os.mkdir(part, dir_fd=descriptor)
                    below = os.open(part, _FOLDER_FLAGS, dir_fd=descriptor)
                except OSError as error:
                    raise _failure(error, path, "opened") from None
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)

    def _read_at(self, parent: int, name: str, path: str, limit: int) -> Content:
        try:
            descriptor = os.open(name, _FILE_FLAGS, dir_fd=parent)
        except OSError as error:
            raise _failure(error, path, "read") from None
        try:
            status = os.fstat(descriptor)
            if stat.S_ISDIR(status.st_mode):
                raise ToolError(f"{path} is a folder.", hint="List it, or name a file in it.")
            if not stat.S_ISREG(status.st_mode):
                raise ToolError(f"{path} is not a plain file.", hint="Only plain files can be used.")
            with open(descriptor, "rb", closefd=False) as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise _failure(error, path, "read") from None
        finally:
            os.close(descriptor)
        size = max(status.st_size, len(data))
        return Content(data[:limit], stat.S_IMODE(status.st_mode), size)

    def _expect(self, parent: int, name: str, path: str, expected: str | None) -> None:
        try:
            found: str | None = fingerprint(self._read_at(parent, name, path, MAX_FILE_BYTES).data)
        except _MissingError:
            found = None
        if found != expected:
            raise changed(path)

    @staticmethod
    def _write_at(parent: int, name: str, content: bytes, mode: int) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(name, flags, 0o600, dir_fd=parent)
        with open(descriptor, "wb", closefd=True) as file:  # noqa: PTH123 - a descriptor, no path
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode & 0o777)
            os.fsync(file.fileno())


def fingerprint(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def changed(path: str) -> EditRefusedError:
    return EditRefusedError(
        f"{one_line(path, 200)} changed since the edit was proposed, so it was not touched.",
        hint="Run the task again to propose the edit for the file as it is now.",
    )


class _MissingError(ToolError):
    """There is no such file."""


def _failure(error: OSError, path: str, what: str) -> ToolError:
    shown = one_line(path, 200)
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        # A link where a folder should be is ENOTDIR, too: it was not there when the path was located.
        return _MissingError(f"There is no {shown}.", hint="List the folder to see what there is.")
    if error.errno in {errno.ELOOP, errno.EMLINK}:
        return ToolError(f"{shown} is a link.", hint="Links are not followed; name the file itself.")
    return ToolError(f"{shown} cannot be {what} ({error.strerror}).", hint="Use another file, or ask the person.")
