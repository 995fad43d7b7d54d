"""`orchestrator check [PATH…]`: the problems of outlines, for a person, a program or a build.

A file that is named is checked whatever its name; in a folder the outlines are looked for, by name and front matter.
The JSON is stable: fields are added, never renamed or removed, and `schema` counts breaking changes. It is described
in docs/reference/cli.md.

With `--fix` the safe fixes are made first, and what is left is shown; `--diff` shows them and writes nothing. What an
editor has open is mended there.

Invariant: what is shown is what the exit code is about (test_the_threshold_decides_both).
Invariant: words that an editor has not saved stay (test_fixes_and_imports_go_into_the_editor).
Invariant: looking for outlines ends, whatever the links, and never leaves the folder (test_links_are_not_followed).
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.cli.diff import unified
from orchestrator.cli.editors import Editors
from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.file_editor import IN_EDITOR, read, write
from orchestrator.cli.problem_formats import as_annotation, as_json, as_line
from orchestrator.cli.surroundings import surroundings
from orchestrator.cli.terminal import Style, Terminal
from orchestrator.config import OutlineFiles
from orchestrator.engine.outline_files import find, may_be_outline, taken_below
from orchestrator.engine.trust import workspace_of
from orchestrator.errors import EditRefusedError, FileError, OrchestratorError, StoreError
from orchestrator.model.safe_text import one_line
from orchestrator.outline.edits import apply
from orchestrator.outline.files import is_outline
from orchestrator.outline.fixes import fix_all
from orchestrator.outline.identity import fresh_id
from orchestrator.outline.parse import parse
from orchestrator.outline.problems import Problem, Severity, problems
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline

SCHEMA = 1
_STYLES: dict[Severity, Style] = {Severity.ERROR: "removed", Severity.WARNING: "warning"}


@dataclass(frozen=True, slots=True)
class Checked:
    name: str
    """The path as it was named, or below the folder that was."""
    text: Text
    problems: tuple[Problem, ...]
    fixed: Fixed | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    before: str
    after: str
    told: tuple[str, ...]
    """What was done, each with its line."""
    in_editor: bool = False
    """It was done in an editor that has the file open, which has not saved it."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Or not to be written."""

    name: str
    error: OrchestratorError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", metavar="PATH", type=Path, nargs="*", default=[Path()], help="outlines, and folders to find some in"
    )
    parser.add_argument(
        "--severity",
        choices=[severity.value for severity in Severity],
        default=Severity.WARNING.value,
        help="leave out what is less severe than this (default: %(default)s)",
    )
    parser.add_argument(
        "--format", choices=["text", "json", "github"], default="text", help="how to write them (default: %(default)s)"
    )
    parser.add_argument(
        "--fix", action="store_true", help="make the fixes that change nothing anybody could have meant, then check"
    )
    parser.add_argument("--diff", action="store_true", help="show what --fix would change, and write nothing")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    if arguments.diff and arguments.format != "text":
        terminal.say("orchestrator: --diff goes with --format text only.")
        return ExitCode.USAGE
    paths: list[Path] = arguments.paths
    around = surroundings(arguments, terminal, paths[0])
    settings = around.configuration.settings.outline
    threshold = Severity(arguments.severity)
    checked: list[Checked] = []
    unreadable: list[Unreadable] = []
    fixing = arguments.fix or arguments.diff
    with Editors(around.directories) if fixing else nullcontext() as editors:
        fix = None if editors is None else Fixer(settings, editors, write=not arguments.diff)
        for outcome in check(paths, settings.globs, settings.max_bytes, threshold, fix):
            if isinstance(outcome, Unreadable):
                unreadable.append(outcome)
                terminal.say(f"{one_line(outcome.name)}: {one_line(str(outcome.error))}", "warning")
                continue
            checked.append(outcome)
            if arguments.diff:
                _show_diff(terminal, outcome)
            else:
                _show(terminal, outcome, arguments.format)
    if arguments.format == "json":
        terminal.result(json.dumps(_as_json(threshold, checked, unreadable), indent=2))
    count = sum(len(outcome.fixed.told) for outcome in checked if outcome.fixed)
    if fixing:
        would = "would be " if arguments.diff else ""
        terminal.say(f"{count:,} problem{'' if count == 1 else 's'} {would}fixed")
    if not arguments.diff:
        terminal.say(_summary(checked, threshold))
    if unreadable:
        changed = all(isinstance(outcome.error, EditRefusedError) for outcome in unreadable)
        return ExitCode.CHANGED if changed else ExitCode.FILE
    if arguments.diff:
        return ExitCode.FAILED if count else ExitCode.OK
    return ExitCode.FAILED if any(outcome.problems for outcome in checked) else ExitCode.OK


class Fixer:
    """Makes the safe fixes of one file after the other. No fresh id is one that any outline of the workspace has."""

    def __init__(self, settings: OutlineFiles, editors: Editors, *, write: bool) -> None:
        self._settings = settings
        self._editors = editors
        self._max_bytes = settings.max_bytes
        self._write = write
        self._looked: set[Path] = set()
        """Workspaces whose ids are known."""
        self._workspace = Path()
        """Of the file that is being mended."""
        self._taken: set[str] = set()
        self._tasks = 0

    def fix(self, file: Path, outline: Outline) -> Fixed | None:
        """None where there is nothing to mend. Raises FileError, EditRefusedError and StoreError."""
        self._taken |= {task.task_id for task in outline.tasks() if task.task_id is not None}
        self._workspace = workspace_of(file)
        edits, told = fix_all(outline, self._new_id)
        if not edits:
            return None
        before = outline.text.string
        if not self._write:
            return Fixed(before, apply(before, edits), told)
        if self._editors.change(file, before, edits, "Mend problems"):
            return Fixed(before, apply(before, edits), told, in_editor=True)
        return Fixed(before, write(file, self._max_bytes, before, edits), told)

    def _new_id(self) -> str:
        if self._workspace not in self._looked:
            self._looked.add(self._workspace)
            found = taken_below(self._workspace, self._settings.globs, self._max_bytes)
            self._taken |= found.ids
            self._tasks += found.tasks
        made = fresh_id(self._taken, max(self._tasks, len(self._taken)))
        self._taken.add(made)
        return made


def check(
    paths: Sequence[Path], globs: Sequence[str], max_bytes: int, threshold: Severity, fixer: Fixer | None = None
) -> Iterator[Checked | Unreadable]:
    """Each file once, in the order of the paths, and within a folder by name."""
    seen: set[str] = set()
    for path in paths:
        inside = os.path.isdir(path)  # noqa: PTH112  # Path.is_dir raises for some paths
        closed: list[OSError] = []
        for file in _outlines(path, globs, closed) if inside else [path]:
            real = os.path.realpath(file)
            if real in seen:
                continue
            try:
                outline = parse(read(file, max_bytes).text)
            except FileError as error:
                seen.add(real)
                yield Unreadable(str(file), error)
                continue
            if inside and not is_outline(file.name, outline, globs):
                continue
            seen.add(real)
            fixed = None
            if fixer is not None:
                try:
                    fixed = fixer.fix(file, outline)
                except (FileError, EditRefusedError, StoreError) as error:
                    yield Unreadable(str(file), error)
                    continue
                outline = parse(fixed.after) if fixed else outline
            found = tuple(problem for problem in problems(outline) if problem.severity.rank <= threshold.rank)
            yield Checked(str(file), outline.text, found, fixed)
        for error in closed:
            message = f"This folder cannot be read ({error.strerror})."
            yield Unreadable(str(error.filename), FileError(message, hint="Check that you may open it."))


def _outlines(folder: Path, globs: Sequence[str], closed: list[OSError]) -> Iterator[Path]:
    """What may be an outline below it, found as the language server finds it."""
    for found in find(str(folder), globs, on_closed=closed.append, bounded=False):
        if found is not None and may_be_outline(found):
            yield Path(found.path)


def _show(terminal: Terminal, outcome: Checked, form: str) -> None:
    name = one_line(outcome.name)
    for told in outcome.fixed.told if outcome.fixed else ():
        terminal.say(f"{name}: {told}")
    if outcome.fixed and outcome.fixed.in_editor:
        terminal.say(f"{name} was changed{IN_EDITOR}.")
    for problem in outcome.problems if form != "json" else ():
        if form == "github":
            terminal.result(as_annotation(outcome.name, outcome.text, problem))
        else:
            terminal.result(as_line(outcome.name, outcome.text, problem), _STYLES.get(problem.severity))


def _show_diff(terminal: Terminal, outcome: Checked) -> None:
    if outcome.fixed:
        for line, style in unified(outcome.fixed.before, outcome.fixed.after, outcome.name, "fixed"):
            terminal.result(line, style)


def _as_json(threshold: Severity, checked: Sequence[Checked], unreadable: Sequence[Unreadable]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "severity": threshold.value,
        "files": [
            {
                "file": outcome.name,
                "problems": [as_json(outcome.text, problem) for problem in outcome.problems],
                **_fixed_as_json(outcome.fixed),
            }
            for outcome in checked
        ],
        "unreadable": [
            {"file": outcome.name, "message": outcome.error.message, "hint": outcome.error.hint}
            for outcome in unreadable
        ],
    }


def _fixed_as_json(fixed: Fixed | None) -> dict[str, Any]:
    return {} if fixed is None else {"fixed": list(fixed.told), "inEditor": fixed.in_editor}


def _summary(checked: Sequence[Checked], threshold: Severity) -> str:
    counts = Counter(problem.severity for outcome in checked for problem in outcome.problems)
    if not checked:
        return "No outline found. Name a file, or call it tasks.md or something.tasks.md."
    where = f"{len(checked):,} outline{'' if len(checked) == 1 else 's'}"
    if not counts:
        return f"{where}: no problem that is {threshold.value} or worse" if threshold.rank else f"{where}: no error"
    told = ", ".join(
        f"{counts[severity]:,} {severity.value}{'' if counts[severity] == 1 else 's'}"
        for severity in Severity
        if counts[severity]
    )
    return f"{where}: {told}"
