"""What a task says below its first line: the short cut for prose and a result says what markdown-it says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.outline import contents
from orchestrator.outline.parse import parse
from tests.outline.strategies import inline
from tests.support.laws import examples

AROUND = (
    ("", "- [ ] a", "  ", ""),
    ("1. [ ] p\n", "   - [ ] a", "     ", "   - [ ] b\n"),
    ("- item\n", "  - [ ] a  ^abcde", "    ", ""),
    ("", "- - [ ] a", "    ", ""),
    ("# S\n\n", "10) [ ] a", "    ", "- [ ] c\n"),
    ("", "-\t[ ] a", "    ", "lazy\n"),
    ("", "- [ ] a", "  ", "\n  > Result: behind\n"),
    ("", "- [ ] p\n  - [ ] a\n    - [ ] child\n", "    ", ""),
)
"""What stands before a task, the task, how far its text is indented, and what stands behind it."""
SAID = st.one_of(
    inline,
    st.sampled_from((
        "one", "Two words.", "Accept: it works", "Accept:", "Accept:  ", "Accept\\: no", "accept: no", "Accept", "", "",
        "> Result: done", "> Result:", "> Result:  x", "> Result\\: x", ">Result: x", "> > Result: x", "> Result: ```",
        "> Result: - [ ] x", "> Result: a  ", "> Result: \x0c", "===", "- [ ] x", "é", "٣. x", "a\x0b", "1. x",
        "a<!--", "ⅷ", "ª",
    )),
)  # fmt: skip


def read(source: str) -> list[tuple[str, str, str | None, int]]:
    return [(task.description, task.acceptance, task.result, task.own_end_line) for task in parse(source).tasks()]


@settings(max_examples=examples(160), deadline=None)
@given(
    around=st.sampled_from(AROUND),
    said=st.lists(st.tuples(st.sampled_from(("", "", "", "", "", " ", "    ", "\t")), SAID), min_size=1, max_size=6),
)
def test_prose(around, said):
    before, task, indent, behind = around
    lines = [f"{indent}{deeper}{text}" if text else "" for deeper, text in said]
    source = f"{before}{task}\n" + "".join(f"{line}\n" for line in lines) + behind
    quick = read(source)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(contents, "in_prose", lambda *_: None)
        assert quick == read(source)


def test_prose_needs_no_markdown_it(monkeypatch):
    monkeypatch.setattr(contents, "_asked", lambda *_: pytest.fail("markdown-it was asked"))
    body = "  Some words,\n  two lines.\n\n  More.\n  Accept: it works\n  on all days\n\n  > Result: It does.\n"
    (task,) = parse(f"- [ ] a\n{body}").tasks()
    assert task.description == "Some words,\ntwo lines.\n\nMore."
    assert (task.acceptance, task.result, task.own_end_line) == ("it works\non all days", "It does.", 9)
