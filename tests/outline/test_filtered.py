from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.model.task import Status
from orchestrator.outline import segments
from orchestrator.outline.filtered import filtered
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Task
from tests.outline.checks import text
from tests.outline.strategies import documents, outlines

PLAN = text("""
    # Ship the login
    - [ ] Build the PAGE  [mode:: auto]  ^b7c2d
      - [x] Write the *form* of the page
      - [!] Test the page
    - [?] Ask Ana
    # Later
    - [ ] Page the team
""")


def found(query: str, *statuses: Status, limit: int = 10) -> list[str]:
    return [node.title for node in filtered(parse(PLAN), query, statuses, limit).nodes]


def test_words_fit_in_any_order_and_case():
    assert found("page the") == ["Build the PAGE", "Write the *form* of the page", "Test the page", "Page the team"]
    assert found("form page") == ["Write the *form* of the page"]
    assert found("auto") == []
    assert found("the") == [title for title in found("") if "the" in title]


def test_an_id_fits():
    assert found("b7c2d") == found("^b7c2d") == ["Build the PAGE"]


def test_statuses_leave_out_sections_and_others():
    assert found("", Status.FAILED, Status.ASKING) == ["Test the page", "Ask Ana"]
    assert found("page", Status.COMPLETED) == ["Write the *form* of the page"]


def test_the_first_ones_come_and_all_are_counted():
    some = filtered(parse(PLAN), "the", (), 2)
    assert ([node.title for node in some.nodes], some.total) == (["Ship the login", "Build the PAGE"], 5)


@settings(deadline=None)
@given(documents | outlines(), st.sampled_from(["a", "e t", "", "ß", "İ"]), st.integers(1, 6))
def test_a_filter_agrees_with_a_walk(source: str, query: str, page: int):
    size, segments.PAGE = segments.PAGE, page
    try:
        outline = parse(source)
    finally:
        segments.PAGE = size
    words = query.lower().split()
    nodes = list(outline.nodes_between(0, len(outline.segments)))
    expected = [
        node
        for node in nodes
        if all(word in node.title.lower() for word in words) or (isinstance(node, Task) and node.task_id == query)
    ]
    result = filtered(outline, query, (), len(nodes) + 1)
    assert (list(result.nodes), result.total) == (expected, len(expected))
