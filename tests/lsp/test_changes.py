from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.lsp.changes import Batch
from orchestrator.outline.edits import TextEdit, apply

texts = st.text("ab\r\n😀-", max_size=12)
changes = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), texts), max_size=8)


@given(texts, changes)
def test_batch_equals_changes_in_sequence(base: str, typed: list[tuple[int, int, str]]) -> None:
    batch, now = Batch(), base
    for first, second, new in typed:
        start, end = sorted((first % (len(now) + 1), second % (len(now) + 1)))
        batch.add(TextEdit(start, end, new))
        now = now[:start] + new + now[end:]
        assert apply(base, batch.edits) == now
        assert len(now) == len(base) + batch.growth


@given(texts, changes)
def test_edits_of_a_batch_are_in_order_and_apart(base: str, typed: list[tuple[int, int, str]]) -> None:
    batch, length = Batch(), len(base)
    for first, second, new in typed:
        start, end = sorted((first % (length + 1), second % (length + 1)))
        batch.add(TextEdit(start, end, new))
        length += len(new) - (end - start)
    for one, other in zip(batch.edits, batch.edits[1:], strict=False):
        assert one.end < other.start


def test_typing_a_word_is_one_edit() -> None:
    batch = Batch()
    for index, letter in enumerate("word"):
        batch.add(TextEdit(5 + index, 5 + index, letter))
    assert batch.edits == (TextEdit(5, 5, "word"),)


@pytest.mark.parametrize("step", [1, -1], ids=["downwards", "upwards"])
def test_many_cursors_are_many_small_edits(step: int) -> None:
    places = list(range(0, 50_000, 10))
    batch = Batch()
    for number, place in enumerate(places[::step]):
        at = place + number if step == 1 else place
        batch.add(TextEdit(at, at, "x"))
    assert batch.edits == tuple(TextEdit(place, place, "x") for place in places)
    assert batch.growth == len(places)


def test_distant_changes_stay_small() -> None:
    batch = Batch()
    batch.add(TextEdit(10, 10, "x"))
    batch.add(TextEdit(500, 501, ""))
    assert batch.edits == (TextEdit(10, 10, "x"), TextEdit(499, 500, ""))
