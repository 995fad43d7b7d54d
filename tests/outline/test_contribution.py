"""What an outline contributes to the index of its workspace."""

from __future__ import annotations

import sys

from hypothesis import given

from orchestrator.model.task import Status
from orchestrator.outline.contribution import Column, contribution, dependencies, restored, rows
from orchestrator.outline.parse import parse
from orchestrator.outline.text import Encoding
from orchestrator.outline.tree import Task
from tests.outline.checks import text
from tests.outline.strategies import documents, outlines

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


@given(documents | outlines())
def test_rows_give_the_contribution_back(source: str) -> None:
    found = contribution(parse(source), frozenset({"a.md"}))
    assert restored(rows(found), found.paths, newer=found.newer) == found


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
    columns = (found.titles, found.ids, found.depends)
    size = sum(sys.getsizeof(column.string) + sys.getsizeof(column.starts) for column in columns)
    size += sum(map(sys.getsizeof, (found.statuses, found.lines, found.parents, found.title_starts, found.title_ends)))
    assert size < 2 * len(source)
