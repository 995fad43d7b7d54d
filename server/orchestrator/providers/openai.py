"""OpenAI through its official SDK, and every server that speaks the same protocol: chat completions.

The embedded model's child process and the endpoints of the settings are such servers. The SDK takes a second to
import, so that happens at the first call and in a thread; the specs need none of it.
Answers of a given shape use `response_format`; a grammar goes along as llama.cpp takes it.

Invariant: importing this module imports no SDK (test_specs_import_no_sdk).
Invariant: an endpoint never gets what the environment holds for OpenAI itself (test_endpoints_get_no_ambient_headers).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from typing import TYPE_CHECKING, Any, cast

from orchestrator.config import Endpoint, Settings
from orchestrator.errors import ConfigError, ProviderError, ProviderUnavailableError
from orchestrator.model.message import Message, Speaker
from orchestrator.model.usage import Usage
from orchestrator.providers import failures, prices
from orchestrator.providers.addresses import Address, checked, vendor_address
from orchestrator.providers.answer import Answer, mapping, sequence, string
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
    from openai import AsyncOpenAI

NAME = "openai"
TITLE = "OpenAI"
DEFAULT_URL = "https://api.openai.com/v1"
MODELS = ("gpt-6.1-terra", "gpt-6-luna", "gpt-6.1-sol")
"""The recommended one first."""

NO_KEY = "none"
"""Sent where a server needs no key: the SDK insists on one."""

_FINISH = {"length": FinishReason.MAX_TOKENS, "content_filter": FinishReason.REFUSAL}
"""Every other finish reason is an ordinary end."""


def build_request(request: Request, *, official: bool) -> dict[str, Any]:
    """The arguments of `chat.completions.create`; `official` is OpenAI itself, which renamed `max_tokens`."""
    messages = [turn for message in request.messages for turn in _turns(message)]
    if request.system:
        messages.insert(0, {"role": Speaker.SYSTEM.value, "content": request.system})
    arguments: dict[str, Any] = {
        "model": request.model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens" if official else "max_tokens": request.max_tokens,
    }
    if request.stop:
        arguments["stop"] = list(request.stop)
    if request.temperature is not None:
        arguments["temperature"] = request.temperature
    if request.schema is not None:
        shape = {
            "name": request.schema.name,
            "description": request.schema.description,
            "schema": dict(request.schema.json_schema),
            "strict": True,
        }
        arguments["response_format"] = {"type": "json_schema", "json_schema": shape}
    if request.grammar is not None:
        arguments["extra_body"] = {"grammar": request.grammar}
    if request.tools:
        arguments["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
            }
            for tool in request.tools
        ]
    if official and (request.tools or len(request.messages) > 1):
        arguments["prompt_cache_key"] = _cache_key(request)
    return arguments


def _cache_key(request: Request) -> str:
    """The same for all turns of a conversation, so that they meet the machine that has its beginning in its cache.

    Without it only the first words count, which all tasks share: many at once are spread over machines turn by turn.
    Made of what is sent anyway, so it says nothing more about anybody.
    """
    first = request.messages[0].text if request.messages else ""
    return hashlib.sha256(f"{request.model}\0{request.system}\0{first}".encode("utf-8", "replace")).hexdigest()[:32]


def _turns(message: Message) -> Iterable[dict[str, Any]]:
    """One message of ours; each result of a tool is a message of its own there, before what was said after it."""
    for result in message.results:
        text = f"Error: {result.text}" if result.failed else result.text  # the protocol has no place for it
        yield {"role": "tool", "tool_call_id": result.call_id, "content": text}
    if message.calls:
        calls = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {
                    "name": call.name,
                    "arguments": json.dumps(arguments_object(call), ensure_ascii=False),
                },
            }
            for call in message.calls
        ]
        yield {"role": message.speaker.value, "content": message.text or None, "tool_calls": calls}
    elif message.text or not message.results:
        yield {"role": message.speaker.value, "content": message.text}


class CompletionReader:
    """Reads the chunks of one completion."""

    def __init__(self, request: Request, title: str = TITLE) -> None:
        self._answer = Answer(request)
        self._calls = GrowingCalls()
        self._title = title
        self._head: dict[str, Any] = {}
        self._usage: Mapping[str, Any] = {}
        self._finish_reason = ""
        self._refused = False

    def feed(self, chunk: Mapping[str, Any]) -> Iterable[Event]:
        if not self._head:
            self._head = {"id": chunk.get("id"), "object": "chat.completion", "model": chunk.get("model")}
        self._usage = mapping(chunk.get("usage")) or self._usage
        for choice in sequence(chunk.get("choices")):
            fields = mapping(choice)
            if fields.get("index") not in {0, None}:
                continue  # we ask for one answer
            delta = mapping(fields.get("delta"))
            yield from self._answer.add_thought(delta.get("reasoning_content") or delta.get("reasoning"))
            yield from self._answer.add_text(delta.get("content"))
            for piece in sequence(delta.get("tool_calls")):
                call = mapping(piece)
                wanted = mapping(call.get("function"))
                yield from self._calls.add(
                    place_of(call.get("index")), call.get("id"), wanted.get("name"), wanted.get("arguments")
                )
            if refusal := string(delta.get("refusal")):
                self._refused = True
                yield from self._answer.add_text(refusal)
            self._finish_reason = string(fields.get("finish_reason")) or self._finish_reason

    def finish(self) -> Finished:
        if not self._finish_reason:
            raise self._answer.cut(self._title)
        reason = FinishReason.REFUSAL if self._refused else _FINISH.get(self._finish_reason, FinishReason.END)
        if reason is FinishReason.END and self._calls:  # several servers say "stop" there
            reason = FinishReason.TOOL_CALLS
        calls = self._calls.finish() if reason is FinishReason.TOOL_CALLS else ()
        message: dict[str, Any] = {"role": Speaker.ASSISTANT.value, "content": self._answer.text}
        if self._answer.thoughts:
            message["reasoning_content"] = self._answer.thoughts
        if calls:
            message = {**message, **next(iter(_turns(Message(Speaker.ASSISTANT, self._answer.text, calls))))}
        choice = {"index": 0, "message": message, "finish_reason": self._finish_reason}
        raw = {**self._head, "choices": [choice], "usage": self._usage}
        return Finished(reason, self._counted(), json.dumps(raw, ensure_ascii=False, default=str), calls)

    def _counted(self) -> Usage:
        details = self._usage.get("prompt_tokens_details")
        cached = cast("dict[str, Any]", details) if isinstance(details, dict) else {}
        return self._answer.usage(
            self._usage.get("prompt_tokens"),
            self._usage.get("completion_tokens"),
            cached.get("cached_tokens"),
            cached.get("cache_write_tokens"),
            self._calls.text,
        )


class OpenAIProvider:
    """OpenAI, or a server that speaks its protocol. Safe for many calls at once, in one event loop."""

    def __init__(
        self,
        *,
        name: str,
        title: str,
        address: Address,
        api_key: str,
        timeout: float,
        capabilities: Capabilities,
        key_name: str = "",
    ) -> None:
        self._name = name
        self._title = title
        self._address = address
        self._api_key = api_key
        self._timeout = timeout
        self._capabilities = capabilities
        self._key_name = key_name
        self._client = LazyClient(self._make_client)

    def __repr__(self) -> str:
        return f"OpenAIProvider({self._name!r}, {self._address.host!r})"

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def stream(self, request: Request) -> AsyncGenerator[Event]:
        if request.grammar is not None and not self._capabilities.grammar:
            raise ValueError(f"{self._title} has no grammars")
        if request.tools and not self._capabilities.tools:
            raise ValueError(f"{self._title} has no tools")
        client = await self._client.get()

        async def open_stream() -> AbstractAsyncContextManager[SdkStream]:
            create: Any = client.chat.completions.create  # its overloads do not know of keyword arguments in a dict
            opened = await create(**build_request(request, official=self._name == NAME))
            return cast("AbstractAsyncContextManager[SdkStream]", opened)

        call = Call(self._title, self._address.host, self._key_name, (self._api_key,), self._timeout)
        async with aclosing(run(open_stream, CompletionReader(request, self._title), call, SDK_ERRORS)) as events:
            async for event in events:
                yield event

    async def model_names(self) -> tuple[str, ...]:
        """What the server says it has. Raises ProviderError."""
        client = await self._client.get()
        call = Call(self._title, self._address.host, self._key_name, (self._api_key,), self._timeout)
        try:
            page = await client.models.list()
            return tuple(model.id for model in page.data)
        except Exception as error:  # noqa: BLE001 - the table decides, and nothing unmapped may leave a provider
            failure = failures.map_error(error, call, SDK_ERRORS)
        raise failure

    async def aclose(self) -> None:
        await self._client.aclose()

    def _make_client(self) -> AsyncOpenAI:
        try:
            from openai import AsyncOpenAI, Omit
        except ImportError as error:
            raise ProviderUnavailableError(
                f"OpenAI's SDK cannot be loaded ({error.name}).", hint="Run `pip install openai`."
            ) from error
        client = AsyncOpenAI(
            api_key=self._api_key,
            base_url=self._address.url,
            max_retries=0,
            http_client=http_client(self._address, self._timeout),
        )
        if self._name == NAME:
            return client
        # The SDK has read headers for OpenAI from the environment. They are nobody else's business.
        ambient: Any = {name: Omit() for name in ("OpenAI-Organization", "OpenAI-Project", *_exported_headers())}
        return client.with_options(set_default_headers=ambient)


def _exported_headers() -> Iterable[str]:
    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n")
    return [line.partition(":")[0].strip() for line in lines if ":" in line]


def _from_event(error: Any, call: Call) -> ProviderError:
    """An error inside a stream that began well: its code may be a status, its type says what it is."""
    inner = failures.inner_body(error)
    code = inner.get("code")
    kind = f"{inner.get('type')} {code}"
    status = code if isinstance(code, int) and 400 <= code <= 599 else _status_of(kind)
    return failures.from_status(status, failures.said(error, call) or error.message, call, kind=kind)


def _status_of(kind: str) -> int:
    return next((status for word, status in _STATUS_OF_KIND if word in kind), 500)


_STATUS_OF_KIND = (
    ("insufficient_quota", 402),
    ("rate_limit", 429),
    ("authentication", 401),
    ("invalid_api_key", 401),
    ("permission", 403),
    ("not_found", 404),
    ("exceed_context", 400),
    ("invalid_request", 400),
)

SDK_ERRORS: Mapping[str, Mapped] = {
    "openai.BadRequestError": failures.from_response,
    "openai.AuthenticationError": failures.from_response,
    "openai.OAuthError": failures.from_response,
    "openai.PermissionDeniedError": failures.from_response,
    "openai.NotFoundError": failures.from_response,
    "openai.ConflictError": failures.from_response,
    "openai.UnprocessableEntityError": failures.from_response,
    "openai.RateLimitError": failures.from_response,
    "openai.InternalServerError": failures.from_response,
    "openai.APIStatusError": failures.from_response,
    "openai.APITimeoutError": failures.timed_out,
    "openai.APIConnectionError": failures.connection_failed,
    "openai.APIResponseValidationError": failures.not_the_protocol,
    "openai.LengthFinishReasonError": failures.answer_cut,
    "openai.ContentFilterFinishReasonError": failures.answer_cut,
    "openai.InvalidWebhookSignatureError": failures.not_the_protocol,
    "openai.SubjectTokenProviderError": failures.no_credentials,
    "openai.WebSocketConnectionClosedError": failures.connection_failed,
    "openai.WebSocketQueueFullError": failures.connection_failed,
    "openai.APIError": _from_event,
    "openai.OpenAIError": failures.unexpected,
}
"""Each class of the SDK."""


def _address(settings: Settings, keys: Keys) -> Address:
    return vendor_address(settings.openai.base_url, "openai.baseUrl", "OPENAI_BASE_URL", DEFAULT_URL, keys.environment)


def _availability(settings: Settings, keys: Keys) -> Availability:
    return key_availability(NAME, _address(settings, keys), keys)


def _destination(settings: Settings, keys: Keys) -> Destination:
    return _address(settings, keys).destination()


def _models(settings: Settings, _keys: Keys) -> tuple[ModelListing, ...]:
    known = prices.Prices(prices.own_prices(settings.prices))
    return tuple(ModelListing(f"{NAME}/{model}", known.note(NAME, model)) for model in MODELS)


def _create(settings: Settings, keys: Keys) -> OpenAIProvider:
    address = _address(settings, keys)
    if address.problem:
        raise ConfigError(f"OpenAI cannot be used: {address.problem}.", hint="Run `orchestrator config`.")
    return OpenAIProvider(
        name=NAME,
        title=TITLE,
        address=address,
        api_key=find_key(NAME, TITLE, keys),
        timeout=settings.calls.timeout,
        capabilities=Capabilities(schema=True, tools=True),
        key_name=NAME,
    )


SPEC = ProviderSpec(
    name=NAME,
    title=TITLE,
    availability=_availability,
    destination=_destination,
    models=_models,
    create=_create,
)


def endpoint_spec(name: str, endpoint: Endpoint) -> ProviderSpec:
    """A server that speaks OpenAI's protocol, from `settings.endpoints`."""
    title = f"Endpoint {name}"
    address = checked(endpoint.base_url, f"setting endpoints.{name}.baseUrl")

    def availability(_settings: Settings, keys: Keys) -> Availability:
        if endpoint.key_name or address.problem:
            return key_availability(endpoint.key_name, address, keys)
        return Availability(True, f"no key needed; {address.note}")

    def destination(_settings: Settings, _keys: Keys) -> Destination:
        return address.destination()

    def models(settings: Settings, _keys: Keys) -> tuple[ModelListing, ...]:
        price = prices.Prices(prices.own_prices(settings.prices)).note(name, "*")
        return (ModelListing(f"{name}/MODEL", f"any model that {address.host or 'the server'} has; {price}"),)

    def create(settings: Settings, keys: Keys) -> OpenAIProvider:
        if address.problem:
            raise ConfigError(f"{title} cannot be used: {address.problem}.", hint="Run `orchestrator config`.")
        return OpenAIProvider(
            name=name,
            title=title,
            address=address,
            api_key=find_key(endpoint.key_name, title, keys) if endpoint.key_name else NO_KEY,
            timeout=settings.calls.timeout,
            capabilities=Capabilities(schema=True, tools=True),
            key_name=endpoint.key_name,
        )

    return ProviderSpec(
        name=name, title=title, availability=availability, destination=destination, models=models, create=create
    )
