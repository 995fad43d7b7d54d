"""Anthropic, through its official SDK.

The SDK takes seconds to import, so that happens at the first call and in a thread; `SPEC` needs none of it.
Answers of a given shape use the API's own structured outputs (`output_config`), tools its tool use.
A conversation with tools is sent again and again and grows at its end, so it asks for the API's prompt cache.

Invariant: importing this module imports no SDK (test_specs_import_no_sdk).
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from typing import TYPE_CHECKING, Any, cast

from orchestrator.config import Settings
from orchestrator.errors import ConfigError, ProviderError, ProviderUnavailableError
from orchestrator.model.message import Message, Speaker
from orchestrator.model.usage import Usage
from orchestrator.providers import failures, prices
from orchestrator.providers.addresses import Address, vendor_address
from orchestrator.providers.answer import Answer, mapping, string
from orchestrator.providers.base import (
    Availability,
    Capabilities,
    Destination,
    Event,
    Finished,
    FinishReason,
    ModelListing,
    ProviderSpec,
    Request,
)
from orchestrator.providers.failures import Call, Mapped
from orchestrator.providers.keys import Keys
from orchestrator.providers.sdk_call import LazyClient, SdkStream, http_client, run
from orchestrator.providers.tool_calls import GrowingCalls, arguments_object, place_of
from orchestrator.providers.vendor_keys import find_key, key_availability

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

NAME = "anthropic"
TITLE = "Anthropic"
DEFAULT_URL = "https://api.anthropic.com"
MODELS = ("claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5")
"""The recommended one first."""

_FINISH = {
    "max_tokens": FinishReason.MAX_TOKENS,
    "model_context_window_exceeded": FinishReason.MAX_TOKENS,
    "refusal": FinishReason.REFUSAL,
    "tool_use": FinishReason.TOOL_CALLS,
}
"""Every other stop reason is an ordinary end."""


def build_request(request: Request) -> dict[str, Any]:
    """The arguments of `messages.create`. A temperature is left out: current models refuse one."""
    arguments: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens,
        "messages": [{"role": message.speaker.value, "content": _content(message)} for message in request.messages],
        "stream": True,
    }
    if request.system:
        arguments["system"] = request.system
    if request.stop:
        arguments["stop_sequences"] = list(request.stop)
    if request.schema is not None:
        shape = {"type": "json_schema", "schema": dict(request.schema.json_schema)}
        arguments["output_config"] = {"format": shape}
    if request.tools:
        arguments["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
            for tool in request.tools
        ]
        arguments["cache_control"] = {"type": "ephemeral"}
    return arguments


def _content(message: Message) -> str | list[dict[str, Any]]:
    """A text, or blocks where there is more: thoughts come back first, results go before what is said after them."""
    if not message.calls and not message.results:
        return message.text
    blocks: list[dict[str, Any]] = list(_echoed(message.echo)) if message.calls else []
    blocks += [
        {"type": "tool_result", "tool_use_id": result.call_id, "content": result.text, "is_error": result.failed}
        for result in message.results
    ]
    if message.text.strip():  # the API refuses blocks of blanks
        blocks.append({"type": "text", "text": message.text})
    blocks += [
        {"type": "tool_use", "id": call.call_id, "name": call.name, "input": arguments_object(call)}
        for call in message.calls
    ]
    return blocks


def _echoed(echo: str) -> list[dict[str, Any]]:
    """Our own signed thoughts of that answer; another provider's echo is not ours to read."""
    found: Any = json.loads(echo) if echo else {}
    return cast("list[dict[str, Any]]", found.get(NAME, []))


class MessageReader:
    """Reads the events of one message."""

    def __init__(self, request: Request) -> None:
        self._answer = Answer(request)
        self._calls = GrowingCalls()
        self._thoughts: dict[int, dict[str, str]] = {}
        """Blocks of thinking by their index, as they must be sent back."""
        self._message: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._stop_reason = ""

    def feed(self, chunk: Mapping[str, Any]) -> Iterable[Event]:
        place = place_of(chunk.get("index"))
        match chunk.get("type"):
            case "message_start":
                message = mapping(chunk.get("message"))
                self._message = {"id": message.get("id"), "model": message.get("model")}
                self._usage.update(mapping(message.get("usage")))
            case "content_block_start":
                block = mapping(chunk.get("content_block"))
                if block.get("type") == "tool_use":
                    yield from self._calls.add(place, block.get("id"), block.get("name"), _whole(block.get("input")))
                if block.get("type") == "redacted_thinking":
                    self._thoughts[place] = {"type": "redacted_thinking", "data": string(block.get("data"))}
                yield from self._add(block, place)
            case "content_block_delta":
                yield from self._add(mapping(chunk.get("delta")), place)
            case "message_delta":
                self._stop_reason = string(mapping(chunk.get("delta")).get("stop_reason")) or self._stop_reason
                counts = mapping(chunk.get("usage"))
                self._usage.update({name: count for name, count in counts.items() if count is not None})
            case _:
                pass  # message_stop, and kinds that are newer than we are

    def _add(self, piece: Mapping[str, Any], index: int) -> Iterable[Event]:
        """What a block begins with or goes on with; each kind of block has its own field."""
        yield from self._answer.add_text(piece.get("text"))
        if "thinking" in piece or "signature" in piece:
            block = self._thoughts.setdefault(index, {"type": "thinking", "thinking": "", "signature": ""})
            for name in ("thinking", "signature"):
                block[name] = block.get(name, "") + string(piece.get(name))
        yield from self._answer.add_thought(piece.get("thinking"))
        if "partial_json" in piece:
            yield from self._calls.add(index, "", "", piece["partial_json"])

    def finish(self) -> Finished:
        if not self._stop_reason:
            raise self._answer.cut(TITLE)
        reason = _FINISH.get(self._stop_reason, FinishReason.END)
        calls = self._calls.finish() if reason is FinishReason.TOOL_CALLS else ()
        if reason is FinishReason.TOOL_CALLS and not calls:
            reason = FinishReason.END
        content: list[dict[str, Any]] = [{"type": "text", "text": self._answer.text}]
        if self._answer.thoughts:
            content.insert(0, {"type": "thinking", "thinking": self._answer.thoughts})
        content += [
            {"type": "tool_use", "id": call.call_id, "name": call.name, "input": arguments_object(call)}
            for call in calls
        ]
        raw = {
            **self._message,
            "type": "message",
            "role": Speaker.ASSISTANT.value,
            "content": content,
            "stop_reason": self._stop_reason,
            "usage": self._usage,
        }
        signed = [block for block in self._thoughts.values() if block.get("signature") or block.get("data")]
        echo = json.dumps({NAME: signed}, ensure_ascii=False) if signed and calls else ""
        return Finished(reason, self._counted(), json.dumps(raw, ensure_ascii=False, default=str), calls, echo)

    def _counted(self) -> Usage:
        read, written = self._usage.get("cache_read_input_tokens"), self._usage.get("cache_creation_input_tokens")
        fresh = self._usage.get("input_tokens")
        parts = [part for part in (fresh, read, written) if isinstance(part, int)]
        whole = sum(parts) if isinstance(fresh, int) and fresh >= 0 else None
        return self._answer.usage(whole, self._usage.get("output_tokens"), read, written, self._calls.text)


def _whole(value: object) -> str:
    """Arguments that did not stream: the API begins with an empty object, other servers with all of them."""
    return json.dumps(value, ensure_ascii=False) if value else ""


class AnthropicProvider:
    """Safe for many calls at once, in one event loop."""

    def __init__(self, *, address: Address, api_key: str, timeout: float) -> None:
        self._address = address
        self._api_key = api_key
        self._timeout = timeout
        self._client = LazyClient(self._make_client)

    def __repr__(self) -> str:
        return f"AnthropicProvider({self._address.host!r})"

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(schema=True, tools=True)

    async def stream(self, request: Request) -> AsyncGenerator[Event]:
        if request.grammar is not None:
            raise ValueError("Anthropic has no grammars")
        client = await self._client.get()

        async def open_stream() -> AbstractAsyncContextManager[SdkStream]:
            create: Any = client.messages.create  # its overloads do not know of keyword arguments in a dict
            return cast("AbstractAsyncContextManager[SdkStream]", await create(**build_request(request)))

        call = Call(TITLE, self._address.host, NAME, (self._api_key,), self._timeout)
        async with aclosing(run(open_stream, MessageReader(request), call, SDK_ERRORS)) as events:
            async for event in events:
                yield event

    async def aclose(self) -> None:
        await self._client.aclose()

    def _make_client(self) -> AsyncAnthropic:
        try:
            from anthropic import AsyncAnthropic
        except ImportError as error:
            raise ProviderUnavailableError(
                f"Anthropic's SDK cannot be loaded ({error.name}).", hint="Run `pip install anthropic`."
            ) from error
        return AsyncAnthropic(
            api_key=self._api_key,
            base_url=self._address.url,
            max_retries=0,
            http_client=http_client(self._address, self._timeout),
            open_telemetry=False,
        )


def _from_event_or_response(error: Any, call: Call) -> ProviderError:
    """Errors inside a stream that began well carry status 200, and say what they are in the body."""
    if error.status_code != 200:
        return failures.from_response(error, call)
    kind = str(failures.inner_body(error).get("type", ""))
    status = _STATUS_OF_KIND.get(kind, 500)
    return failures.from_status(status, failures.said(error, call), call, kind=kind)


_STATUS_OF_KIND = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "timeout_error": 408,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "overloaded_error": 529,
}

SDK_ERRORS: Mapping[str, Mapped] = {
    "anthropic.BadRequestError": _from_event_or_response,
    "anthropic.AuthenticationError": _from_event_or_response,
    "anthropic.PaymentRequiredError": _from_event_or_response,
    "anthropic.PermissionDeniedError": _from_event_or_response,
    "anthropic.NotFoundError": _from_event_or_response,
    "anthropic.RequestTimeoutError": _from_event_or_response,
    "anthropic.ConflictError": _from_event_or_response,
    "anthropic.PreconditionFailedError": _from_event_or_response,
    "anthropic.ContentTooLargeError": _from_event_or_response,
    "anthropic.UnprocessableEntityError": _from_event_or_response,
    "anthropic.RateLimitError": _from_event_or_response,
    "anthropic.RequestHeaderFieldsTooLargeError": _from_event_or_response,
    "anthropic.ClientClosedRequestError": _from_event_or_response,
    "anthropic.InternalServerError": _from_event_or_response,
    "anthropic.HTTPNotImplementedError": _from_event_or_response,
    "anthropic.ServiceUnavailableError": _from_event_or_response,
    "anthropic.GatewayTimeoutError": _from_event_or_response,
    "anthropic.OverloadedError": _from_event_or_response,
    "anthropic.APIStatusError": _from_event_or_response,
    "anthropic.APITimeoutError": failures.timed_out,
    "anthropic.APIConnectionError": failures.connection_failed,
    "anthropic.APIResponseValidationError": failures.not_the_protocol,
    "anthropic.APIWebhookValidationError": failures.not_the_protocol,
    "anthropic.RetryableError": failures.connection_failed,
    "anthropic.CredentialsError": failures.no_credentials,
    "anthropic.IdentityTokenFileError": failures.no_credentials,
    "anthropic.APIError": failures.unexpected,
    "anthropic.AnthropicError": failures.unexpected,
}
"""Each class of the SDK; those for one error code of the API inherit from these."""


def _address(settings: Settings, keys: Keys) -> Address:
    return vendor_address(
        settings.anthropic.base_url, "anthropic.baseUrl", "ANTHROPIC_BASE_URL", DEFAULT_URL, keys.environment
    )


def _availability(settings: Settings, keys: Keys) -> Availability:
    return key_availability(NAME, _address(settings, keys), keys)


def _destination(settings: Settings, keys: Keys) -> Destination:
    return _address(settings, keys).destination()


def _models(settings: Settings, _keys: Keys) -> tuple[ModelListing, ...]:
    known = prices.Prices(prices.own_prices(settings.prices))
    return tuple(ModelListing(f"{NAME}/{model}", known.note(NAME, model)) for model in MODELS)


def _create(settings: Settings, keys: Keys) -> AnthropicProvider:
    address = _address(settings, keys)
    if address.problem:
        raise ConfigError(f"Anthropic cannot be used: {address.problem}.", hint="Run `orchestrator config`.")
    return AnthropicProvider(address=address, api_key=find_key(NAME, TITLE, keys), timeout=settings.calls.timeout)


SPEC = ProviderSpec(
    name=NAME,
    title=TITLE,
    availability=_availability,
    destination=_destination,
    models=_models,
    create=_create,
)
