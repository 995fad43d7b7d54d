"""Why the task `here` cannot start."""

from __future__ import annotations

from hypothesis import given

from orchestrator.model.task import Status
from orchestrator.outline.blocked import blockers
from orchestrator.outline.parse import parse
from orchestrator.outline.references import named_by
from orchestrator.outline.tree import Node, Outline, Task
from orchestrator.outline.waiting import is_branch_of
from tests.outline.checks import task_of, text
from tests.outline.test_waiting import plans_with_dependencies


def check_blocked(source: str, *expected: str) -> None:
    outline = parse(text(source))
    found = [
        f"{blocker.node.title} {blocker.why}: {blocker.on.title if blocker.on else blocker.task_id}"
        for blocker in blockers(outline, task_of(outline, "here"))
    ]
    assert found == list(expected)


def test_dependencies_that_are_not_completed():
    check_blocked(
        """
        - [ ] here  [dependsOn:: a1, b1, c1, d1, no, e1]
        - [ ] a  ^a1
        - [x] b  ^b1
        - [-] c  ^c1
        - [!] d  ^d1
        - [?] e  ^e1
        """,
        "here dependency: a",
        "here dependency: c",
        "here dependency: d",
        "here dependency: no",
        "here dependency: e",
    )


def test_order_and_what_stands_above():
    check_blocked(
        """
        # S  [dependsOn:: z1]

        1. [ ] first
        2. [x] second
        3. [ ] outer  [dependsOn:: z2]
           1. [-] old
           2. [ ] here

        # Z
        - [ ] z1  ^z1
        - [ ] z2  ^z2
        """,
        "outer order: first",
        "outer dependency: z2",
        "S dependency: z1",
    )


def test_what_is_settled_waits_for_nothing():
    check_blocked("- [x] here  [dependsOn:: a1]\n- [ ] a  ^a1\n")
    check_blocked("1. [ ] a\n2. [-] b\n   - [ ] here\n")


def test_a_dependency_within_the_branch_does_not_block():
    check_blocked("- [ ] a  ^a1\n  - [ ] here  [dependsOn:: a1, b1, h1]  ^h1\n    - [ ] b  ^b1\n")


def may_start(outline: Outline, node: Node) -> bool:
    """Written in another way: everything that must be over is over."""
    parent = outline.parent(node)
    if isinstance(node, Task) and node.status.settled:
        return True
    if parent is not None and not may_start(outline, parent):
        return False
    for reference in named_by(outline, node):
        found = outline.by_id(reference.task_id)
        if not found:
            return False
        related = is_branch_of(found[0], node) or is_branch_of(node, found[0])
        if not related and found[0].status is not Status.COMPLETED:
            return False
    siblings = parent.children if parent is not None else outline.nodes
    before = [other for other in siblings if isinstance(other, Task) and other.line < node.line]
    return not (isinstance(node, Task) and node.ordered) or all(
        other.status.settled for other in before if other.list_line == node.list_line
    )


@given(plans_with_dependencies())
def test_what_may_start_is_not_blocked(source: str):
    outline = parse(source)
    for task in outline.tasks():
        assert (not list(blockers(outline, task))) is may_start(outline, task)
