"""What a call cost, from a maintained table that travels with its package: no network.

Apart from the vendors because the table knows their prices better than we do, and is slow to import.

Invariant: an unknown price is None, never zero (test_an_unknown_price_is_never_zero).
"""

from __future__ import annotations

from decimal import Decimal

from orchestrator.model.usage import Cost, Usage

FREE = frozenset({"local", "scripted", "classifier"})
"""Nobody is paid for these: they run on this computer, or not at all."""
PRICED = frozenset({"anthropic", "openai"})
"""Vendors whose names mean in the table what they mean here. An endpoint may be called anything, so its price is
unknown even when it is called like a vendor of the table."""


def cost(provider: str, model: str, usage: Usage) -> Cost:
    """In US dollars. An estimate where `usage` is one."""
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


def per_million(provider: str, model: str) -> tuple[Decimal, Decimal] | None:
    """Dollars for a million tokens read, and for a million written; None when not known.

    Measured at a small call: many vendors charge more for a request of hundreds of thousands of tokens, which ours
    never are.
    """
    thousand = 1_000
    read = cost(provider, model, Usage(input_tokens=thousand))
    written = cost(provider, model, Usage(output_tokens=thousand))
    if read is None or written is None:
        return None
    return read * thousand, written * thousand


def note(provider: str, model: str) -> str:
    """The price for the list of models: "$3 in, $15 out per million tokens"."""
    prices = per_million(provider, model)
    if prices is None:
        return "price unknown"
    read, written = (f"${price.normalize():f}" for price in prices)
    return f"{read} in, {written} out per million tokens"
