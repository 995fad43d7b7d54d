"""Failed calls are tried again, announced, and never after the first delta."""

import asyncio
import json
import logging
from typing import Any

import pytest
from tests.providers.support import REQUEST, VENDORS, open_provider, text_of
from tests.support.fault_server import Answer, Cut, FaultServer, Status

from orchestrator.errors import (
    AnswerCutError,
    AuthenticationError,
    ConnectionFailedError,
    ProviderDownError,
    ProviderError,
    RateLimitedError,
)
from orchestrator.providers import retrying
from orchestrator.providers.base import Event, TextDelta
from orchestrator.providers.retrying import stream_with_retries
from orchestrator.providers.scripted import ScriptedProvider, parse_script

PATIENCE = 30.0
DOWN = {"error": "ProviderDownError", "retryAfter": 0.01}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "FIRST_DELAY", 0.01)


class Said(list[tuple[str, float]]):
    def __call__(self, error: ProviderError, delay: float) -> None:
        self.append((error.message, delay))


async def run(*script: dict[str, Any], retries: int = 2) -> tuple[list[Event], Said, ScriptedProvider]:
    provider, said = ScriptedProvider(parse_script(json.dumps(script), "test")), Said()
    events = [event async for event in stream_with_retries(provider, REQUEST, retries, said, PATIENCE)]
    return events, said, provider


async def test_a_retry_is_announced(caplog: pytest.LogCaptureFixture):
    events, said, _ = await run(DOWN, {"error": "RateLimitedError", "retryAfter": 0.25}, {"answer": "done"})
    assert text_of(events) == "done"
    assert [delay for _, delay in said] == [0.01, 0.25]
    assert said[0][0] == "ProviderDownError, as the script says."
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING], "we announce them ourselves"


async def test_retries_are_counted():
    with pytest.raises(ProviderDownError):
        await run(DOWN, DOWN, DOWN, {"answer": "too late"})
    with pytest.raises(ProviderDownError):
        await run(DOWN, {"answer": "too late"}, retries=0)


async def test_no_retry_is_announced_that_does_not_come():
    said = Said()
    provider = ScriptedProvider(parse_script(json.dumps([DOWN, DOWN]), "test"))
    with pytest.raises(ProviderDownError):
        async for _ in stream_with_retries(provider, REQUEST, 1, said, PATIENCE):
            pass
    assert len(said) == 1


@pytest.mark.parametrize(
    "name", ["AuthenticationError", "RequestRejectedError", "AnswerMalformedError", "ContextTooLongError"]
)
async def test_what_cannot_get_better_is_not_retried(name: str):
    with pytest.raises(ProviderError) as caught:
        await run({"error": name}, {"answer": "no"})
    assert type(caught.value).__name__ == name


async def test_nothing_is_retried_after_the_first_delta():
    provider = ScriptedProvider(parse_script('[{"answer": "abcd", "cut": true}, {"answer": "again"}]', "test"))
    stream = stream_with_retries(provider, REQUEST, 5, Said(), PATIENCE)
    assert await anext(stream) == TextDelta("ab")
    with pytest.raises(AnswerCutError):
        await anext(stream)
    assert len(provider.requests) == 1


async def test_a_thought_counts_as_a_delta():
    provider = ScriptedProvider(parse_script(json.dumps([{"thought": "hm", **DOWN}, {"answer": "x"}]), "test"))
    with pytest.raises(ProviderDownError):
        async for _ in stream_with_retries(provider, REQUEST, 5, Said(), PATIENCE):
            pass


async def test_a_long_wait_is_a_persons_decision():
    with pytest.raises(RateLimitedError):
        await run({"error": "RateLimitedError", "retryAfter": 61}, {"answer": "x"})


async def test_waits_grow_without_a_word_from_the_provider():
    _, said, _ = await run(*[{"error": "ProviderDownError"}] * 3, {"answer": "x"}, retries=3)
    delays = [delay for _, delay in said]
    assert 0.01 <= delays[0] <= 0.015
    assert 0.04 <= delays[2] <= 0.06


async def test_a_wait_can_be_cancelled():
    said = Said()
    provider = ScriptedProvider(
        parse_script('[{"error": "RateLimitedError", "retryAfter": 59}, {"answer": "x"}]', "test")
    )

    async def read() -> None:
        async for _ in stream_with_retries(provider, REQUEST, 1, said, PATIENCE):
            pass

    task = asyncio.create_task(read())
    while not said:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(provider.requests) == 1


@pytest.mark.parametrize("vendor", VENDORS)
async def test_over_real_http(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Status(429, retry_after="0.02"), Answer(cut=Cut.BEFORE_HEADERS), Answer("finally"))
        said = Said()
        events = [event async for event in stream_with_retries(provider, REQUEST, 2, said, PATIENCE)]
        assert text_of(events) == "finally"
        assert said[0][1] == 0.02
        assert len(server.calls) == 3


@pytest.mark.parametrize("vendor", VENDORS)
async def test_closing_early_hangs_up_through_the_retries(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server, timeout=30) as provider:
        server.then(Answer("hello hello", stall=True))
        events = stream_with_retries(provider, REQUEST, 2, Said(), PATIENCE)
        await anext(events)
        await events.aclose()
        assert await server.until(lambda: server.calls[0].aborted)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_refused_key_is_asked_once(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.always(Status(401))
        with pytest.raises(AuthenticationError):
            async for _ in stream_with_retries(provider, REQUEST, 3, Said(), PATIENCE):
                pass
        assert len(server.calls) == 1


@pytest.mark.parametrize("script", [{"answer": "late", "delay": 30}, {"answer": "a bit", "chunk": 1, "delay": 30}])
async def test_a_provider_that_falls_silent_is_given_up(script: dict[str, Any]):
    provider = ScriptedProvider(parse_script(json.dumps([script]), "test"))
    with pytest.raises(ConnectionFailedError, match=r"scripted sent nothing for 0\.05 seconds"):
        async for _ in stream_with_retries(provider, REQUEST, 0, Said(), 0.05):
            pass


async def test_the_wait_for_a_retry_is_not_silence():
    provider = ScriptedProvider(parse_script(json.dumps([{**DOWN, "retryAfter": 0.3}, {"answer": "done"}]), "test"))
    events = [event async for event in stream_with_retries(provider, REQUEST, 1, Said(), 0.1)]
    assert text_of(events) == "done"
