"""The files that a task names in its field `files`, as an executor may see them.

Apart from `context`, which only reads outlines, because this reads the disk: inside the workspace only, no private
files, and bounded. What cannot be attached is said in its place, so that a model does not guess what it holds.

Invariant: no file outside the workspace and no private one is attached (test_only_files_of_the_workspace_are_attached).
Invariant: attachments are bounded (test_attachments_are_bounded).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from orchestrator.engine.context import FileBrief
from orchestrator.engine.policy import private_reason
from orchestrator.engine.workspace_files import WorkspaceFiles
from orchestrator.errors import OrchestratorError
from orchestrator.outline.fields import path_key

FILES = 12
FILE_CHARACTERS = 24_000
"""Of one file: about 6,000 tokens."""
ALL_CHARACTERS = 60_000


def attachments(field: str, uri: str, workspace: Path) -> tuple[FileBrief, ...]:
    """`field` is the value of `files`: paths, with commas, relative to the outline at `uri`. Call it in a thread."""
    return tuple(_attached(field, uri, workspace))


def _attached(field: str, uri: str, workspace: Path) -> Iterator[FileBrief]:
    names = list(dict.fromkeys(name.strip() for name in field.split(",") if name.strip()))
    folder = _folder_of(uri, workspace)
    left = ALL_CHARACTERS
    for name in names[:FILES]:
        text = _text(name, folder, workspace, max(0, min(left, FILE_CHARACTERS)))
        left -= len(text)
        yield FileBrief(name, text)
    if len(names) > FILES:
        yield FileBrief("…", f"({len(names) - FILES} more files are named and not attached)")


def _text(name: str, folder: str, workspace: Path, limit: int) -> str:
    path = path_key(f"{folder}/{name}")
    try:
        files = WorkspaceFiles(workspace)
        meant = files.locate(path)
        if reason := private_reason(path) or private_reason(meant):
            return f"(not attached: {reason})"
        content = files.read(meant)
    except OrchestratorError as error:
        return f"(not attached: {error.message})"
    if content.binary:
        return "(not attached: it is binary)"
    text = content.data.decode("utf-8", "replace")
    if len(text) > limit or not content.whole:
        return f"{text[:limit]}\n(cut here: the file has {content.size:,} bytes)"
    return text


def _folder_of(uri: str, workspace: Path) -> str:
    """Of the outline, relative to the workspace; of one that is not in it, the workspace itself."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        return ""
    folder = Path(os.path.realpath(url2pathname(unquote(parts.path)))).parent
    return folder.relative_to(workspace).as_posix() if folder.is_relative_to(workspace) else ""
