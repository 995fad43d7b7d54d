"""Estimates of tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.message import Message, Speaker
from orchestrator.providers.base import Request
from orchestrator.providers.tokens import estimate, estimate_request, estimated_usage


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("a", 1), ("word " * 100, 125), ("漢字" * 50, 75), ("привет" * 10, 18), ("a" * 4 + "漢" * 4, 4)],
)
def test_the_formula(text: str, tokens: int):
    assert estimate(text) == tokens


@given(st.text(), st.text())
def test_more_text_is_never_fewer_tokens(first: str, second: str):
    assert estimate(first + second) >= estimate(first)


def test_a_request_counts_all_its_parts():
    request = Request("m", "s" * 40, (Message(Speaker.USER, "u" * 40), Message(Speaker.ASSISTANT, "a" * 40)), 10)
    assert estimate_request(request) == 42
    assert estimated_usage(request, "x" * 8).estimated
    assert estimated_usage(request, "x" * 8).output_tokens == 2
