"""What may follow what, as a pure reducer: one attempt at a task of a split, and the split as a person sees it.

Attempt:

    state      signal      next
    ---------  ----------  ---------
    pending    decide      deciding
    pending    plan        planning      (forced: no decision is asked for)
    deciding   simple      simple        (EXECUTE; a tie is EXECUTE)
    deciding   plan        planning      (DECOMPOSE)
    planning   planned     expanded
    live       fail        failed
    live       cancel      cancelled

Live states are pending, deciding and planning; the others are final. Running a task (executing, verifying,
aggregating, waiting) adds rows here, no second machine.

Split:

    deciding   plan -> planning      simple -> simple
    planning   ready -> ready
    ready      ready -> ready (edited by the person)   apply -> applied   discard -> discarded
    deciding, planning, ready: fail -> failed, cancel -> cancelled

Invariant: every pair of state and signal is either in the table or refused (test_every_pair).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from orchestrator.model.run import AttemptState, SplitState

_State = TypeVar("_State", AttemptState, SplitState)


class Signal(StrEnum):
    DECIDE = "decide"
    PLAN = "plan"
    SIMPLE = "simple"
    PLANNED = "planned"
    READY = "ready"
    APPLY = "apply"
    DISCARD = "discard"
    FAIL = "fail"
    CANCEL = "cancel"


class IllegalTransitionError(ValueError):
    """A programming error: the runner sent a signal that the state does not take."""


ATTEMPT_TABLE: dict[tuple[AttemptState, Signal], AttemptState] = {
    (AttemptState.PENDING, Signal.DECIDE): AttemptState.DECIDING,
    (AttemptState.PENDING, Signal.PLAN): AttemptState.PLANNING,
    (AttemptState.DECIDING, Signal.SIMPLE): AttemptState.SIMPLE,
    (AttemptState.DECIDING, Signal.PLAN): AttemptState.PLANNING,
    (AttemptState.PLANNING, Signal.PLANNED): AttemptState.EXPANDED,
    **{
        (state, signal): end
        for state in (AttemptState.PENDING, AttemptState.DECIDING, AttemptState.PLANNING)
        for signal, end in ((Signal.FAIL, AttemptState.FAILED), (Signal.CANCEL, AttemptState.CANCELLED))
    },
}

SPLIT_TABLE: dict[tuple[SplitState, Signal], SplitState] = {
    (SplitState.DECIDING, Signal.PLAN): SplitState.PLANNING,
    (SplitState.DECIDING, Signal.SIMPLE): SplitState.SIMPLE,
    (SplitState.PLANNING, Signal.READY): SplitState.READY,
    (SplitState.READY, Signal.READY): SplitState.READY,
    (SplitState.READY, Signal.APPLY): SplitState.APPLIED,
    (SplitState.READY, Signal.DISCARD): SplitState.DISCARDED,
    **{
        (state, signal): end
        for state in (SplitState.DECIDING, SplitState.PLANNING, SplitState.READY)
        for signal, end in ((Signal.FAIL, SplitState.FAILED), (Signal.CANCEL, SplitState.CANCELLED))
    },
}


def next_attempt(state: AttemptState, signal: Signal) -> AttemptState:
    return _next(ATTEMPT_TABLE, state, signal)


def next_split(state: SplitState, signal: Signal) -> SplitState:
    return _next(SPLIT_TABLE, state, signal)


def _next(table: dict[tuple[_State, Signal], _State], state: _State, signal: Signal) -> _State:
    try:
        return table[state, signal]
    except KeyError:
        raise IllegalTransitionError(f"{signal} is not possible in state {state}") from None
