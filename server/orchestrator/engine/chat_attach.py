"""Files and selections that a person attaches to a message.

Apart from `attachments`, which follows a task's field and says in the place of a file why it is not there: here a
person asked for exactly this file, so what cannot be attached is refused, and nothing is sent.

Invariant: no file outside the workspace and no private one is attached, nor a selection of it
(test_only_files_of_the_workspace_are_attached_to_a_message).
Invariant: attachments of a message are bounded (test_what_is_too_large_is_not_attached).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engine.attachments import ALL_CHARACTERS, FILE_CHARACTERS, FILES
from orchestrator.engine.policy import private_reason
from orchestrator.engine.workspace_files import WorkspaceFiles
from orchestrator.errors import ToolError
from orchestrator.model.run import Attachment
from orchestrator.model.safe_text import one_line


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person chose."""

    path: str
    """Relative to the workspace, or absolute and inside it."""
    lines: tuple[int, int] | None = None
    """First and last line, from 1; None: all of it."""
    text: str | None = None
    """What stands there in an open document; None: it is read from the disk."""


def attached(wanted: Sequence[Wanted], workspace: Path) -> tuple[Attachment, ...]:
    """Call it in a thread. Raises ToolError for what may not or cannot be attached."""
    if len(wanted) > FILES:
        raise ToolError(f"{len(wanted)} files are too many for one message.", hint=f"Attach at most {FILES}.")
    files = WorkspaceFiles(workspace)
    found = tuple(_attachment(one, files) for one in wanted)
    if sum(len(one.text) for one in found) > ALL_CHARACTERS:
        raise ToolError(
            f"The attachments have more than {ALL_CHARACTERS:,} characters together.",
            hint="Attach fewer, or select the lines that matter.",
        )
    return found


def _attachment(wanted: Wanted, files: WorkspaceFiles) -> Attachment:
    path = _inside(wanted.path, files.folder)
    meant = files.locate(path)
    shown = one_line(path, 200)
    if reason := private_reason(path) or private_reason(meant):
        raise ToolError(f"{shown} is not attached: {reason}.", hint="Say in your own words what matters of it.")
    text = wanted.text
    if text is None:
        content = files.read(meant)
        if content.binary:
            raise ToolError(f"{shown} is not attached: it is binary.", hint="Attach text files only.")
        if not content.whole:
            raise _too_large(shown, content.size)
        text = content.data.decode("utf-8", "replace")
    name = path
    if wanted.lines is not None:
        first, last = wanted.lines
        name = f"{path}:{first}-{last}" if last > first else f"{path}:{first}"
        if wanted.text is None:
            text = "\n".join(text.splitlines()[first - 1 : last])
    if len(text) > FILE_CHARACTERS:
        raise _too_large(shown, len(text))
    return Attachment(name, text)


def _inside(path: str, folder: Path) -> str:
    given = Path(path)
    if given.is_absolute():
        try:
            return given.relative_to(folder).as_posix()
        except ValueError:
            try:
                return given.resolve().relative_to(folder).as_posix()
            except ValueError:
                raise ToolError(
                    f"{one_line(path, 200)} is outside the workspace.", hint="Only files inside it can be attached."
                ) from None
    return path


def _too_large(shown: str, size: int) -> ToolError:
    return ToolError(
        f"{shown} is too large to be attached ({size:,} characters; {FILE_CHARACTERS:,} are allowed).",
        hint="Select the lines that matter, and attach those.",
    )
