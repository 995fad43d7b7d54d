"""`orchestrator expand IDEA --to FILE`: make an outline of one line, look at it, and write it to a new file.

Apart from `split`, whose questions and answers it shares, because there is no file before it has ended.

Invariant: a file that is there already is never changed (test_a_file_that_is_there_is_left).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from orchestrator.cli import split
from orchestrator.cli.terminal import Terminal
from orchestrator.engine.editor import Place
from orchestrator.engine.ideas import expanded, new_outline
from orchestrator.errors import FileError
from orchestrator.model.safe_text import one_line
from orchestrator.outline.edits import TextEdit


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
        self._path = path
        self._draft = new_outline(idea)
        self._require_new()

    @property
    def uri(self) -> str:
        return Path(os.path.realpath(self._path)).as_uri()

    async def place(self) -> Place:
        return Place(self._draft.outline, self._draft.task, None)

    def texts(self, place: Place, edits: tuple[TextEdit, ...]) -> tuple[str, str]:  # noqa: ARG002 - there is one place
        """Of the file, before and after."""
        return "", expanded(self._draft, edits)

    async def apply(self, place: Place, edits: tuple[TextEdit, ...], label: str) -> int | None:  # noqa: ARG002 - a file has no undo list
        content = self.texts(place, edits)[1].encode("utf-8")
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
        self.written = True
        return None

    def _require_new(self) -> None:
        if os.path.lexists(self._path):
            raise FileError(f"{one_line(str(self._path))} is there already.", hint="Name a file that is not there yet.")
