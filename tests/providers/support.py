"""Both vendors over real HTTP, and what a test says to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.fault_server import FaultServer

from orchestrator.model.message import Message, Speaker
from orchestrator.providers.addresses import checked
from orchestrator.providers.anthropic import AnthropicProvider
from orchestrator.providers.base import (
    AnswerSchema,
    Capabilities,
    Event,
    Finished,
    Provider,
    Request,
    TextDelta,
    ThoughtDelta,
)
from orchestrator.providers.openai import OpenAIProvider

KEY = "sk-test-0123456789abcdef"
VENDORS = ("anthropic", "openai")

REQUEST = Request("test-model", "Be brief.", (Message(Speaker.USER, "Say hello"),), max_tokens=100)
SCHEMA = AnswerSchema(
    "decide",
    "Whether to split",
    {
        "type": "object",
        "properties": {"verdict": {"type": "string", "enum": ["EXECUTE", "DECOMPOSE"]}, "reason": {"type": "string"}},
        "required": ["verdict", "reason"],
        "additionalProperties": False,
    },
)


def provider_for(vendor: str, server: FaultServer, *, key: str = KEY, timeout: float = 5.0) -> Provider:
    if vendor == "anthropic":
        return AnthropicProvider(address=checked(server.anthropic, "test"), api_key=key, timeout=timeout)
    return OpenAIProvider(
        name="openai",
        title="OpenAI",
        address=checked(server.openai, "test"),
        api_key=key,
        timeout=timeout,
        capabilities=Capabilities(schema=True, tools=True),
        key_name="openai",
    )


@asynccontextmanager
async def open_provider(vendor: str, server: FaultServer, **options: Any) -> AsyncIterator[Provider]:
    provider = provider_for(vendor, server, **options)
    try:
        yield provider
    finally:
        await provider.aclose()


async def collect(provider: Provider, request: Request = REQUEST) -> list[Event]:
    return [event async for event in provider.stream(request)]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def thoughts_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, ThoughtDelta))


def finished(events: list[Event]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished)
    return last
