"""Between the engine's plans and the ghosts that a client shows.

Apart from `splits` because it is a pure conversion, with limits that a hostile answer of a model must not break.

Invariant: a plan that became ghosts and comes back unchanged is the same plan (test_ghosts_round_trip).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.engine.changes import Change, ChangeKind
from orchestrator.engine.proposal import Proposal
from orchestrator.errors import ProtocolError
from orchestrator.lsp.protocol import GhostTask, PlanChange, SplitDecision
from orchestrator.model.safe_text import one_line
from orchestrator.model.task import MODES, Plan, PlannedTask

MAX_TITLE = 1000
MAX_BODY = 20_000
MAX_NAME = 64
"""As in `protocol.GhostTask`."""
LISTED_TITLE = 100
"""Characters of a title in a list that a message shows."""


def ghosts(
    plan: Plan | None, asks: Mapping[tuple[int, ...], str] | None = None, path: tuple[int, ...] = ()
) -> list[GhostTask]:
    """`asks` is what the ghost at each path asks a person for."""
    if plan is None:
        return []
    asks = asks or {}
    return [
        GhostTask(
            # While an answer streams, a title may still be missing.
            title=task.title[:MAX_TITLE] or "…",
            description=task.description[:MAX_BODY],
            acceptance=task.acceptance[:MAX_BODY],
            depends_on=list(task.depends_on),
            mode=task.mode if task.mode in MODES else "",  # pyright: ignore[reportArgumentType] - one of the literals
            executor=task.executor[:MAX_NAME],
            asks=asks.get((*path, index), ""),
            ordered=task.plan is not None and task.plan.ordered,
            children=ghosts(task.plan, asks, (*path, index)),
        )
        for index, task in enumerate(plan.tasks)
    ]


def plan_of(children: Sequence[GhostTask], ordered: bool, source: str) -> Plan:
    """Raises ProtocolError for a dependency on a later sibling, or on itself."""
    return Plan(
        tuple(_planned(task, index, source) for index, task in enumerate(children)), ordered=ordered, source=source
    )


def _planned(task: GhostTask, index: int, source: str) -> PlannedTask:
    if any(other >= index for other in task.depends_on):
        raise ProtocolError(
            f"Subtask {index + 1} depends on a later one.",
            hint="`dependsOn` names indexes of earlier siblings, from 0.",
        )
    return PlannedTask(
        title=task.title,
        description=task.description,
        acceptance=task.acceptance,
        depends_on=tuple(task.depends_on),
        mode=task.mode,
        executor=task.executor,
        plan=plan_of(task.children, task.ordered, source) if task.children else None,
    )


def plan_changes(changes: Sequence[Change]) -> list[PlanChange]:
    return [
        PlanChange(
            op=change.kind.value,  # pyright: ignore[reportArgumentType] - `keep` is never among them
            id=change.ref,
            was=change.was,
            title=change.task.title[:MAX_TITLE],
            description=change.task.description[:MAX_BODY],
            acceptance=change.task.acceptance[:MAX_BODY],
            reason=change.reason,
            under=change.under,
        )
        for change in changes
    ]


def decision_report(proposal: Proposal) -> SplitDecision | None:
    if proposal.decision is None:
        return None
    return SplitDecision(
        verdict=proposal.decision.verdict.value,
        reason=proposal.decision.reason,
        chance=proposal.decision.chance,
        expected_usd=None if proposal.expected is None else float(proposal.expected),
    )


def listing_of(proposal: Proposal) -> Iterator[str]:
    """Lines for a client without ghosts."""
    if not proposal.changes:
        yield from listing(proposal.plan)
    for change in proposal.changes:
        was, title = one_line(change.was, LISTED_TITLE), one_line(change.task.title, LISTED_TITLE)
        match change.kind:
            case ChangeKind.OBSOLETE:
                yield f"- obsolete: {was}"
            case ChangeKind.EDIT:
                yield f"~ {was}" + (f" → {title}" if title and title != was else ": its text")
            case _:
                yield f"+ {title}"


def listing(plan: Plan, indent: str = "") -> Iterator[str]:
    """Lines for a client without ghosts."""
    for number, task in enumerate(plan.tasks, start=1):
        marker = f"{number}." if plan.ordered else "-"
        yield f"{indent}{marker} {one_line(task.title, LISTED_TITLE)}"
        if task.plan is not None:
            yield from listing(task.plan, indent + "   ")
