"""Files as a model sees them: those of the workspace that it may see, with its own proposed changes over them.

Apart from the tools because reading, searching and editing must agree about what is there. Nothing is written: the
draft ends as an `EditProposal`.

All methods that read the disk are synchronous: call them in a thread.

Invariant: what may not be read is not there, by whatever name or link (test_private_and_ignored_files_are_not_there).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.engine import policy
from orchestrator.engine.edit_proposal import EditProposal, FileChange, proposal_of
from orchestrator.engine.ignored import Ignored
from orchestrator.engine.workspace_files import MAX_FILE_BYTES, Content, WorkspaceFiles
from orchestrator.errors import ToolError
from orchestrator.model.safe_text import one_line, visible

MAX_WALKED = 50_000
"""Files and folders that one look goes through."""
WALK_SECONDS = 20.0
_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Walk:
    paths: tuple[str, ...]
    """Sorted."""
    note: str = ""
    """What was left out and why, for the model; empty when nothing was."""


class Draft:
    def __init__(self, files: WorkspaceFiles) -> None:
        self.files = files
        self._changes: dict[str, FileChange] = {}

    def record(self, changes: Iterable[FileChange]) -> None:
        """Changes as a tool answered them; a later one of a path replaces an earlier one."""
        for change in changes:
            self._changes[change.path] = change

    def clear(self) -> None:
        """What was proposed has been written, or was refused: the files on the disk count again."""
        self._changes.clear()

    def proposal(self) -> EditProposal:
        return proposal_of(self._changes.values())

    def change(self, path: str) -> FileChange | None:
        """What is proposed for a located path so far."""
        return self._changes.get(path)

    def locate(self, path: str) -> str:
        """Where it really is, if a model may know. Raises ToolError."""
        found = self.files.locate(path)
        if why := policy.private_reason(found):
            raise ToolError(f"{one_line(path, 200)} cannot be used: {why}.", hint="Do the task without it.")
        return found

    def readable(self, path: str) -> str:
        """As `locate`, for a file that is to be read. Files that `.gitignore` leaves out are not there."""
        found = self.locate(path)
        if found not in self._changes and Ignored(self.files).file(found):
            raise ToolError(
                f"{one_line(path, 200)} cannot be used: .gitignore leaves it out.", hint="Do the task without it."
            )
        return found

    def text(self, path: str) -> str:
        """The whole text of a readable path. Raises ToolError: none, binary, too large."""
        change = self._changes.get(path)
        if change is not None:
            if change.after is None:
                raise ToolError(f"{path} is deleted in your proposal.", hint="Create it again if you need it.")
            return change.after
        return decoded(self.files.read(path), path)

    def exists(self, path: str) -> bool:
        change = self._changes.get(path)
        return change.after is not None if change is not None else self.files.find(path, 0) is not None

    def walk(self, start: str) -> Walk:
        """Every file below a folder that a model may see. Raises ToolError when there is no such folder."""
        start = self.locate(start)
        ignored = Ignored(self.files)
        if start != "." and ignored.folder(start):
            raise ToolError(f"{start} cannot be used: .gitignore leaves it out.", hint="Do the task without it.")
        inside = "" if start == "." else f"{start}/"
        if not self.files.is_folder(start) and not any(path.startswith(inside) for path in self._changes):
            raise ToolError(f"There is no folder {start}.", hint="List the workspace to see what there is.")
        found, note = self._walk_disk(start, ignored)
        for path, change in self._changes.items():
            if path.startswith(inside):
                found.discard(path)
                if change.after is not None:
                    found.add(path)
        return Walk(tuple(sorted(found)), note)

    def _walk_disk(self, start: str, ignored: Ignored) -> tuple[set[str], str]:
        found: set[str] = set()
        waiting = [start] if self.files.is_folder(start) else []
        deadline = time.monotonic() + WALK_SECONDS
        seen = odd = 0
        while waiting:
            folder = waiting.pop()
            try:
                files, folders = self.files.scan(folder)
            except ToolError:  # gone meanwhile, or not ours to read
                continue
            seen += len(files) + len(folders)
            for name in files:
                path = name if folder == "." else f"{folder}/{name}"
                if visible(name) != name:
                    odd += 1
                elif not policy.private_name(name) and not ignored.file(path):
                    found.add(path)
            for name in reversed(folders):
                path = name if folder == "." else f"{folder}/{name}"
                if visible(name) != name:
                    odd += 1
                elif path.count("/") < _DEEPEST and not policy.private_name(name) and not ignored.folder(path):
                    waiting.append(path)
            if seen > MAX_WALKED or time.monotonic() > deadline:
                return found, f"only the first {len(found):,} files were looked at; name a folder to see others"
        return found, f"{odd} names with characters that cannot be seen were left out" if odd else ""


def decoded(content: Content, path: str) -> str:
    """The text of a file that a model may edit. Raises ToolError for what is no text or too much of it."""
    if content.binary:
        raise ToolError(f"{path} is a binary file ({content.size:,} bytes).", hint="Only text files can be used.")
    if not content.whole:
        raise ToolError(
            f"{path} has {content.size:,} bytes; at most {MAX_FILE_BYTES:,} can be used.", hint="Search in it instead."
        )
    try:
        return content.data.decode()
    except UnicodeDecodeError:
        raise ToolError(
            f"{path} is not UTF-8 text, so it cannot be changed exactly.", hint="Read it, or ask the person."
        ) from None
