"""Text that arrives in pieces."""

from hypothesis import given
from hypothesis import strategies as st
from tests.providers.support import REQUEST

from orchestrator.providers.answer import Answer, Growing
from orchestrator.providers.base import TextDelta


def units(text: str) -> list[str]:
    """UTF-16 units: emoji fall into two halves."""
    encoded = text.encode("utf-16-le")
    return [encoded[i : i + 2].decode("utf-16-le", "surrogatepass") for i in range(0, len(encoded), 2)]


@given(st.lists(st.text(max_size=5)))
def test_deltas_join_to_the_answer(pieces: list[str]):
    answer = Answer(REQUEST)
    shown = [event for piece in pieces for event in answer.add_text(piece)]
    assert all(isinstance(event, TextDelta) and event.text for event in shown)
    assert "".join(event.text for event in shown) == answer.text == "".join(pieces)  # type: ignore[union-attr]


@given(st.text(alphabet="a🌍é😀"))
def test_characters_cut_in_half_are_whole_again(text: str):
    growing = Growing()
    assert "".join(growing.add(unit) for unit in units(text)) == growing.text == text


@given(st.lists(st.sampled_from(["a", "\ud83c", "\udf0d", "🌍"])))
def test_a_lone_half_never_gets_through(pieces: list[str]):
    growing = Growing()
    for piece in pieces:
        growing.add(piece).encode("utf-8")
    growing.text.encode("utf-8")
