"""What a task says below its first line: the short cut for a result alone says what markdown-it says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.outline import contents
from orchestrator.outline.parse import parse
from tests.outline.strategies import inline
from tests.support.laws import examples

NEVER = re.compile(r"(?!)")
AROUND = (
    "{}- [ ] a\n{}  {}\n",
    "1. [ ] p\n{}   - [ ] a\n{}     {}\n   - [ ] b\n",
    "- item\n{}  - [ ] a\n{}    {}\n",
    "{}- - [ ] a\n{}    {}\n",
    "# S\n\n{}10) [ ] a\n{}    {}\n- [ ] c\n",
    "{}- [ ] a\n{}  {}\nlazy\n",
    "{}- [ ] a\n{}  {}\n\n  > Result: behind\n",
)


def read(source: str) -> list[tuple[str, str, str | None, int]]:
    return [(task.description, task.acceptance, task.result, task.own_end_line) for task in parse(source).tasks()]


@settings(max_examples=examples(80), deadline=None)
@given(
    around=st.sampled_from(AROUND),
    before=st.sampled_from(("", " ", "  ", "   ", "\t")),
    deeper=st.sampled_from(("", "", " ", "    ", "\t")),
    result=st.one_of(inline, st.sampled_from(("```", "- [ ] x", "> x", "# x", "<!-- x", "[a]: b", "a  ", "\x0c", ""))),
    mark=st.sampled_from(("> Result: ", "> Result:", "> Result\\: ", ">Result: ", "> > Result: ")),
)
def test_a_result_alone(around, before, deeper, result, mark):
    source = around.format(before, before + deeper, f"{mark}{result}")
    quick = read(source)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(contents, "_RESULT_ALONE", NEVER)
        assert quick == read(source)
