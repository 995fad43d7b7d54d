"""Setting money aside for a call, and waiting for it: what runs and conversations share.

Apart from `money`, which counts and knows neither calls nor time.

Invariant: whoever waits is woken when a call is paid (test_calls_wait_for_money_that_others_have_reserved).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal

from orchestrator.engine.money import Ledger
from orchestrator.engine.routing import Route
from orchestrator.model.usage import Cost
from orchestrator.providers.base import Request
from orchestrator.providers.tokens import estimate_request

CAUTION = 1.7
"""How many times as many tokens as we estimate a request may have: the worst that was measured."""


async def set_aside(ledger: Ledger, accounts: Sequence[str], route: Route, request: Request) -> Callable[[Cost], None]:
    """The most that the call may cost; the answer takes what it did cost. Raises BudgetError, UnknownPriceError."""
    most: Cost = Decimal(0)
    if ledger.has_limit(accounts):
        reading = int(estimate_request(request) * CAUTION)
        most = route.prices.most(route.provider.name, route.model, reading, request.max_tokens)
    while (reservation := ledger.reserve(accounts, most, route.name)) is None:
        paid = asyncio.Event()
        ledger.waiting.append(paid.set)
        await paid.wait()
    return lambda cost: ledger.settle(reservation, cost)
