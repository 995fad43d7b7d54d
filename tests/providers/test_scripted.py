"""Answers from a script."""

import asyncio
import json
from pathlib import Path

import pytest
from tests.providers.support import collect, finished, text_of, thoughts_of

from orchestrator import errors
from orchestrator.config import Settings
from orchestrator.errors import AnswerCutError, ConfigError, RateLimitedError, RequestRejectedError
from orchestrator.model.message import Message, Speaker
from orchestrator.providers.base import AnswerSchema, FinishReason, Request, TextDelta
from orchestrator.providers.keys import Keys
from orchestrator.providers.scripted import SPEC, ErrorName, ScriptedProvider, parse_script, read_script


def ask(text: str = "hello", schema: str = "") -> Request:
    shape = AnswerSchema(schema, "", {"type": "object"}) if schema else None
    return Request("demo", "", (Message(Speaker.USER, text),), 100, schema=shape)


def provider(*entries: object) -> ScriptedProvider:
    return ScriptedProvider(parse_script(json.dumps(entries), "test.json"))


async def test_the_first_unused_matching_entry_answers():
    scripted = provider(
        {"when": {"schema": "plan"}, "answer": {"tasks": []}},
        {"when": {"contains": "LOGIN|sign in"}, "answer": "one"},
        {"when": {"schema": ""}, "answer": "two"},
        {"answer": "rest", "repeat": True},
    )
    said = [text_of(await collect(scripted, ask("build the login"))) for _ in range(3)]
    assert said == ["one", "two", "rest"]
    assert json.loads(text_of(await collect(scripted, ask("x", "plan")))) == {"tasks": []}
    assert [request.messages[0].text for request in scripted.requests] == ["build the login"] * 3 + ["x"]


async def test_only_the_last_message_of_the_user_counts():
    scripted = provider({"when": {"contains": "first"}, "answer": "a"}, {"answer": "b"})
    turns = (Message(Speaker.USER, "first"), Message(Speaker.ASSISTANT, "first"), Message(Speaker.USER, "second"))
    assert text_of(await collect(scripted, Request("m", "", turns, 10))) == "b"


async def test_an_answer_arrives_in_pieces():
    events = await collect(provider({"answer": "abcdefg", "chunk": 3, "thought": "hm"}), ask())
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["abc", "def", "g"]
    assert thoughts_of(events) == "hm"
    assert finished(events).usage.estimated
    assert json.loads(finished(events).raw)["text"] == "abcdefg"


async def test_a_scripted_cut_and_a_scripted_end():
    scripted = provider({"answer": "abcdef", "cut": True}, {"answer": "x", "finish": "maxTokens"})
    stream = scripted.stream(ask())
    assert await anext(stream) == TextDelta("abc")
    with pytest.raises(AnswerCutError):
        await anext(stream)
    assert finished(await collect(scripted, ask())).reason is FinishReason.MAX_TOKENS


@pytest.mark.parametrize("name", ErrorName.__args__)
async def test_every_error_can_be_scripted(name: str):
    with pytest.raises(getattr(errors, name)) as caught:
        await collect(provider({"error": name}), ask())
    assert type(caught.value).__name__ == name


def test_no_provider_error_is_missing_from_the_script_language():
    concrete = {cls.__name__ for cls in errors.ProviderError.__subclasses__()}
    assert concrete == set(ErrorName.__args__)


async def test_a_scripted_error_says_when_to_retry():
    with pytest.raises(RateLimitedError) as caught:
        await collect(provider({"error": "RateLimitedError", "retryAfter": 1.5}), ask())
    assert caught.value.retry_after == 1.5


async def test_no_answer_left_is_said():
    with pytest.raises(RequestRejectedError, match=r"no answer left.*'plan'"):
        await collect(provider(), ask("x", "plan"))


async def test_a_slow_answer_can_be_cancelled():
    task = asyncio.create_task(collect(provider({"answer": "abc", "delay": 3600}), ask()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("script", "place"),
    [
        ("{", "line 1, column 2"),
        ("{}", "the top"),
        ('[{"answr": "x"}]', "[0].answr"),
        ('[{"answer": "x"}, {"when": {"contains": "("}}]', "[1].when.contains"),
        ('[{"error": "KaboomError"}]', "[0].error"),
        ('[{"chunk": 0}]', "[0].chunk"),
        ('[{"when": {"schema": 3}}]', "[0].when.schema"),
    ],
)
def test_a_bad_script_names_the_field(script: str, place: str):
    with pytest.raises(ConfigError) as caught:
        parse_script(script, "mine.json")
    assert place in str(caught.value)
    assert "mine.json" in str(caught.value)


def test_a_script_that_is_missing_makes_the_provider_unusable(tmp_path: Path):
    settings = Settings.model_validate({"scripted": {"script": str(tmp_path / "none.json")}})
    keys = Keys.load(tmp_path, {})
    available = SPEC.availability(settings, keys)
    assert not available.usable
    assert "none.json" in available.detail
    with pytest.raises(ConfigError):
        SPEC.create(settings, keys)


async def test_the_demo_splits_once_and_then_calls_its_own_steps_simple(tmp_path: Path):
    keys = Keys.load(tmp_path, {})
    assert SPEC.availability(Settings(), keys).usable
    assert not SPEC.destination(Settings(), keys).remote
    demo = SPEC.create(Settings(), keys)
    decision = json.loads(text_of(await collect(demo, ask("Organise the summer party", "decide"))))
    assert decision["verdict"] == "DECOMPOSE"
    plan = json.loads(text_of(await collect(demo, ask("Organise the summer party", "plan"))))
    assert 3 <= len(plan["tasks"]) <= 8
    for index, task in enumerate(plan["tasks"]):
        assert set(task) == {"title", "description", "acceptance", "dependsOn"}
        assert all(0 <= other < index for other in task["dependsOn"])
        again = json.loads(text_of(await collect(demo, ask(f"Task: {task['title']}", "decide"))))
        assert again["verdict"] == "EXECUTE"
    assert "demo" in text_of(await collect(demo, ask("What is the capital of France?")))


def test_the_demo_is_shipped_with_the_package():
    assert len(read_script("")) == 7
