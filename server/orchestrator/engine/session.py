"""What an edge (language server, command line) holds: settings, store, providers and the running work.

Apart from the edges so that later several windows can share one session: it knows nothing of stdio.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.config import Directories, Settings
from orchestrator.engine.editor import Person, Target
from orchestrator.engine.split import Observer, Split, SplitRequest
from orchestrator.providers.keys import Keys


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder that trust and consent belong to."""

    folder: Path
    """A real path (no links)."""


class Session:
    """Create it without awaiting anything: the store opens at first use, so that a bad store blocks no editor."""

    def __init__(self, settings: Settings, directories: Directories, keys: Keys) -> None:
        self.settings = settings
        """The user's; replaced by `configure`."""
        self.directories = directories
        self.keys = keys

    def configure(self, settings: Settings) -> None:
        """Use these from the next run on."""
        raise NotImplementedError

    async def start_split(
        self, target: Target, workspace: Workspace, request: SplitRequest, observer: Observer, person: Person
    ) -> Split:
        """Start; answers as soon as the run has an id (before the store or a model was touched).

        Raises EditRefusedError if the target is gone, ProtocolError if the same task is being split already.
        """
        raise NotImplementedError

    def split(self, run_id: str) -> Split:
        """A split of this session that has not ended. ProtocolError when there is none (any more)."""
        raise NotImplementedError

    def stop(self, run_id: str, reason: str = "user") -> None:
        """ProtocolError when there is no such run. Stopping a run that ended does nothing."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Stop everything, wait until what happened is stored, close providers and store."""
        raise NotImplementedError
