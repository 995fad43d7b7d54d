from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import ProtocolError
from orchestrator.lsp.ghosts import ghosts, listing, plan_of
from orchestrator.lsp.protocol import GhostTask
from orchestrator.model.task import Plan, PlannedTask

titles = st.text(min_size=1, max_size=20)
leaves = st.builds(PlannedTask, titles, st.text(max_size=20), st.text(max_size=20))


def _plan_of_leaves(tasks: list[PlannedTask], ordered: bool) -> Plan:
    return Plan(tuple(tasks), ordered)


def _plan_of_plans(below: list[Plan], ordered: bool) -> Plan:
    return Plan(tuple(PlannedTask(f"t{index}", plan=plan) for index, plan in enumerate(below)), ordered)


plans = st.recursive(
    st.builds(_plan_of_leaves, st.lists(leaves, min_size=1, max_size=3), st.booleans()),
    lambda inner: st.builds(_plan_of_plans, st.lists(inner, min_size=1, max_size=3), st.booleans()),
    max_leaves=6,
)


@given(plans)
def test_ghosts_round_trip(plan: Plan) -> None:
    assert plan_of(ghosts(plan), plan.ordered, "") == plan


def test_limits_hold_for_any_answer() -> None:
    plan = Plan((PlannedTask("x" * 5000, "d" * 90_000, "a" * 90_000), PlannedTask("")))
    long, empty = ghosts(plan)
    assert (len(long.title), len(long.description), len(long.acceptance)) == (1000, 20_000, 20_000)
    assert empty.title == "…"


@pytest.mark.parametrize("depends_on", [[0], [1], [7]])
def test_a_dependency_on_a_later_one_is_refused(depends_on: list[int]) -> None:
    with pytest.raises(ProtocolError, match="Subtask 1"):
        plan_of([GhostTask(title="a", depends_on=depends_on), GhostTask(title="b")], False, "")


def test_a_listing_for_a_message() -> None:
    plan = Plan((PlannedTask("one\x1b[2J", plan=Plan((PlannedTask("deep"),))), PlannedTask("two")), ordered=True)
    assert list(listing(plan)) == ["1. one<U+001B>[2J", "   - deep", "2. two"]
