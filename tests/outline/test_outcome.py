"""What a run writes: each form in its place, and the law that nothing else changes."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from orchestrator.errors import EditRefusedError
from orchestrator.outline.edits import apply
from orchestrator.outline.outcome import (
    MAX_RESULT,
    Outcome,
    clean_reason,
    clean_result,
    give_ids,
    write_outcome,
    write_outcomes,
)
from orchestrator.outline.parse import parse
from tests.outline.checks import ids
from tests.outline.strategies import inline, outlines
from tests.support.laws import examples


def check_outcome(before: str, outcome: Outcome, after: str, title: str = "a") -> None:
    outline = parse(textwrap.dedent(before))
    task = next(task for task in outline.tasks() if task.title == title)
    text = apply(outline.text.string, write_outcome(outline, task, outcome))
    assert text == textwrap.dedent(after)
    again = parse(text)
    task = next(task for task in again.tasks() if task.title == title)
    assert write_outcome(again, task, outcome) == ()


def test_a_result_stands_below_the_task():
    check_outcome(
        """
        - [ ] a  ^k3f9x
          Its body.
        - [ ] b
        """,
        Outcome("x", result="the form is in `ui/login.py`"),
        """
        - [x] a  ^k3f9x
          Its body.
          > Result: the form is in `ui/login.py`
        - [ ] b
        """,
    )


def test_a_result_stands_before_the_subtasks():
    check_outcome(
        """
        1. [ ] a  ^k3f9x

           Accept: it works
           - [x] c
             - [x] d
        2. [ ] b
        """,
        Outcome("x", result="both done"),
        """
        1. [x] a  ^k3f9x

           Accept: it works
           > Result: both done
           - [x] c
             - [x] d
        2. [ ] b
        """,
    )


def test_a_result_behind_a_body_that_follows_the_subtasks():
    check_outcome(
        "- [ ] a\n  - [x] c\n\n  More of its body.\n",
        Outcome("x", result="done"),
        "- [x] a\n  > Result: done\n  - [x] c\n\n  More of its body.\n",
    )


def test_a_result_of_ours_is_replaced():
    check_outcome(
        "- [!] a  [reason:: it broke]  ^k3f9x\n  > Result: old\n- [ ] b\n",
        Outcome("x", result="new", ours="old"),
        "- [x] a  ^k3f9x\n  > Result: new\n- [ ] b\n",
    )


def test_a_result_that_a_person_changed_stays():
    check_outcome(
        "- [ ] a\n  > Result: old, and more\n",
        Outcome("x", result="new", ours="old"),
        "- [x] a\n  > Result: old, and more\n\n  > Result: new\n",
    )


def test_a_reason_stands_before_the_id():
    check_outcome(
        "- [ ] a  [model:: strong]  ^k3f9x  \n",
        Outcome("!", reason="the registry [npm] answered `401`\nand hung up"),
        "- [!] a  [model:: strong]  [reason:: the registry \\[npm\\] answered '401' and hung up]  ^k3f9x  \n",
    )


def test_a_reason_is_replaced_and_goes():
    check_outcome("- [!] a  [reason:: x]  ^k\n", Outcome("?", reason="y?"), "- [?] a  [reason:: y?]  ^k\n")
    check_outcome("- [?] a  [reason:: x]  ^k\n", Outcome(" "), "- [ ] a  ^k\n")


def test_line_ends_and_a_missing_last_one_stay():
    check_outcome("- [ ] a\r\n- [ ] b", Outcome("x", result="r"), "- [x] a\r\n  > Result: r\r\n- [ ] b")
    check_outcome("- [ ] b\n- [ ] a", Outcome("x", result="r"), "- [ ] b\n- [x] a\n  > Result: r")


def test_text_behind_is_not_drawn_into_the_result():
    check_outcome("- [ ] a\n\n  ---\ntext\n", Outcome("x", result="r"), "- [x] a\n\n  ---\n  > Result: r\n\ntext\n")


def test_a_newer_outline_is_read_only():
    outline = parse("---\norchestrator: 99\n---\n- [ ] a\n")
    with pytest.raises(EditRefusedError, match="read-only"):
        write_outcome(outline, next(outline.tasks()), Outcome("x"))


def test_long_texts_are_cut():
    assert len(clean_result("word " * 1000)) <= MAX_RESULT
    assert len(clean_reason("word " * 1000)) <= 120


def test_ids_are_given_to_those_that_have_none():
    outline = parse("- [ ] a  \n  - [ ] b  ^own\n- [ ] `c`  [model:: fast]\n")
    text = apply(outline.text.string, give_ids(outline.tasks(), ids()))
    assert text == "- [ ] a  ^new1  \n  - [ ] b  ^own\n- [ ] `c`  [model:: fast]  ^new2\n"


@settings(
    max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(
    source=outlines(), result=inline, reason=inline, mark=st.sampled_from("x!? -"), data=st.data()
)  # fmt: skip
def test_an_outcome_is_read_back(source, result, reason, mark, data):
    old = parse(source)
    tasks = list(old.tasks())
    assume(tasks)
    index = data.draw(st.integers(0, len(tasks) - 1))
    outcome = Outcome(mark, reason=reason, result=result)
    try:
        edits = write_outcome(old, tasks[index], outcome)
    except EditRefusedError:
        return
    new = parse(apply(source, edits))
    now = list(new.tasks())
    assert len(now) == len(tasks)
    for position, (before, after) in enumerate(zip(tasks, now, strict=True)):
        assert (after.title, after.task_id, after.depth) == (before.title, before.task_id, before.depth)
        assert after.acceptance == before.acceptance
        if position != index:
            assert (after.mark, after.fields, after.result) == (before.mark, before.fields, before.result)
            continue
        assert after.description == before.description
        assert after.mark == mark
        assert after.result == (clean_result(result) or before.result)
        assert after.fields.get("reason", "") == (clean_reason(reason) if mark in "!?" else "")


@settings(
    max_examples=examples(50), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(source=outlines(), result=inline, data=st.data())
def test_an_outcome_is_written_once(source, result, data):
    old = parse(source)
    tasks = list(old.tasks())
    assume(tasks)
    index = data.draw(st.integers(0, len(tasks) - 1))
    outcome = Outcome("x", result=result)
    try:
        new = parse(apply(source, write_outcome(old, tasks[index], outcome)))
    except EditRefusedError:
        return
    assert write_outcome(new, list(new.tasks())[index], outcome) == ()


@settings(max_examples=examples(50), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(source=outlines(), results=st.lists(inline, min_size=1, max_size=6), mark=st.sampled_from("x!?"))
def test_outcomes_that_are_written_together_are_read_back(source, results, mark):
    bare = parse(source)
    old = parse(apply(source, give_ids(bare.tasks(), ids())))
    tasks = [task for task in old.tasks() if task.task_id and len(old.by_id(task.task_id)) == 1][::2]
    wanted = [(task, Outcome(mark, reason=result, result=result)) for task, result in zip(tasks, results, strict=False)]
    together = write_outcomes(old, wanted)
    new = parse(apply(old.text.string, [edit for edits in together for edit in edits or ()]))
    changed = {task.task_id: one for (task, one), edits in zip(wanted, together, strict=True) if edits is not None}
    assert [said_of(task, changed) for task in old.tasks()] == [said_of(task, {}) for task in new.tasks()]


def said_of(task, changed):
    """All that a task says, or would say with its outcome."""
    outcome = changed.get(task.task_id)
    fields = {key: value for key, value in task.fields.items() if outcome is None or key != "reason"}
    if outcome is not None and outcome.mark in "!?" and clean_reason(outcome.reason):
        fields["reason"] = clean_reason(outcome.reason)
    mark, result = (task.mark, task.result) if outcome is None else (outcome.mark, clean_result(outcome.result))
    return (
        *(task.title, task.task_id, task.depth, task.ordered, task.description, task.acceptance),
        *(mark, result or task.result, fields, [child.title for child in task.children]),
    )


def test_many_outcomes_are_read_back_at_once():
    """Not one by one: that would take as long as all of them have text."""
    source = "".join(f"- [ ] Task {number}  ^t{number}\n" for number in range(400))
    outline = parse(source)
    wanted = [(task, Outcome("x", result=f"result {task.title}")) for task in outline.tasks()]
    together = write_outcomes(outline, wanted)
    assert None not in together
    new = parse(apply(source, [edit for edits in together if edits for edit in edits]))
    assert [(task.mark, task.result) for task in new.tasks()] == [("x", f"result Task {n}") for n in range(400)]


def test_what_does_not_read_back_with_others_is_left_to_itself():
    outline = parse("- [ ] a  ^a1\n  <!-- open\n- [ ] b  ^b1\n")
    tasks = list(outline.tasks())
    assert write_outcomes(outline, [(tasks[0], Outcome("x", result="r"))])[0] is None
