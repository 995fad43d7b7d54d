from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.bills import branch_bill, in_tree, money, own_bill, spent
from orchestrator.model.usage import Bill, Usage
from orchestrator.outline.parse import parse

TEXT = "- [ ] p  ^aaaaa\n  - [ ] a  ^bbbbb\n    - [ ] deep  ^ccccc\n  - [ ] no id\n- [ ] q  ^ddddd\n"
IDS = ("aaaaa", "bbbbb", "ccccc", "ddddd")


@given(st.dictionaries(st.sampled_from(IDS), st.integers(0, 50)))
def test_a_branch_costs_what_its_tasks_cost(costs):
    bills = {key: Bill(1, Usage(cost, 1), Decimal(cost)) for key, cost in costs.items()}
    outline = parse(TEXT)
    for task in outline.tasks():
        below = [own_bill(each, bills) for each in outline.tasks() if task in (each, *outline.ancestors(each))]
        assert branch_bill(task, bills) == sum(below, Bill())
    roots = [task for task in outline.tasks() if not outline.ancestors(task)]
    shown = list(in_tree(roots, bills))
    assert all(bill.calls for _, _, bill in shown)
    assert sum((bill for depth, _, bill in shown if depth == 0), Bill()) == sum(bills.values(), Bill())


def test_what_is_unknown_or_small_is_said_as_such():
    assert money(None) == "cost unknown"
    assert money(Decimal(0)) == "no cost"
    assert money(Decimal("0.00001")) == "less than $0.0001"
    assert money(Decimal("1.23456")) == "$1.2346"
    assert (
        spent(Usage(1_000, 20, 600, estimated=True)) == "about 1,000 tokens read (600 from a cache), about 20 written"
    )
    assert (Bill(1, Usage(1), None) + Bill(1, Usage(2), Decimal(1))).cost is None
