"""What running a branch may take, as a person reads it: the same line in an editor and in a terminal.

Apart from `estimate`, which counts.
"""

from __future__ import annotations

from decimal import Decimal

from orchestrator.engine.money import Estimate
from orchestrator.model.safe_text import one_line

_CENT = Decimal("0.01")


def estimate_line(estimate: Estimate) -> str:
    calls = _range(*estimate.calls)
    read, written = estimate.input_tokens, estimate.output_tokens
    tokens = _range(read[0] + written[0], read[1] + written[1])
    if estimate.cost is None:
        price = f"price of {estimate.model} unknown"
    elif estimate.cost[1] == 0:
        price = "no cost"
    elif estimate.cost[1] < _CENT:
        price = "less than $0.01"
    else:
        price = f"${estimate.cost[0]:.2f} to ${estimate.cost[1]:.2f}"
    tasks = f"{estimate.tasks} task{'s' if estimate.tasks != 1 else ''}"
    return f"{tasks}: about {calls} calls of {one_line(estimate.model)}, {tokens} tokens, {price}."


def _range(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
