"""Hints as they stand behind their lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.outline.inlay_hints import hints
from orchestrator.outline.parse import parse
from orchestrator.outline.progress import progress
from orchestrator.outline.visible import nodes_in
from tests.outline.checks import text
from tests.outline.strategies import documents, outlines


def check_hints(source: str, expected: str) -> None:
    """`source` with `«3/7 mode of title»` behind the lines that have a hint."""
    outline = parse(text(source))
    lines = text(source).split("\n")
    for hint in hints(outline, 0, len(lines)):
        counts = f"{hint.done}/{hint.total}" if hint.total else ""
        mode = f"{hint.mode} of {hint.mode_of.title if hint.mode_of else 'front matter'}" if hint.mode else ""
        lines[hint.line] += f" «{' '.join(filter(None, [counts, mode]))}»"
    assert "\n".join(lines) == text(expected)


def test_progress_stands_behind_parents():
    check_hints(
        """
        # S
        - [ ] a
          - [x] b
            - [ ] c
          - [-] d
            - [x] e
        - [ ] f
        """,
        """
        # S
        - [ ] a «1/2»
          - [x] b «0/1»
            - [ ] c
          - [-] d «1/1»
            - [x] e
        - [ ] f
        """,
    )


def test_a_mode_that_is_inherited_and_unusual():
    check_hints(
        """
        - [ ] a  [mode:: auto]
          - [ ] b
          - [x] settled
          - [ ] c  [mode:: interactive]
            - [ ] d
            - [ ] e  [mode:: wild]
        # S  [mode:: auto]
        - [ ] f
        """,
        """
        - [ ] a  [mode:: auto] «1/5»
          - [ ] b «auto of a»
          - [x] settled
          - [ ] c  [mode:: interactive] «0/2»
            - [ ] d
            - [ ] e  [mode:: wild]
        # S  [mode:: auto]
        - [ ] f «auto of S»
        """,
    )


def test_the_mode_of_the_file_is_usual():
    check_hints(
        """
        ---
        defaults: {mode: auto}
        ---
        - [ ] a
          - [ ] b  [mode:: interactive]
            - [ ] c
        """,
        """
        ---
        defaults: {mode: auto}
        ---
        - [ ] a «0/2»
          - [ ] b  [mode:: interactive] «0/1»
            - [ ] c «interactive of b»
        """,
    )


@given(documents | outlines(), st.data())
def test_hints_of_parts_are_hints_of_the_whole(source, data):
    outline = parse(source)
    lines = outline.text.line_count
    start = data.draw(st.integers(-2, lines + 2))
    end = data.draw(st.integers(start, lines + 2))
    whole = list(hints(outline, 0, lines))
    assert list(hints(outline, start, end)) == [hint for hint in whole if start <= hint.line < end]
    counts = {hint.line: (hint.done, hint.total) for hint in whole if hint.total}
    assert counts == {task.line: progress(task) for task in outline.tasks() if progress(task)[1]}


@given(documents | outlines(), st.data())
def test_what_is_in_sight(source, data):
    outline = parse(source)
    start = data.draw(st.integers(-2, outline.text.line_count + 2))
    end = data.draw(st.integers(-2, outline.text.line_count + 2))
    assert list(nodes_in(outline, start, end)) == [node for node in outline.walk() if start <= node.line < end]


def test_a_hundred_levels_are_counted_once():
    chain = "".join(f"{'  ' * level}- [ ] t{level}\n" for level in range(99))
    outline = parse(chain * 3)
    found = list(hints(outline, 0, outline.text.line_count))
    assert [hint.total for hint in found[:98]] == list(range(98, 0, -1))
