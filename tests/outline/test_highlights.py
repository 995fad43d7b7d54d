"""Where the id at `$0` is written: definitions in `<…>`, references in `{…}`."""

from __future__ import annotations

import pytest

from orchestrator.outline.highlights import highlights
from orchestrator.outline.parse import parse
from tests.outline.checks import text


def check_highlights(source: str, expected: str) -> None:
    source = text(source)
    offset = source.index("$0")
    source = source.replace("$0", "")
    shown = source
    found = sorted(highlights(parse(source), offset), key=lambda one: one.start)
    for one in reversed(found):
        opening, closing = "<>" if one.definition else "{}"
        shown = f"{shown[: one.start]}{opening}{shown[one.start : one.end]}{closing}{shown[one.end :]}"
    assert shown == text(expected)


EXPECTED = """
    # S  [dependsOn:: {a1}]
    - [ ] one  <^a1>
      - [ ] two  [dependsOn:: b2, {^a1}]  ^b2
    - [ ] a1  [dependsOn:: {a1}, a1, b2]
      a1 ^a1
"""


@pytest.mark.parametrize("place", ["one  ^a$01", "one  ^a1$0", "one  $0^a1", "b2, ^$0a1", "[dependsOn:: a$01]\n"])
def test_an_id_and_its_references(place):
    plain = EXPECTED.translate(str.maketrans("", "", "<>{}"))
    check_highlights(plain.replace(place.replace("$0", ""), place, 1), EXPECTED)


@pytest.mark.parametrize(
    "source", ["- [ ] o$0ne  ^a1", "- [ ] a  [depends$0On:: a1]  ^a1", "a1$0 ^a1", "$0", "- [ ] a  ^$0"]
)
def test_nothing_where_no_id_is(source):
    check_highlights(source, source.replace("$0", ""))


def test_an_id_that_stands_twice():
    check_highlights("- [ ] a  ^x$01\n- [ ] b  ^x1\n", "- [ ] a  <^x1>\n- [ ] b  <^x1>\n")
