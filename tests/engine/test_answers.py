import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.answer_shapes import MAX_ANSWER
from orchestrator.engine.answers import (
    Flaw,
    partial_plan,
    read_decision,
    read_plan,
    same_title,
)
from orchestrator.model.task import Decision, Plan, PlannedTask, Verdict

GOOD = {
    "ordered": False,
    "tasks": [
        {"title": "Draw the form", "description": "Three fields.", "acceptance": "It shows", "dependsOn": []},
        {"title": "Check the input", "description": "", "acceptance": "", "dependsOn": [0]},
    ],
}
EXPECTED = Plan(
    (PlannedTask("Draw the form", "Three fields.", "It shows"), PlannedTask("Check the input", depends_on=(0,)))
)


def check_plan(answer: str, *titles: str) -> Plan:
    plan = read_plan(answer, "Build it", 8)
    assert isinstance(plan, Plan), plan
    assert [task.title for task in plan.tasks] == list(titles)
    return plan


def check_flaw(answer: str, *words: str, max_children: int = 8) -> None:
    flaw = read_plan(answer, "Build it", max_children)
    assert isinstance(flaw, Flaw), flaw
    for word in words:
        assert word in " ".join(flaw.problems)


def tasks(*titles: str) -> str:
    return json.dumps({"ordered": False, "tasks": [{"title": title} for title in titles]})


def test_a_good_plan_is_read_whole():
    assert read_plan(json.dumps(GOOD), "Build it", 8) == EXPECTED


@pytest.mark.parametrize(
    "wrap",
    [
        "{}",
        "Here is the plan:\n\n{}\n\nGood luck!",
        "```json\n{}\n```",
        "I considered [several] {{options}}.\n{}",
        "\ufeff{}",
    ],
)
def test_prose_and_fences_around_the_object(wrap):
    assert read_plan(wrap.replace("{}", json.dumps(GOOD)), "Build it", 8) == EXPECTED


def test_trailing_commas_and_raw_line_breaks_are_forgiven():
    check_plan('{"tasks": [{"title": "One"}, {"title": "Two", "description": "a\nb",},],}', "One", "Two")


@pytest.mark.parametrize("name", ["tasks", "subtasks", "steps", "children"])
def test_other_names_of_the_list(name):
    check_plan(json.dumps({name: [{"name": "One"}, {"task": "Two"}]}), "One", "Two")


def test_a_bare_list_and_strings():
    check_plan('["One", "Two"]', "One", "Two")


def test_a_markdown_list_with_bold_titles():
    plan = check_plan("Sure!\n1. **Draw**: the form.\n   - a detail\n2. **Check** — the input.\n", "Draw", "Check")
    assert plan.tasks[0].description == "the form."


def test_a_markdown_task_list():
    check_plan("- [ ] One\n- [x] Two\n", "One", "Two")


def test_acceptance_as_a_list():
    plan = check_plan(json.dumps({"tasks": [{"title": "One", "acceptance": ["a", "b"]}, "Two"]}), "One", "Two")
    assert plan.tasks[0].acceptance == "- a\n- b"


def test_titles_become_one_line():
    check_plan(tasks("One\n  line", "Two"), "One line", "Two")


def check_dependencies(*wanted: object) -> list[tuple[int, ...]]:
    answer = {"tasks": [{"title": f"Task {'abcdef'[i]}", "dependsOn": value} for i, value in enumerate(wanted)]}
    plan = read_plan(json.dumps(answer), "Build it", 8)
    assert isinstance(plan, Plan), plan
    return [task.depends_on for task in plan.tasks]


def test_dependencies_in_other_words():
    assert check_dependencies([], [0, "0", 0], "task A", None, "none", 3) == [(), (0,), (0,), (), (), (3,)]


def test_a_dependency_on_a_later_subtask_moves_it_forward():
    answer = {"tasks": [{"title": "One", "dependsOn": [2]}, {"title": "Two", "dependsOn": [0]}, {"title": "Three"}]}
    plan = check_plan(json.dumps(answer), "Three", "One", "Two")
    assert [task.depends_on for task in plan.tasks] == [(), (0,), (1,)]


def test_an_ordered_plan_needs_no_dependencies():
    plan = check_plan(json.dumps({**GOOD, "ordered": True}), "Draw the form", "Check the input")
    assert plan.ordered
    assert plan.tasks[1].depends_on == ()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("", ["no JSON object"]),
        ("I cannot help with that.", ["no JSON object"]),
        ("<html><body>502</body></html>", ["no JSON object"]),
        ("null", ["no JSON object"]),
        ('{"tasks": "none"}', ["no JSON object"]),
        ('{"tasks": [1, 2, 3]}', ["no JSON object"]),
        ('{"tasks": [{"title": "One"}, {"title": "Tw', ["no JSON object"]),
        ('{"tasks": [{"title": "One", "acceptance": ["it runs", "it stops"]}, {"ti', ["no JSON object"]),
        ('{"tasks": [{"title": "One", "subtasks": ["it runs", "it stops"]}, {"ti', ["no JSON object"]),
        ("[" * 5000, ["no JSON object"]),
        ('{"tasks": []}', ["empty"]),
        (tasks("One"), ["only one"]),
        (tasks("One", ""), ["Subtask 1 has no title"]),
        (tasks("One", "Two", "one!"), ["Subtask 2 repeats subtask 0"]),
        (tasks("build IT.", "Two"), ["repeats the task itself"]),
        (tasks(*(f"Task {number}" for number in range(500))), ["500 subtasks", "at most 8"]),
        (tasks("x" * 201, "Two"), ["longer than 200"]),
        (json.dumps({"tasks": [{"title": "One", "description": "y" * 8001}, "Two"]}), ["longer than 8,000"]),
        ("x" * (MAX_ANSWER + 1), ["longer than 200,000"]),
        (json.dumps({"tasks": [{"title": "One", "dependsOn": [9]}, "Two"]}), ["names 9", "0 to 1"]),
        (json.dumps({"tasks": [{"title": "One", "dependsOn": [0]}, "Two"]}), ["depends on itself"]),
        (json.dumps({"tasks": [{"title": "One", "dependsOn": [True]}, "Two"]}), ["true is none"]),
        (
            json.dumps({"tasks": [{"title": "One", "dependsOn": [1]}, {"title": "Two", "dependsOn": [0]}]}),
            ["0, 1 lead in a circle"],
        ),
        (json.dumps({"ordered": True, "tasks": [{"title": "One", "dependsOn": [1]}, "Two"]}), ["though"]),
        (json.dumps({"tasks": [{"title": "One", "mode": "fast"}, "Two"]}), ['"mode" of subtask 0']),
        (json.dumps({"tasks": [{"title": "One", "executor": "shell"}, "Two"]}), ['"executor" of subtask 0']),
        (json.dumps({"tasks": ["One", "Two"]}) + json.dumps({"tasks": ["Six", "Seven"]}), ["2 different plans"]),
    ],
)
def test_what_cannot_be_used_is_told(answer, words):
    check_flaw(answer, *words)


def test_a_flaw_names_at_most_eight_problems():
    flaw = read_plan(tasks(*[""] * 100), "Build it", 8)
    assert isinstance(flaw, Flaw)
    assert len(flaw.problems) == 8


@given(st.text(max_size=300))
def test_titles_come_from_the_answer(answer):
    plan = read_plan(answer, "Build it", 8)
    if isinstance(plan, Plan):
        folded = " ".join(answer.split())
        assert all(task.title in folded for task in plan.tasks)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x) | st.dictionaries(st.sampled_from(["tasks", "title", "dependsOn", "ordered", "description"]), x)
        ),
        max_leaves=30,
    )
)
def test_any_json_is_a_plan_or_a_flaw(value):
    assert isinstance(read_plan(json.dumps(value), "Build it", 8), Plan | Flaw)


@given(st.integers(min_value=0, max_value=len(json.dumps(GOOD))))
def test_a_partial_plan_grows_and_never_invents(cut):
    partial = partial_plan(json.dumps(GOOD)[:cut], "Build it", 8)
    for shown, final in zip(partial.tasks, EXPECTED.tasks, strict=False):
        assert final.title.startswith(shown.title)
        assert final.description.startswith(shown.description)


def test_a_partial_plan_shows_the_title_that_is_being_written():
    assert [t.title for t in partial_plan('{"tasks": [{"title": "One"}, {"title": "Tw', "Build it", 8).tasks] == [
        "One",
        "Tw",
    ]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"verdict": "EXECUTE", "reason": "It is small."}', Decision(Verdict.EXECUTE, "It is small.")),
        ('```\n{"decision": "decompose", "why": "Two results"}\n```', Decision(Verdict.DECOMPOSE, "Two results")),
        ("I would DECOMPOSE this.", Decision(Verdict.DECOMPOSE, "")),
    ],
)
def test_decisions(answer, expected):
    assert read_decision(answer) == expected


@pytest.mark.parametrize(
    "answer", ["", "maybe", '{"verdict": "BOTH"}', "EXECUTE or DECOMPOSE?", '{"verdict": null}', "[]"]
)
def test_no_decision(answer):
    assert isinstance(read_decision(answer), Flaw)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("Write tests", "write  tests.", True),
        ("Write tests", "Write test", False),
        ("日本語", "日本語。", True),
        ("!?", "!?", True),
    ],
)
def test_same_title(first, second, same):
    assert same_title(first, second) is same
