"""Reads outlines for the index, a slice of time at a time. Runs in a thread and holds no state of the index.

Apart from the index because it may take minutes: between two slices the event loop answers the person.

Invariant: what is read is what is on the disk, whatever it is (test_hostile_folders).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.engine import outline_files
from orchestrator.engine.outline_files import IGNORED, Found, Stamp
from orchestrator.lsp import uris
from orchestrator.outline.contribution import Contribution, contribution
from orchestrator.outline.moved import named_paths
from orchestrator.outline.parse import parse

SLICE_SECONDS = 0.030


@dataclass(frozen=True, slots=True)
class Folder:
    """A workspace folder."""

    key: str
    """Its URI in the one spelling, without a slash at the end."""
    path: str


@dataclass(frozen=True, slots=True)
class Known:
    """What was found out about a file earlier."""

    stamp: Stamp
    digest: str
    settled: bool
    """Whether the file was old enough when it was read that its stamp tells of every change since."""


@dataclass(frozen=True, slots=True)
class Read:
    key: str
    known: Known
    contribution: Contribution | None
    """None: as it was, the digest says so."""


@dataclass(slots=True)
class Slice:
    read: list[Read] = field(default_factory=list[Read])
    nothing: list[str] = field(default_factory=list[str])
    """Keys of files that are no outlines (any more)."""
    seen: list[str] = field(default_factory=list[str])
    """Keys of all files that may be outlines, the unchanged ones too."""
    ended: bool = False


class Reader:
    def __init__(self, work: Iterator[Found | None], known: Mapping[str, Known], max_bytes: int) -> None:
        """`known` is by key; it is read while the index may change it, one look-up at a time."""
        self._work = work
        self._known = known
        self._max_bytes = max_bytes

    def slice(self) -> Slice:
        """As much as fits into the time; one file at least."""
        done = Slice()
        end = time.monotonic() + SLICE_SECONDS
        for found in self._work:
            if found is not None:
                self._look(found, done)
            if time.monotonic() > end:
                return done
        done.ended = True
        return done

    def _look(self, found: Found, done: Slice) -> None:
        key = key_of(found.path)
        done.seen.append(key)
        known = self._known.get(key)
        if known is not None and known.settled and known.stamp == found.stamp:
            return
        content = outline_files.read(found, self._max_bytes)
        if content is None:
            done.nothing.append(key)
            return
        now = Known(content.stamp, content.digest, _is_settled(content.stamp))
        if known is not None and known.digest == content.digest:
            done.read.append(Read(key, now, None))
        else:
            outline = parse(content.text)
            done.read.append(Read(key, now, contribution(outline, named_paths(outline))))


def everything(folders: Sequence[Folder], globs: Sequence[str]) -> Iterator[Found | None]:
    """All that may be outlines. A folder inside another one is looked at once, as its own."""
    paths = frozenset(folder.path for folder in folders)
    for folder in folders:
        yield from outline_files.find(folder.path, globs, paths)


def these(paths: Iterable[str], folders: Sequence[Folder], globs: Sequence[str]) -> Iterator[Found | None]:
    """These files, and what is in these folders, as far as `everything` would come across them."""
    roots = frozenset(folder.path for folder in folders)
    real_roots = {root: os.path.realpath(root) for root in roots}
    for path in paths:
        root = _root_of(path, roots)
        if root is None or not IGNORED.isdisjoint(Path(path[len(root) :]).parts):
            continue
        if os.path.realpath(path) != real_roots[root] + path[len(root) :]:
            continue  # it is reached through a link
        if os.path.isdir(path):  # noqa: PTH112 - a path of bytes that are no text must stay as it is
            yield from outline_files.find(path, globs, roots)
        else:
            yield outline_files.look_at(path, globs)


def key_of(path: str) -> str:
    """The one spelling of its URI."""
    return uris.normal(uris.from_path(Path(path)))


def real_key(path: str, folders: Sequence[Folder]) -> str:
    """The key under which the walk finds this file, if it is opened through a link."""
    real = os.path.realpath(path)
    for folder in sorted(folders, key=lambda one: -len(one.path)):
        root = os.path.realpath(folder.path)
        if real.startswith(root + os.sep):
            return key_of(folder.path + real[len(root) :])
    return key_of(path)


def _root_of(path: str, roots: Iterable[str]) -> str | None:
    holding = [root for root in roots if path == root or path.startswith(root.rstrip(os.sep) + os.sep)]
    return max(holding, key=len, default=None)


def _is_settled(stamp: Stamp) -> bool:
    """A file that changed just now can change again within the same tick of its clock."""
    return time.time_ns() - stamp.modified_ns > 2_000_000_000
