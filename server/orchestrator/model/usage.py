"""What a call to a model used, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from orchestrator.model.record import record


@record
class Usage:
    """Tokens, as the provider counted them. Cached tokens are part of `input_tokens`."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    estimated: bool = False
    """True when the provider did not say, and we counted ourselves."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.estimated or other.estimated,
        )


Cost = Decimal | None
"""US dollars; None when the price of the model is not known (never zero instead)."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What several calls used and cost together."""

    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: Cost = Decimal(0)

    def __add__(self, other: Bill) -> Bill:
        return Bill(self.calls + other.calls, self.usage + other.usage, add_costs(self.cost, other.cost))


def add_costs(first: Cost, second: Cost) -> Cost:
    """The sum, or None as soon as one part is unknown: a total must not look smaller than it is."""
    return None if first is None or second is None else first + second
