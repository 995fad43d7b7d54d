"""What may follow what, as a pure reducer: one attempt at a task, and a split as a person sees it.

Attempt:

    state        signal     next
    -----------  ---------  -----------
    pending      decide     deciding
    pending      plan       planning      (forced: no decision is asked for)
    pending      execute    executing     (no decision is asked for)
    pending      expand     expanded      (it has subtasks already)
    deciding     simple     simple        (a split: EXECUTE is its end; a tie is EXECUTE)
    deciding     execute    executing     (a run: EXECUTE)
    deciding     plan       planning      (DECOMPOSE)
    planning     planned    expanded
    executing    verify     verifying
    executing    plan       planning      (guarded: it failed, and may be split; see below)
    expanded     aggregate  aggregating   (all its subtasks are settled)
    aggregating  verify     verifying
    verifying    pass       completed     (also when there is no acceptance to hold it against)
    verifying    execute    executing     (guarded: once, with the evidence of what is missing)
    live         wait       waiting       (a question or an approval; it remembers where it was)
    waiting      resume     where it was
    live         fail       failed
    live         cancel     cancelled

Live are all states but simple, completed, failed and cancelled; `expanded` ends a split and is live in a run.
Waiting is live too, but cannot wait a second time: it fails or is cancelled as the state it came from would.

Guards, which `step` holds and the plain table does not know:

- a failed execution is split only while levels are left, money is left and nothing was changed by it (ADaPT);
- a failed verification leads back to executing once, and never behind an aggregation or a change that was applied.

Split:

    deciding   plan -> planning      simple -> simple
    planning   ready -> ready        simple -> simple (a re-plan that changes nothing)
    ready      ready -> ready (edited by the person)   apply -> applied   discard -> discarded
    deciding, planning, ready: fail -> failed, cancel -> cancelled

Invariant: every pair of state and signal is either in the table or refused (test_every_pair).
Invariant: whatever signals come, an attempt is retried at most once, is split at most once, and what has ended stays
so (test_no_walk_leaves_the_rules).
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from orchestrator.model.record import record
from orchestrator.model.run import AttemptState, SplitState

_State = TypeVar("_State", AttemptState, SplitState)


class Signal(StrEnum):
    DECIDE = "decide"
    PLAN = "plan"
    SIMPLE = "simple"
    PLANNED = "planned"
    EXPAND = "expand"
    EXECUTE = "execute"
    AGGREGATE = "aggregate"
    VERIFY = "verify"
    PASS = "pass"  # noqa: S105 - a verification passes
    WAIT = "wait"
    RESUME = "resume"
    READY = "ready"
    APPLY = "apply"
    DISCARD = "discard"
    FAIL = "fail"
    CANCEL = "cancel"


class IllegalTransitionError(ValueError):
    """A programming error: the runner sent a signal that the state does not take."""


WORKING = (
    AttemptState.PENDING,
    AttemptState.DECIDING,
    AttemptState.PLANNING,
    AttemptState.EXPANDED,
    AttemptState.EXECUTING,
    AttemptState.AGGREGATING,
    AttemptState.VERIFYING,
)
"""The live states that a question can interrupt."""
LIVE = frozenset((*WORKING, AttemptState.WAITING))

ATTEMPT_TABLE: dict[tuple[AttemptState, Signal], AttemptState] = {
    (AttemptState.PENDING, Signal.DECIDE): AttemptState.DECIDING,
    (AttemptState.PENDING, Signal.PLAN): AttemptState.PLANNING,
    (AttemptState.PENDING, Signal.EXECUTE): AttemptState.EXECUTING,
    (AttemptState.PENDING, Signal.EXPAND): AttemptState.EXPANDED,
    (AttemptState.DECIDING, Signal.SIMPLE): AttemptState.SIMPLE,
    (AttemptState.DECIDING, Signal.EXECUTE): AttemptState.EXECUTING,
    (AttemptState.DECIDING, Signal.PLAN): AttemptState.PLANNING,
    (AttemptState.PLANNING, Signal.PLANNED): AttemptState.EXPANDED,
    (AttemptState.EXECUTING, Signal.VERIFY): AttemptState.VERIFYING,
    (AttemptState.EXECUTING, Signal.PLAN): AttemptState.PLANNING,
    (AttemptState.EXPANDED, Signal.AGGREGATE): AttemptState.AGGREGATING,
    (AttemptState.AGGREGATING, Signal.VERIFY): AttemptState.VERIFYING,
    (AttemptState.VERIFYING, Signal.PASS): AttemptState.COMPLETED,
    (AttemptState.VERIFYING, Signal.EXECUTE): AttemptState.EXECUTING,
    **{(state, Signal.WAIT): AttemptState.WAITING for state in WORKING},
    **{
        (state, signal): end
        for state in LIVE
        for signal, end in ((Signal.FAIL, AttemptState.FAILED), (Signal.CANCEL, AttemptState.CANCELLED))
    },
}
"""But for `resume`, whose next state is remembered and so not in a table."""

SPLIT_TABLE: dict[tuple[SplitState, Signal], SplitState] = {
    (SplitState.DECIDING, Signal.PLAN): SplitState.PLANNING,
    (SplitState.DECIDING, Signal.SIMPLE): SplitState.SIMPLE,
    (SplitState.PLANNING, Signal.READY): SplitState.READY,
    (SplitState.PLANNING, Signal.SIMPLE): SplitState.SIMPLE,
    (SplitState.READY, Signal.READY): SplitState.READY,
    (SplitState.READY, Signal.APPLY): SplitState.APPLIED,
    (SplitState.READY, Signal.DISCARD): SplitState.DISCARDED,
    **{
        (state, signal): end
        for state in (SplitState.DECIDING, SplitState.PLANNING, SplitState.READY)
        for signal, end in ((Signal.FAIL, SplitState.FAILED), (Signal.CANCEL, SplitState.CANCELLED))
    },
}


@record
class Standing:
    """Where an attempt of a run is, with what the guards have to know of its way there."""

    state: AttemptState = AttemptState.PENDING
    before: AttemptState | None = None
    """Where `resume` leads back to; None unless it is waiting."""
    levels_left: int = 0
    """How many levels of subtasks may still be added below it."""
    affordable: bool = True
    """Whether money is left for a split."""
    edited: bool = False
    """It changed something outside the store: then doing it again, in parts or whole, would do that twice."""
    retried: bool = False
    expanded: bool = False

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def may_split(self) -> bool:
        return (
            self.state is AttemptState.EXECUTING
            and self.levels_left > 0
            and self.affordable
            and not self.edited
            and not self.expanded
        )

    @property
    def may_retry(self) -> bool:
        return self.state is AttemptState.VERIFYING and not self.retried and not self.expanded and not self.edited


def step(standing: Standing, signal: Signal) -> Standing:
    """The next standing of an attempt. Raises IllegalTransitionError for what table or guards do not allow."""
    state = standing.state
    if signal is Signal.RESUME:
        if state is not AttemptState.WAITING or standing.before is None:
            raise _illegal(signal, state)
        return replace(standing, state=standing.before, before=None)
    following = next_attempt(state, signal)
    if signal is Signal.WAIT:
        return replace(standing, state=following, before=state)
    if (state is AttemptState.EXECUTING and signal is Signal.PLAN and not standing.may_split) or (
        state is AttemptState.VERIFYING and signal is Signal.EXECUTE and not standing.may_retry
    ):
        raise _illegal(signal, state)
    return Standing(
        following,
        None,
        standing.levels_left,
        standing.affordable,
        standing.edited,
        standing.retried or (state is AttemptState.VERIFYING and signal is Signal.EXECUTE),
        standing.expanded or following is AttemptState.EXPANDED,
    )


def next_attempt(state: AttemptState, signal: Signal) -> AttemptState:
    return _next(ATTEMPT_TABLE, state, signal)


def next_split(state: SplitState, signal: Signal) -> SplitState:
    return _next(SPLIT_TABLE, state, signal)


def _next(table: dict[tuple[_State, Signal], _State], state: _State, signal: Signal) -> _State:
    try:
        return table[state, signal]
    except KeyError:
        raise _illegal(signal, state) from None


def _illegal(signal: Signal, state: AttemptState | SplitState) -> IllegalTransitionError:
    return IllegalTransitionError(f"{signal} is not possible in state {state}")
