"""What a call cost, from what the person says and from a maintained table that travels with its package: no network.

Apart from the vendors because the table knows their prices better than we do, and is slow to import.

Invariant: an unknown price is None, never zero (test_an_unknown_price_is_never_zero).
Invariant: what the person says of a model stands against the table (test_the_persons_price_goes_before_the_table).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from orchestrator.model.usage import Cost, Usage

FREE = frozenset({"local", "scripted", "classifier"})
"""Nobody is paid for these: they run on this computer, or not at all."""
PRICED = frozenset({"anthropic", "openai"})
"""Vendors whose names mean in the table what they mean here. An endpoint may be called anything, so its price is
unknown even when it is called like a vendor of the table."""
MILLION = 1_000_000
DEAREST = 1_000_000
"""Dollars for a million tokens; who writes more has mistyped."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens, as a person says."""

    read: Decimal
    written: Decimal
    cached: Decimal | None = None
    """Of tokens read from a cache; None: as any other that is read."""

    def cost(self, usage: Usage) -> Decimal:
        cached = min(usage.cache_read_tokens, usage.input_tokens)
        cheap = self.read if self.cached is None else self.cached
        paid = (usage.input_tokens - cached) * self.read + cached * cheap + usage.output_tokens * self.written
        return paid / MILLION


def price_from(text: str) -> Price | None:
    """`3 15` or `3 15 0.30`: a million tokens read, written, and read from a cache. None when it is none."""
    try:
        amounts = [Decimal(part) for part in text.replace("$", " ").split()]
    except InvalidOperation:
        return None
    if len(amounts) not in {2, 3} or not all(amount.is_finite() and 0 <= amount <= DEAREST for amount in amounts):
        return None
    return Price(*amounts)


def own_prices(lines: Sequence[str]) -> Mapping[str, Price]:
    """Of the setting `prices`: `provider/model 3 15` each; those that are none are left out."""
    split = [line.split(maxsplit=1) for line in lines]
    found = {parts[0]: price_from(parts[1]) for parts in split if len(parts) == 2}
    return {name: price for name, price in found.items() if price is not None}


@dataclass(frozen=True, slots=True)
class Prices:
    own: Mapping[str, Price] = field(default_factory=dict[str, Price], hash=False)
    """By `provider/model`, or `provider/*` for all of a provider."""

    def cost(self, provider: str, model: str, usage: Usage) -> Cost:
        """In US dollars. An estimate where `usage` is one."""
        price = self.own.get(f"{provider}/{model}") or self.own.get(f"{provider}/*")
        return _of_table(provider, model, usage) if price is None else price.cost(usage)

    def most(self, provider: str, model: str, read: int, written: int) -> Cost:
        """What a call may cost at most: some vendors take more for tokens that go into a cache."""
        amounts = [
            self.cost(provider, model, Usage(read, written)),
            self.cost(provider, model, Usage(read, written, cache_write_tokens=read)),
        ]
        known = [amount for amount in amounts if amount is not None]
        return max(known, default=None)

    def per_million(self, provider: str, model: str) -> tuple[Decimal, Decimal] | None:
        """Dollars for a million tokens read, and for a million written; None when not known.

        Measured at a small call: many vendors charge more for a request of hundreds of thousands of tokens, which
        ours never are.
        """
        thousand = 1_000
        read = self.cost(provider, model, Usage(input_tokens=thousand))
        written = self.cost(provider, model, Usage(output_tokens=thousand))
        if read is None or written is None:
            return None
        return read * thousand, written * thousand

    def note(self, provider: str, model: str) -> str:
        """The price for the list of models: "$3 in, $15 out per million tokens"."""
        prices = self.per_million(provider, model)
        if prices is None:
            return "price unknown"
        read, written = (f"${price.normalize():f}" for price in prices)
        return f"{read} in, {written} out per million tokens"


TABLE = Prices()
"""Without a word of the person's."""


def _of_table(provider: str, model: str, usage: Usage) -> Cost:
    if provider in FREE:
        return Decimal(0)
    if provider not in PRICED:
        return None
    from genai_prices import Usage as PricedUsage
    from genai_prices import calc_price

    counted = PricedUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    try:
        return calc_price(counted, model, provider_id=provider).total_price
    except (LookupError, ValueError):  # unknown model, or counts that contradict each other
        return None
