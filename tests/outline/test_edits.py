from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.outline.edits import TextEdit, apply, between, minimal
from orchestrator.outline.parse import parse
from orchestrator.outline.reparse import foresee, reparse
from tests.outline.strategies import INLINE, LINES, documents, outlines
from tests.outline.test_reading import described
from tests.support.laws import examples

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


@settings(deadline=None, max_examples=examples(150))
@given((documents | outlines()).flatmap(lambda source: st.tuples(st.just(source), batches(source))))
def test_reparse_equals_parse(case: tuple[str, tuple[TextEdit, ...]]):
    source, edits = case
    after = reparse(parse(source), edits)
    assert after.text.string == apply(source, edits)
    assert described(after) == described(parse(apply(source, edits)))
    assert after.front_matter == parse(apply(source, edits)).front_matter


fragments = st.sampled_from(
    [*LINES, *INLINE, "\n", "\r\n", "\r", "\n\n", "  ", "- [ ] ", "\n- [ ] new", "\n  - [x] sub"]
)
steps = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 12), fragments | st.just("")), min_size=1, max_size=8)
long_documents = st.lists(documents | outlines(), min_size=1, max_size=4).map("\n".join)


@settings(deadline=None, max_examples=examples(80))
@given(long_documents, steps)
def test_reparse_equals_parse_after_many_edits(source: str, changes: list[tuple[int, int, str]]):
    outline = parse(source)
    for place, length, new in changes:
        start = place % (len(outline.text) + 1)
        end = min(start + length, len(outline.text))
        outline = reparse(outline, (TextEdit(start, end, new),))
    whole = parse(outline.text.string)
    assert described(outline) == described(whole)
    assert (outline.front_matter, outline.text.line_count) == (whole.front_matter, whole.text.line_count)
    assert sum(segment.lines for segment in outline.segments) == outline.text.line_count
    assert sum(segment.length for segment in outline.segments) == len(outline.text)


def test_what_was_foreseen_is_not_read_again() -> None:
    outline = parse("- [ ] a\n- [ ] b\n")
    done, other = [TextEdit(3, 4, "x")], [TextEdit(11, 12, "x")]
    seen = foresee(outline, done)
    assert reparse(outline, tuple(done)) is seen
    assert reparse(outline, done) is not seen, "once: nobody holds on to what comes after an old text"
    foresee(outline, done)
    assert reparse(outline, other).text.string == "- [ ] a\n- [x] b\n"
    assert outline.foreseen is None
