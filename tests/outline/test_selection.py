"""How a selection grows from `$0`: each span as the text it holds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.outline.parse import parse
from orchestrator.outline.selection import LONGEST_WORD, selection
from tests.outline.checks import text
from tests.outline.strategies import documents, outlines


def check_selection(source: str, *expected: str) -> None:
    """`expected` without the whole document, which is always the last."""
    source = text(source)
    offset = source.index("$0")
    source = source.replace("$0", "")
    spans = selection(parse(source), offset)
    assert [source[start:end] for start, end in spans] == [*expected, source]


def test_from_a_word_of_the_title_to_the_document():
    check_selection(
        """
        # Plan

        - [ ] a
          body
          1. [ ] one wo$0rd more  ^k3f9x
             text

             - [ ] c
          2. [ ] two

          behind
        - [ ] z
        """,
        "word",
        "one word more",
        "1. [ ] one word more  ^k3f9x",
        "1. [ ] one word more  ^k3f9x\n     text",
        "1. [ ] one word more  ^k3f9x\n     text\n\n     - [ ] c",
        "1. [ ] one word more  ^k3f9x\n     text\n\n     - [ ] c\n  2. [ ] two",
        "- [ ] a\n  body\n  1. [ ] one word more  ^k3f9x\n     text\n\n     - [ ] c\n  2. [ ] two\n\n  behind",
        "- [ ] a\n  body\n  1. [ ] one word more  ^k3f9x\n     text\n\n     - [ ] c\n  2. [ ] two\n\n  behind\n- [ ] z",
        "# Plan\n\n- [ ] a\n  body\n  1. [ ] one word more  ^k3f9x\n     text\n\n     - [ ] c\n  2. [ ] two\n\n"
        "  behind\n- [ ] z",
    )


def test_in_the_first_line():
    check_selection("- [$0x] a", "x", "[x]")
    check_selection("- [ ] a  [mode:: au$0to]  ^b", "auto", "[mode:: auto]")
    check_selection("- [ ] a  [dependsOn:: b1, c$02]  ^b", "c2", "b1, c2", "[dependsOn:: b1, c2]")
    check_selection("- [ ] a  ^b-$07d", "7d", "b-7d", "^b-7d")


def test_in_a_body():
    check_selection(
        """
        - [ ] a

          one
          two wo$0rds

          three
          - [ ] b
        """,
        "words",
        "two words",
        "  two words",
        "one\n  two words",
        "- [ ] a\n\n  one\n  two words\n\n  three",
        "- [ ] a\n\n  one\n  two words\n\n  three\n  - [ ] b",
    )


def test_outside_of_tasks():
    check_selection("one\ntw$0o\n\n- [ ] a\n", "two", "one\ntwo")
    check_selection(
        "---\norches$0trator: 1\n---\n- [ ] a\n", "orchestrator", "orchestrator: 1", "---\norchestrator: 1\n---"
    )
    check_selection("- [ ] a\n\n$0\n\ntext\n", "")


def test_a_word_has_an_end():
    source = "- [ ] " + "a" * 5_000_000
    word, *_ = selection(parse(source), 2_000_000)
    assert word == (2_000_000 - LONGEST_WORD, 2_000_000 + LONGEST_WORD)


@pytest.mark.parametrize("offset", [-5, 0, 3, 99])
def test_places_outside_the_text_are_the_nearest_one(offset):
    assert selection(parse("- [ ]"), offset)[-1] == (0, 5)


@given(documents | outlines(), st.data())
def test_selections_grow(source, data):
    offset = data.draw(st.integers(0, len(source)))
    spans = selection(parse(source), offset)
    assert spans[0][0] <= offset <= spans[0][1]
    for inner, outer in pairwise(spans):
        assert outer[0] <= inner[0] <= inner[1] <= outer[1]
        assert inner != outer
    assert spans[-1][0] == 0
