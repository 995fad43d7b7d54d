"""Paths in outlines, when files move."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.outline.edits import apply
from orchestrator.outline.moved import Move, adjusted, leads_to, moved, named_paths
from orchestrator.outline.parse import parse

OUTLINE = "/w/plans/a.tasks.md"


def check_moved(source: str, expected: str, *moves: tuple[str, str], path: str = OUTLINE) -> None:
    edits = adjusted(parse(source), path, [Move(old, new) for old, new in moves])
    assert apply(source, edits) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[a](../src/a.py)", "[a](../lib/b%20c.py)"),
        ("[a](../src/a.py#L3)", "[a](../lib/b%20c.py#L3)"),
        ('[a](../src/a.py "title")', '[a](../lib/b%20c.py "title")'),
        ("![a](<../src/a.py>)", "![a](<../lib/b%20c.py>)"),
        ("[a](../src/%61.py)", "[a](../lib/b%20c.py)"),
        ("[a](./../src/./a.py)", "[a](../lib/b%20c.py)"),
        ("- [ ] a  [files:: ../src/a.py, x.md]", "- [ ] a  [files:: ../lib/b c.py, x.md]"),
        (
            "[a](../src/a.pyc) [b](/w/src/a.py) [c](#../src/a.py)",
            "[a](../src/a.pyc) [b](/w/src/a.py) [c](#../src/a.py)",
        ),
        ("`[a](../src/a.py)`\n\n    [a](../src/a.py)\n", "`[a](../src/a.py)`\n\n    [a](../src/a.py)\n"),
        ("https://x.org/../src/a.py [a](file:../src/a.py)", "https://x.org/../src/a.py [a](file:../src/a.py)"),
    ],
)
def test_a_file_that_is_named(source: str, expected: str) -> None:
    check_moved(source, expected, ("/w/src/a.py", "/w/lib/b c.py"))


def test_a_folder_that_holds_what_is_named() -> None:
    check_moved(
        "[a](../src/deep/a.py) [b](../src/) [c](../srcs/a.py)",
        "[a](../lib/deep/a.py) [b](../lib/) [c](../srcs/a.py)",
        ("/w/src", "/w/lib"),
    )


def test_the_outline_itself() -> None:
    check_moved(
        "[a](x.py) [b](./y.py) [c](../z.py) [d](https://x.org) [e](#here)",
        "[a](../plans/x.py) [b](../plans/y.py) [c](../z.py) [d](https://x.org) [e](#here)",
        (OUTLINE, "/w/done/a.tasks.md"),
    )
    check_moved("[a](x.py) [c](../z.py)", "[a](x.py) [c](../../z.py)", ("/w/plans", "/w/old/plans"))
    check_moved("[a](x.py)", "[a](x.py)", (OUTLINE, "/w/plans/b.tasks.md"))


def test_what_a_field_cannot_hold_stays() -> None:
    check_moved("- [ ] a  [files:: x.py]", "- [ ] a  [files:: x.py]", ("/w/plans/x.py", "/w/plans/x,y.py"))


names = st.sampled_from(["a", "b", "c d", "é"])
paths = st.lists(names, min_size=1, max_size=3).map(lambda parts: "/w/" + "/".join(parts))
written = st.builds(
    lambda up, parts: "../" * up + "/".join(parts), st.integers(0, 2), st.lists(names, min_size=1, max_size=3)
)


@given(paths, st.lists(st.builds(Move, paths, paths), max_size=2), st.lists(written, min_size=1, max_size=3))
def test_paths_lead_to_the_same_files(folder: str, moves: list[Move], targets: list[str]) -> None:
    outline_path = f"{folder}/plan.md"
    source = "".join(f"[x](<{target}>)\n" for target in targets) + f"- [ ] t  [files:: {', '.join(targets)}]\n"
    before = parse(source)
    after = parse(apply(source, adjusted(before, outline_path, moves)))
    new_path = moved(outline_path, moves)

    def where(outline, path):
        return sorted({leads_to(path, one) for one in named_paths(outline)})

    assert where(after, new_path) == sorted({moved(one, moves) for one in where(before, outline_path)})
    assert posixpath.isabs(new_path)
