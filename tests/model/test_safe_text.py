import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.safe_text import many_lines, one_line, visible

ANY_TEXT = st.text(alphabet=st.characters(), max_size=60)


@given(ANY_TEXT)
def test_nothing_invisible_stays(text):
    for character in one_line(text):
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.category(character) != "Cf" or character in "\u200c\u200d"


@given(ANY_TEXT)
def test_many_lines_keeps_only_tabs_and_line_feeds(text):
    controls = {c for c in many_lines(text) if unicodedata.category(c) == "Cc"}
    assert controls <= {"\t", "\n"}


@given(ANY_TEXT)
def test_showing_twice_changes_nothing(text):
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    "text",
    [
        "Build the login page",
        "Größe prüfen — “ja”",
        "登录页面",
        "🧑‍💻 pair up",
        "क्‍ष",
        "naïve",
        "a\u00a0b",
        "✔️ done",
        "",
    ],
)
def test_ordinary_text_stays(text):
    assert one_line(text) == text
    assert many_lines(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", "<U+001B>[2Jgone"),
        ("\x9b31mred", "<U+009B>31mred"),
        ("rm \u202egpj.exe", "rm <U+202E>gpj.exe"),
        ("a\u200bb", "a<U+200B>b"),
        ("a\u200db", "a<U+200D>b"),
        ("pay\u2066load", "pay<U+2066>load"),
        ("\ud800", "<U+D800>"),
        ("\U000e0041tag", "<U+E0041>tag"),
        ("non\uffff", "non<U+FFFF>"),
        ("bell\x07\x7f", "bell<U+0007><U+007F>"),
        ("two\nlines\r\nand\ttab", "two lines and tab"),
    ],
)
def test_what_hides_is_spelled_out(text, shown):
    assert one_line(text) == shown


def test_a_lone_carriage_return_cannot_overwrite_a_line():
    assert many_lines("safe\rEVIL\r\nnext") == "safe<U+000D>EVIL\nnext"


def test_limit_counts_what_is_shown():
    assert one_line("abcdefgh", 5) == "abcd…"
    assert one_line("abcde", 5) == "abcde"
