from __future__ import annotations

import pytest

from tests.outline.checks import check_action, check_refused


def test_a_subtask_is_the_last_one():
    check_action("add subtask", "- [ ] $0a\n- [ ] b\n", "- [ ] a\n  - [ ] new\n- [ ] b\n", "new")
    check_action("add subtask", "- [ ] $0a\n  1. [ ] x\n", "- [ ] a\n  1. [ ] x\n  2. [ ] new\n", "new")
    check_action("add subtask", "- [ ] $0a", "- [ ] a\n  - [ ] ")
    check_action(
        "add subtask",
        "- [ ] $0a\n\n  - [ ] x\n\n  - [ ] y\n",
        "- [ ] a\n\n  - [ ] x\n\n  - [ ] y\n\n  - [ ] new\n",
        "new",
    )
    check_action("add subtask", "- [ ] $0a\r\n\t- [ ] x\r\n", "- [ ] a\r\n\t- [ ] x\r\n\t- [ ] new\r\n", "new")
    check_action("add subtask", "- [ ] $0a\n  Accept:\n  - c\n", "- [ ] a\n  Accept:\n  - c\n  * [ ] new\n", "new")


def test_titles_are_text():
    check_action("add subtask", "- [ ] $0a\n", "- [ ] a\n  - [ ] \\[mode:: auto] \\^id\n", "[mode:: auto]\n ^id")


def test_a_sibling_stands_behind_the_branch():
    check_action(
        "add sibling", "1. [ ] $0a\n   - [ ] x\n2. [ ] b\n", "1. [ ] a\n   - [ ] x\n2. [ ] new\n2. [ ] b\n", "new"
    )
    check_action("add sibling", "- [ ] a\n  - [ ] $0x", "- [ ] a\n  - [ ] x\n  - [ ] new", "new")
    check_action("add sibling", "- [ ] $0a\n\n- [ ] b\n", "- [ ] a\n\n- [ ] new\n\n- [ ] b\n", "new")


def test_an_open_fence_has_no_subtasks():
    check_refused("add subtask", "- [ ] $0a\n  ```\n", "code fence")


def test_acceptance_stands_behind_the_tasks_own_text():
    check_action("add acceptance", "- [ ] $0a\n- [ ] b\n", "- [ ] a\n  Accept: it works\n- [ ] b\n", "it works")
    check_action(
        "add acceptance",
        "1. [ ] $0a\n   Text.\n   - [ ] x\n",
        "1. [ ] a\n   Text.\n   Accept: it works\n   - [ ] x\n",
        "it works",
    )
    check_action("add acceptance", "- [ ] $0a", "- [ ] a\n  Accept: ")
    check_action("add acceptance", "- [ ] $0a\n  - [ ] x\n", "- [ ] a\n  - [ ] x\n\n  Accept: \n")
    check_refused("add acceptance", "- [ ] $0a\n  Accept: x\n", "has an acceptance already")


def test_lines_of_the_body_become_a_subtask():
    check_action("extract", "- [ ] a\n  One.\n  $0Two.\n  Three.\n", "- [ ] a\n  One.\n  Three.\n  - [ ] Two.\n")
    check_action("extract", "- [ ] a\n  - $<one\n    more$>\n  - two\n", "- [ ] a\n  - two\n  - [ ] one\n    more\n")
    check_action("extract", "- [ ] a\n  $0One.", "- [ ] a\n  - [ ] One.")
    check_action(
        "extract",
        "- [ ] a\n  Text.\n\n  $<Do it:\n  ```\n    code\n  ```$>\n  1. [ ] x\n- [ ] b\n",
        "- [ ] a\n  Text.\n\n  1. [ ] x\n  2. [ ] Do it:\n     ```\n       code\n     ```\n- [ ] b\n",
    )


@pytest.mark.parametrize(
    "source",
    [
        "- [ ] $0a\n  One.\n",
        "- [ ] a\n  $<One.\n  - [ ] $>b\n",
        "text $0\n",
        "- [ ] a\n  $0Accept: x\n",
        "- [ ] a\n$0\n",
    ],
)
def test_what_is_no_body_is_not_extracted(source: str):
    check_refused("extract", source, "own text|acceptance or a result|changing what other")
