"""What a run may spend and do at once: the least of what its person, the settings and the file say.

Apart from `money`, which counts, because a file is written by strangers: it may say less, never more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from orchestrator.config import Settings
from orchestrator.engine.branch import BranchRequest
from orchestrator.engine.money import Ledger, accounts_of, budget_of
from orchestrator.engine.schedule import Schedule, open_segments, runnable
from orchestrator.outline.tree import Outline, Task


def ledger(request: BranchRequest, outline: Outline) -> Ledger:
    known = [amount for amount in (request.budget, _budget(outline)) if amount is not None]
    return Ledger(min(known, default=None), request.calls)


class Budgets:
    """Of branches: who pays for a task of a run. Also tasks and headings above a root have one."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._outer: dict[str, tuple[str, ...]] = {}
        """By root: accounts of what stands above it."""

    def add(self, outline: Outline, roots: Sequence[Task]) -> None:
        if any(segment.shape.fields for segment in open_segments(roots)):
            for task in runnable(roots):
                if task.fields and (limit := budget_of(task.fields)) is not None and task.task_id:
                    self._ledger.add_budget(task.task_id, limit, task.title)
        for root in roots:
            outer: list[str] = []
            for key, node in accounts_of(outline, root):
                if node is not root and (limit := budget_of(node.fields)) is not None:
                    self._ledger.add_budget(key, limit, node.title)
                    outer.append(key)
            self._outer[root.task_id or ""] = tuple(outer)

    def accounts(self, schedule: Schedule, key: str) -> tuple[str, ...]:
        """Its own, and those of all above it."""
        above = tuple(schedule.above(key))
        return (key, *above, *self._outer.get(above[-1] if above else key, ()))


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
