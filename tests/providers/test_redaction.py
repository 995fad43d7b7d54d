"""What a provider says is shown without keys and without anything that a terminal would obey."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.providers.redaction import MAX_CHARACTERS, REMOVED, SecretFilter, redact, remove_secrets

KEY = "k3y-With.Odd~chars+/="


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-proj-abc123def456ghi.",
        "invalid x-api-key: sk-ant-api03-abcdef-123456",
        "Authorization: Bearer abc.def.ghi123",
        '{"authorization": "Bearer abc.def.ghi123"}',
        "proxy http://abc:def.ghi123@proxy.example failed",
        "api_key=abc123def456ghi",
        "x-api-key: 'abc123def456ghi'",
        "token eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl",
        "key AIzaSyA-abc123def456ghi789jkl012",
        "sk-abc1****************def4 is wrong",
    ],
)
def test_patterns_of_keys_are_removed(text: str):
    shown = redact(text)
    assert REMOVED in shown
    for part in ("abc123", "def.ghi123", "abcdef-123456", "c2lnbmF0dXJl", "abc1***"):
        assert part not in shown


@pytest.mark.parametrize(
    "text",
    ["max_tokens: 8192 > 4096", "model `gpt-x` not found", "the task-list risk-free disk-usage", "key not found"],
)
def test_ordinary_text_stays(text: str):
    assert redact(text) == text


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["\u200b", "\x00", "\u202e", ""]))
def test_no_known_key_survives(before: str, after: str, hidden: str):
    inside = KEY[:4] + hidden + KEY[4:]
    shown = redact(before + inside + after, (KEY,))
    assert KEY not in shown


@given(st.text())
def test_redacting_twice_is_redacting_once(text: str):
    assert redact(redact(text, (KEY,)), (KEY,)) == redact(text, (KEY,))


@given(st.text())
def test_the_result_is_one_short_harmless_line(text: str):
    shown = redact("\x1b[2J\u202e" + text)
    assert len(shown) <= MAX_CHARACTERS
    assert all(character.isprintable() for character in shown)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\n" not in shown


def test_a_key_in_a_url_is_removed():
    assert remove_secrets("https://x/?k=a%2Fb%3Dcd", ("a/b=cd",)) == f"https://x/?k={REMOVED}"


def test_a_placeholder_is_no_secret():
    assert redact("no model x", ("x",)) == "no model x"


@given(st.text("sk-t x%2F", max_size=30), st.lists(st.integers(0, 60), max_size=8), st.text("sk-t /", max_size=5))
def test_a_key_in_pieces_is_removed(before: str, cuts: list[int], after: str):
    secrets = ("sk-t/sk-", "sk-tt")
    text = f"{before}sk-t/sk-{after}sk-tt{before}"
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    cleaning = SecretFilter(secrets)
    shown = "".join(cleaning.feed(text[start:end]) for start, end in pairwise(places)) + cleaning.rest()
    assert shown == remove_secrets(text, secrets)


def test_what_is_no_key_is_not_held_back():
    assert SecretFilter(["sk-test"]).feed("It is done, and well.") == "It is done, and well."
