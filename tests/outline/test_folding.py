"""What can be folded, as lines `first-last kind`."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings

from orchestrator.outline.edits import TextEdit
from orchestrator.outline.extents import end_lines
from orchestrator.outline.folding import folds, outermost
from orchestrator.outline.own_text import first_body_line, outside, pieces, runs
from orchestrator.outline.parse import parse
from orchestrator.outline.reparse import reparse
from orchestrator.outline.scan import is_blank
from orchestrator.outline.tree import Section
from tests.outline.checks import text
from tests.outline.reference import folding as reference
from tests.outline.strategies import documents, outlines
from tests.outline.test_edits import steps
from tests.support.laws import examples


def check_folds(source: str, *expected: str) -> None:
    found = folds(parse(text(source)))
    assert [f"{fold.start}-{fold.end} {fold.kind}" for fold in found] == list(expected)


def test_branches_and_sections_fold():
    check_folds(
        """
        # Plan

        - [ ] a
          - [ ] b
            - [ ] c

        - [ ] leaf

        ## Later
        - [ ] d
          text

        # Empty
        """,
        "0-10 section",
        "2-4 branch",
        "3-4 branch",
        "8-10 section",
        "9-10 branch",
    )


def test_front_matter_folds():
    check_folds("---\norchestrator: 1\n---\n- [ ] a\n", "0-2 frontMatter")


def test_a_description_above_subtasks_folds():
    check_folds(
        """
        - [ ] a

          two
          lines

          - [ ] b

          and more
          of it
        """,
        "0-8 branch",
        "2-3 description",
    )


def test_a_description_of_one_line_hides_nothing():
    check_folds("- [ ] a\n  text\n  - [ ] b\n", "0-2 branch")


def test_code_in_a_body_folds():
    check_folds(
        """
        - [ ] a
          Do this:

          ```sh
          - [ ] no task
          ```
          - [ ] b
            - plain
              ~~~
              x
              ~~~
        """,
        "0-10 branch",
        "1-5 description",
        "3-5 code",
        "6-10 branch",
        "8-10 code",
    )


def test_code_outside_of_tasks_folds():
    check_folds("```\na\n```\n\n- [ ] a\n\n# S\n\n```\nb\n", "0-2 code", "6-9 section", "8-9 code")


def test_code_that_begins_a_body_is_one_fold():
    check_folds("- [ ] a\n  ```\n  x\n  ```\n  more\n  - [ ] b\n", "0-5 branch", "1-3 code")


def test_the_outermost_are_kept_where_a_client_takes_few():
    outline = parse("- [ ] a\n  - [ ] b\n    - [ ] c\n- [ ] d\n  - [ ] e\n")
    assert [(fold.start, fold.end) for fold in outermost(folds(outline), 2)] == [(0, 2), (3, 4)]
    assert [(fold.start, fold.end) for fold in outermost(folds(outline), 3)] == [(0, 2), (1, 2), (3, 4)]
    assert outermost(folds(outline), 0) == []


@given(documents | outlines())
def test_folds_nest_and_hide_something(source):
    outline = parse(source)
    found = folds(outline)
    assert [fold.start for fold in found] == sorted(fold.start for fold in found)
    assert len({fold.start for fold in found}) == len(found), "an editor shows one fold for a line"
    open_ends: list[int] = []
    for fold in found:
        assert 0 <= fold.start < fold.end < outline.text.line_count
        while open_ends and open_ends[-1] < fold.start:
            open_ends.pop()
        assert not open_ends or fold.end <= open_ends[-1]
        open_ends.append(fold.end)


@given(documents | outlines())
def test_every_line_has_one_place(source):
    outline = parse(source)
    text = outline.text
    owned = [line for start, end in outside(outline) for line in range(start, end)]
    for node in outline.walk():
        owned += range(node.line, first_body_line(text, node))
        owned += (line for start, end in runs(text, node) for line in range(start, end))
    assert len(owned) == len(set(owned))
    missing = set(range(outline.front_matter.end_line, text.line_count)) - set(owned)
    assert [text.line(line) for line in missing if not is_blank(text.line(line))] == []
    bodies = [line for piece in pieces(outline) for line in range(piece.body, piece.end)]
    assert bodies == sorted(set(bodies))


@pytest.mark.parametrize("source", ["", "\n", "---\n", "---\n---", "# a", "```", "- [ ] a\n  ```", "a\n===\nb"])
def test_odd_documents(source):
    for one, other in pairwise(folds(parse(source))):
        assert one.start < other.start


def test_an_underlined_heading_is_no_body():
    outline = parse("Long\nheading\n===\ntext\n- [ ] a\n")
    (section,) = outline.nodes
    assert isinstance(section, Section)
    assert list(runs(outline.text, section)) == [(3, 4)]


@settings(deadline=None, max_examples=examples(100))
@given(documents | outlines(), steps)
def test_folds_are_those_of_each_node_also_after_edits(source: str, changes: list[tuple[int, int, str]]):
    outline = parse(source)
    assert folds(outline) == reference.folds(outline)
    for place, length, new in changes:
        start = place % (len(outline.text) + 1)
        outline = reparse(outline, (TextEdit(start, min(start + length, len(outline.text)), new),))
        assert folds(outline) == reference.folds(parse(outline.text.string))
        ends = end_lines(outline)
        assert [ends[node.index] for node in outline.walk()] == [node.end_line for node in outline.walk()]
