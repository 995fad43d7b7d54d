"""Which files the workspace's `.gitignore` files leave out: what is built, fetched or private to one computer.

Apart from git, which need not be there and whose settings in a strange repository may run programs. The patterns are
matched by pathspec. A pattern that takes long to match is cut short, so that it leaves out more and never less.

Invariant: the answer is git's (test_the_answer_is_gits).
Invariant: no pattern takes longer than a moment (test_a_hostile_pattern_is_quick).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.engine.workspace_files import WorkspaceFiles
from orchestrator.errors import ToolError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

NAME = ".gitignore"
MAX_BYTES = 256 * 1024
MAX_PATTERNS = 5_000
MOST_STARS = 4
"""In one pattern: the time to match grows with the length of a name to the power of this."""
_STARS = re.compile(r"\*+")


class Ignored:
    """Reads each `.gitignore` once. Make a new one for each piece of work: the files may change."""

    def __init__(self, files: WorkspaceFiles) -> None:
        self._files = files
        self._chains: dict[str, tuple[tuple[int, GitIgnoreSpec], ...]] = {}
        self._folders: dict[str, bool] = {"": False}

    def folder(self, path: str) -> bool:
        """Whether a folder is left out, and all that is in it. "." is not."""
        path = "" if path == "." else path
        if path not in self._folders:
            above = path.rpartition("/")[0]
            self._folders[path] = self.folder(above or ".") or self._says(path, above, "/")
        return self._folders[path]

    def file(self, path: str) -> bool:
        above = path.rpartition("/")[0]
        return self.folder(above or ".") or self._says(path, above, "")

    def _says(self, path: str, above: str, end: str) -> bool:
        """The deepest file that has an opinion decides, then what is only on this computer."""
        for start, spec in self._chain(above):
            if (verdict := spec.check_file(path[start:] + end).include) is not None:
                return verdict
        return False

    def _chain(self, folder: str) -> tuple[tuple[int, GitIgnoreSpec], ...]:
        """What has a say in a folder, the deepest first; each with where the paths that it speaks of begin."""
        if folder not in self._chains:
            if folder:
                outer = self._chain(folder.rpartition("/")[0])
            else:
                outside = self._outside()
                outer = ((0, outside),) if outside is not None else ()
            own = self._load(f"{folder}/{NAME}" if folder else NAME)
            self._chains[folder] = ((len(folder) + 1 if folder else 0, own), *outer) if own is not None else outer
        return self._chains[folder]

    def _outside(self) -> GitIgnoreSpec | None:
        """`.git/info/exclude` and the user's own `git/ignore`: this computer's, not the repository's."""
        base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.environ.get("HOME") or "/", ".config")  # noqa: PTH118
        own = b""
        try:
            with (Path(base) / "git" / "ignore").open("rb") as file:
                own = file.read(MAX_BYTES)
        except OSError:
            pass
        return self._load(".git/info/exclude", own + b"\n")

    def _load(self, path: str, before: bytes = b"") -> GitIgnoreSpec | None:
        try:
            found = self._files.find(path, MAX_BYTES)
        except ToolError:  # a link, a folder: git reads neither
            found = None
        return compiled((before + (found.data if found else b"")).decode("utf-8", "replace"))


def compiled(text: str) -> GitIgnoreSpec | None:
    """The patterns in a `.gitignore`'s text, None where there are none. Never raises."""
    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore import GitIgnorePatternError

    lines = [line for line in text.splitlines()[:MAX_PATTERNS] if line.strip() and not line.startswith("#")]
    kept = [quick for line in lines if (quick := _quick(line))]
    if not kept:
        return None
    try:
        return GitIgnoreSpec.from_lines(kept)
    except (GitIgnorePatternError, ValueError, re.error):
        return GitIgnoreSpec.from_lines([line for line in kept if _compiles(line)])


def _compiles(line: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True


def _quick(line: str) -> str:
    """The pattern with at most MOST_STARS stars: cut there it leaves out more. An exception that is cut goes."""
    stars = list(_STARS.finditer(line))
    if len(stars) <= MOST_STARS and len(line) <= 1_000:
        return line
    if line.startswith("!"):
        return ""
    return line[: stars[MOST_STARS - 1].end()] if len(stars) > MOST_STARS else line[:1_000] + "*"
