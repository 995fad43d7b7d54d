"""`orchestrator expand IDEA --to FILE`: make an outline of one line, look at it, and write it to a new file.

Apart from `split`, whose questions and answers it shares, because there is no file before it has ended.

Invariant: a file that is there already is never changed (test_a_file_that_is_there_is_left).
Invariant: where an editor has it open, still unsaved, it is filled there if it is empty
(test_splits_go_into_the_editor).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli import split
from orchestrator.cli.terminal import Terminal
from orchestrator.engine.editor import Place
from orchestrator.engine.ideas import expanded, new_outline
from orchestrator.errors import FileError
from orchestrator.model.safe_text import one_line
from orchestrator.outline.edits import TextEdit

if TYPE_CHECKING:
    from orchestrator.engine.handover import Elsewhere


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("idea", metavar="IDEA", help="what is to be done, in one line")
    parser.add_argument("--to", dest="file", required=True, metavar="FILE", type=Path, help="the new outline")
    parser.add_argument(
        "--recursive", type=split.levels, default=1, metavar="N", help="split the tasks too, N levels in all"
    )
    split.add_answer_arguments(parser)
    parser.set_defaults(force=True, replan=False)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    return split.run_with(arguments, terminal, IdeaTarget(arguments.file, arguments.idea))


class IdeaTarget:
    """A `Target`: a file that is to be."""

    def __init__(self, path: Path, idea: str) -> None:
        """Raises FileError when it is there already, TaskNotFoundError for an idea without words."""
        self.written = False
        self.in_editor = False
        self._elsewhere: Elsewhere | None = None
        self._path = path
        self._draft = new_outline(idea)
        self._require_new()

    def heed(self, elsewhere: Elsewhere) -> None:
        self._elsewhere = elsewhere

    @property
    def uri(self) -> str:
        return Path(os.path.realpath(self._path)).as_uri()

    async def place(self) -> Place:
        return Place(self._draft.outline, self._draft.task, None)

    def texts(self, place: Place, edits: tuple[TextEdit, ...]) -> tuple[str, str]:  # noqa: ARG002 - there is one place
        """Of the file, before and after."""
        return "", expanded(self._draft, edits)

    async def apply(self, place: Place, edits: tuple[TextEdit, ...], label: str) -> int | None:
        text = self.texts(place, edits)[1]
        change = (TextEdit(0, 0, text),)
        self.in_editor = self._elsewhere is not None and await self._elsewhere.changes(
            self.uri, "", change, label, hint="Name another file, or expand the idea there."
        )
        if not self.in_editor:
            self._write(text.encode("utf-8"))
        self.written = True
        return None

    def _write(self, content: bytes) -> None:
        try:
            with self._path.open("xb") as file:
                file.write(content)
        except FileExistsError:
            self._require_new()
            raise
        except OSError as error:
            raise FileError(
                f"{one_line(str(self._path))} cannot be written ({error.strerror}).", hint="Check its folder."
            ) from error

    def _require_new(self) -> None:
        if os.path.lexists(self._path):
            raise FileError(f"{one_line(str(self._path))} is there already.", hint="Name a file that is not there yet.")
