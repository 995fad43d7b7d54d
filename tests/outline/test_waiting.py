from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.outline.parse import parse
from orchestrator.outline.problems import problems
from orchestrator.outline.references import references
from orchestrator.outline.scan import MAX_DEPTH
from orchestrator.outline.tree import Node, Outline, Task
from orchestrator.outline.waiting import Waiting, Why, is_branch_of
from tests.outline.test_growth import check_growth

ITEM = st.tuples(
    st.integers(0, 3),
    st.sampled_from(["-", "-", "1."]),
    st.sampled_from([" ", " ", " ", "x", "-", "!", "~"]),
    st.lists(st.integers(0, 8), max_size=2),
)


@st.composite
def plans_with_dependencies(draw: st.DrawFn) -> str:
    lines: list[str] = []
    depth = -1
    for number, (indent, marker, mark, wanted) in enumerate(draw(st.lists(ITEM, min_size=1, max_size=9))):
        names = ", ".join(f"t{other}" for other in wanted)
        field = f"  [dependsOn:: {names}]" if names else ""
        if draw(st.integers(0, 9)) == 0:
            lines.append(f"# heading{field}")
            depth = -1
        depth = min(indent, depth + 1)
        lines.append(f"{'   ' * depth}{marker} [{mark}] t{number}{field}  ^t{number}")
    return "\n".join(lines)


def stuck(outline: Outline) -> set[Task]:
    """What is never done when everything is done that can be: a run, instead of a graph."""
    started: set[Node] = set()
    done: set[Task] = {task for task in outline.tasks() if task.status.settled}
    needs: dict[Node, list[Task]] = {}
    for reference in references(outline):
        for task in outline.by_id(reference.task_id)[:1]:
            if not is_branch_of(task, reference.node) and not is_branch_of(reference.node, task):
                needs.setdefault(reference.node, []).append(task)

    def may_start(node: Node) -> bool:
        parent = outline.parent(node)
        if parent is not None and parent not in started and parent not in done:
            return False
        if not all(need in done for need in needs.get(node, ())):
            return False
        if not isinstance(node, Task) or not node.ordered:
            return True
        siblings = parent.children if parent else outline.nodes
        return all(
            other in done
            for other in siblings
            if isinstance(other, Task) and other.line < node.line and other.list_line == node.list_line
        )

    before = -1
    while before != len(started) + len(done):
        before = len(started) + len(done)
        started |= {node for node in outline.walk() if node not in started and may_start(node)}
        done |= {task for task in outline.tasks() if task in started and all(child in done for child in task.children)}
    return set(outline.tasks()) - done


@given(plans_with_dependencies())
def test_cycles_are_found_where_brute_force_finds_them(source: str):
    outline = parse(source)
    cycles = list(Waiting(outline, references(outline)).cycles())
    assert bool(cycles) is bool(stuck(outline))
    for cycle in cycles:
        steps = cycle.steps
        assert steps[0].node == cycle.reference.node
        assert steps[0].why is Why.DEPENDENCY
        assert all(step.on == following.node for step, following in zip(steps, (*steps[1:], steps[0]), strict=True))
        assert {step.node for step in steps if isinstance(step.node, Task)} <= stuck(outline)


def test_without_the_first_dependency_the_cycle_is_gone():
    outline = parse("- [ ] a [dependsOn:: b] ^a\n- [ ] b [dependsOn:: a] ^b\n- [ ] c [dependsOn:: d] ^c\n- [ ] d ^d")
    (cycle,) = Waiting(outline, references(outline)).cycles()
    left = [reference for reference in references(outline) if reference.start != cycle.reference.start]
    assert list(Waiting(outline, left).cycles()) == []


def nested(size: int, dependency: Callable[[int], int]) -> Outline:
    """Each task below the one before it."""
    return parse("".join(f"{'  ' * i}- [ ] a  [dependsOn:: x{dependency(i)}]  ^x{i}\n" for i in range(size)))


def test_every_level_that_a_text_can_have_is_looked_at():
    assert len(problems(nested(MAX_DEPTH, lambda i: i + 1))) == MAX_DEPTH


def test_cycles_cost_what_the_outline_is_long():
    def prepare(size: int) -> Callable[[], object]:
        source = "".join(
            f"{i % 2 * '1. '}{(1 - i % 2) * '- '}[ ] a  [dependsOn:: x{i + 1}]  ^x{i}\n" for i in range(size)
        )
        outline = parse(source + f"- [ ] b  [dependsOn:: x0]  ^x{size}\n")
        found = tuple(references(outline))
        return lambda: list(Waiting(outline, found).cycles())

    check_growth(1000, prepare)
