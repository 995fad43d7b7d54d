"""Money of a run: what may be spent, what is reserved by calls under way, and what was spent. Pure.

Apart from the calls because parallel ones share it: each reserves the most that it can cost before it is sent, so
that together they cannot overshoot, and settles what it did cost. A call that would fit if those under way cost less
than they reserved has to wait for them.

An account is the whole run ("") or what stands below a task or heading with a `budget` field, also when the run was
started further down. A call counts in all accounts above it.

Invariant: spent and reserved together never exceed a limit (test_parallel_calls_cannot_overshoot).
Invariant: with a limit of money a call of unknown price is refused, unless calls are counted instead
(test_an_unknown_price_needs_a_limit_of_calls).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from orchestrator.errors import BudgetError
from orchestrator.model.usage import Cost
from orchestrator.outline.tree import Node, Outline, Task

RUN = ""
"""The account of the whole run."""


class UnknownPriceError(BudgetError):
    """There is a budget, and nobody knows what the call would cost: a person has to say how to go on."""


CALLS_OFFERED = (10, 50, 200)
"""Limits of calls to choose from, where a price is not known."""
STOP, SAY_PRICE = "Stop", "I know the price"
LIMITS = (STOP, *(f"At most {number} calls" for number in CALLS_OFFERED), SAY_PRICE)


def limit_of(answer: str) -> int | None:
    """How many calls a person allowed with this one of LIMITS."""
    return CALLS_OFFERED[LIMITS.index(answer) - 1] if answer in LIMITS[1:-1] else None


@dataclass(slots=True)
class _Account:
    limit: Decimal | None
    title: str
    spent: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Reservation:
    accounts: tuple[str, ...]
    amount: Decimal


_NOTHING = Reservation((RUN,), Decimal(0))
"""Where nothing is limited: only what the run spends is counted."""


@dataclass(slots=True)
class Ledger:
    limit: Decimal | None = None
    """Of the run, in US dollars; None: no limit."""
    calls: int | None = None
    """How many calls may be begun; None: no limit."""
    begun: int = 0
    unknown: bool = False
    """Whether something was spent whose price nobody knows."""
    waiting: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    """Called once, at the next settlement: there may be room then for what had none."""
    _accounts: dict[str, _Account] = field(default_factory=dict[str, _Account])
    _limited: bool = False
    """Whether any account has a limit."""

    def __post_init__(self) -> None:
        self._accounts[RUN] = _Account(self.limit, "this run")
        self._limited = self.limit is not None

    @property
    def spent(self) -> Decimal:
        """As far as prices are known."""
        return self._accounts[RUN].spent

    @property
    def cost(self) -> Cost:
        return None if self.unknown else self.spent

    def add_budget(self, key: str, limit: Decimal, title: str) -> None:
        """The branch of this task may spend so much."""
        self._accounts.setdefault(key, _Account(limit, f"“{title}”"))
        self._limited = True

    def has_limit(self, keys: Iterable[str] = ()) -> bool:
        """Whether money is limited for a call in these branches."""
        return self._limited and any(account.limit is not None for account in self._of(keys))

    def affordable(self, keys: Iterable[str], amount: Decimal) -> bool:
        return all(
            account.limit is None or account.spent + account.reserved + amount <= account.limit
            for account in self._of(keys)
        )

    def reserve(self, keys: Sequence[str], amount: Cost, model: str) -> Reservation | None:
        """Before a call: `keys` are its task and those above it. None: ask again when another call was settled.

        Raises BudgetError, UnknownPriceError.
        """
        if self.calls is not None and self.begun >= self.calls:
            raise BudgetError(
                f"The {self.calls} calls that were allowed are used up.", hint="Allow more, and resume the run."
            )
        if amount is None:
            if self.calls is None and self.has_limit(keys):
                raise UnknownPriceError(
                    f"There is a budget, and the price of {model} is not known.",
                    hint="Allow a number of calls instead (`--calls`), or say its price in the setting `prices`.",
                )
            amount = Decimal(0)
        if not self._limited and amount == 0:
            self.begun += 1
            return _NOTHING
        accounts = [key for key in (RUN, *keys) if key in self._accounts]
        for key in accounts:
            account = self._accounts[key]
            left = None if account.limit is None else account.limit - account.spent
            if left is not None and amount > left:
                raise BudgetError(
                    f"The budget of {account.title} (${account.limit:.2f}) does not allow a call that may cost "
                    f"${amount:.4f}; ${max(left, Decimal(0)):.4f} are left.",
                    hint="Raise the budget, and resume the run.",
                    account=key,
                )
        if not self.affordable(accounts, amount):
            return None
        self.begun += 1
        for key in accounts:
            self._accounts[key].reserved += amount
        return Reservation(tuple(accounts), amount)

    def settle(self, reservation: Reservation, cost: Cost) -> None:
        """After the call: what it did cost; None when nobody knows."""
        self.unknown = self.unknown or cost is None
        for key in reservation.accounts:
            account = self._accounts[key]
            account.reserved -= reservation.amount
            account.spent += cost or Decimal(0)
        if not self.waiting:
            return
        waiting, self.waiting = self.waiting, []
        for wake in waiting:
            wake()

    def add_spent(self, keys: Sequence[str], cost: Cost) -> None:
        """What was spent before: of a run that is resumed."""
        self.begun += 1
        self.settle(Reservation(tuple(key for key in (RUN, *keys) if key in self._accounts), Decimal(0)), cost)

    def _of(self, keys: Iterable[str]) -> list[_Account]:
        return [self._accounts[key] for key in (RUN, *keys) if key in self._accounts]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What running a branch may take: a range, because nobody knows what models will answer."""

    tasks: int
    calls: tuple[int, int]
    input_tokens: tuple[int, int]
    output_tokens: tuple[int, int]
    cost: tuple[Decimal, Decimal] | None
    """US dollars; None when a price is not known."""
    model: str
    """Which one most of it would ask."""


def accounts_of(outline: Outline, node: Node) -> Iterator[tuple[str, Node]]:
    """The keys of a node and of all above it, nearest first. A task without an id has none."""
    path = outline.path(node)
    for depth in range(len(path), 0, -1):
        above = path[depth - 1]
        if isinstance(above, Task):
            if above.task_id:
                yield above.task_id, above
        else:
            titles = [each.title for each in path[:depth] if not isinstance(each, Task)]
            yield f"# {' / '.join(titles)}", above


def budget_of(fields: Mapping[str, str]) -> Decimal | None:
    """The `budget` field of a task, None where it has none that is allowed."""
    from orchestrator.outline.fields import flaw

    written = fields.get("budget")
    return Decimal(written) if written is not None and flaw("budget", written) is None else None
