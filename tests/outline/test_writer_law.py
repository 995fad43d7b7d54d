"""Whatever a model says, the file says what was planned, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from orchestrator.model.task import Plan, PlannedTask, Status
from orchestrator.outline.edits import apply
from orchestrator.outline.model_text import clean_acceptance, clean_body, clean_title
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Outline, Task
from orchestrator.outline.writer import add_subtasks
from tests.outline.checks import ids
from tests.outline.strategies import body, deep_body, inline, outlines, plans
from tests.support.laws import examples

hostile = settings(
    max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@hostile
@given(source=outlines(), plan=plans(), data=st.data())
def test_what_a_model_wrote_is_read_back(source: str, plan: Plan, data: st.DataObject):
    old = parse(source)
    tasks = list(old.tasks())
    assume(tasks)
    index = data.draw(st.integers(0, len(tasks) - 1))
    edits = add_subtasks(old, tasks[index], plan, ids())
    new = parse(apply(source, edits))
    check_only_the_plan_is_new(old, tasks[index], plan, new, index)
    assert all(edit.start == edit.end for edit in edits), "every byte of the file is still there"


def check_only_the_plan_is_new(old: Outline, parent: Task, plan: Plan, new: Outline, index: int) -> None:
    now = list(new.tasks())
    assert len(now) == len(list(old.tasks())) + count(plan), "no other task appeared or disappeared"
    written = now[index].children[len(parent.children) :]
    check_group(written, plan)
    added = set(below(written))
    for before, after in zip(old.tasks(), [task for task in now if task not in added], strict=True):
        assert (after.title, after.mark, after.fields) == (before.title, before.mark, before.fields)
        if before != parent:
            assert after.task_id == before.task_id
            # Behind the branch an empty line may have come, in the body of a task above.
            assert without_empty_lines(after.description) == without_empty_lines(before.description)
            assert (after.acceptance, after.result) == (before.acceptance, before.result)
        else:
            assert after.task_id == (before.task_id or "new1")
            # What closes an open fence or comment of its own is all that may be added.
            assert after.description.startswith(before.description)
            assert (after.acceptance, after.result) == (before.acceptance, before.result)


def without_empty_lines(description: str) -> list[str]:
    return [line for line in description.split("\n") if line]


def check_group(tasks: Sequence[Task], plan: Plan) -> None:
    assert [task.title for task in tasks] == [clean_title(planned.title) for planned in plan.tasks]
    for position, (task, planned) in enumerate(zip(tasks, plan.tasks, strict=True)):
        assert task.description == clean_body(planned.description)
        assert task.acceptance == clean_acceptance(planned.acceptance)
        assert task.result is None
        assert task.status is Status.PENDING
        assert task.ordered == plan.ordered
        wanted = [tasks[other].task_id for other in dict.fromkeys(planned.depends_on) if 0 <= other < position]
        assert None not in wanted
        assert dict(task.fields) == ({"dependsOn": ", ".join(map(str, wanted))} if wanted else {})
        referenced = any(position in later.depends_on for later in plan.tasks[position + 1 :])
        assert (task.task_id is not None) == referenced
        check_group(task.children, planned.plan or Plan(()))


def count(plan: Plan) -> int:
    return sum(1 + (count(task.plan) if task.plan else 0) for task in plan.tasks)


def below(tasks: Sequence[Task]) -> list[Task]:
    return [found for task in tasks for found in (task, *below(task.children))]


@hostile
@given(inline | body)
def test_clean_titles_are_idempotent(title: str):
    clean = clean_title(title)
    assert clean_title(clean) == clean
    assert "\n" not in clean
    clean.encode()


@hostile
@given(inline | body | deep_body)
@example("<!--\n- <!--\n  - <!--\n    - <!--")
@example("<div>\n" * 20)
@example("```\n<div>")
def test_clean_forms_are_idempotent(text: str):
    for clean_form in (clean_body, clean_acceptance):
        clean = clean_form(text)
        assert clean_form(clean) == clean
        assert not {character for character in clean if character != "\n" and ord(character) < 32} - {"\t"}
        clean.encode()


LONG = PlannedTask("`[a:: \\&amp; " * 800, "- [ ] x\n\n<!-- Accept: ```\n" * 60, "word\n" * 200)


@pytest.mark.parametrize(
    "planned",
    [
        PlannedTask("Write it", "A paragraph.\n\n- a list", "It is written."),
        PlannedTask(""),
        PlannedTask("", "", "-"),
        PlannedTask("", "===\nAccept:", "  ~~~"),
        LONG,
        PlannedTask("nested", plan=Plan((PlannedTask("in it", plan=Plan((LONG, LONG), ordered=True)),))),
    ],
)
@pytest.mark.parametrize("source", ["- [ ] a\n", "\t1. [ ] a", "1.  - [ ] a\r\n\r\n      <pre>\r\nb"])
def test_the_law_for_what_is_rare(planned: PlannedTask, source: str):
    outline = parse("- [ ] before\n" + source)
    task = list(outline.tasks())[-1]
    new = parse(apply(outline.text.string, add_subtasks(outline, task, Plan((planned, planned)), ids())))
    check_only_the_plan_is_new(outline, task, Plan((planned, planned)), new, len(list(outline.tasks())) - 1)
