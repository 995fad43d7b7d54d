from __future__ import annotations

import pytest

from orchestrator.model.task import Status
from tests.outline.checks import check_action, check_refused


@pytest.mark.parametrize(("old", "new"), [(" ", "/"), ("/", "x"), ("x", " "), ("X", " "), ("-", " "), ("!", " ")])
def test_cycle(old: str, new: str):
    check_action("cycle status", f"1) [{old}] $0a\n", f"1) [{new}] $0a\n")


def test_cycle_from_a_line_of_the_body():
    check_action("cycle status", "- [ ] a\n  bo$0dy\n", "- [/] a\n  bo$0dy\n")


def test_several_follow_the_first():
    check_action("cycle status", "- [/] $<a\n  - [ ] b\n- [x] $>c\n- [ ] d\n", "- [x] a\n  - [x] b\n- [x] c\n- [ ] d\n")


def test_marks_of_others_are_left_alone():
    check_action("cycle status", "- [~] $<a\n- [ ] $>b\n", "- [~] a\n- [/] b\n")
    check_refused("cycle status", "- [~] $0a\n", "not one of Orchestrator's")
    check_action("set status", "- [~] $<a\n- [ ] $>b\n", "- [~] a\n- [x] b\n", Status.COMPLETED)
    check_action("set status", "- [~] $0a\n", "- [x] a\n", Status.COMPLETED)


def test_set_keeps_a_capital_x():
    check_action("set status", "- [X] $<a\n- [ ] $>b\n", "- [X] a\n- [x] b\n", Status.COMPLETED)


def test_failed_and_asking_have_a_reason():
    check_action(
        "set status", "- [ ] $0a  ^k3f9x\n", "- [!] a  [reason:: no answer]  ^k3f9x\n", Status.FAILED, "no answer"
    )
    check_action("set status", "- [ ] $0a\n", "- [?] a  [reason:: ]\n", Status.ASKING)
    check_action("set status", "- [!] $0a  [reason:: x]\n", "- [?] a  [reason:: x]\n", Status.ASKING)
    check_action("set status", "- [!] $0a  [reason:: x]\n", "- [!] a  [reason:: y]\n", Status.FAILED, "y")
    check_action("set status", "- [ ] $0a\n", "- [!] a  [reason:: a \\[b\\] c\\\\d]\n", Status.FAILED, " a [b]\n c\\d ")
    check_action("set status", "- [ ] $0a\n", f"- [!] a  [reason:: {'x' * 119}…]\n", Status.FAILED, "x" * 500)


def test_a_newer_outline_is_left_alone():
    check_refused("cycle status", "---\norchestrator: 2\n---\n- [ ] $0a\n", "newer version")
