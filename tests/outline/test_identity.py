from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.outline.edits import TextEdit
from orchestrator.outline.identity import LONGER_FROM, Identities, fresh_id
from orchestrator.outline.parse import parse
from orchestrator.outline.reparse import reparse
from orchestrator.outline.writer import add_subtasks
from tests.outline.checks import ids, text
from tests.outline.strategies import documents, outlines
from tests.outline.test_edits import batches
from tests.outline.test_writer import TWO
from tests.support.laws import examples

SOURCE = text("""
    # Plan
    - [ ] a
      - [ ] b  ^b1
      - [ ] c
    - [ ] d
    """)
"""nodeIds: n1 the section, n2 a, n3 b, n4 c, n5 d."""


def check_after(edits: list[TextEdit], expected: str, source: str = SOURCE) -> Identities:
    """`expected`: nodeId and title of each node."""
    after = Identities(reparse(parse(source), edits))
    assert shown(after) == expected.split(", ")
    return after


def shown(identities: Identities) -> list[str]:
    return [f"{identities.id_of(node)} {node.title}" for node in identities.outline.walk()]


def replacing(old: str, new: str, source: str = SOURCE) -> TextEdit:
    start = source.index(old)
    return TextEdit(start, start + len(old), new)


def test_nodes_keep_their_names_while_text_moves():
    check_after([], "n1 Plan, n2 a, n3 b, n4 c, n5 d")
    check_after([replacing("# Plan", "# The plan\n\ntext")], "n1 The plan, n2 a, n3 b, n4 c, n5 d")
    check_after([replacing("- [ ] d", "- [ ] new\n- [ ] d")], "n1 Plan, n2 a, n3 b, n4 c, n6 new, n5 d")
    check_after(
        [TextEdit(SOURCE.index("- [ ] d"), SOURCE.index("- [ ] d"), "- [ ] x\n")],
        "n1 Plan, n2 a, n3 b, n4 c, n6 x, n5 d",
    )


def test_a_line_inserted_by_an_edit_that_starts_in_the_middle():
    at = SOURCE.index("d\n")
    check_after([TextEdit(at, at, "x\n- [ ] ")], "n1 Plan, n2 a, n3 b, n4 c, n6 x, n5 d")


def test_a_changed_title_or_status_is_the_same_task():
    check_after([replacing("[ ] a", "[x] A!")], "n1 Plan, n2 A!, n3 b, n4 c, n5 d")
    check_after([replacing("- [ ] a\n", "- [ ] other\n")], "n1 Plan, n2 other, n3 b, n4 c, n5 d")


def test_what_is_removed_is_gone_and_its_name_is_not_used_again():
    after = check_after([replacing("  - [ ] c\n", "")], "n1 Plan, n2 a, n3 b, n5 d")
    assert after.node_of("n4") is None
    again = [TextEdit(0, 0, "- [ ] e\n")]
    assert "n6 e" in shown(Identities(reparse(after.outline, again)))


def test_moved_lines_are_the_same_tasks():
    swapped = SOURCE.replace("  - [ ] b  ^b1\n  - [ ] c\n", "  - [ ] c\n  - [ ] b  ^b1\n")
    check_after([TextEdit(0, len(SOURCE), swapped)], "n1 Plan, n2 a, n4 c, n3 b, n5 d")
    promoted = [replacing("  - [ ] c\n", ""), TextEdit(len(SOURCE), len(SOURCE), "- [ ] c\n")]
    check_after(promoted, "n1 Plan, n2 a, n3 b, n5 d, n4 c")
    both = [replacing("- [ ] b  ^b1", "- [x] bb  ^b1"), replacing("- [ ] a\n", "")]
    check_after(both, "n1 Plan, n3 bb, n4 c, n5 d")


def test_a_split_names_only_the_new_tasks():
    outline = parse(SOURCE)
    task = next(outline.tasks())
    edits = add_subtasks(outline, task, TWO, ids())
    after = Identities(reparse(outline, edits))
    assert shown(after) == ["n1 Plan", "n2 a", "n3 b", "n4 c", "n6 b", "n7 c", "n5 d"]


every = settings(deadline=None, max_examples=examples(100))
cases = (documents | outlines()).flatmap(lambda source: st.tuples(st.just(source), batches(source)))


@every
@given(cases, st.data())
def test_node_ids_are_unique_and_not_reused(case: tuple[str, tuple[TextEdit, ...]], data: st.DataObject):
    source, edits = case
    first = Identities(parse(source))
    second = Identities(reparse(first.outline, edits))
    more = data.draw(batches(second.outline.text.string))
    third = Identities(reparse(second.outline, more))
    used: set[str] = set()
    gone: set[str] = set()
    for identities in (first, second, third):
        names = [identities.id_of(node) for node in identities.outline.walk()]
        assert len(set(names)) == len(names)
        assert all(identities.id_of(node) == name for name in names if (node := identities.node_of(name)))
        assert not gone & set(names)
        gone |= used - set(names)
        used |= set(names)


@every
@given(cases)
def test_untouched_nodes_keep_their_node_ids(case: tuple[str, tuple[TextEdit, ...]]):
    source, edits = case
    old = parse(source)
    new = reparse(old, edits)
    before, after = Identities(old), Identities(new)
    shift = 0
    places: dict[int, int] = {}
    """Where each character went that lies outside all edits."""
    position = 0
    for edit in (*edits, TextEdit(len(source) + 1, len(source) + 1, "")):
        places |= {offset: offset + shift for offset in range(position, edit.start)}
        position = edit.end
        shift += len(edit.text) - (edit.end - edit.start)
    by_start = {node.start: node for node in new.walk()}
    for node in old.walk():
        line = range(old.text.line_start(node.line), old.text.line_end(node.line) + 1)
        same = by_start.get(places.get(node.start, -1))
        if same is None or type(same) is not type(node) or any(offset not in places for offset in line):
            continue
        if first_line(new.text.line(same.line)) == first_line(old.text.line(node.line)) and not touched(edits, line):
            assert after.id_of(same) == before.id_of(node)


def touched(edits: tuple[TextEdit, ...], line: range) -> bool:
    return any(edit.start < line.stop and edit.end >= line.start for edit in edits)


def first_line(line: str) -> str:
    return line.strip(" \t")


def test_fresh_ids_are_short_readable_and_free():
    rng = random.Random(1)
    taken = {fresh_id((), 0, rng) for _ in range(20)}
    again = random.Random(1)
    new = [fresh_id(taken, LONGER_FROM - 1, again) for _ in range(20)]
    assert not taken & set(new)
    assert {len(task_id) for task_id in new} == {5}
    assert set("".join(new)) <= set("0123456789abcdefghjkmnpqrstvwxyz")
    assert len(fresh_id((), LONGER_FROM)) == 6


def test_ids_grow_when_all_short_ones_are_taken():
    class Short:
        def __contains__(self, task_id: object) -> bool:
            return len(str(task_id)) < 7

    assert len(fresh_id(Short(), 3)) == 7
