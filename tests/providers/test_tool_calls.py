"""Tools, in each vendor's own way, over real HTTP; and the servers that get them wrong."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.providers.support import KEY, REQUEST, VENDORS, collect, finished, open_provider, text_of
from tests.support.fault_server import Answer, Cut, FaultServer, Status, Wanted

from orchestrator import errors
from orchestrator.model.message import Message, Speaker, ToolCall, ToolResult
from orchestrator.providers import anthropic, openai
from orchestrator.providers.base import FinishReason, Request, ToolCallDelta, ToolSpec
from orchestrator.providers.scripted import ScriptedProvider, parse_script
from orchestrator.providers.tokens import estimate_request
from orchestrator.providers.tool_calls import MAX_CALLS, GrowingCalls, arguments_object

both = pytest.mark.parametrize("vendor", VENDORS)
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
READ = ToolSpec("read_file", "Read a file", SCHEMA)
ASKING = replace(REQUEST, tools=(READ,))
CONVERSATION = replace(
    ASKING,
    messages=(
        Message(Speaker.USER, "Look"),
        Message(
            Speaker.ASSISTANT,
            "I read both.",
            calls=(ToolCall("c1", "read_file", '{"path": "a"}'), ToolCall("c2", "read_file", "{broken")),
        ),
        Message(Speaker.USER, "And?", results=(ToolResult("c1", "text"), ToolResult("c2", "no JSON", failed=True))),
    ),
)


@both
async def test_several_calls_at_once_arrive_whole(vendor: str):
    wanted = (
        Wanted("read_file", '{"path": "ünï/a.py"}'),
        Wanted("read_file", '{"path": "b.py"}'),
        Wanted("delete_everything", "{}"),
    )
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Answer("Let me see.", calls=wanted, chunk=3))
        events = await collect(provider, ASKING)
    end = finished(events)
    assert text_of(events) == "Let me see."
    assert end.reason is FinishReason.TOOL_CALLS
    assert [(call.name, json.loads(call.arguments)) for call in end.calls] == [
        ("read_file", {"path": "ünï/a.py"}),
        ("read_file", {"path": "b.py"}),
        ("delete_everything", {}),
    ]
    assert len({call.call_id for call in end.calls}) == 3
    deltas = [event for event in events if isinstance(event, ToolCallDelta)]
    assert "".join(delta.arguments for delta in deltas if delta.index == 0) == '{"path": "ünï/a.py"}'
    assert [delta.name for delta in deltas if delta.name] == ["read_file", "read_file", "delete_everything"]
    assert "ünï/a.py" in end.raw
    assert not end.usage.estimated


@both
@pytest.mark.parametrize("cut", [Cut.MID_STREAM, Cut.MID_EVENT, Cut.BEFORE_FINISH])
async def test_a_call_cut_in_its_arguments_is_no_call(vendor: str, cut: Cut):
    wanted = Wanted("delete_file", json.dumps({"path": "src/" + "x" * 200}))
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Answer("", calls=(wanted,), cut=cut))
        with pytest.raises(errors.AnswerCutError):
            await collect(provider, ASKING)


@both
async def test_a_call_cut_by_the_limit_of_tokens_is_no_call(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Answer("", calls=(Wanted("delete_file", '{"path": "sr'),), finish="maxTokens"))
        end = finished(await collect(provider, ASKING))
    assert (end.reason, end.calls) == (FinishReason.MAX_TOKENS, ())


@both
async def test_a_key_is_no_secret_in_arguments_only(vendor: str):
    """What a server repeats of the key is taken out of the answer as it is stored."""
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Answer("", calls=(Wanted("read_file", json.dumps({"path": KEY})),), chunk=500))
        assert KEY not in finished(await collect(provider, ASKING)).raw


@both
async def test_a_refused_request_with_tools_is_our_error(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Status(400, "tools are not supported"))
        with pytest.raises(errors.RequestRejectedError, match="tools are not supported"):
            await collect(provider, ASKING)


@both
async def test_ten_megabytes_of_arguments_are_malformed(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Answer("", calls=(Wanted("read_file", '"' + "x" * 10_000_000),), chunk=500_000))
        with pytest.raises(errors.AnswerMalformedError, match="longer than"):
            await collect(provider, ASKING)


@both
async def test_the_conversation_goes_back_complete(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        await collect(provider, CONVERSATION)
        sent = server.calls[0].json
    if vendor == "anthropic":
        assert sent["tools"] == [{"name": "read_file", "description": "Read a file", "input_schema": SCHEMA}]
        assert sent["cache_control"] == {"type": "ephemeral"}
        assert sent["messages"][1]["content"] == [
            {"type": "text", "text": "I read both."},
            {"type": "tool_use", "id": "c1", "name": "read_file", "input": {"path": "a"}},
            {"type": "tool_use", "id": "c2", "name": "read_file", "input": {"unreadable": "{broken"}},
        ]
        assert sent["messages"][2]["content"] == [
            {"type": "tool_result", "tool_use_id": "c1", "content": "text", "is_error": False},
            {"type": "tool_result", "tool_use_id": "c2", "content": "no JSON", "is_error": True},
            {"type": "text", "text": "And?"},
        ]
    else:
        function = {"name": "read_file", "description": "Read a file", "parameters": SCHEMA}
        assert sent["tools"] == [{"type": "function", "function": function}]
        assert [message["role"] for message in sent["messages"]] == [
            "system", "user", "assistant", "tool", "tool", "user",
        ]  # fmt: skip
        calls = sent["messages"][2]["tool_calls"]
        assert [json.loads(call["function"]["arguments"]) for call in calls] == [
            {"path": "a"},
            {"unreadable": "{broken"},
        ]
        assert sent["messages"][4] == {"role": "tool", "tool_call_id": "c2", "content": "Error: no JSON"}


def test_signed_thoughts_go_back_to_their_maker_alone():
    reader = anthropic.MessageReader(ASKING)
    for chunk in (
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s1g"}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "redacted_thinking", "data": "xyz"}},
        {
            "type": "content_block_start",
            "index": 2,
            "content_block": {"type": "tool_use", "id": "t1", "name": "read_file", "input": {"path": "a"}},
        },
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
    ):
        list(reader.feed(chunk))
    end = reader.finish()
    assert [call.arguments for call in end.calls] == ['{"path": "a"}']
    turn = Message(Speaker.ASSISTANT, "", end.calls, echo=end.echo)
    request = replace(ASKING, messages=(*REQUEST.messages, turn, Message(Speaker.USER, "", results=())))
    assert anthropic.build_request(request)["messages"][1]["content"][:2] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "s1g"},
        {"type": "redacted_thinking", "data": "xyz"},
    ]
    assert "s1g" not in json.dumps(openai.build_request(request, official=True))


def test_servers_that_number_or_name_calls_badly_are_understood():
    reader = openai.CompletionReader(ASKING, "Box")
    pieces = [
        {"id": "a", "function": {"name": "one", "arguments": '{"x":'}},  # no index at all
        {"function": {"arguments": "1}"}},
        {"index": 0, "id": "b", "function": {"name": "two", "arguments": "{}"}},  # the same number, another id
        {"index": 5, "function": {"name": "thr ee", "arguments": None}},  # no id, a name that nobody takes back
    ]
    for piece in pieces:
        list(reader.feed({"choices": [{"index": 0, "delta": {"tool_calls": [piece]}, "finish_reason": None}]}))
    list(reader.feed({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
    end = reader.finish()
    assert end.reason is FinishReason.TOOL_CALLS
    assert end.calls == (ToolCall("a", "one", '{"x":1}'), ToolCall("b", "two", "{}"), ToolCall("call_3", "thr_ee", ""))


def test_a_reason_without_calls_is_an_end():
    reader = anthropic.MessageReader(ASKING)
    list(reader.feed({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}))
    assert reader.finish().reason is FinishReason.END


def test_more_calls_than_anyone_needs_are_malformed():
    calls = GrowingCalls()
    for place in range(MAX_CALLS):
        list(calls.add(place, f"c{place}", "read_file", "{}"))
    with pytest.raises(errors.AnswerMalformedError, match=str(MAX_CALLS)):
        list(calls.add(MAX_CALLS, "one more", "read_file", "{}"))


@given(st.lists(st.tuples(st.integers(0, 3), st.text(max_size=70), st.text(max_size=70), st.text()), max_size=20))
def test_ids_and_names_can_be_sent_back(pieces: list[tuple[int, str, str, str]]):
    calls = GrowingCalls()
    for piece in pieces:
        list(calls.add(*piece))
    found = calls.finish()
    assert len({call.call_id for call in found}) == len(found)
    for call in found:
        for word in (call.call_id, call.name):
            assert 1 <= len(word) <= 64
            assert word.isascii()
            assert word.replace("_", "a").replace("-", "a").isalnum()
        json.dumps(arguments_object(call)).encode()


@pytest.mark.parametrize("arguments", ["", "[1]", "null", "{", '{"a": 1}', "[" * 100_000])
def test_arguments_are_an_object_whatever_was_written(arguments: str):
    assert isinstance(arguments_object(ToolCall("c", "t", arguments)), dict)


async def test_a_model_without_tools_is_not_offered_any():
    async with FaultServer() as server:
        address, capabilities = openai.checked(server.openai, "test"), openai.Capabilities()
        provider = openai.OpenAIProvider(
            name="local", title="Small", address=address, api_key="x", timeout=5, capabilities=capabilities
        )
        with pytest.raises(ValueError, match="no tools"):
            await collect(provider, ASKING)


async def test_a_script_can_ask_for_tools():
    script = [
        {"when": {"tools": True, "contains": "line 7"}, "answer": "It says 7."},
        {"when": {"tools": True}, "answer": "Wait.", "calls": [{"tool": "read_file", "arguments": {"path": "a"}}]},
        {"when": {"tools": False}, "answer": "no tools"},
        {"calls": [{"tool": "x", "arguments": "{broken"}], "finish": "maxTokens"},
    ]
    scripted = ScriptedProvider(parse_script(json.dumps(script), "test.json"))
    end = finished(await collect(scripted, ASKING))
    assert end.reason is FinishReason.TOOL_CALLS
    (call,) = end.calls
    assert (call.name, call.arguments) == ("read_file", '{"path": "a"}')
    turn = Message(Speaker.ASSISTANT, "Wait.", end.calls)
    answered = Message(Speaker.USER, "", results=(ToolResult(call.call_id, "line 7"),))
    request = replace(ASKING, messages=(*REQUEST.messages, turn, answered))
    assert text_of(await collect(scripted, request)) == "It says 7."
    assert text_of(await collect(scripted, REQUEST)) == "no tools"
    assert finished(await collect(scripted, REQUEST)).calls == ()


def test_tools_and_results_count_as_tokens():
    plain: Request = replace(CONVERSATION, messages=REQUEST.messages, tools=())
    assert estimate_request(CONVERSATION) > estimate_request(plain) + 20


def test_the_sdks_take_every_argument_that_we_send():
    import inspect

    from anthropic.resources.messages import AsyncMessages
    from openai.resources.chat.completions import AsyncCompletions

    assert set(anthropic.build_request(CONVERSATION)) <= set(inspect.signature(AsyncMessages.create).parameters)
    built = openai.build_request(CONVERSATION, official=True)
    assert set(built) <= set(inspect.signature(AsyncCompletions.create).parameters)
