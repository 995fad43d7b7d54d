"""What running a branch may take: calls, tokens and money, as a range. Pure, but for the price table.

Apart from `money`, which counts what is spent: this is a guess before anything is. The low end is a run in which all
goes well with short answers, the high end one in which each task is tried twice with long ones; both from the
person's own history where there is one.

Invariant: what a run takes lies in the range when every answer has a usual length (test_a_run_stays_in_its_estimate).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from orchestrator.config import Settings
from orchestrator.engine.context import as_text, build_brief
from orchestrator.engine.money import Estimate
from orchestrator.engine.schedule import runnable
from orchestrator.model.message import Role
from orchestrator.outline.tree import Outline, Task
from orchestrator.providers.prices import Prices, own_prices
from orchestrator.providers.tokens import estimate

USUAL: Mapping[str, tuple[int, int]] = {
    Role.EXECUTE.value: (60, 1_500),
    Role.VERIFY.value: (40, 300),
    Role.AGGREGATE.value: (40, 600),
    Role.DECIDE.value: (15, 60),
}
"""Tokens of a short and of a long answer, where there is no history."""
PROMPT = 450
"""Tokens of our own words in a request."""
SAMPLE = 200
"""Tasks whose briefs are measured; of more, these stand for all."""


def estimated(
    outline: Outline, roots: Sequence[Task], settings: Settings, model: str, history: Mapping[str, tuple[int, int]]
) -> Estimate:
    """`model` is `provider/model`; `history` as `Store.typical_tokens` answers it."""
    tasks = list(runnable(roots))
    step = max(1, len(tasks) // SAMPLE)
    measured = [estimate(as_text(build_brief(outline, task, siblings=False))) for task in tasks[::step]]
    context = sum(measured) // max(1, len(measured)) + PROMPT
    leaves = [task for task in tasks if not any(not child.status.settled for child in task.children)]
    parents = len(tasks) - len(leaves)
    verified = sum(bool(task.acceptance) for task in tasks) if settings.run.verify else 0
    decided = len(leaves) if settings.run.decide else 0
    short, long = _lengths(history)
    low = {Role.EXECUTE: len(leaves), Role.AGGREGATE: parents, Role.VERIFY: verified, Role.DECIDE: decided}
    high = {
        Role.EXECUTE: 2 * len(leaves),
        Role.AGGREGATE: 2 * parents,
        Role.VERIFY: 2 * verified,
        Role.DECIDE: decided,
    }
    calls = (sum(low.values()), sum(high.values()))
    written = (
        sum(count * short[role] for role, count in low.items()),
        sum(count * long[role] for role, count in high.items()),
    )
    # A verification reads the work, a parent the results of its subtasks.
    read = (calls[0] * context, calls[1] * context + high[Role.VERIFY] * long[Role.EXECUTE] + parents * 2_000)
    provider, _, name = model.partition("/")
    prices = Prices(own_prices(settings.prices)).per_million(provider, name)
    cost = None
    if prices is not None:
        million = Decimal(1_000_000)
        cost = (
            (read[0] * prices[0] + written[0] * prices[1]) / million,
            (read[1] * prices[0] + written[1] * prices[1]) / million,
        )
    return Estimate(len(tasks), calls, read, written, cost, model)


def _lengths(history: Mapping[str, tuple[int, int]]) -> tuple[dict[Role, int], dict[Role, int]]:
    found = {Role(role): history.get(role, usual) for role, usual in USUAL.items()}
    return {role: pair[0] for role, pair in found.items()}, {role: pair[1] for role, pair in found.items()}
