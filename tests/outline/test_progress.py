from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.model.task import Status
from orchestrator.outline import segments
from orchestrator.outline.parse import parse
from orchestrator.outline.progress import child_count, children_between, progress
from orchestrator.outline.tree import Node, Task
from tests.outline.checks import task_of, text
from tests.outline.strategies import documents, outlines


def test_progress_counts_what_is_below_and_not_cancelled():
    outline = parse(
        text("""
        - [x] all
          - [x] a
            - [X] b
          - [-] c
            - [ ] not counted
          - [/] d
          - plain
            - [!] e
        """)
    )
    assert progress(task_of(outline, "all")) == (2, 4)
    assert progress(task_of(outline, "a")) == (1, 1)
    assert progress(task_of(outline, "b")) == (0, 0)


@settings(deadline=None)
@given(documents | outlines(), st.integers(1, 6))
def test_counts_agree_with_a_walk(source: str, page: int):
    size, segments.PAGE = segments.PAGE, page
    try:
        outline = parse(source)
    finally:
        segments.PAGE = size
    for node in outline.walk():
        assert child_count(node) == len(node.children)
        assert progress(node) == walked(node)
    assert children_between(outline, None, len(outline.segments)) == len(outline.nodes)


def walked(node: Node) -> tuple[int, int]:
    done = total = 0
    for child in node.children:
        if isinstance(child, Task) and child.status is Status.CANCELLED:
            continue
        below = walked(child)
        done += below[0] + (isinstance(child, Task) and child.status is Status.COMPLETED)
        total += below[1] + isinstance(child, Task)
    return done, total
