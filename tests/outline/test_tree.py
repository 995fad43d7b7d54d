from __future__ import annotations

import pytest
from hypothesis import given, settings

from orchestrator.outline.edits import TextEdit
from orchestrator.outline.parse import parse
from orchestrator.outline.reparse import reparse
from orchestrator.outline.segments import PAGE
from orchestrator.outline.tree import MANY_ASKED, Node, Section
from tests.outline.checks import text
from tests.outline.strategies import documents, outlines

OUTLINE = parse(
    text("""
    - [ ] top  ^t
    # One

    text
    - [ ] a  ^a
      body

      - [ ] b  [dependsOn:: t, ^a,, t ]
        1. [ ] c  ^a

    ## Two
    - [ ] d
    """)
)


def name(node: Node | None) -> str | None:
    return node.title if node else None


def test_the_way_down_and_up():
    nodes = {node.title: node for node in OUTLINE.walk()}
    assert [*nodes] == ["top", "One", "a", "b", "c", "Two", "d"]
    assert [task.title for task in OUTLINE.tasks()] == ["top", "a", "b", "c", "d"]
    assert [name(OUTLINE.parent(node)) for node in nodes.values()] == [None, None, "One", "a", "b", "One", "Two"]
    c = next(task for task in OUTLINE.tasks() if task.title == "c")
    assert [name(node) for node in OUTLINE.path(c)] == ["One", "a", "b", "c"]
    assert [name(task) for task in OUTLINE.ancestors(c)] == ["a", "b"]


def test_the_innermost_node_holds_a_line():
    held = [name(OUTLINE.node_at_line(line)) for line in range(-1, OUTLINE.text.line_count)]
    expected = [None, "top", "One", "One", "One", "a", "a", "a", "b", "c", "One", "Two", "d", None]
    assert held == expected
    tasks = [name(OUTLINE.task_at_line(line)) for line in range(-1, OUTLINE.text.line_count)]
    assert tasks == [None if found in {"One", "Two"} else found for found in expected]


def test_ids_and_dependencies():
    assert [task.title for task in OUTLINE.by_id("a")] == ["a", "c"]
    assert OUTLINE.by_id("nobody") == ()
    (b,) = (task for task in OUTLINE.tasks() if task.title == "b")
    assert OUTLINE.dependencies(b) == ("t", "a")


@pytest.mark.parametrize("twice", [False, True])
def test_ids_of_many_pages_are_found_however_often_they_are_asked_for(twice: bool):
    count = 3 * PAGE
    ids = [f"i{number:04}" for number in range(count)]
    if twice:
        ids[-1] = ids[1]
    outline = parse("".join(f"- [ ] {number}  ^{name}\n" for number, name in enumerate(ids)))
    expected = [tuple(str(place) for place, other in enumerate(ids) if other == name) for name in ids]
    for _ in range(2):
        assert [tuple(task.title for task in outline.by_id(name)) for name in ids[:40]] == expected[:40]
        assert outline.by_id("nobody") == ()
    assert [tuple(task.title for task in outline.by_id(name)) for name in ids[-40:]] == expected[-40:]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[ ] 300 ", "[x] 300 "),
        ("^i0300", "^other"),
        ("^i0300", "^i0002"),
        ("- [ ] 300  ^i0300\n", ""),
        ("- [ ] 300  ^i0300\n", "".join(f"- [ ] new {number}  ^n{number}\n" for number in range(2 * PAGE))),
    ],
)
def test_ids_are_found_after_an_edit_as_in_a_new_outline(old: str, new: str):
    """What was known of them before it is used only where it is still so."""
    source = "".join(f"- [ ] {number}  ^i{number:04}\n" for number in range(4 * PAGE))
    outline = parse(source)
    for _ in range(2):  # twice, so that what came of one edit is edited too
        for number in range(MANY_ASKED):
            outline.by_id(f"i{number:04}")
        start = outline.text.string.index(old)
        outline = reparse(outline, [TextEdit(start, start + len(old), new)])
        fresh = parse(outline.text.string)
        names = {task.task_id or "" for task in fresh.tasks()} | {"i0300", "i0301", "nobody"}
        found = {name: [task.line for task in outline.by_id(name)] for name in names}
        assert found == {name: [task.line for task in fresh.by_id(name)] for name in names}
        old, new = "[ ] 700 ", "[x] 700 "


def test_values_do_not_change():
    (task, *_) = OUTLINE.tasks()
    with pytest.raises(AttributeError):
        task.title = "other"  # pyright: ignore[reportAttributeAccessIssue] (that is the point)
    with pytest.raises(TypeError):
        task.fields["mode"] = "auto"  # pyright: ignore[reportIndexIssue] (that is the point)


@settings(deadline=None)
@given(documents | outlines())
def test_the_indexes_agree_with_the_tree(source: str):
    outline = parse(source)
    for node in outline.walk():
        parent = outline.parent(node)
        assert node in (parent.children if parent else outline.nodes)
        assert outline.node_at_line(node.line) == node
        assert outline.path(node)[-1] == node
    for line in range(outline.text.line_count):
        holding = [node for node in outline.walk() if node.line <= line < node.end_line]
        found = outline.node_at_line(line)
        assert found == (holding[-1] if holding else None)
        task = outline.task_at_line(line)
        assert task == (None if isinstance(found, Section) else found)
