"""What a call cost."""

import os
import sys
from decimal import Decimal

import pytest

from orchestrator.model.usage import Usage
from orchestrator.providers import anthropic, openai
from orchestrator.providers.prices import TABLE, Prices, own_prices, price_from

cost, note = TABLE.cost, TABLE.note


def test_a_known_price_is_exact():
    assert cost("anthropic", "claude-haiku-4-5", Usage(1_000_000, 1_000_000)) == Decimal(6)


def test_cached_tokens_cost_what_the_vendor_says():
    fresh, cached = Usage(1_000_000), Usage(1_000_000, cache_read_tokens=1_000_000)
    assert cost("anthropic", "claude-haiku-4-5", cached) == cost("anthropic", "claude-haiku-4-5", fresh) / 10  # type: ignore[operator]


@pytest.mark.parametrize(
    ("provider", "model"), [("anthropic", "no-such"), ("openai", ""), ("groq", "llama-3"), ("my-endpoint", "gpt-5")]
)
def test_an_unknown_price_is_never_zero(provider: str, model: str):
    assert cost(provider, model, Usage(10, 10)) is None


def test_counts_that_contradict_each_other_have_no_price():
    assert cost("anthropic", "claude-haiku-4-5", Usage(10, 10, cache_read_tokens=50)) is None


@pytest.mark.parametrize("provider", ["local", "scripted", "classifier"])
def test_what_runs_here_is_free(provider: str):
    assert cost(provider, "anything", Usage(10**6, 10**6)) == Decimal(0)


@pytest.mark.parametrize("module", [anthropic, openai])
def test_the_models_that_we_name_have_a_price_and_are_known_to_the_sdk(module):
    from typing import get_args

    from anthropic.types import Model
    from openai.types import ChatModel

    known = set(get_args(ChatModel)) | set(get_args(get_args(Model)[0]))
    for model in module.MODELS:
        assert model in known
        assert "per million tokens" in note(module.NAME, model)


def test_the_price_that_is_told_is_that_of_a_small_call():
    """The vendor takes twice as much for each token of a request beyond 200,000."""
    assert note("anthropic", "claude-sonnet-4-5") == "$3 in, $15 out per million tokens"
    assert note("anthropic", "unheard-of") == "price unknown"


def test_free_calls_do_not_load_the_table():
    code = (
        "import sys; from orchestrator.providers.prices import TABLE; from orchestrator.model.usage import Usage;"
        "assert TABLE.cost('local', 'm', Usage(1)) == 0; assert 'genai_prices' not in sys.modules"
    )
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", code]) == 0


def test_the_persons_price_goes_before_the_table():
    prices = Prices(own_prices(["anthropic/claude-haiku-4-5 7 8", "house/* 2 10 0.2", "house/big 1 1"]))
    million = 1_000_000
    assert prices.cost("anthropic", "claude-haiku-4-5", Usage(million, million)) == Decimal(15)
    assert prices.cost("house", "small", Usage(million, 0, cache_read_tokens=million // 2)) == Decimal("1.1")
    assert prices.cost("house", "big", Usage(million, million)) == Decimal(2)
    assert prices.cost("other", "big", Usage(1)) is None
    assert prices.note("house", "*") == "$2 in, $10 out per million tokens"


@pytest.mark.parametrize("text", ["", "3", "3 x", "-1 3", "3 15 1 1", "NaN 1", "9999999 1", "free"])
def test_what_is_no_price(text: str):
    assert price_from(text) is None


def test_a_call_may_go_into_a_cache_at_a_higher_price():
    plain = TABLE.cost("anthropic", "claude-haiku-4-5", Usage(1_000, 100))
    most = TABLE.most("anthropic", "claude-haiku-4-5", 1_000, 100)
    assert plain is not None
    assert most is not None
    assert most > plain
    assert TABLE.most("house", "big", 1, 1) is None
    assert TABLE.most("local", "any", 10**6, 10**6) == 0
