"""The fast reader against the reference: markdown-it's blocks of the whole text, read as the format says."""

from __future__ import annotations

from hypothesis import example, given, settings

from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Outline
from tests.outline.reference import parse as reference
from tests.outline.reference.tree import Outline as ReferenceOutline
from tests.outline.strategies import documents, outlines
from tests.support.laws import examples

every = settings(deadline=None, max_examples=examples(200))

ATTRIBUTES = (
    "line", "end_line", "start", "title", "title_span", "fields", "status", "mark", "mark_span", "task_id", "id_span",
    "ordered", "content_column", "depth", "description", "acceptance", "result", "own_end_line",
)  # fmt: skip
SECTION_ATTRIBUTES = ("line", "end_line", "start", "title", "title_span", "fields", "level")


def described(outline: Outline | ReferenceOutline) -> list[tuple[object, ...]]:
    """Everything that every node says, with how many children it has and what its list is."""
    nodes = list(outline.walk())
    numbers = {node: number for number, node in enumerate(nodes)}
    lists: dict[object, int] = {}
    rows: list[tuple[object, ...]] = []
    for node in nodes:
        is_task = hasattr(node, "mark")
        values = tuple(
            dict(value) if attribute == "fields" else value
            for attribute in (ATTRIBUTES if is_task else SECTION_ATTRIBUTES)
            for value in (getattr(node, attribute),)
        )
        children = tuple(numbers[child] for child in node.children)
        same_list = lists.setdefault((node.list_line, node.depth), numbers[node]) if is_task else None
        parent = outline.parent(node)
        rows.append((is_task, values, children, same_list, None if parent is None else numbers[parent]))
    return rows


def check_agrees(source: str) -> None:
    assert described(parse(source)) == described(reference.parse(source))


@every
@example("- [ ] a\n  text\n  - [ ] b\n\n    - [ ] c\n  - its blank line is not of a's text\n")
@given(documents | outlines())
def test_outlines_agree_with_the_reference(source: str):
    check_agrees(source)
