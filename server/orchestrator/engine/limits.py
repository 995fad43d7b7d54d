"""What a run may spend and do at once: the least of what its person, the settings and the file say.

Apart from `money`, which counts, because a file is written by strangers: it may say less, never more.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from orchestrator.config import Settings
from orchestrator.engine.branch import BranchRequest
from orchestrator.engine.money import Ledger, budget_of
from orchestrator.outline.tree import Outline


def ledger(request: BranchRequest, outline: Outline) -> Ledger:
    known = [amount for amount in (request.budget, _budget(outline)) if amount is not None]
    return Ledger(min(known, default=None), request.calls)


def concurrency(settings: Settings, outline: Outline) -> int:
    written = _defaults(outline).get("concurrency")
    most = settings.run.concurrency
    return min(written, most) if isinstance(written, int) and written >= 1 else most


def _budget(outline: Outline) -> Decimal | None:
    """What the front matter lets a run spend."""
    written = _defaults(outline).get("budget")
    return budget_of({"budget": str(written)}) if isinstance(written, (int, float, str)) else None


def _defaults(outline: Outline) -> Mapping[str, Any]:
    found: object = outline.front_matter.settings.get("defaults")
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}
