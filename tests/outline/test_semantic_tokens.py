"""Tokens as lines `text kind+modifiers`."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given

from orchestrator.outline.own_text import pieces
from orchestrator.outline.parse import parse
from orchestrator.outline.semantic_tokens import Modifier, Token, Word, tokens_of
from orchestrator.outline.tree import Outline
from tests.outline.checks import text
from tests.outline.strategies import documents, outlines


def tokens(outline: Outline) -> Iterator[Token]:
    for piece in pieces(outline):
        for token in tokens_of(outline, piece):
            yield token._replace(line=token.line + piece.line)


def check_tokens(source: str, *expected: str) -> None:
    outline = parse(text(source))
    shown = []
    for token in tokens(outline):
        modifiers = "".join(f"+{one.name.lower()}" for one in Modifier if token.modifiers & one)
        shown.append(f"{outline.text.line(token.line)[token.start : token.end]} {token.kind.name.lower()}{modifiers}")
    assert shown == list(expected)


def test_an_open_task():
    check_tokens(
        "1. [/] *Build* it  [mode:: auto]  [dependsOn:: a1, ^b2]  [theirs:: x]  ^c3\n",
        "[/] enum_member",
        "mode property",
        "auto enum_member",
        "dependsOn property",
        "a1 label",
        "^b2 label",
        "theirs property",
        "x string",
        "^c3 label+declaration",
    )


def test_every_kind_of_value():
    check_tokens(
        "- [ ] a [budget:: 2.50] [model:: strong] [priority:: low] [reason:: two words] [files:: a.py, b c.py]\n",
        "[ ] enum_member",
        "budget property",
        "2.50 number",
        "model property",
        "strong type",
        "priority property",
        "low enum_member",
        "reason property",
        "two words string",
        "files property",
        "a.py string",
        "b c.py string",
    )


def test_what_is_over():
    check_tokens(
        "- [x] one [mode:: auto] two\n- [-] old\n- [~] odd\n",
        "[x] enum_member+readonly",
        "one  comment+readonly",
        "mode property",
        "auto enum_member",
        " two comment+readonly",
        "[-] enum_member+readonly+deprecated",
        "old comment+readonly+deprecated",
    )


def test_headings():
    check_tokens(
        "# Ship  [mode:: auto]\n\nTwo\nlines\n===\n",
        "Ship namespace+declaration",
        "mode property",
        "auto enum_member",
        "Two namespace+declaration",
        "lines namespace+declaration",
    )


def test_acceptance_and_result():
    check_tokens(
        """
        - [ ] a
          Accept: it works
          - [ ] b

            - Accept: one
            - two

            > Result: done
            > more
          ```
          Accept: code
          ```

          Accept\\: text
        - [ ] c
          Accepted: no
        """,
        "[ ] enum_member",
        "Accept: keyword+documentation",
        "[ ] enum_member",
        "Accept: keyword+documentation",
        "Result: keyword+documentation",
        "[ ] enum_member",
    )


@given(documents | outlines())
def test_tokens_never_overlap(source):
    outline = parse(source)
    last = (-1, 0)
    for token in tokens(outline):
        assert (token.line, token.start) >= last
        assert token.start < token.end <= len(outline.text.line(token.line))
        last = token.line, token.end


def test_the_kinds_are_numbered():
    assert [word.value for word in Word] == list(range(len(Word)))
    assert [modifier.value for modifier in Modifier] == [1, 2, 4, 8]
