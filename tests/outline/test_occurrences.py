"""Where an id is written, and renaming it."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orchestrator.outline.edits import TextEdit, apply
from orchestrator.outline.occurrences import occurrence_at, occurrences, rename, wrong_id
from orchestrator.outline.parse import parse
from orchestrator.outline.reparse import reparse
from tests.outline.checks import text
from tests.outline.strategies import documents


def check_rename(old: str, new: str, source: str, expected: str) -> None:
    outline = parse(text(source))
    assert apply(outline.text.string, rename(outline, old, new)) == text(expected)


def test_rename_is_everywhere_and_minimal() -> None:
    check_rename(
        "b7c2d",
        "login",
        """
        # b7c2d  [dependsOn:: b7c2d]
        - [ ] a b7c2d ^b7c2d  [dependsOn:: ^b7c2d, b7c2d2 ,b7c2d]  [files:: b7c2d]  ^b7c2d
        1. [ ] c  `[dependsOn:: b7c2d]`  [dependsOn:: \\^b7c2d]  [dependsOn:: b7c2d]  ^x
           b7c2d
        """,
        """
        # b7c2d  [dependsOn:: login]
        - [ ] a b7c2d ^b7c2d  [dependsOn:: ^login, b7c2d2 ,login]  [files:: b7c2d]  ^login
        1. [ ] c  `[dependsOn:: b7c2d]`  [dependsOn:: \\^login]  [dependsOn:: b7c2d]  ^x
           b7c2d
        """,
    )


ids = st.sampled_from(["a1", "b2", "c3"])
fields = st.lists(ids, max_size=3).map(lambda names: f"  [dependsOn:: {', '.join(names)}]" if names else "")
lines = st.builds(
    lambda indent, title, field, task_id: f"{indent}- [ ] {title}{field}{task_id}\n",
    st.sampled_from(["", "  "]),
    st.sampled_from(["a1", "Ä 😀", "b2 c3"]),
    fields,
    st.just("") | ids.map(lambda task_id: f"  ^{task_id}"),
)


@given(st.lists(lines, max_size=6).map("".join), ids)
def test_rename_changes_ids_and_nothing_else(source: str, old: str) -> None:
    outline = parse(source)
    renamed = parse(apply(source, rename(outline, old, "new-1")))

    def picture(one, name):
        return [
            (task.title, task.line, name(task.task_id), [name(found) for found in one.dependencies(task)])
            for task in one.tasks()
        ]

    assert picture(renamed, lambda found: found) == picture(outline, lambda found: "new-1" if found == old else found)


@given(documents, ids)
def test_occurrences_stand_where_they_say(source: str, task_id: str) -> None:
    outline = parse(source)
    for found in occurrences(outline, task_id):
        assert source[found.start : found.end] == task_id
    assume(source)
    for offset in (0, len(source) // 2, len(source)):
        occurrence_at(outline, offset)


def test_occurrences_after_edits_are_those_of_the_new_text() -> None:
    lines = [f"- [ ] task {number}  ^t{number}\n" for number in range(1_000)]
    outline = parse("".join(lines))
    assert [found.node.line for found in occurrences(outline, "t700")] == [700]
    for line, names in ((3, "t700"), (999, "t700, t1"), (3, "t1")):
        end = outline.text.line_end(line)
        start = outline.text.line_start(line)
        edit = TextEdit(start, end, f"- [ ] other  [dependsOn:: {names}]")
        outline = reparse(outline, [edit])
        for task_id in ("t700", "t1", "t3"):
            places = [(found.start, found.definition) for found in occurrences(outline, task_id)]
            anew = parse(outline.text.string)
            assert places == [(found.start, found.definition) for found in occurrences(anew, task_id)]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("- [ ] a  $^b7", "b7"),
        ("- [ ] a  ^b$7", "b7"),
        ("- [ ] a  ^b7$", "b7"),
        ("- [ ] a $ ^b7", None),
        ("- [ ] $a  ^b7", None),
        ("- [ ] a  [dependsOn:: $q4, ^z9]", "q4"),
        ("- [ ] a  [dependsOn:: q4$, ^z9]", "q4"),
        ("- [ ] a  [dependsOn:: q4, $^z9]", "z9"),
        ("- [ ] a  [depends$On:: q4, ^z9]", None),
        ("# a  [dependsOn:: q$4]", "q4"),
        ("text $here", None),
    ],
)
def test_the_id_under_the_cursor(marked: str, expected: str | None) -> None:
    offset = marked.index("$")
    found = occurrence_at(parse(marked.replace("$", "")), offset)
    assert (found.task_id if found else None) == expected


@pytest.mark.parametrize(
    ("task_id", "good"),
    [
        ("b7c2d", True),
        ("Login-Form-2", True),
        ("", False),
        ("a b", False),
        ("ä", False),
        ("a,b", False),
        ("a" * 65, False),
    ],
)
def test_ids_that_are_none_are_refused(task_id: str, good: bool) -> None:
    assert (wrong_id(task_id) is None) == good
