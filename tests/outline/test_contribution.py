"""What an outline contributes to the index of its workspace."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.task import Status
from orchestrator.outline.contribution import Column, contribution, dependencies, restored, rows
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.index import Index
from orchestrator.outline.parse import parse
from orchestrator.outline.reparse import reparse
from orchestrator.outline.text import Encoding
from orchestrator.outline.tree import Task
from tests.outline.checks import text
from tests.outline.strategies import documents, inline, outlines

PLAN = text("""
    # Ship  [dependsOn:: x1]
    - [ ] Böild 😀 it  [dependsOn:: q4w5e, ^z9y8x, q4w5e]  ^b7c2d
      - [x] Form
    - [-] Old  ^b7c2d
""")


def check_agrees(source: str) -> None:
    outline = parse(source)
    found = contribution(outline)
    nodes = list(outline.walk())
    place = {node: index for index, node in enumerate(nodes)}
    assert len(found) == len(nodes)
    for entry, node in zip(found.entries(), nodes, strict=True):
        parent = outline.parent(node)
        assert (entry.title, entry.line) == (node.title.replace("\n", " "), node.line)
        assert entry.parent == (None if parent is None else place[parent])
        assert entry.depends_on == dependencies(node)
        if isinstance(node, Task):
            assert (entry.status, entry.task_id) == (node.status, node.task_id)
            assert entry.depends_on == outline.dependencies(node)
            for encoding in Encoding:
                start, end = (outline.text.position(offset, encoding)[1] for offset in node.title_span)
                assert found.title_columns(entry.index, encoding) == (start, end)
        else:
            assert (entry.status, entry.task_id) == (None, None)
    assert found.task_count == sum(1 for _ in outline.tasks())


@given(documents | outlines())
def test_entries_agree_with_the_nodes(source: str) -> None:
    check_agrees(source)


def test_ids_are_nested_below_those_that_are_wanted_too() -> None:
    found = contribution(
        parse(
            text("""
            - [ ] a  ^a1111
              - [ ] without
                - [ ] b  ^b1111
                  - [ ] c  ^c1111
              - [ ] d  ^d1111
            - [ ] e  ^e1111
              - [ ] again  ^b1111
            """)
        )
    )
    nested = list(found.nested({"a1111", "c1111", "d1111", "b1111", "gone1"}))
    assert nested == [("a1111", None), ("b1111", "a1111"), ("c1111", "b1111"), ("d1111", "a1111")]
    assert list(found.nested({"c1111", "e1111"})) == [("c1111", None), ("e1111", None)]


@given(documents | outlines())
def test_rows_give_the_contribution_back(source: str) -> None:
    found = contribution(parse(source), frozenset({"a.md"}))
    again = restored(rows(found), found.paths, newer=found.newer)
    assert list(again.entries()) == list(found.entries())
    assert list(rows(again)) == list(rows(found))
    for index in range(len(found)):
        for encoding in Encoding:
            assert again.title_columns(index, encoding) == found.title_columns(index, encoding)
    assert (again.paths, again.newer) == (found.paths, found.newer)


@given(documents | outlines(), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 20), inline), max_size=4))
def test_entries_agree_after_edits(source: str, edits: list[tuple[int, int, str]]) -> None:
    outline = parse(source)
    contribution(outline)
    for place, length, new in edits:
        start = min(place, len(outline.text.string))
        outline = reparse(outline, [TextEdit(start, min(start + length, len(outline.text.string)), new)])
        found = contribution(outline)
        assert list(rows(found)) == list(rows(contribution(parse(outline.text.string))))


def test_an_edit_makes_a_part_or_two_anew() -> None:
    source = "".join(f"- [ ] Task {number}  ^a{number}\n" for number in range(5_000))
    outline = parse(source)
    before = contribution(outline)
    at = source.index("Task 2500")
    after = contribution(reparse(outline, [TextEdit(at, at, "x")]))
    old = {id(part) for part in before.parts}
    assert len(before.parts) > 15
    assert sum(id(part) not in old for part in after.parts) <= 2
    index = Index()
    index.put("p", before)
    assert index.put("p", after) == frozenset()
    at = source.index("^a2500")
    assert index.put("p", contribution(reparse(outline, [TextEdit(at + 1, at + 2, "b")]))) == {"a2500", "b2500"}


def test_entries() -> None:
    check_agrees(PLAN)
    found = contribution(parse(PLAN))
    assert [(entry.title, entry.status, entry.parent) for entry in found.entries()] == [
        ("Ship", None, None),
        ("Böild 😀 it", Status.PENDING, 0),
        ("Form", Status.COMPLETED, 1),
        ("Old", Status.CANCELLED, 0),
    ]
    assert found.defined() == {"b7c2d"}
    assert found.named() == {"x1", "q4w5e", "z9y8x"}
    assert [entry.line for entry in found.with_id("b7c2d")] == [1, 3]
    assert list(found.with_id("")) == []
    assert [entry.line for entry in found.with_ids()] == [1, 3]
    assert [found.title_columns(1, encoding) for encoding in Encoding] == [(6, 20), (6, 17), (6, 16)]


def test_a_column_is_a_list_of_lines() -> None:
    lines = ["a", "", "b c", "", "a"]
    column = Column.of(lines)
    assert list(column) == [column[index] for index in range(len(column))] == lines
    assert list(column.where("a")) == [0, 4]
    assert list(column.where("")) == [1, 3]
    assert list(column.where("b")) == []
    assert list(Column.of([])) == []
    assert list(Column.of(["a\nb"])) == ["a b"]


def test_it_is_small() -> None:
    """So that 100,000 tasks fit beside the open documents: less than twice the text."""
    source = "".join(f"- [ ] Task number {number} of the plan  ^a{number:05}\n" for number in range(5_000))
    found = contribution(parse(source))
    size = 0
    for part in found.parts:
        columns = (part.titles, part.ids, part.depends)
        size += sum(sys.getsizeof(column.string) + sys.getsizeof(column.starts) for column in columns)
        size += sum(map(sys.getsizeof, (part.statuses, part.ranks, part.lines, part.title_starts, part.title_ends)))
    assert size < 2 * len(source)
