"""Which prompts there are, so that a task that names another one is underlined.

Apart from `problems`, which must answer at every key, because the names lie on the disk: they are read in a thread when
a task names one for the first time, and when a file is saved; until then nobody is told that one is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.lsp import uris
from orchestrator.lsp.threads import in_thread
from orchestrator.lsp.workspaces import workspace_folder

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


class PromptNames:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._names: Mapping[Path, frozenset[str]] = {}
        self.generation = 0
        """Another number when others are known."""

    def of(self, uri: str) -> frozenset[str] | None:
        """None while nobody knows. A prompt of a workspace counts as there, whether the workspace is trusted or not."""
        if uris.file_path(uri) is None:
            return None
        found = self._names.get(workspace_folder(uri, self._server.folders))
        if found is None:
            self._server.start_alone(self.load())
        return found

    async def load(self) -> None:
        """For all documents that are open."""
        known = [one.uri for one in self._server.documents if uris.file_path(one.uri) is not None]
        folders = {workspace_folder(uri, self._server.folders) for uri in known}
        found = await in_thread(partial(_read, self._server.directories.config, folders))
        if found == self._names:
            return
        self._names = found
        self.generation += 1
        from orchestrator.lsp.problems import told_anew

        told_anew(self._server)


def _read(config: Path, folders: set[Path]) -> dict[Path, frozenset[str]]:
    from orchestrator.engine.prompt_library import FOLDER, WORKSPACE_FOLDER
    from orchestrator.engine.prompting import built_in_names

    everywhere = {*built_in_names(), *_in(config / FOLDER)}
    return {folder: frozenset(everywhere | _in(folder.joinpath(*WORKSPACE_FOLDER))) for folder in folders}


def _in(folder: Path) -> set[str]:
    try:
        return {path.stem for path in folder.glob("*.md")}
    except OSError:
        return set()
