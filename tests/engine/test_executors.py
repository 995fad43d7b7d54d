"""The port, and the executor `answer` with hands that answer from a list."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from orchestrator.config import Settings
from orchestrator.engine import executors
from orchestrator.engine.context import Brief, FileBrief
from orchestrator.engine.executors import Answer, Outcome, TaskContext
from orchestrator.engine.prompting import load_prompt
from orchestrator.engine.routing import Route
from orchestrator.errors import AnswerUnusableError, ConfigError
from orchestrator.model.usage import Usage
from orchestrator.providers.base import Capabilities, Finished, FinishReason
from orchestrator.providers.scripted import ScriptedProvider

BRIEF = Brief("Name the colours", description="Of the flag.", files=(FileBrief("flag.txt", "red\nwhite"),))


class Hands:
    settings = Settings()

    def __init__(self, *answers, said=(), corrections=(), guided=False):
        self.answers, self.said, self.notes = list(answers), list(said), tuple(corrections)
        self.questions, self.requests, self.prompts = [], [], []
        self.route = Route(ScriptedProvider([]), "test")
        if guided:
            self.route = Route(Small(), "test")

    def prompt(self, name):
        return load_prompt(name)

    async def call(self, role, make, on_delta=None):
        prompt, request = make(self.route)
        self.prompts.append(prompt.name)
        self.requests.append(request)
        answer = self.answers.pop(0)
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return Answer(text, Finished(FinishReason.END, Usage(), "{}"))

    async def ask(self, text, choices=()):
        self.questions.append(text)
        return self.said.pop(0)

    async def once(self, name, given, work):
        return await work()

    def corrections(self):
        return self.notes


class Small(ScriptedProvider):
    capabilities = Capabilities(guided=True)

    def __init__(self):
        super().__init__([])


def done(answer="Red, white and blue.", result="Three colours."):
    return {"status": "done", "answer": answer, "result": result, "question": ""}


async def execute(hands, **more):
    task = TaskContext("run_1", "attempt_1", "abcde", BRIEF, Path("/w"), "file:///w/plan.tasks.md", **more)
    return await executors.find("answer").execute(task, hands)


async def test_an_answer_is_an_outcome():
    hands = Hands(done())
    assert await execute(hands) == Outcome("Three colours.", "Red, white and blue.")
    text = hands.requests[0].messages[0].text
    assert "Task:\n  Name the colours" in text
    assert "Attached files:\n  flag.txt:\n    red\n    white" in text


async def test_a_correction_and_evidence_are_in_the_next_call():
    hands = Hands(done(), corrections=("Use French names.",))
    await execute(hands, evidence="- All colours: blue is missing")
    text = hands.requests[0].messages[0].text
    assert "A person says about this task: Use French names." in text
    assert "blue is missing" in text


async def test_a_question_is_asked_and_its_answer_shown():
    question = {"status": "question", "question": "Which flag?", "answer": "", "result": ""}
    hands = Hands(question, done(), said=["The French one."])
    assert (await execute(hands)).result == "Three colours."
    assert hands.questions == ["Which flag?"]
    assert "A person answers: The French one." in hands.requests[1].messages[0].text


async def test_a_model_that_only_asks_fails():
    question = {"status": "question", "question": "Which flag?", "answer": "", "result": ""}
    hands = Hands(*[question] * 4, said=["this", "this", "this"])
    assert "more than 3 questions" in (await execute(hands)).failed


async def test_giving_up_is_a_failure_with_its_reason():
    hands = Hands({"status": "failed", "result": "I cannot look out of the window.", "answer": "", "question": ""})
    assert (await execute(hands)).failed == "I cannot look out of the window."


async def test_nonsense_is_mended_once_then_refused():
    hands = Hands("I did it!", done())
    assert (await execute(hands)).result == "Three colours."
    assert hands.prompts == ["execute", "repair"]
    with pytest.raises(AnswerUnusableError, match="no usable answer"):
        await execute(Hands("I did it!", "Really."))


async def test_the_small_model_writes_a_draft_that_says_so():
    hands = Hands("Red and white.\n\nAnd blue.", guided=True)
    outcome = await execute(hands)
    assert outcome.result == "Draft by the basic offline model, not checked: Red and white."
    assert outcome.text == "Red and white.\n\nAnd blue."
    assert hands.prompts == ["execute-plain"]
    assert (await execute(Hands("  ", guided=True))).failed


def test_an_unknown_executor_names_those_there_are():
    with pytest.raises(ConfigError, match=r"There is no executor “fly”\..*answer"):
        executors.find("fly")


def test_a_broken_plugin_says_so(monkeypatch):
    points = [
        EntryPoint("good", "tests.engine.test_executors:Good", executors.ENTRY_POINTS),
        EntryPoint("gone", "no.such.module:X", executors.ENTRY_POINTS),
        EntryPoint("odd", "tests.engine.test_executors:BRIEF", executors.ENTRY_POINTS),
    ]
    monkeypatch.setattr(executors, "entry_points", lambda group: points)
    assert executors.names() == (*executors.BUILT_IN, "gone", "good", "odd")
    assert executors.find("good").name == "good"
    with pytest.raises(ConfigError, match="cannot be loaded: ModuleNotFoundError"):
        executors.find("gone")
    with pytest.raises(ConfigError, match="names no executor but a Brief"):
        executors.find("odd")


class Good:
    name = "good"

    async def execute(self, task, hands):
        return Outcome("well done")
