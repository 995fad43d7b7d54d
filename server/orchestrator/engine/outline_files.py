"""Find and read the outlines below a folder. Looks at a disk, so it runs in a thread.

Apart from the index, which holds what was found, because the disk does as it likes: files vanish while they are read,
links go in circles, a "file" is a pipe, names are no text. None of that is an error here; what cannot be read is no
outline.

Invariant: nothing outside the folder is read, and no link is followed (test_links_are_not_followed).
Invariant: whatever the disk does, nothing is raised (test_hostile_folders, test_files_that_vanish).
"""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.outline.files import HEAD_CHARACTERS, SUFFIXES, is_named, says_so

IGNORED = frozenset(
    (".git", ".hg", ".svn", ".jj", "node_modules", ".venv", "__pycache__", ".tox", ".nox", ".mypy_cache", ".ruff_cache")
)
"""Folders that hold nothing that a person plans in."""
MARKED_AS_NOT_OURS = frozenset(("pyvenv.cfg", "CACHEDIR.TAG"))
"""A folder that holds such a file is a virtual environment or a cache."""
MAX_DEPTH = 64
MAX_ENTRIES = 500_000
"""Files and folders that are looked at below one folder."""

LOOKING_SECONDS = 2.0
"""How long `taken_below` may take."""

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells, without reading it, that a file is as it was."""

    modified_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class Found:
    path: str
    stamp: Stamp
    named: bool
    """Its name says that it is an outline; else its front matter may."""


@dataclass(frozen=True, slots=True)
class Content:
    text: str
    """Without a byte order mark, as an editor shows it."""
    stamp: Stamp
    digest: str


def find(
    folder: str,
    globs: Sequence[str],
    leave_out: Container[str] = (),
    on_closed: Callable[[OSError], None] = lambda _error: None,
    *,
    bounded: bool = True,
) -> Iterator[Found | None]:
    """What may be an outline, in alphabetical order; None now and then, when there was nothing for a while.

    `leave_out` are paths of folders that somebody else looks at; `on_closed` is told of those that cannot be read.
    `bounded`: not everything of a huge folder, since nobody asked for it.
    """
    most, deepest = (MAX_ENTRIES, MAX_DEPTH) if bounded else (sys.maxsize, sys.maxsize)
    waiting = [(folder, 0)]
    seen = 0
    while waiting:
        here, depth = waiting.pop()
        entries = _entries(here, most - seen, on_closed)
        seen += len(entries)
        yield None
        if depth and not MARKED_AS_NOT_OURS.isdisjoint(entry.name for entry in entries):
            continue
        below: list[tuple[str, int]] = []
        for entry in entries:
            if _is_folder(entry):
                if depth < deepest and entry.name not in IGNORED and entry.path not in leave_out:
                    below.append((entry.path, depth + 1))
            elif (found := _candidate(entry, globs)) is not None:
                yield found
        waiting += reversed(below)


def look_at(path: str, globs: Sequence[str]) -> Found | None:
    """One file, if it may be an outline; None also when it is not there."""
    name = os.path.basename(path)  # noqa: PTH119 - a path of bytes that are no text must stay as it is
    named = is_named(name, globs)
    if not named and not name.lower().endswith(SUFFIXES):
        return None
    try:
        status = os.lstat(path)
    except (OSError, ValueError):
        return None
    return Found(path, _stamp(status), named) if stat.S_ISREG(status.st_mode) else None


def read(found: Found, max_bytes: int) -> Content | None:
    """The text of an outline; None for what is none, is larger, is no UTF-8 text, or is not there any more."""
    return content_of(found.path, max_bytes) if may_be_outline(found) else None


def may_be_outline(found: Found) -> bool:
    """By its name, or because it starts as an outline does: nobody's large log is read to the end."""
    return found.named or _head_says_so(found.path)


def content_of(path: str, max_bytes: int) -> Content | None:
    """The text of a plain file; None where `read` answers None, whatever its name and head say."""
    try:
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > max_bytes:
            return None
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(max_bytes + 1)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    if len(data) > max_bytes or b"\0" in data[:8192]:
        return None
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return Content(text, _stamp(status), hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Taken:
    """The ids of other files, for whoever makes a new one without an index."""

    ids: frozenset[str] = frozenset()
    tasks: int = 0


def taken_below(folder: Path, globs: Sequence[str], max_bytes: int, besides: Path | None = None) -> Taken:
    """What outlines below a folder have, but for one file, as far as it is found within a second or two.

    Looks at lines instead of parsing: an id too many is no harm.
    """
    end = time.monotonic() + LOOKING_SECONDS
    left_out = None if besides is None else os.path.realpath(besides)
    ids: set[str] = set()
    tasks = 0
    for found in find(os.path.realpath(folder), globs):
        if time.monotonic() > end:
            break
        if found is None or found.path == left_out:
            continue
        content = read(found, max_bytes)
        if content is not None:
            ids.update(_ID_AT_END.findall(content.text))
            tasks += len(_BOX.findall(content.text))
    return Taken(frozenset(ids), tasks)


_ID_AT_END = re.compile(r"[ \t]\^([A-Za-z0-9-]+)[ \t]*$", re.MULTILINE)
_BOX = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[.\](?=\s)", re.MULTILINE)


def _entries(folder: str, most: int, on_closed: Callable[[OSError], None]) -> list[os.DirEntry[str]]:
    found: list[os.DirEntry[str]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if len(found) >= most:
                    break
                found.append(entry)
    except OSError as error:
        on_closed(error)  # what was found until then counts
    except ValueError:
        pass
    return sorted(found, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False) and not _is_junction(entry)
    except OSError:
        return False


def _is_junction(entry: os.DirEntry[str]) -> bool:
    """Windows' other kind of link; Python 3.11 does not know it."""
    attributes: int = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0) if os.name == "nt" else 0
    return bool(attributes & getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0))


def _candidate(entry: os.DirEntry[str], globs: Sequence[str]) -> Found | None:
    named = is_named(entry.name, globs)
    if not named and not entry.name.lower().endswith(SUFFIXES):
        return None
    try:
        if not entry.is_file(follow_symlinks=False):
            return None
        return Found(entry.path, _stamp(entry.stat(follow_symlinks=False)), named)
    except OSError:
        return None


def _head_says_so(path: str) -> bool:
    """Reads three bytes of most files."""
    try:
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError):
        return False
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return False
        start = os.read(descriptor, 6)
        if not start.removeprefix(codecs.BOM_UTF8).startswith(b"---"):
            return False
        with open(descriptor, "rb", closefd=False) as file:
            head = start + file.read(HEAD_CHARACTERS * 4)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return says_so(head.decode("utf-8", "replace"))


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_mtime_ns, status.st_size)
