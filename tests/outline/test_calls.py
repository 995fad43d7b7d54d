"""Who waits for whom, one step at a time."""

from __future__ import annotations

from orchestrator.outline.calls import after, before, names, number_of, waiting_for
from orchestrator.outline.parse import parse
from tests.outline.checks import task_of, text

PLAN = text("""
    # Ship  [dependsOn:: q4]
    12. [x] a  ^a1
        - [ ] inner
    13. [ ] b  [dependsOn:: q4, ^a1, a1]
    14. plain
    15) [ ] c
    - [ ] d  [dependsOn:: q4]
    - [ ] e
""")


def test_order_in_an_ordered_list_is_a_dependency() -> None:
    outline = parse(PLAN)

    def neighbours(title: str) -> tuple[str | None, str | None]:
        task = task_of(outline, title)
        found = before(outline, task), after(outline, task)
        return tuple(other.title if other else None for other in found)  # type: ignore[return-value]

    assert neighbours("a") == (None, "b")
    assert neighbours("b") == ("a", None)  # the next list has another delimiter, so it is another list
    assert neighbours("c") == (None, None)
    assert neighbours("d") == neighbours("e") == neighbours("inner") == (None, None)
    need = number_of(outline, task_of(outline, "b"))
    assert PLAN[need.start : need.end] == "13."


def test_names_and_who_names() -> None:
    outline = parse(PLAN)
    assert [found.task_id for found in names(outline, task_of(outline, "b"))] == ["q4", "a1", "a1"]
    assert [(need.node.title, PLAN[need.start : need.end]) for need in waiting_for(outline, "q4")] == [
        ("Ship", "q4"),
        ("b", "q4"),
        ("d", "q4"),
    ]
