from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.outline import text as module
from orchestrator.outline.text import Encoding, Text

lines = st.lists(
    st.sampled_from(["\n", "\r", "\r\n", "a", "é", "漢", "👩", "\u2028", "\f", "\x85", "\ud83d", "\ude00"]), max_size=12
)
strings = lines.map("".join)
encodings = st.sampled_from(Encoding)


def units(string: str, encoding: Encoding) -> int:
    """What a client counts, the slow way."""
    sizes = {Encoding.UTF8: 1, Encoding.UTF16: 2, Encoding.UTF32: 4}
    names = {Encoding.UTF8: "utf-8", Encoding.UTF16: "utf-16-le", Encoding.UTF32: "utf-32-le"}
    return sum(len(c.encode(names[encoding], "surrogatepass")) // sizes[encoding] for c in string)


def test_only_the_three_line_ends_of_lsp_end_a_line():
    text = Text("a\u2028b\fc\x85d\ne\r\nf\rg\r\r\n")
    assert [text.line(line) for line in range(text.line_count)] == ["a\u2028b\fc\x85d", "e", "f", "g", "", ""]


@pytest.mark.parametrize(
    ("string", "newline"),
    [
        ("", "\n"),
        ("a", "\n"),
        ("a\r\nb\r\nc\n", "\r\n"),
        ("a\rb\rc\n", "\r"),
        ("a\r\nb\n", "\n"),
        ("\r\r\n\r\n", "\r\n"),
    ],
)
def test_newline_is_the_one_used_most(string: str, newline: str):
    assert Text(string).newline == newline


def test_a_character_counts_as_the_client_counts():
    text = Text("x\na👩b")
    assert [text.position(4, encoding) for encoding in Encoding] == [(1, 5), (1, 3), (1, 2)]
    assert [text.offset(1, 3, encoding) for encoding in Encoding] == [3, 4, 5]


@given(strings, encodings, st.data())
def test_position_and_offset_are_inverse(string: str, encoding: Encoding, data: st.DataObject):
    text = Text(string)
    offset = data.draw(st.integers(0, len(string)))
    line, character = text.position(offset, encoding)
    start, end = text.line_start(line), text.line_end(line)
    back = text.offset(line, character, encoding)
    assert back == min(offset, end)
    assert character == units(string[start:back], encoding)


@given(strings, encodings, st.integers(-3, 20), st.integers(-3, 30))
def test_conversions_are_total(string: str, encoding: Encoding, line: int, character: int):
    text = Text(string)
    offset = text.offset(line, character, encoding)
    assert 0 <= offset <= len(string)
    if 0 <= line < text.line_count:
        start, end = text.line_start(line), text.line_end(line)
        # The greatest place on the line that is not behind the one asked for.
        assert offset == max(
            place for place in range(start, end + 1) if units(string[start:place], encoding) <= max(character, 0)
        )
    assert text.position(line * 7, encoding) <= text.position(len(string), encoding)


@given(strings)
def test_lines_make_up_the_text(string: str):
    text = Text(string)
    assert text.line_start(0) == 0
    for line in range(text.line_count - 1):
        assert string[text.line_end(line) : text.line_start(line + 1)] in {"\n", "\r", "\r\n"}
        assert text.line_of(text.line_start(line)) == text.line_of(text.line_end(line)) == line
    assert text.line_end(text.line_count - 1) == len(string)


@given(strings, strings, st.data())
def test_replace_gives_the_text_of_the_new_string(string: str, new: str, data: st.DataObject):
    start = data.draw(st.integers(0, len(string)))
    end = data.draw(st.integers(start, len(string)))
    assert Text(string).replace(start, end, new) == Text(string[:start] + new + string[end:])


@given(strings, st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9), strings), max_size=6), encodings)
def test_chunks_do_not_show(string: str, changes: list[tuple[int, int, str]], encoding: Encoding):
    size, module.CHUNK = module.CHUNK, 4
    try:
        text = Text(string)
        for place, length, new in changes:
            start = place % (len(string) + 1)
            text.line_of(start)  # from now on it knows where its lines start, and goes on from there
            text = text.replace(start, start + length, new)
            string = string[:start] + new + string[start + length :]
    finally:
        module.CHUNK = size
    whole = Text(string)
    assert (text.string, len(text), text.line_count, text.newline) == (
        string,
        len(string),
        whole.line_count,
        whole.newline,
    )
    for line in range(text.line_count):
        assert text.line(line) == whole.line(line)
        assert (text.line_start(line), text.line_end(line)) == (whole.line_start(line), whole.line_end(line))
        assert text.lines(line, line + 2) == whole.lines(line, line + 2)
    for offset in range(len(string) + 1):
        assert text.line_of(offset) == whole.line_of(offset)
        assert text.position(offset, encoding) == whole.position(offset, encoding)
        assert text.slice(offset, offset + 5) == string[offset : offset + 5]
