"""A run goes on: what the journal says of it is taken up before its next task starts.

Apart from `beginning`, because nothing is asked and nothing refused again: that was settled when it began.

Invariant: what failed is not tried again by going on, unless its person set it back
(test_what_failed_is_not_tried_again_by_going_on).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.engine.beginning import Roots
from orchestrator.engine.money import accounts_of, limit_of
from orchestrator.engine.schedule import End
from orchestrator.errors import TaskError
from orchestrator.model.run import Attempt, AttemptState, Run
from orchestrator.model.task import Status
from orchestrator.outline.tree import Outline, Task
from orchestrator.providers.prices import price_from

if TYPE_CHECKING:
    from orchestrator.engine.run import BranchRun


async def go_on(run: BranchRun, resumed: Run) -> None:
    """The session has claimed it. What waits to be written comes first, so that the text says what is done."""
    store = run.store
    for entry in await store.outbox(run.holder.uri):
        run.marks.put(entry)
    await run.marks.flush()
    outline = (await run.holder.look()).outline
    attempts = await store.attempts(run.run_id)
    for attempt in attempts:
        if attempt.state is AttemptState.COMPLETED and attempt.task_id:
            run.crew.fresh[attempt.task_id] = attempt.result
    named = [str(root) for root in resumed.request.get("roots", ())]
    roots = [found[0] for root in named if len(found := outline.by_id(root)) == 1]
    if not roots:
        raise TaskError("The tasks of this run are not in the outline any more.", hint="Start a new run.")
    run.roots = Roots(roots)
    run.plan(outline, roots, done=_done(roots, attempts))
    run.crew.stored = {
        attempt.task_id: attempt for attempt in attempts if attempt.ended is None and attempt.task_id is not None
    }
    _keep_failed(run, outline, attempts)
    for attempt_id, said in await store.corrections(run.run_id):
        run.said.setdefault(attempt_id, []).append(said)
    await _count_spent(run, outline)


def _done(roots: Sequence[Task], attempts: Sequence[Attempt]) -> list[Task]:
    """What this run has completed already: part of it as a person counts, and nothing that is left to do."""
    completed = {attempt.task_id for attempt in attempts if attempt.state is AttemptState.COMPLETED}
    found: list[Task] = []
    waiting = list(reversed(roots))
    while waiting:
        task = waiting.pop()
        waiting += reversed(task.children)
        if task.status is Status.COMPLETED and task.task_id in completed:
            found.append(task)
    return found


async def _count_spent(run: BranchRun, outline: Outline) -> None:
    """What was spent before, by whom, and what the person said about limits and prices."""
    for approval in await run.store.answered_approvals(run.run_id):
        if approval.kind == "budget" and (limit := limit_of(approval.answer)):
            run.ledger.calls = run.ledger.calls or limit
        elif approval.kind == "price" and (price := price_from(approval.answer)):
            run.own_prices[str(approval.detail.get("model", ""))] = price
    prices = run.means.router.prices
    for task_id, step in await run.store.spent(run.run_id):
        if step.provider == "classifier":  # no call
            continue
        cost = prices.cost(step.provider, step.model, step.usage) if step.cost is None else step.cost
        run.board.spend(step.usage, cost)
        found = outline.by_id(task_id or "")
        run.ledger.add_spent([key for key, _ in accounts_of(outline, found[0])] if found else (), cost)


def _keep_failed(run: BranchRun, outline: Outline, attempts: Sequence[Attempt]) -> None:
    for attempt in attempts:
        key = attempt.task_id or ""
        found = outline.by_id(key)
        failed = attempt.state is AttemptState.FAILED and found and found[0].status is Status.FAILED
        if failed and key in run.schedule and key not in run.crew.stored:
            run.board.note_state(key, AttemptState.FAILED, attempt.reason)
            run.schedule.end(key, End.FAILED)
