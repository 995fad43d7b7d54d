"""Which folder trust and consent of a document belong to.

Apart from `engine.trust` because an editor says what is one workspace, and may have several.

Invariant: never a folder above the workspace folder that holds the document (test_workspace_stays_in_its_folder).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from orchestrator.config import expanded
from orchestrator.engine.trust import workspace_of
from orchestrator.lsp import uris


def workspace_folder(uri: str, folders: Sequence[str]) -> Path:
    """A real path. `folders` are the URIs of the editor's workspace folders."""
    opened = [_real(path) for folder in folders if (path := uris.file_path(folder))]
    path = uris.file_path(uri)
    if path is None:
        # Not saved yet: it belongs to what the person has open, else to the person.
        return opened[0] if opened else _real(str(expanded("~")))
    document = _real(path)
    holding = [folder for folder in opened if document.is_relative_to(folder)]
    if not holding:
        return document.parent
    innermost = max(holding, key=lambda folder: len(folder.parts))
    marked = workspace_of(document)
    return marked if marked.is_relative_to(innermost) else innermost


def _real(path: str) -> Path:
    return Path(os.path.realpath(path))
