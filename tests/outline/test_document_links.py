"""Targets as they stand in the text, in document order."""

from __future__ import annotations

import pytest
from hypothesis import given

from orchestrator.outline.document_links import LONGEST, links
from orchestrator.outline.parse import parse
from tests.outline.checks import text
from tests.outline.strategies import documents, outlines


def check_links(source: str, *expected: str) -> None:
    source = text(source)
    found = sorted(links(parse(source)), key=lambda link: link.start)
    assert [f"{source[link.start : link.end]}{' (path)' if link.path else ''}" for link in found] == list(expected)


def test_links_of_a_task_and_its_body():
    check_links(
        """
        See https://a.example/one?x=1, and [two](two.md).

        - [ ] [Build](docs/build.md#how "title") it (http://b.example/x_(y)).  [files:: src/a.py, b c.md]
          <https://c.example>, [d](<d e.md>)

          ```
          https://code.example
          ```
          - [ ] c
        # [H](h.md)
        `https://code.example` [x](y.md)
        """,
        "https://a.example/one?x=1",
        "two.md",
        "docs/build.md#how",
        "http://b.example/x_(y)",
        "src/a.py (path)",
        "b c.md (path)",
        "https://c.example",
        "d e.md",
        "h.md",
        "y.md",
    )


@pytest.mark.parametrize(
    "source",
    [
        "- [ ] `[a](b)`",
        "- [ ] a\n\n      https://indented.example",
        "<!--\nhttps://comment.example\n-->",
        "- [ ] a  [theirs:: https://field.example]",
        "- [ ] a  [files:: /etc/passwd, ../../x\x00]",
        "- [ ] a b.example, mailto:x@y.example",
        "- [ ] [a]()",
        "---\nx: https://front.example\n---\n",
    ],
)
def test_what_is_no_link(source):
    check_links(source)


def test_what_belongs_to_the_sentence():
    check_links("(see https://a.example/b).\n", "https://a.example/b")
    check_links("**https://a.example/b**!\n", "https://a.example/b")
    check_links("https://a.example/((\n", "https://a.example/((")


def test_a_target_has_an_end():
    source = "- [ ] [a](" + "x" * (LONGEST + 1) + ") https://" + "a" * 3 * LONGEST
    for link in links(parse(source)):
        assert link.end - link.start <= LONGEST + len("https://")


@pytest.mark.parametrize(
    "filler", ["](", "](a", "https://", "https://a)", "`a` [x](y) ", ")" * 100 + "https://", '[a](b "']
)
def test_hostile_lines_end(filler):
    list(links(parse("- [ ] " + filler * (1_000_000 // len(filler)))))


@given(documents | outlines())
def test_links_never_overlap(source):
    outline = parse(source + "\n- [ ] [a](b) https://x.example `c` [files:: d]\n")
    last = 0
    for link in sorted(links(outline), key=lambda link: link.start):
        assert last <= link.start < link.end
        line = outline.text.line_of(link.start)
        assert link.end <= outline.text.line_end(line)
        last = link.end
