from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.lsp import convert
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.parse import parse
from orchestrator.outline.text import Encoding, Text

texts = st.lists(st.sampled_from(["a", "é", "😀", "\n", "\r\n", "\r", "\u2028", "- [ ] "]), max_size=12).map("".join)


@given(texts, st.integers(0, 60), st.sampled_from(Encoding))
def test_positions_round_trip(string: str, place: int, encoding: Encoding) -> None:
    text = Text(string)
    offset = min(place, len(string))
    if string[offset - 1 : offset + 1] == "\r\n":
        offset -= 1  # between the two halves of a line break there is no position
    assert convert.offset(text, convert.position(text, offset, encoding), encoding) == offset


@given(texts, st.sampled_from(Encoding))
def test_ranges_of_nodes_hold_their_titles(string: str, encoding: Encoding) -> None:
    """VS Code refuses symbols whose selection range is not inside their range."""
    outline = parse(string)
    for node in outline.walk():
        full = convert.node_span(outline.text, node, encoding)
        title = convert.title_span(outline.text, node, encoding)
        assert (full.start.line, full.start.character) <= (title.start.line, title.start.character)
        assert (title.end.line, title.end.character) <= (full.end.line, full.end.character)


def test_edits_in_the_clients_units() -> None:
    (edit,) = convert.text_edits(Text("😀é|"), [TextEdit(2, 3, "x")], Encoding.UTF8)
    assert (edit.range.start.character, edit.range.end.character, edit.new_text) == (6, 7, "x")
