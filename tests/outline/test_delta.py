from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.outline.delta import Change, Inserted, Removed, Updated, delta
from orchestrator.outline.edits import TextEdit, minimal
from orchestrator.outline.identity import Identities
from orchestrator.outline.parse import parse
from orchestrator.outline.reparse import reparse
from orchestrator.outline.tree import Node, Outline
from tests.outline.checks import text
from tests.outline.strategies import documents, outlines
from tests.outline.test_edits import batches
from tests.support.laws import examples

Mirror = dict[str | None, list[str]]
"""Parent -> children, by nodeId."""


def mirror_of(identities: Identities) -> Mirror:
    mirror: Mirror = {None: [identities.id_of(node) for node in identities.outline.nodes]}
    for node in identities.outline.walk():
        mirror[identities.id_of(node)] = [identities.id_of(child) for child in node.children]
    return mirror


def follow(mirror: Mirror, changes: tuple[Change, ...]) -> None:
    def forget(node_id: str) -> None:
        for child in mirror.pop(node_id):
            forget(child)

    for change in changes:
        match change:
            case Inserted(parent, index, node_id):
                assert node_id not in mirror
                assert index <= len(mirror[parent])
                mirror[parent].insert(index, node_id)
                mirror[node_id] = []
            case Removed(node_id):
                next(children for children in mirror.values() if node_id in children).remove(node_id)
                forget(node_id)
            case Updated(node_id):
                assert node_id in mirror


def moments(old: str, edits: tuple[TextEdit, ...]) -> tuple[Outline, Outline]:
    before = parse(old)
    return before, reparse(before, edits)


def check_delta(old: str, new: str, expected: tuple[Change, ...]) -> None:
    edit = minimal(text(old), text(new))
    assert delta(*moments(text(old), (edit,) if edit else ())).changes == expected


def test_nothing_changed():
    check_delta("- [ ] a\n", "text\n\n- [ ] a\n", ())


def test_an_edited_task_is_updated():
    check_delta("- [ ] a\n- [ ] b\n", "- [ ] a\n- [x] b\n", (Updated("n2"),))
    check_delta("- [ ] a\n", "- [ ] a\n  text\n", (Updated("n1"),))
    check_delta("# A\n", "# A [mode:: auto]\n", (Updated("n1"),))


def test_a_branch_appears_parent_first():
    check_delta(
        "- [ ] a\n- [ ] b\n",
        "- [ ] a\n- [ ] x\n  - [ ] y\n- [ ] b\n",
        (Inserted(None, 1, "n3"), Inserted("n3", 0, "n4")),
    )


def test_a_moved_branch_is_removed_and_inserted():
    check_delta(
        "- [ ] a\n  - [ ] b\n    - [ ] c\n",
        "- [ ] a\n- [ ] b\n  - [ ] c\n",
        (Removed("n2"), Inserted(None, 1, "n2"), Inserted("n2", 0, "n3")),
    )


def test_only_what_moved_among_its_siblings_is_moved():
    check_delta(
        "- [ ] a\n- [ ] b\n- [ ] c\n- [ ] d\n",
        "- [ ] d\n- [ ] a\n- [ ] b\n- [ ] c\n",
        (Removed("n4"), Inserted(None, 0, "n4")),
    )


@settings(deadline=None, max_examples=examples(100))
@given((documents | outlines()).flatmap(lambda source: st.tuples(st.just(source), batches(source))))
def test_delta_leads_to_the_new_tree(case: tuple[str, tuple[TextEdit, ...]]):
    old, new = (Identities(outline) for outline in moments(*case))
    changes = delta(old.outline, new.outline).changes
    mirror = mirror_of(old)
    follow(mirror, changes)
    assert mirror == mirror_of(new)
    named = {change.node_id for change in changes}
    for node in new.outline.walk():
        if new.id_of(node) not in named:
            before = old.node_of(new.id_of(node))
            assert before is not None
            assert said(before) == said(node)


@settings(deadline=None, max_examples=examples(80))
@given(st.permutations(range(7)), st.integers(0, 7))
def test_delta_of_reordered_tasks(order: list[int], kept: int):
    old = "".join(f"- [ ] {number}\n" for number in range(7))
    new = "".join(f"- [ ] {number}\n" for number in order[:kept])
    before, after = (Identities(outline) for outline in moments(old, (TextEdit(0, len(old), new),)))
    mirror = mirror_of(before)
    follow(mirror, delta(before.outline, after.outline).changes)
    assert mirror == mirror_of(after)


def said(node: Node) -> tuple[object, ...]:
    return type(node), node.title, dict(node.fields), getattr(node, "mark", None), getattr(node, "description", None)
