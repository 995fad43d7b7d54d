from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.estimate_line import estimate_line
from orchestrator.engine.money import Estimate, Ledger, Reservation, UnknownPriceError, budget_of
from orchestrator.errors import BudgetError


def dollars(text: str) -> Decimal:
    return Decimal(text)


def reserved(ledger: Ledger, key: str, amount: str | None) -> Reservation:
    reservation = ledger.reserve(key.split(), None if amount is None else dollars(amount), "m")
    assert reservation is not None
    return reservation


def test_a_call_is_reserved_and_settled():
    ledger = Ledger(dollars("1"))
    first = reserved(ledger, "a", "0.7")
    assert ledger.reserve(["b"], dollars("0.4"), "m") is None, "it has to wait until the first one is paid"
    ledger.settle(first, dollars("0.1"))
    ledger.settle(reserved(ledger, "b", "0.4"), dollars("0.2"))
    assert ledger.spent == dollars("0.3")
    assert ledger.cost == dollars("0.3")
    with pytest.raises(BudgetError, match=r"The budget of this run \(\$1\.00\).*\$0\.7000 are left"):
        ledger.reserve(["c"], dollars("0.8"), "m")


def test_the_budget_of_a_branch_holds_for_all_below_it():
    ledger = Ledger()
    ledger.add_budget("p", dollars("0.5"), "Parent")
    ledger.settle(reserved(ledger, "c p", "0.4"), dollars("0.4"))
    with pytest.raises(BudgetError, match="“Parent”") as refusal:
        ledger.reserve(["d", "p"], dollars("0.2"), "m")
    assert refusal.value.account == "p"
    ledger.reserve(["e"], dollars("100"), "m")
    assert ledger.has_limit(["p"])
    assert not ledger.has_limit(["e"])


def test_an_unknown_price_needs_a_limit_of_calls():
    with pytest.raises(UnknownPriceError):
        Ledger(dollars("1")).reserve([], None, "m")
    ledger = Ledger(dollars("1"), calls=2)
    ledger.settle(reserved(ledger, "", None), None)
    assert ledger.cost is None
    ledger.reserve([], None, "m")
    with pytest.raises(BudgetError, match="2 calls"):
        ledger.reserve([], None, "m")


def test_without_a_limit_an_unknown_price_is_no_obstacle():
    ledger = Ledger()
    ledger.settle(reserved(ledger, "", None), None)
    assert ledger.cost is None


def test_what_was_spent_before_counts():
    ledger = Ledger(dollars("1"), calls=5)
    ledger.add_spent([], dollars("0.9"))
    assert ledger.begun == 1
    with pytest.raises(BudgetError):
        ledger.reserve([], dollars("0.2"), "m")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.integers(0, 50)), max_size=40))
def test_parallel_calls_cannot_overshoot(calls):
    """Every call is under way at once, and each costs at most what it reserved."""
    ledger = Ledger(Decimal(100))
    ledger.add_budget("a", Decimal(40), "a")
    under_way = []
    for key, most, paid in calls:
        try:
            reservation = ledger.reserve([key], Decimal(most), "m")
        except BudgetError:
            continue
        if reservation is not None:
            under_way.append((reservation, min(most, paid)))
    assert sum(reservation.amount for reservation, _ in under_way) <= 100
    for reservation, paid in under_way:
        ledger.settle(reservation, Decimal(paid))
    assert ledger.spent <= 100
    assert ledger.spent == sum(paid for _, paid in under_way)


def test_a_bad_budget_is_none():
    assert budget_of({"budget": "2.50"}) == Decimal("2.50")
    assert budget_of({"budget": "much"}) is None
    assert budget_of({}) is None


@pytest.mark.parametrize(
    ("cost", "told"),
    [
        (None, "price of vendor/x unknown"),
        (("0", "0"), "no cost"),
        (("0", "0.004"), "less than $0.01"),
        (("0.002", "0.01"), "$0.00 to $0.01"),
        (("1.5", "2.25"), "$1.50 to $2.25"),
    ],
)
def test_an_estimate_says_what_is_known_of_the_price(cost: tuple[str, str] | None, told: str) -> None:
    """A person says yes to money by this line: an unknown price is never shown as none."""
    known = None if cost is None else (dollars(cost[0]), dollars(cost[1]))
    line = estimate_line(Estimate(1, (2, 2), (1_000, 2_000), (500, 900), known, "vendor/x"))
    assert line == f"1 task: about 2 calls of vendor/x, 1,500 to 2,900 tokens, {told}."
