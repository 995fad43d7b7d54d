"""docs/reference/problems.md: every code has its section, and every example there is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.outline.parse import parse
from orchestrator.outline.problems import Check, Code, problems

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "problems.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## `([a-z-]+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def example(code: str, word: str) -> str:
    (found,) = re.findall(rf"^{word}:\n\n```markdown\n(.*?)^```$", SECTIONS[code], re.MULTILINE | re.DOTALL)
    return found


def test_every_code_is_described():
    assert list(SECTIONS) == [code.value for code in Code]
    for section in SECTIONS.values():
        assert re.search(r"^To mend it: \w.*\.$", section, re.MULTILINE)


OF_THE_TEXT = [code for code in Code if code not in {Code.STALE_SPLIT, Code.UNKNOWN_PROMPT}]
"""What the text alone shows; the others need to know what it was before, or what there is besides."""


@pytest.mark.parametrize("code", OF_THE_TEXT)
def test_the_bad_example_has_that_problem_alone(code: Code):
    found = problems(parse(example(code, "BAD")))
    assert {problem.code for problem in found} == {code}
    (severity,) = re.findall(r"^Severity: (\w+)\.$", SECTIONS[code], re.MULTILINE)
    assert {problem.severity.value for problem in found} == {severity}


def test_the_example_of_a_stale_split_is_one():
    code = Code.STALE_SPLIT
    check = Check(parse(example(code, "GOOD")))
    check.look_back({"b7c2d": "Build the login page"}, lambda task: task.title)
    assert len(check) == 0
    check.after(parse(example(code, "BAD")))
    (problem,) = check.problems()
    assert (problem.code, problem.severity.value) == (code, "information")


def test_the_example_of_an_unknown_prompt_is_one():
    code = Code.UNKNOWN_PROMPT
    check = Check(parse(example(code, "GOOD")))
    check.look_for_prompts(frozenset({"execute", "plan"}))
    assert len(check) == 0
    check.after(parse(example(code, "BAD")))
    (problem,) = check.problems()
    assert (problem.code, problem.severity.value, problem.choices) == (code, "error", ("execute",))


@pytest.mark.parametrize("code", list(Code))
def test_the_good_example_has_none(code: Code):
    assert problems(parse(example(code, "GOOD"))) == ()
