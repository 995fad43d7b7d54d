"""The bytes of both vendors' streams, as the fault server sends them.

Apart from the server because this is all that it knows of a vendor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol

from tests.support.faults import Answer, Wanted


class Wire(Protocol):
    def opening(self, answer: Answer, model: str) -> Iterator[bytes]: ...
    def delta(self, answer: Answer, piece: str) -> bytes: ...
    def call(self, index: int, wanted: Wanted, pieces: list[str]) -> list[bytes]: ...
    def closing(self, answer: Answer) -> Iterator[bytes]: ...
    def ping(self) -> bytes: ...
    def corrupt(self) -> bytes: ...
    def strange(self, value: Any) -> bytes: ...
    def error_event(self, error: Mapping[str, Any]) -> bytes: ...
    def error(self, status: int, kind: str, message: str) -> str: ...


def of(path: str) -> Wire:
    return AnthropicWire() if path.partition("?")[0].endswith("/messages") else OpenAIWire()


def models(names: list[str]) -> str:
    """A list that both SDKs take."""
    entries = [
        {"id": name, "object": "model", "type": "model", "created": 1, "created_at": "2026-01-01T00:00:00Z",
         "owned_by": "test", "display_name": name}
        for name in names
    ]  # fmt: skip
    return json.dumps({"object": "list", "data": entries, "has_more": False})


def _json(value: Any, *, escaped: bool = False) -> bytes:
    return json.dumps(value, ensure_ascii=escaped).encode()


class AnthropicWire:
    _FINISH: ClassVar = {"end": "end_turn", "maxTokens": "max_tokens", "refusal": "refusal"}
    _KINDS: ClassVar = {
        400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
        404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error",
    }  # fmt: skip

    def opening(self, answer: Answer, model: str) -> Iterator[bytes]:
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [],
                   "stop_reason": None, "stop_sequence": None}  # fmt: skip
        if answer.tokens is not None:
            message["usage"] = {
                "input_tokens": answer.tokens.input, "output_tokens": 1,
                "cache_read_input_tokens": answer.tokens.cache_read,
                "cache_creation_input_tokens": answer.tokens.cache_write,
            }  # fmt: skip
        yield self._event({"type": "message_start", "message": message})
        yield self.ping()
        if answer.thought:
            block = {"type": "thinking", "thinking": "", "signature": ""}
            yield self._event({"type": "content_block_start", "index": 0, "content_block": block})
            delta = {"type": "thinking_delta", "thinking": answer.thought}
            yield self._event({"type": "content_block_delta", "index": 0, "delta": delta})
            yield self._event({"type": "content_block_stop", "index": 0})
        block = {"type": "text", "text": ""}
        if answer.tool:
            block = {"type": "tool_use", "id": "toolu_1", "name": answer.tool, "input": {}}
        yield self._event({"type": "content_block_start", "index": 1, "content_block": block})

    def delta(self, answer: Answer, piece: str) -> bytes:
        delta = {"type": "text_delta", "text": piece}
        if answer.tool:
            delta = {"type": "input_json_delta", "partial_json": piece}
        event = {"type": "content_block_delta", "index": 1, "delta": delta}
        return self._event(event, escaped=answer.split_characters)

    def call(self, index: int, wanted: Wanted, pieces: list[str]) -> list[bytes]:
        place = index + 2
        block = {"type": "tool_use", "id": wanted.call_id or f"toolu_{place}", "name": wanted.tool, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces)]
        return [
            self._event({"type": "content_block_start", "index": place, "content_block": block}),
            *(self._event({"type": "content_block_delta", "index": place, "delta": delta}) for delta in deltas),
            self._event({"type": "content_block_stop", "index": place}),
        ]

    def closing(self, answer: Answer) -> Iterator[bytes]:
        yield self._event({"type": "content_block_stop", "index": 1})
        if answer.finish is not None:
            reason = self._FINISH.get(answer.finish, answer.finish)
            if answer.tool or (answer.calls and answer.finish == "end"):
                reason = "tool_use"
            event: dict[str, Any] = {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}}
            if answer.tokens is not None:
                event["usage"] = {"output_tokens": answer.tokens.output}
            yield self._event(event)
            yield self._event({"type": "message_stop"})

    def ping(self) -> bytes:
        return self._event({"type": "ping"})

    def corrupt(self) -> bytes:
        return b'event: content_block_delta\ndata: {"type": "content_block_delta", "delta": {"te\n\n'

    def strange(self, value: Any) -> bytes:
        return b"event: content_block_delta\ndata: " + _json(value) + b"\n\n"

    def error_event(self, error: Mapping[str, Any]) -> bytes:
        return b"event: error\ndata: " + _json({"type": "error", "error": dict(error)}) + b"\n\n"

    def error(self, status: int, kind: str, message: str) -> str:
        kind = kind or self._KINDS.get(status, "api_error")
        return json.dumps({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"})

    def _event(self, event: dict[str, Any], *, escaped: bool = False) -> bytes:
        return f"event: {event['type']}\n".encode() + b"data: " + _json(event, escaped=escaped) + b"\n\n"


class OpenAIWire:
    _FINISH: ClassVar = {"end": "stop", "maxTokens": "length", "refusal": "content_filter"}

    def opening(self, answer: Answer, model: str) -> Iterator[bytes]:
        yield self._chunk({"role": "assistant", "content": ""}, model=model)
        if answer.thought:
            yield self._chunk({"reasoning_content": answer.thought})

    def delta(self, answer: Answer, piece: str) -> bytes:
        delta: dict[str, Any] = {"content": piece}
        if answer.tool:
            call = {
                "index": 0,
                "id": "call_1",
                "type": "function",
                "function": {"name": answer.tool, "arguments": piece},
            }
            delta = {"tool_calls": [call]}
        return self._chunk(delta, escaped=answer.split_characters)

    def call(self, index: int, wanted: Wanted, pieces: list[str]) -> list[bytes]:
        head = {"index": index, "id": wanted.call_id or f"call_{index + 1}", "type": "function",
                "function": {"name": wanted.tool, "arguments": ""}}  # fmt: skip
        rest = [{"index": index, "function": {"arguments": piece}} for piece in pieces]
        return [self._chunk({"tool_calls": [piece]}) for piece in (head, *rest)]

    def closing(self, answer: Answer) -> Iterator[bytes]:
        if answer.finish is not None:
            reason = self._FINISH.get(answer.finish, answer.finish)
            if answer.tool or (answer.calls and answer.finish == "end"):
                reason = "tool_calls"
            yield self._chunk({}, finish=reason)
            if (tokens := answer.tokens) is not None:
                usage: dict[str, Any] = {
                    "prompt_tokens": tokens.input, "completion_tokens": tokens.output,
                    "total_tokens": 0,
                    "prompt_tokens_details": {
                        "cached_tokens": tokens.cache_read, "cache_write_tokens": tokens.cache_write,
                    },
                }  # fmt: skip
                yield self._data({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [], "usage": usage})
            yield b"data: [DONE]\n\n"

    def ping(self) -> bytes:
        return b": still here\n\n"

    def corrupt(self) -> bytes:
        return b'data: {"id": "chatcmpl-1", "choices": [{"delta": {"con\n\n'

    def strange(self, value: Any) -> bytes:
        return b"data: " + _json(value) + b"\n\n"

    def error_event(self, error: Mapping[str, Any]) -> bytes:
        return self._data({"error": dict(error)})

    def error(self, status: int, kind: str, message: str) -> str:
        return json.dumps(
            {"error": {"message": message, "type": kind or "server_error", "param": None, "code": kind or None}}
        )

    def _chunk(
        self, delta: dict[str, Any], *, model: str = "", finish: str | None = None, escaped: bool = False
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        event = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": model,
            "choices": [choice],
        }
        return self._data(event, escaped=escaped)

    def _data(self, event: dict[str, Any], *, escaped: bool = False) -> bytes:
        return b"data: " + _json(event, escaped=escaped) + b"\n\n"
