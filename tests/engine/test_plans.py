import pytest

from orchestrator.engine.plans import Inherited, as_json, count_tasks, granted, replace_at, requests, select
from orchestrator.errors import ProtocolError
from orchestrator.model.task import Plan, PlannedTask

LEAVES = Plan((PlannedTask("c"), PlannedTask("d")))
PLAN = Plan((PlannedTask("a"), PlannedTask("b", plan=LEAVES), PlannedTask("e", depends_on=(0, 1))), ordered=False)


def titles(plan: Plan | None) -> list[object]:
    return [] if plan is None else [(task.title, titles(task.plan)) if task.plan else task.title for task in plan.tasks]


def test_count_tasks_counts_all_levels():
    assert count_tasks(PLAN) == 5


def test_as_json_speaks_the_words_of_the_wire():
    leaf = {"title": "c", "description": "", "acceptance": "", "dependsOn": []}
    second = PlannedTask("b", "d", "e", (0,), mode="auto")
    plan = Plan((PlannedTask("a", plan=Plan((PlannedTask("c"),))), second), True, "a playbook")
    assert as_json(plan) == {
        "ordered": True,
        "source": "a playbook",
        "tasks": [
            {**leaf, "title": "a", "plan": {"ordered": False, "source": "", "tasks": [leaf]}},
            {"title": "b", "description": "d", "acceptance": "e", "dependsOn": [0], "mode": "auto"},
        ],
    }


def test_replace_at_the_top_and_below():
    assert replace_at(PLAN, (), LEAVES) is LEAVES
    assert titles(replace_at(PLAN, (0,), LEAVES)) == [("a", ["c", "d"]), ("b", ["c", "d"]), "e"]
    assert titles(replace_at(PLAN, (1, 1), LEAVES)) == ["a", ("b", ["c", ("d", ["c", "d"])]), "e"]


def test_replace_at_a_place_that_is_gone_changes_nothing():
    assert replace_at(PLAN, (7,), LEAVES) is PLAN


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([(0,)], ["a"]),
        ([(1,)], [("b", ["c", "d"])]),
        ([(1, 1)], [("b", ["d"])]),
        ([(2,), (0,)], ["a", "e"]),
        ([(1, 0), (1,)], [("b", ["c", "d"])]),
    ],
)
def test_select_takes_parents_and_all_below(items, expected):
    assert titles(select(PLAN, items)) == expected


def test_select_renumbers_dependencies_and_drops_those_left_out():
    assert select(PLAN, [(1,), (2,)]).tasks[1].depends_on == (0,)


@pytest.mark.parametrize("items", [[], [()], [(3,)], [(0, 0)], [(1, 2)]])
def test_select_refuses_what_is_not_there(items):
    with pytest.raises(ProtocolError):
        select(PLAN, items)


BOLD = Plan(
    (
        PlannedTask("a", mode="auto", executor="code", plan=Plan((PlannedTask("b", mode="auto"), PlannedTask("c")))),
        PlannedTask("d", mode="interactive", executor="answer"),
    )
)


def fields(plan: Plan) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    for task in plan.tasks:
        rows += (task.title, task.mode, task.executor), *(fields(task.plan) if task.plan else ())
    return rows


@pytest.mark.parametrize("mode", ["interactive", "auto"])
@pytest.mark.parametrize("executor", ["answer", "code"])
def test_nothing_runs_by_itself_without_a_word(mode, executor):
    for title, written_mode, written_executor in fields(granted(BOLD, Inherited(mode, executor), accepted=False)):
        assert written_mode in {"", "interactive"}, title
        assert written_executor in {"", "answer"}, title


def test_only_what_differs_from_what_is_inherited_is_written():
    accepted = granted(BOLD, Inherited(), accepted=True)
    assert fields(accepted) == [("a", "auto", "code"), ("b", "", ""), ("c", "", ""), ("d", "", "")]
    careful = granted(BOLD, Inherited("auto", "code"), accepted=False)
    assert fields(careful) == [("a", "", ""), ("b", "", ""), ("c", "", ""), ("d", "interactive", "answer")]


def test_requests_name_what_needs_a_word():
    assert list(requests(BOLD, Inherited())) == [((0,), "mode auto, executor code")]
    assert list(requests(BOLD, Inherited("auto", "code"))) == []
    below = Plan((PlannedTask("a", plan=Plan((PlannedTask("b", executor="research"),))),))
    assert list(requests(below, Inherited())) == [((0, 0), "executor research")]
