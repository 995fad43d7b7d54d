"""What a run cost, as lines: in the order of the file, and what the file has no more at the end."""

import argparse
from decimal import Decimal

from orchestrator.cli.run_bill import RunBill, as_json, show
from orchestrator.cli.terminal import Terminal
from orchestrator.engine.bills import Bill
from orchestrator.model.message import Role
from orchestrator.model.run import Run, RunKind, Step, StepState
from orchestrator.model.usage import Usage
from orchestrator.outline.parse import parse

TEXT = "- [ ] Trip  ^aaaaa\n  - [ ] Pack  ^bbbbb\n- [ ] Other  ^ccccc\n"
PAID = Bill(1, Usage(1_000, 100), Decimal("0.5"))


def bill(outline):
    run = Run("run_1", RunKind.BRANCH, "/w", "file:///w/plan.tasks.md", "aaaaa", "Trip", 1.0)
    bills = {"ddddd": PAID, "bbbbb": PAID, "aaaaa": PAID, "": Bill(1, Usage(), None)}
    step = Step("step_1", "attempt_1", Role.DECIDE, "classifier", "embeddings", "", "", 1.0, StepState.COMPLETED)
    titles = {"ddddd": "Gone since", "aaaaa": "Trip", "bbbbb": "Pack"}
    return RunBill(run, bills, [("aaaaa", step), (None, step)], titles, outline)


def rows(found):
    return [("  " * row.depth + row.title, row.branch.calls, row.own.calls) for row in found.rows()]


def test_rows_are_in_the_order_of_the_file_and_what_is_gone_stands_at_the_end():
    assert rows(bill(parse(TEXT))) == [
        ("Trip", 2, 1),
        ("  Pack", 1, 1),
        ("Gone since", 1, 1),
        ("subtasks of a split", 1, 1),
    ]


def test_a_file_that_is_gone_leaves_the_tasks_of_the_journal():
    assert [title for title, *_ in rows(bill(None))] == ["Gone since", "Pack", "Trip", "subtasks of a split"]


def test_calls_are_lines_too(capsys):
    show(bill(parse(TEXT)), argparse.Namespace(calls=True), Terminal({}))
    lines = capsys.readouterr().out.splitlines()
    assert "in 4 calls" in lines[1]
    assert [line.split("  ", 1)[1] for line in lines[-2:]] == [
        "decide  classifier/embeddings  no call  completed  Trip",
        "decide  classifier/embeddings  no call  completed  subtasks of a split",
    ]
    whole = as_json(bill(None), argparse.Namespace(calls=True))
    assert [call["taskId"] for call in whole["calls"]] == ["aaaaa", None]
    assert whole["tasks"][-1]["own"]["costUsd"] is None
