"""Requests to Anthropic and its streams, without any network."""

import json

import pytest
from tests.providers.support import REQUEST, SCHEMA

from orchestrator.errors import AnswerCutError
from orchestrator.model.message import Message, Speaker
from orchestrator.model.usage import Usage
from orchestrator.providers.anthropic import MessageReader, build_request
from orchestrator.providers.base import FinishReason, Request, TextDelta, ThoughtDelta

RECORDED = """
{"type":"message_start","message":{"id":"msg_01","type":"message","role":"assistant","model":"claude-haiku-4-5",
 "content":[],"stop_reason":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":0,"cache_read_input_tokens":10,"output_tokens":1}}}
{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}
{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hmm."}}
{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"abc"}}
{"type":"content_block_stop","index":0}
{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}
{"type":"ping"}
{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hel"}}
{"type":"something_new","surprise":true}
{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"lo"}}
{"type":"content_block_stop","index":1}
{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":12}}
{"type":"message_stop"}
"""


def recorded() -> list[dict]:
    return [json.loads(line) for line in RECORDED.replace("\n ", " ").strip().split("\n")]


def test_a_recorded_stream_is_read():
    reader = MessageReader(REQUEST)
    events = [event for chunk in recorded() for event in reader.feed(chunk)]
    assert events == [ThoughtDelta("Hmm."), TextDelta("Hel"), TextDelta("lo")]
    end = reader.finish()
    assert end.reason is FinishReason.END
    assert end.usage == Usage(35, 12, 10, 0)
    raw = json.loads(end.raw)
    assert raw["id"] == "msg_01"
    assert raw["content"] == [{"type": "thinking", "thinking": "Hmm."}, {"type": "text", "text": "Hello"}]
    assert raw["stop_reason"] == "end_turn"


@pytest.mark.parametrize("kept", range(12))
def test_a_stream_without_its_reason_is_cut_wherever_it_ends(kept: int):
    reader = MessageReader(REQUEST)
    for chunk in recorded()[:kept]:
        list(reader.feed(chunk))
    if kept < 12:
        with pytest.raises(AnswerCutError):
            reader.finish()


def test_a_request_says_only_what_was_asked():
    assert build_request(REQUEST) == {
        "model": "test-model",
        "max_tokens": 100,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Say hello"}],
        "stream": True,
    }


def test_a_request_with_everything():
    turns = (Message(Speaker.USER, "a"), Message(Speaker.ASSISTANT, "b"), Message(Speaker.USER, "c"))
    built = build_request(Request("m", "", turns, 9, schema=SCHEMA, stop=("END",), temperature=0.0))
    assert "system" not in built
    assert [message["role"] for message in built["messages"]] == ["user", "assistant", "user"]
    assert built["stop_sequences"] == ["END"]
    assert built["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA.json_schema}}
    assert "temperature" not in built, "current models refuse it"


def test_the_sdk_takes_every_argument_that_we_send():
    import inspect

    from anthropic.resources.messages import AsyncMessages

    accepted = inspect.signature(AsyncMessages.create).parameters
    request = Request("m", "s", REQUEST.messages, 9, schema=SCHEMA, stop=("END",), temperature=0.0)
    assert set(build_request(request)) <= set(accepted)
