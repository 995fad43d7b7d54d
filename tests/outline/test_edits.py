from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.outline.edits import TextEdit, apply, between, minimal
from orchestrator.outline.parse import parse
from orchestrator.outline.reparse import reparse
from tests.outline.checks import show
from tests.outline.strategies import documents

strings = st.text("ab\r\n", max_size=12)


@st.composite
def batches(draw: st.DrawFn, string: str) -> tuple[TextEdit, ...]:
    """Edits that do not overlap, in document order."""
    places = sorted(draw(st.lists(st.integers(0, len(string)), max_size=6).filter(lambda p: len(p) % 2 == 0)))
    return tuple(
        TextEdit(start, end, draw(st.sampled_from(["", "x", "- [ ] new\n", "\n", "  ", "# "])))
        for start, end in zip(places[::2], places[1::2], strict=True)
    )


def test_edits_are_against_the_text_before_any_of_them():
    edits = (TextEdit(4, 5, "E"), TextEdit(0, 1, "AA"), TextEdit(2, 2, "-"), TextEdit(2, 2, "+"), TextEdit(2, 3, "C"))
    assert apply("abcde", edits) == "AAb-+CdE"


@pytest.mark.parametrize(
    "edits",
    [
        (TextEdit(0, 3, ""), TextEdit(2, 4, "")),
        (TextEdit(0, 3, ""), TextEdit(1, 1, "")),
        (TextEdit(3, 9, ""),),
        (TextEdit(-1, 0, ""),),
        (TextEdit(3, 2, ""),),
    ],
)
def test_edits_that_do_not_fit_are_refused(edits: tuple[TextEdit, ...]):
    with pytest.raises(ValueError, match="compute the edits again"):
        apply("abcde", edits)


@given(strings, strings)
def test_minimal_edit_gives_the_new_text(old: str, new: str):
    edit = minimal(old, new)
    if edit is None:
        assert old == new
        return
    assert apply(old, [edit]) == new
    for text, start, end in (
        (old, edit.start, edit.end),
        (new, edit.start, edit.start + len(edit.text)),
    ):
        assert "\r\n" not in {text[start - 1 : start + 1], text[end - 1 : end + 1]} or start == 0
    if "\r" not in old + new:
        shared = min(len(old), len(new))
        assert edit.start == shared or old[edit.start] != new[edit.start]


@given(st.text("ab\r\n\u2028", max_size=20), st.text("ab\r\n\u2028", max_size=20))
def test_edits_between_two_texts_give_the_new_one(old: str, new: str):
    assert apply(old, between(old, new)) == new


def test_edits_between_two_texts_touch_what_differs():
    assert between("a\nb\nc\nd\n", "a\nB\nc\nD\n") == (TextEdit(2, 3, "B"), TextEdit(6, 7, "D"))
    assert between("a\nb\nc\n", "c\na\nb\n") == (TextEdit(0, 0, "c\n"), TextEdit(4, 6, ""))


def test_minimal_edit_keeps_windows_line_breaks_whole():
    assert minimal("a\r\nb", "a\rb") == TextEdit(1, 3, "\r")
    assert minimal("a\nb", "a\r\nb") == TextEdit(1, 2, "\r\n")
    assert minimal("same", "same") is None


@given(documents.flatmap(lambda source: st.tuples(st.just(source), batches(source))))
def test_reparse_equals_parse(case: tuple[str, tuple[TextEdit, ...]]):
    source, edits = case
    after = reparse(parse(source), edits)
    assert after.text.string == apply(source, edits)
    assert show(after) == show(parse(apply(source, edits)))
