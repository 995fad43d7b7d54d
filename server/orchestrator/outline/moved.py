"""The paths that an outline names, and what becomes of them when files move: in `files` fields and in Markdown links.

Apart from `document_links`, which finds what is written, because here is decided where it leads. Paths are absolute,
with `/` between their parts, whatever the system; where a link leads on the web, or to a place in the same document,
is nobody's file.

Invariant: after the edits, and with the files at their new places, every path leads to the file that it led to before
(test_paths_lead_to_the_same_files).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from orchestrator.outline.document_links import Link, links
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.tree import Outline

_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\~#?]")
_REST = re.compile(r"[#?]")
_NOT_IN_A_LINK = re.compile(r"[\s<>()\\%#?\"\x00-\x1f\x7f]")
_NOT_IN_A_FIELD = re.compile(r"[\[\],`\\&]")


@dataclass(frozen=True, slots=True)
class Move:
    """A file, or a folder with everything in it."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class _Named:
    link: Link
    path: str
    """Relative to the outline's folder, as it is written, escapes undone."""
    rest: str
    """A place in the file, as written."""


def named_paths(outline: Outline) -> frozenset[str]:
    """The relative paths of files and folders that it names."""
    return frozenset(posixpath.normpath(named.path) for named in _named(outline))


def leads_to(outline_path: str, relative: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(outline_path), relative))


def moved(path: str, moves: Sequence[Move]) -> str:
    """Where the file is afterwards; the innermost folder that moves counts."""
    holding = [move for move in moves if path == move.old or path.startswith(move.old + "/")]
    if not holding:
        return path
    innermost = max(holding, key=lambda move: len(move.old))
    return innermost.new + path[len(innermost.old) :]


def adjusted(outline: Outline, outline_path: str, moves: Sequence[Move]) -> tuple[TextEdit, ...]:
    """The edits that keep its paths right; against the text as it is, also where the outline itself moves."""
    new_folder = posixpath.dirname(moved(outline_path, moves))
    return tuple(edit for named in _named(outline) if (edit := _edit(named, outline_path, new_folder, moves)))


def _edit(named: _Named, outline_path: str, new_folder: str, moves: Sequence[Move]) -> TextEdit | None:
    before = leads_to(outline_path, named.path)
    after = moved(before, moves)
    if after == before and new_folder == posixpath.dirname(outline_path):
        return None
    relative = posixpath.relpath(after, new_folder)
    if posixpath.normpath(named.path) == relative:
        return None
    if named.path.startswith("./") and not relative.startswith("."):
        relative = f"./{relative}"
    if named.path.endswith("/"):
        relative += "/"
    if named.link.path:
        # What a field cannot hold stays as it was: a wrong path is seen, a torn field is not understood.
        torn = _NOT_IN_A_FIELD.search(relative) or not relative.isprintable()
        return None if torn else TextEdit(named.link.start, named.link.end, relative)
    written = _NOT_IN_A_LINK.sub(lambda match: quote(match.group(), safe=""), relative)
    return TextEdit(named.link.start, named.link.end, written + named.rest)


def _named(outline: Outline) -> Iterator[_Named]:
    for link in links(outline):
        if not link.target or _ELSEWHERE.match(link.target):
            continue
        if link.path:
            yield _Named(link, link.target, "")
            continue
        rest = _REST.search(link.target)
        end = rest.start() if rest else len(link.target)
        path = unquote(link.target[:end])
        if path and "\0" not in path:
            yield _Named(link, path, link.target[end:])
