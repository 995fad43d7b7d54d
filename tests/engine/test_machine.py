import re
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from orchestrator.engine import machine
from orchestrator.engine.machine import (
    ATTEMPT_TABLE,
    LIVE,
    SPLIT_TABLE,
    IllegalTransitionError,
    Signal,
    Standing,
    next_attempt,
    next_split,
    step,
)
from orchestrator.model.run import AttemptState, SplitState

FINAL_ATTEMPTS = {AttemptState.SIMPLE, AttemptState.COMPLETED, AttemptState.FAILED, AttemptState.CANCELLED}
FREE = Standing(levels_left=8)
"""Nothing is spent: every guard is open."""


@pytest.mark.parametrize(
    ("states", "table", "following"),
    [(AttemptState, ATTEMPT_TABLE, next_attempt), (SplitState, SPLIT_TABLE, next_split)],
)
def test_every_pair(states, table, following):
    for state, signal in product(states, Signal):
        if (state, signal) in table:
            assert following(state, signal) is table[state, signal]
        else:
            with pytest.raises(IllegalTransitionError, match=f"{signal} is not possible in state {state}"):
                following(state, signal)


def test_every_pair_of_a_run_agrees_with_the_table():
    for state, signal in product(AttemptState, Signal):
        standing = replace(FREE, state=state)
        if (state, signal) in ATTEMPT_TABLE:
            assert step(standing, signal).state is ATTEMPT_TABLE[state, signal]
        else:
            with pytest.raises(IllegalTransitionError):
                step(standing, signal)


def test_the_docstring_is_the_table():
    rows = re.findall(r"^    (\w+) +(\w+) +(\w+(?: it was)?)(?: +\(.*)?$", machine.__doc__ or "", re.MULTILINE)
    written = set()
    for state, signal, following in rows:
        if signal == "signal" or following == "where it was":
            continue
        live = [each for each in LIVE if signal != "wait" or each is not AttemptState.WAITING]
        written |= {
            (each, Signal(signal), AttemptState(following))
            for each in (live if state == "live" else [AttemptState(state)])
        }
    assert written == {(state, signal, following) for (state, signal), following in ATTEMPT_TABLE.items()}


def test_final_states_take_no_signal():
    assert not [state for state, _ in ATTEMPT_TABLE if state in FINAL_ATTEMPTS]
    assert not [state for state, _ in SPLIT_TABLE if state.ended]
    assert set(AttemptState) == FINAL_ATTEMPTS | LIVE


def test_every_live_state_can_fail_and_be_cancelled():
    for state in LIVE:
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


def test_waiting_goes_back_to_where_it_was():
    for state in machine.WORKING:
        standing = replace(FREE, state=state)
        waiting = step(standing, Signal.WAIT)
        assert (waiting.state, waiting.before) == (AttemptState.WAITING, state)
        assert step(waiting, Signal.RESUME) == standing


@pytest.mark.parametrize(
    "spent", [{"levels_left": 0}, {"affordable": False}, {"edited": True}, {"expanded": True}], ids=str
)
def test_a_failed_task_is_split_only_when_it_may(spent):
    executing = replace(FREE, state=AttemptState.EXECUTING)
    assert step(executing, Signal.PLAN).state is AttemptState.PLANNING
    with pytest.raises(IllegalTransitionError):
        step(replace(executing, **spent), Signal.PLAN)


@pytest.mark.parametrize("spent", [{"retried": True}, {"edited": True}, {"expanded": True}], ids=str)
def test_a_verification_leads_back_once(spent):
    verifying = replace(FREE, state=AttemptState.VERIFYING)
    again = step(verifying, Signal.EXECUTE)
    assert (again.state, again.retried) == (AttemptState.EXECUTING, True)
    with pytest.raises(IllegalTransitionError):
        step(replace(verifying, **spent), Signal.EXECUTE)


class Walk(RuleBasedStateMachine):
    """Any signals in any order, the illegal ones refused: what the rules promise holds all the way."""

    @initialize(levels=st.integers(0, 3), affordable=st.booleans())
    def begin(self, levels, affordable):
        self.standing = Standing(levels_left=levels, affordable=affordable)
        self.way = [AttemptState.PENDING]

    @rule(signal=st.sampled_from(Signal))
    def signal(self, signal):
        before = self.standing
        try:
            self.standing = step(before, signal)
        except IllegalTransitionError:
            assert self.standing == before
            return
        assert before.live, "what has ended takes no signal"
        self.way.append(self.standing.state)
        if before.state is AttemptState.EXECUTING and signal is Signal.PLAN:
            assert not before.edited
            assert before.levels_left
            assert before.affordable

    @rule()
    def edit(self):
        if self.standing.state is AttemptState.EXECUTING:
            self.standing = replace(self.standing, edited=True)

    @invariant()
    def holds(self):
        moves = [pair for pair in zip(self.way, self.way[1:], strict=False) if AttemptState.WAITING not in pair]
        assert moves.count((AttemptState.VERIFYING, AttemptState.EXECUTING)) <= 1
        assert moves.count((AttemptState.PLANNING, AttemptState.EXPANDED)) <= 1
        assert (self.standing.before is not None) == (self.standing.state is AttemptState.WAITING)


def test_no_walk_leaves_the_rules():
    run_state_machine_as_test(Walk)
