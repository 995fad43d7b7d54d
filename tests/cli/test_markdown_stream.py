from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cli.markdown_stream import MarkdownStream

TEXTS = st.lists(st.text(st.sampled_from("ab *`#>~\n-_1."), max_size=8), max_size=8)
_STYLE = re.compile("\x1b\\[[0-9]*m")


def streamed(pieces: list[str], *, styled: bool = True) -> str:
    stream = MarkdownStream(styled=styled)
    return "".join([*(stream.feed(piece) for piece in pieces), stream.end()])


@given(TEXTS)
def test_styles_change_no_character(pieces):
    assert _STYLE.sub("", streamed(pieces)) == "".join(pieces)
    assert streamed(pieces, styled=False) == "".join(pieces)


@given(TEXTS)
def test_no_style_leaks(pieces):
    for line in streamed(pieces).split("\n"):
        styles = _STYLE.findall(line)
        assert not styles or styles[-1] == "\x1b[0m"


@given(TEXTS)
def test_pieces_do_not_matter(pieces):
    assert streamed(pieces) == streamed(["".join(pieces)])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n", "plain\n"),
        ("# Head\nx", "\x1b[1m# Head\x1b[0m\nx"),
        ("a **b** `c*` *d*", "a \x1b[1m**b**\x1b[0m \x1b[36m`c*`\x1b[0m *d*"),
        ("```py\n**x**\n```\ny", "\x1b[2m```py\x1b[0m\n\x1b[36m**x**\x1b[0m\n\x1b[2m```\x1b[0m\ny"),
        ("> said\n", "\x1b[2m> said\x1b[0m\n"),
        ("#tag ", "#tag "),
    ],
)
def test_what_is_styled(text, shown):
    assert streamed([text]) == shown
