"""What a command works in: the user's folders, the settings in force for a workspace, keys and trust.

Apart from the commands because all put it together in the same order, and none may drop a note about what was left out.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli.terminal import Terminal
from orchestrator.config import Configuration, Directories, load_user
from orchestrator.engine.trust import TRUST_FILE, Trust, workspace_of, workspace_settings
from orchestrator.errors import FileError
from orchestrator.model.safe_text import one_line

if TYPE_CHECKING:
    from orchestrator.providers.keys import Keys


@dataclass(frozen=True, slots=True)
class Surroundings:
    directories: Directories
    configuration: Configuration
    trust: Trust
    workspace: Path
    """A real path."""

    def keys(self) -> Keys:
        from orchestrator.providers.keys import Keys

        return Keys.load(self.directories.config, os.environ)


def current_folder() -> Path:
    """Raises FileError when it was removed while a shell stands in it."""
    try:
        return Path.cwd()
    except OSError as error:
        raise FileError("The current folder is gone.", hint="Change to another one with `cd`.") from error


def surroundings(
    arguments: argparse.Namespace, terminal: Terminal, at: Path, command_line: dict[str, Any] | None = None
) -> Surroundings:
    """For work on the file or folder `at`. Says on stderr what of the settings was left out, and why."""
    directories = Directories.default(os.environ, data_dir=arguments.data_dir)
    trust = Trust(directories.config / TRUST_FILE)
    workspace = workspace_of(at)
    suggested = workspace_settings(workspace, trust)
    configuration = load_user(directories, os.environ, workspace=suggested.layer, command_line=command_line)
    problem = trust.problem()
    for note in (*([problem] if problem else []), *suggested.reasons, *configuration.notes):
        terminal.say(f"note: {one_line(note)}", "warning")
    return Surroundings(directories, configuration, trust, workspace)
