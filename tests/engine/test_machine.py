from itertools import product

import pytest

from orchestrator.engine.machine import (
    ATTEMPT_TABLE,
    SPLIT_TABLE,
    IllegalTransitionError,
    Signal,
    next_attempt,
    next_split,
)
from orchestrator.model.run import AttemptState, SplitState

FINAL_ATTEMPTS = {AttemptState.SIMPLE, AttemptState.EXPANDED, AttemptState.FAILED, AttemptState.CANCELLED}


@pytest.mark.parametrize(
    ("states", "table", "step"), [(AttemptState, ATTEMPT_TABLE, next_attempt), (SplitState, SPLIT_TABLE, next_split)]
)
def test_every_pair(states, table, step):
    for state, signal in product(states, Signal):
        if (state, signal) in table:
            assert step(state, signal) is table[state, signal]
        else:
            with pytest.raises(IllegalTransitionError, match=f"{signal} is not possible in state {state}"):
                step(state, signal)


def test_final_states_take_no_signal():
    assert not [state for state, _ in ATTEMPT_TABLE if state in FINAL_ATTEMPTS]
    assert not [state for state, _ in SPLIT_TABLE if state.ended]


def test_every_live_state_can_fail_and_be_cancelled():
    for state in set(AttemptState) - FINAL_ATTEMPTS:
        assert next_attempt(state, Signal.FAIL) is AttemptState.FAILED
        assert next_attempt(state, Signal.CANCEL) is AttemptState.CANCELLED
    for state in (state for state in SplitState if not state.ended):
        assert next_split(state, Signal.FAIL) is SplitState.FAILED
        assert next_split(state, Signal.CANCEL) is SplitState.CANCELLED


@pytest.mark.parametrize(
    ("table", "start"), [(ATTEMPT_TABLE, AttemptState.PENDING), (SPLIT_TABLE, SplitState.DECIDING)]
)
def test_every_state_is_reached(table, start):
    reached = {start}
    for _ in table:
        reached |= {end for (state, _), end in table.items() if state in reached}
    assert reached == set(type(start))
