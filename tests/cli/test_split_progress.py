"""What a person reads while a split is under way."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchestrator.cli.split_progress import SplitProgress
from orchestrator.cli.terminal import Terminal
from orchestrator.engine.proposal import Proposal
from orchestrator.model.run import SplitState
from orchestrator.model.task import Decision, Plan, PlannedTask, Verdict
from orchestrator.model.usage import Usage

USED = Usage(input_tokens=1_200, output_tokens=80)


def plan(*titles: str) -> Plan:
    return Plan(tuple(PlannedTask(title) for title in titles), source="After the playbook “Trips”.")


def said(capsys: pytest.CaptureFixture[str], *proposals: Proposal) -> list[str]:
    progress = SplitProgress(Terminal({"TERM": "dumb"}))
    for proposal in proposals:
        progress.show(proposal)
    return capsys.readouterr().err.splitlines()


def test_each_subtask_is_told_once_and_when_all_of_its_title_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    needs = Decision(Verdict.DECOMPOSE, "It has\ntwo parts", chance=0.8)
    deciding = Proposal("run_1", 1, SplitState.DECIDING, "Pack", source="vendor/x")
    decided = Proposal("run_1", 2, SplitState.PLANNING, "Pack", decision=needs, expected=Decimal("0.02"))
    growing = Proposal("run_1", 3, SplitState.PLANNING, "Pack", plan("Socks", "Shi"), decision=needs)
    ready = Proposal("run_1", 4, SplitState.READY, "Pack", plan("Socks", "Shirts\x1b[2J"), usage=USED, decision=needs)
    assert said(capsys, deciding, decided, growing, ready) == [
        "Asking vendor/x.",
        "It needs subtasks (80% likely): It has two parts",
        "A plan costs about $0.0200.",
        "  1  Socks",
        "  2  Shirts<U+001B>[2J",
        "After the playbook “Trips”.",
        "1,200 tokens read, 80 written, cost unknown",
    ]


@pytest.mark.parametrize("state", [SplitState.SIMPLE, SplitState.FAILED])
def test_what_was_paid_in_vain_is_told_too(capsys: pytest.CaptureFixture[str], state: SplitState) -> None:
    ended = Proposal("run_1", 1, state, "Pack", usage=USED, cost=Decimal("0.5"))
    assert said(capsys, ended) == ["1,200 tokens read, 80 written, $0.5000"]
    assert said(capsys, Proposal("run_1", 1, state, "Pack")) == []
