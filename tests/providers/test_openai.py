"""Requests to OpenAI and compatible servers and their streams, mostly without any network."""

import json
from dataclasses import replace

import pytest
from tests.providers.support import REQUEST, SCHEMA, collect, text_of
from tests.support.fault_server import Answer, FaultServer, Status

from orchestrator.config import Settings
from orchestrator.errors import AnswerCutError, AuthenticationError
from orchestrator.model.message import Message, Speaker
from orchestrator.model.usage import Usage
from orchestrator.providers import registry
from orchestrator.providers.addresses import checked
from orchestrator.providers.base import Capabilities, FinishReason, Request, TextDelta, ThoughtDelta
from orchestrator.providers.keys import Keys
from orchestrator.providers.openai import CompletionReader, OpenAIProvider, build_request

HEAD = '"id":"chatcmpl-9","object":"chat.completion.chunk","created":1,"model":"gpt-6-luna"'
RECORDED = f"""
{{{HEAD},"choices":[{{"index":0,"delta":{{"role":"assistant","content":"","refusal":null}},"finish_reason":null}}],"usage":null}}
{{{HEAD},"choices":[{{"index":0,"delta":{{"reasoning_content":"Hmm."}},"finish_reason":null}}]}}
{{{HEAD},"choices":[{{"index":0,"delta":{{"content":"Hel"}},"finish_reason":null}}]}}
{{{HEAD},"choices":[{{"index":1,"delta":{{"content":"a second answer"}},"finish_reason":null}}]}}
{{{HEAD},"choices":[{{"index":0,"delta":{{"content":"lo"}},"finish_reason":null}}]}}
{{{HEAD},"choices":[{{"index":0,"delta":{{}},"finish_reason":"stop"}}]}}
{{{HEAD},"choices":[],"usage":{{"prompt_tokens":30,"completion_tokens":12,"total_tokens":42,"prompt_tokens_details":{{"cached_tokens":10}}}}}}
"""


def recorded() -> list[dict]:
    return [json.loads(line) for line in RECORDED.strip().split("\n")]


def endpoint(server: FaultServer, **fields: str) -> Settings:
    return Settings.model_validate({"endpoints": {"box": {"baseUrl": server.openai, **fields}}})


def test_a_recorded_stream_is_read():
    reader = CompletionReader(REQUEST)
    events = [event for chunk in recorded() for event in reader.feed(chunk)]
    assert events == [ThoughtDelta("Hmm."), TextDelta("Hel"), TextDelta("lo")]
    end = reader.finish()
    assert end.reason is FinishReason.END
    assert end.usage == Usage(30, 12, 10, 0)
    raw = json.loads(end.raw)
    assert raw["id"] == "chatcmpl-9"
    assert raw["choices"][0]["message"]["content"] == "Hello"


@pytest.mark.parametrize("kept", range(6))
def test_a_stream_without_its_reason_is_cut_wherever_it_ends(kept: int):
    reader = CompletionReader(REQUEST)
    for chunk in recorded()[:kept]:
        list(reader.feed(chunk))
    with pytest.raises(AnswerCutError):
        reader.finish()


def test_a_refusal_is_shown_and_is_no_answer():
    reader = CompletionReader(REQUEST)
    chunk = {"choices": [{"index": 0, "delta": {"refusal": "I cannot."}, "finish_reason": "stop"}]}
    assert list(reader.feed(chunk)) == [TextDelta("I cannot.")]
    assert reader.finish().reason is FinishReason.REFUSAL


def test_a_request_with_everything():
    request = Request("m", "s", REQUEST.messages, 9, schema=SCHEMA, stop=("END",), temperature=0.0)
    built = build_request(request, official=True)
    assert built["messages"][0] == {"role": "system", "content": "s"}
    assert built["max_completion_tokens"] == 9
    assert built["temperature"] == 0.0
    assert built["stop"] == ["END"]
    assert built["stream_options"] == {"include_usage": True}
    shape = built["response_format"]
    assert shape["type"] == "json_schema"
    assert shape["json_schema"]["name"] == "decide"
    assert shape["json_schema"]["strict"] is True


def test_turns_of_one_conversation_share_a_place_in_the_cache():
    first, other = Message(Speaker.USER, "Do a."), Message(Speaker.USER, "Do b.")
    turns = [replace(REQUEST, messages=(first, Message(Speaker.ASSISTANT, said), first)) for said in ("x", "y")]
    keys = [build_request(turn, official=True)["prompt_cache_key"] for turn in turns]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 32
    elsewhere = replace(REQUEST, messages=(other, Message(Speaker.ASSISTANT, "x"), other))
    assert build_request(elsewhere, official=True)["prompt_cache_key"] != keys[0]
    assert "prompt_cache_key" not in build_request(replace(REQUEST, messages=(first,)), official=True)
    assert "prompt_cache_key" not in build_request(turns[0], official=False)


def test_other_servers_get_the_older_name_of_the_limit():
    built = build_request(REQUEST, official=False)
    assert built["max_tokens"] == 100
    assert "max_completion_tokens" not in built


def test_the_sdk_takes_every_argument_that_we_send():
    import inspect

    from openai.resources.chat.completions import AsyncCompletions

    accepted = inspect.signature(AsyncCompletions.create).parameters
    request = Request("m", "s", REQUEST.messages, 9, schema=SCHEMA, grammar="root ::= [a]", stop=("E",), temperature=0)
    assert set(build_request(request, official=True)) <= set(accepted)


async def test_an_endpoint_is_called_by_its_own_name_and_without_a_key(tmp_path):
    async with FaultServer() as server:
        settings, keys = endpoint(server), Keys.load(tmp_path, {"OPENAI_API_KEY": "sk-of-openai"})
        provider = registry.spec("box", settings).create(settings, keys)
        server.then(Answer("hi"), Status(401))
        assert provider.name == "box"
        assert text_of(await collect(provider)) == "hi"
        assert server.calls[0].key == "none"
        assert server.calls[0].json["max_tokens"] == 100
        with pytest.raises(AuthenticationError, match=r"Endpoint box refused the key.*keyName"):
            await collect(provider)
        await provider.aclose()


async def test_endpoints_get_no_ambient_headers(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Company: internal-secret")
    async with FaultServer() as server:
        settings = endpoint(server, keyName="box")
        provider = registry.spec("box", settings).create(settings, Keys.load(tmp_path, {"BOX_API_KEY": "sk-box-1234"}))
        await collect(provider)
        sent = " ".join(f"{name}: {value}" for name, value in server.calls[0].headers.items())
        assert server.calls[0].key == "sk-box-1234"
        assert "secret" not in sent
        assert "sk-of-openai" not in sent
        assert "sk-admin" not in sent
        await provider.aclose()


async def test_a_grammar_goes_along_where_it_is_understood():
    async with FaultServer() as server:
        provider = OpenAIProvider(
            name="local",
            title="Embedded model",
            address=checked(server.openai, "built in"),
            api_key="child-key",
            timeout=5,
            capabilities=Capabilities(grammar=True),
        )
        await collect(provider, Request("m", "", REQUEST.messages, 9, grammar='root ::= "yes"', temperature=0.0))
        assert server.calls[0].json["grammar"] == 'root ::= "yes"'
        assert server.calls[0].json["temperature"] == 0.0
        assert await provider.model_names() == ("test-model",)
        await provider.aclose()


async def test_listing_models_maps_its_errors():
    async with FaultServer() as server:
        provider = OpenAIProvider(
            name="box",
            title="Box",
            address=checked(server.openai, "test"),
            api_key="sk-box-1234",
            timeout=5,
            capabilities=Capabilities(),
        )
        server.then(Status(401, echo_key=True))
        with pytest.raises(AuthenticationError) as caught:
            await provider.model_names()
        assert "sk-box-1234" not in str(caught.value)
        await provider.aclose()
