"""What a run of a branch works with, lent by its session: as for a split, and what belongs to a workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engine.split import Means


@dataclass(frozen=True, slots=True)
class BranchMeans(Means):
    trusted: Callable[[Path], bool]
    workspace_lock: Callable[[Path], asyncio.Lock]
    """Held while something is applied and verified: one for each workspace."""
