"""The settings in force: the user's own, with what the editor adds.

Apart from `config`, which knows no editor: here is who asks the client, who is told of a mistake, and what counts
until it is mended. Settings are read when first needed, never before `initialize` is answered.

Invariant: a wrong value is reported once, with its key, and what was in force stays so
(test_wrong_setting_is_reported_once).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from orchestrator.config import Configuration, Directories, Settings, load_user
from orchestrator.engine.trust import Trust, workspace_settings
from orchestrator.errors import ConfigError

SECTION = "orchestrator"
"""Of the editor's configuration."""


class SettingsInForce:
    def __init__(self, directories: Directories, tell: Callable[[str], None]) -> None:
        """`tell` shows a warning to the person."""
        self._directories = directories
        self._tell = tell
        self._told: set[str] = set()
        self._editor: Mapping[str, Any] = {}
        self._current: Settings | None = None
        self.generation = 0
        """Another number whenever something is different."""

    @property
    def current(self) -> Settings:
        """Of the user and the editor."""
        if self._current is None:
            self._current = self._load(None, Settings())
        return self._current

    def use_editor(self, values: Any) -> bool:
        """Take the editor's section; whether anything is different now."""
        before = self.current
        self._editor = _without_nulls(values) if isinstance(values, Mapping) else {}
        self._current = self._load(None, before)
        if self._current == before:
            return False
        self.generation += 1
        return True

    def of_workspace(self, folder: Path, trust: Trust) -> Settings:
        """With what the folder's own file may set, if the person allowed that."""
        read = workspace_settings(folder, trust)
        for reason in read.reasons:
            self._tell_once(reason)
        return self.current if read.layer is None else self._load(read.layer, self.current)

    def _load(self, workspace: Any, otherwise: Settings) -> Settings:
        try:
            loaded: Configuration = load_user(self._directories, os.environ, workspace=workspace, editor=self._editor)
        except ConfigError as error:
            self._tell_once(str(error))
            return otherwise
        for note in loaded.notes:
            self._tell_once(note)
        return loaded.settings

    def _tell_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._tell(text)


def _without_nulls(values: Any) -> dict[str, Any]:
    """Editors send null for what a person has not set."""
    given = cast("Mapping[str, Any]", values)
    kept: dict[str, Any] = {}
    for key, value in given.items():
        if isinstance(value, Mapping):
            if inner := _without_nulls(value):
                kept[key] = inner
        elif value is not None:
            kept[key] = value
    return kept
