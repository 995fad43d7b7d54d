"""Lines that hold an exact text: with ripgrep where there is one, without it where there is none, with one answer.

Ripgrep only says which files to look into; the lines are read through the workspace's door and compared here. So the
answers are the same, no link is followed that appeared meanwhile, and nothing that ripgrep prints is believed.
No regular expressions: two dialects would give two answers, and a hostile one takes for ever.

Invariant: with and without ripgrep the answer is the same (test_ripgrep_and_python_find_the_same).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engine.ignored import MOST_STARS, compiled
from orchestrator.engine.tools.draft import Draft
from orchestrator.errors import ToolError

MOST_TEXTS = 16
LONGEST_TEXT = 500
MAX_BYTES = 20_000_000
"""Of one file that is searched; more of it is left alone."""
_BATCH_CHARACTERS = 60_000
"""Paths given to one ripgrep: command lines are bounded."""
_PATIENCE = 20.0
_NO_FILE_FOUND = 1
_EVERYTHING_UP_TO_HERE = 64
"""With fewer files starting a program costs more than reading them."""


@dataclass(frozen=True, slots=True)
class Matcher:
    texts: tuple[str, ...]
    ignore_case: bool
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class FoundLine:
    path: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    lines: tuple[FoundLine, ...]
    more: bool
    """There are others."""


def matcher(texts: Sequence[str], *, ignore_case: bool) -> Matcher:
    if (
        not texts
        or len(texts) > MOST_TEXTS
        or any(not text.strip("\r\n") or len(text) > LONGEST_TEXT for text in texts)
    ):
        raise ToolError(
            "There is no text to search for, or too much.",
            hint=f"Give 1 to {MOST_TEXTS} texts of at most {LONGEST_TEXT} characters.",
        )
    if any("\n" in text or "\0" in text for text in texts):
        raise ToolError("A text to search for must stand in one line.", hint="Search for a part of it.")
    if any(_lone(text) for text in texts):
        raise ToolError("A text to search for holds half a character.", hint="Search for ordinary text.")
    # Literal alternatives only: the time is bounded by the text's length.
    flags = re.IGNORECASE if ignore_case else re.NOFLAG
    if all(text.isascii() for text in texts):  # a plain “i” is not the Turkish one
        flags |= re.ASCII
    pattern = re.compile("|".join(re.escape(text) for text in texts), flags)
    return Matcher(tuple(texts), ignore_case, pattern)


def glob_matcher(glob: str) -> Callable[[str], bool]:
    stars = len(re.findall(r"\*+", glob))
    if stars > MOST_STARS or len(glob) > 200 or glob.startswith(("!", "#")) or "\n" in glob:
        raise ToolError("This pattern for files is too involved.", hint="Use one such as *.py or src/**/*.ts.")
    spec = compiled(glob)
    if spec is None:
        raise ToolError("This is no pattern for files.", hint="Use one such as *.py or src/**/*.ts.")
    return lambda path: bool(spec.check_file(path).include)


class Search:
    def __init__(self, ripgrep: Path | None) -> None:
        """`ripgrep` is an absolute path outside the workspace (`commands.find_program`), or None."""
        self._ripgrep = ripgrep

    def find(self, wanted: Matcher, paths: Sequence[str], draft: Draft, limit: int) -> Found:
        """At most `limit` lines, in the order of `paths`."""
        lines: list[FoundLine] = []
        for path in self._candidates(wanted, paths, draft):
            for line in _lines_in(path, wanted, draft):
                if len(lines) == limit:
                    return Found(tuple(lines), more=True)
                lines.append(line)
        return Found(tuple(lines), more=False)

    def _candidates(self, wanted: Matcher, paths: Sequence[str], draft: Draft) -> Iterable[str]:
        # Ignoring case is not the same everywhere beyond ASCII: there every file is read.
        plain = not wanted.ignore_case or all(text.isascii() for text in wanted.texts)
        plain = plain and not any("\N{REPLACEMENT CHARACTER}" in text for text in wanted.texts)
        if self._ripgrep is None or len(paths) <= _EVERYTHING_UP_TO_HERE or not plain:
            return paths
        drafted = {path for path in paths if draft.change(path) is not None}
        named = self._ask(wanted, [path for path in paths if path not in drafted], draft)
        return paths if named is None else [path for path in paths if path in named or path in drafted]

    def _ask(self, wanted: Matcher, paths: Sequence[str], draft: Draft) -> set[str] | None:
        """The files in which ripgrep found something; None when it failed, and all have to be read."""
        assert self._ripgrep is not None
        found: set[str] = set()
        flags = ["--no-config", "--files-with-matches", "--null", "--fixed-strings", "--text", "--no-messages"]
        flags += ["--encoding=none", "--no-ignore", "--hidden", "--no-mmap", "--color=never", "--threads=2"]
        flags += ["--ignore-case"] if wanted.ignore_case else ["--case-sensitive"]
        flags += [f"--regexp={text}" for text in wanted.texts]
        for batch in _batches(paths):
            try:
                done = subprocess.run(
                    [str(self._ripgrep), *flags, "--", *batch],
                    cwd=draft.files.folder,
                    env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    timeout=_PATIENCE,
                    check=False,
                )
            except (OSError, ValueError, subprocess.TimeoutExpired):
                return None
            if done.returncode > _NO_FILE_FOUND:
                return None
            found.update(name.decode("utf-8", "replace").removeprefix("./") for name in done.stdout.split(b"\0"))
        return found


def _lines_in(path: str, wanted: Matcher, draft: Draft) -> Iterator[FoundLine]:
    change = draft.change(path)
    try:
        if change is not None:
            text = draft.text(path)
        else:
            content = draft.files.read(path, MAX_BYTES)
            if content.binary:
                return
            text = content.data.decode("utf-8", "replace")
    except ToolError:  # gone meanwhile
        return
    if not wanted.pattern.search(text):
        return
    for number, line in enumerate(text.split("\n"), 1):
        if wanted.pattern.search(line):
            yield FoundLine(path, number, line.removesuffix("\r"))


def _batches(paths: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for path in paths:
        if batch and size + len(path) > _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
        batch.append(f"./{path}")  # never a flag; taken off again below
        size += len(path) + 3
    if batch:
        yield batch


def _lone(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
