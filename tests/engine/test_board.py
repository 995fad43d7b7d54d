"""A run as a person sees it: sums that are kept say what counting would."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.board import Board
from orchestrator.engine.branch import BranchObserver, BranchView, TaskView
from orchestrator.model.run import AttemptState, Event, RunState
from orchestrator.model.usage import Usage

KEYS = ("a", "b", "c", "d")
STATES = tuple(AttemptState)


def board(told: list[Event] | None = None) -> Board:
    made = Board(BranchObserver((told if told is not None else []).append))
    for key in KEYS:
        made.show(key, key.upper(), None)
    return made


def view(made: Board, blocked: Mapping[str, str] = {}) -> BranchView:
    return made.view("run_1", "all", RunState.RUNNING, "", blocked)


def counted(views: list[TaskView]) -> tuple[int, int, int, int, int]:
    states = [one.state for one in views]
    ends = (AttemptState.COMPLETED, AttemptState.FAILED, AttemptState.WAITING)
    blocked = sum(one.state is None and bool(one.reason) for one in views)
    return (*(states.count(end) for end in ends), blocked, len(views))


step = st.one_of(
    st.tuples(st.sampled_from((*KEYS, "unknown")), st.sampled_from(STATES), st.sampled_from(("", "why"))),
    st.tuples(st.sampled_from((*KEYS, "unknown")), st.just("refused")),
)


@given(st.lists(step, max_size=12), st.sets(st.sampled_from((*KEYS, "unknown"))))
def test_the_sums_are_those_of_the_tasks(steps, blocked):
    made = board()
    reasons = dict.fromkeys(blocked, "it waits")
    for one in steps:
        if len(one) == 2:
            made.note_reason(*one)
        else:
            made.note_state(*one)
        shown = view(made, reasons)
        sums = (shown.done, shown.failed, shown.waiting, shown.blocked, shown.total)
        assert sums == counted(made.tasks(reasons))


def test_events_move_tasks_and_are_told_in_order():
    told: list[Event] = []
    made = board(told)
    detail = {"taskId": "b", "state": "executing", "reason": ""}
    events = [
        Event("run_1", 1, "attempt.state", detail, 1.0),
        Event("run_1", 2, "attempt.state", {**detail, "state": "failed", "reason": "no access"}, 1.0),
        Event("run_1", 3, "outcome.written", {"tasks": []}, 1.0),
    ]
    made.tell(events)
    assert told == events
    assert [(one.state, one.reason) for one in made.tasks({}) if one.task_id == "b"] == [("failed", "no access")]
    assert view(made).failed == 1


def test_a_blocked_task_that_was_begun_keeps_its_state():
    made = board()
    made.note_state("a", AttemptState.CANCELLED, "stopped")
    assert [(one.state, one.reason) for one in made.tasks({"a": "it waits", "b": "it waits"})[:2]] == [
        ("cancelled", "stopped"),
        (None, "it waits"),
    ]


def test_what_was_spent_adds_up_and_an_unknown_price_makes_it_unknown():
    made = board()
    made.spend(Usage(10, 5), Decimal("0.25"))
    made.spend(Usage(1, 1), Decimal("0.5"))
    assert (view(made).usage, view(made).cost) == (Usage(11, 6), Decimal("0.75"))
    made.spend(Usage(1, 1), None)
    assert view(made).cost is None


def test_results_are_shown_with_their_task():
    made = board()
    made.note_result("c", "It is red.")
    made.note_state("c", AttemptState.COMPLETED)
    assert made.tasks({})[2].result == "It is red."
