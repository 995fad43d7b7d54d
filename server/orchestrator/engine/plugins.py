"""Plug-ins by entry points: found without importing them, and never loaded from inside the workspace.

Apart from executors and task types because both ask the same. Entry points come from what is installed; a workspace can
hold such an installation (an environment in the folder, a package installed from it in place), and what a repository
holds must not run because it is there.

Invariant: no module inside the workspace is imported (test_a_plugin_of_the_folder_is_never_loaded).
"""

from __future__ import annotations

import importlib.util
import os
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from orchestrator.errors import ConfigError


def load(point: EntryPoint, what: str, workspace: Path | None) -> Any:
    """What the entry point names. Raises ConfigError when it is in the workspace or cannot be loaded."""
    origin = f"plug-in {point.dist.name if point.dist else point.value}"
    if workspace is not None and (place := _place_inside(point, workspace)):
        raise ConfigError(
            f"The {what} {point.name} of {origin} is not loaded, because it lies inside the workspace ({place}).",
            hint="Install it outside the workspace.",
        )
    try:
        return point.load()
    except Exception as error:  # a plug-in may fail in any way
        raise ConfigError(
            f"The {what} {point.name} of {origin} cannot be loaded: {type(error).__name__}.",
            hint="Update or uninstall it.",
        ) from error


def _place_inside(point: EntryPoint, workspace: Path) -> str:
    """The first place of the plug-in that is in the workspace; empty when none is."""
    folder = os.path.join(os.path.realpath(workspace), "")  # noqa: PTH118 - with its separator
    return next((place for place in _places(point) if os.path.realpath(place).startswith(folder)), "")


def _places(point: EntryPoint) -> list[str]:
    found: list[str] = []
    if point.dist is not None:
        found.append(str(point.dist.locate_file("")))
    try:
        # Of the outermost package only: to look for an inner one imports those around it.
        spec = importlib.util.find_spec(point.module.partition(".")[0])
    except (ImportError, ValueError, AttributeError):
        spec = None
    if spec is not None:
        found += [spec.origin or "", *(spec.submodule_search_locations or ())]
    return [place for place in found if os.path.isabs(place)]  # noqa: PTH117 - "built-in" and "frozen" are none
