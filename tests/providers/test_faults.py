"""Each fault, in each vendor's SDK, over real HTTP: the error that a person gets."""

import asyncio
import json
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from tests.providers.support import (
    KEY,
    REQUEST,
    SCHEMA,
    VENDORS,
    collect,
    finished,
    open_provider,
    text_of,
    thoughts_of,
)
from tests.support.fault_server import (
    Answer,
    Behaviour,
    Bytes,
    Cut,
    FaultServer,
    Page,
    Redirect,
    Silence,
    Status,
    Tokens,
)

from orchestrator import errors
from orchestrator.model.usage import Usage
from orchestrator.providers.base import FinishReason, Request, TextDelta
from orchestrator.providers.failures import Call, from_status

both = pytest.mark.parametrize("vendor", VENDORS)
LONG = Answer("häppy " * 20)

FAULTS: dict[str, tuple[Behaviour, type[errors.ProviderError], str]] = {
    "key refused": (Status(401, "invalid x-api-key"), errors.AuthenticationError, "orchestrator auth set"),
    "not allowed": (Status(403), errors.AuthenticationError, "orchestrator auth set"),
    "no credit": (Status(402), errors.RequestRejectedError, "Add credit"),
    "unknown model": (Status(404, "model: nope"), errors.RequestRejectedError, "orchestrator models"),
    "bad request": (
        Status(400, "temperature is deprecated"),
        errors.RequestRejectedError,
        "temperature is deprecated.",
    ),
    "too long, Anthropic's words": (
        Status(400, "prompt is too long: 9 tokens > 8 maximum"),
        errors.ContextTooLongError,
        "",
    ),
    "too long, OpenAI's code": (
        Status(400, kind="context_length_exceeded"),
        errors.ContextTooLongError,
        "larger window",
    ),
    "too long, llama.cpp's type": (Status(400, kind="exceed_context_size_error"), errors.ContextTooLongError, ""),
    "too large": (Status(413), errors.ContextTooLongError, "Shorten"),
    "unprocessable": (Status(422), errors.RequestRejectedError, ""),
    "conflict": (Status(409), errors.ProviderDownError, ""),
    "throttled": (Status(429), errors.RateLimitedError, "calls.concurrency"),
    "quota used up": (Status(429, kind="insufficient_quota"), errors.RequestRejectedError, "Add credit"),
    "internal error": (Status(500), errors.ProviderDownError, "another model"),
    "not implemented": (Status(501), errors.RequestRejectedError, ""),
    "bad gateway, a page": (Page(502), errors.ProviderDownError, "status 502"),
    "unavailable": (Status(503), errors.ProviderDownError, ""),
    "timeout at the gateway": (Status(504), errors.ProviderDownError, ""),
    "overloaded": (Status(529), errors.ProviderDownError, ""),
    "overloaded in the stream": (
        Answer("hello hello", error={"type": "overloaded_error", "message": "too busy"}),
        errors.ProviderDownError,
        "too busy",
    ),
    "an error that is no JSON": (Status(500, body="\x1b[31moops"), errors.ProviderDownError, "oops"),
    "cut before the headers": (Answer(cut=Cut.BEFORE_HEADERS), errors.ConnectionFailedError, "before it answered"),
    "cut after the headers": (Answer(cut=Cut.AFTER_HEADERS), errors.ConnectionFailedError, "before it answered"),
    "cut in the middle": (Answer("hello hello", cut=Cut.MID_STREAM), errors.AnswerCutError, "Try again"),
    "cut in an event": (Answer("hello hello", cut=Cut.MID_EVENT), errors.AnswerCutError, ""),
    "cut in a character": (Answer("häh " * 9, cut=Cut.MID_CHARACTER), errors.AnswerCutError, ""),
    "cut before the reason": (Answer("hello", cut=Cut.BEFORE_FINISH), errors.AnswerCutError, ""),
    "ended without a reason": (Answer("hello", finish=None), errors.AnswerCutError, "before it was finished"),
    "corrupt chunk": (Answer("hello hello", corrupt=True), errors.AnswerMalformedError, "base address"),
    "chunk that is a list": (Answer(strange=[1]), errors.AnswerMalformedError, ""),
    "chunk that is text": (Answer(strange="hi"), errors.AnswerMalformedError, ""),
    "chunk of wrong shape": (
        Answer(strange={"type": "content_block_delta", "delta": [], "choices": {"0": 1}}),
        errors.AnswerMalformedError,
        "",
    ),
    "chunk nested too deep": (Answer(strange=json.loads("[" * 400 + "]" * 400)), errors.AnswerMalformedError, ""),
    "a page": (Page(), errors.AnswerMalformedError, "text/html"),
    "JSON instead of a stream": (Page(200, "{}", "application/json"), errors.AnswerMalformedError, "application/json"),
    "plain text": (Page(200, "hello", "text/plain"), errors.AnswerMalformedError, "no stream of events"),
    "no HTTP": (Bytes(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), errors.ConnectionFailedError, ""),
    "ten megabytes": (Answer("x" * 10_000_000, chunk=500_000), errors.AnswerMalformedError, "longer than"),
    "redirect": (Redirect("http://elsewhere.example/v1"), errors.RequestRejectedError, "elsewhere.example"),
}


@both
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_becomes_our_error(vendor: str, fault: str):
    behaviour, expected, words = FAULTS[fault]
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(behaviour)
        with pytest.raises(errors.ProviderError) as caught:
            await collect(provider)
        assert type(caught.value) is expected
        assert words in str(caught.value)
        assert caught.value.hint.endswith((".", "!"))
        assert "\x1b" not in str(caught.value)
        assert len(server.calls) == 1, "the SDK must not retry by itself"


@both
@pytest.mark.parametrize("behaviour", [Answer("hello hello", stall=True), Silence()])
async def test_silence_ends_the_call(vendor: str, behaviour: Behaviour):
    async with FaultServer() as server, open_provider(vendor, server, timeout=0.3) as provider:
        server.then(behaviour)
        with pytest.raises(errors.ProviderError, match=r"0\.3 seconds.*calls\.timeout") as caught:
            await collect(provider)
        assert caught.value.retryable
        assert await server.until(lambda: server.calls[0].aborted)


@both
async def test_a_slow_answer_is_no_silence(vendor: str):
    """The timeout is for silence between events, not for the whole answer."""
    async with FaultServer() as server, open_provider(vendor, server, timeout=1.5) as provider:
        server.then(Answer("abcdefgh", chunk=1, delay=0.2))
        assert text_of(await collect(provider)) == "abcdefgh"


@both
async def test_pings_alone_do_not_keep_a_call_alive_for_ever(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server, timeout=0.2) as provider:
        server.then(Answer("hello hello", stall=True, pings=0.05))
        with pytest.raises(errors.AnswerCutError):
            await collect(provider)


@both
async def test_nobody_listens(vendor: str):
    async with FaultServer() as server:
        pass
    async with open_provider(vendor, server) as provider:
        with pytest.raises(errors.ConnectionFailedError, match="could not be reached"):
            await collect(provider)


@both
@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("7", 7.0),
        ("0.25", 0.25),
        (timedelta(seconds=1000), 1000.0),
        (timedelta(seconds=-1000), 0.0),
        ("soon", None),
        ("-3", None),
        ("nan", None),
    ],
)
async def test_retry_after_is_read(vendor: str, header: str | timedelta, expected: float | None):
    if isinstance(header, timedelta):  # a date, counted from now and not from when the tests were collected
        header = format_datetime(datetime.now(UTC) + header, usegmt=True)
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Status(429, retry_after=header))
        with pytest.raises(errors.RateLimitedError) as caught:
            await collect(provider)
        given = caught.value.retry_after
        assert given == expected or (given and expected and math.isclose(given, expected, abs_tol=90))


@both
async def test_stream_ends_once(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Answer("Hällo 🌍, wörld", chunk=3, thought="hm", tokens=Tokens(20, 9)))
        events = await collect(provider)
        assert text_of(events) == "Hällo 🌍, wörld"
        assert thoughts_of(events) == "hm"
        assert [type(event).__name__ for event in events].count("Finished") == 1
        assert finished(events).reason is FinishReason.END
        assert finished(events).usage.output_tokens == 9
        assert "Hällo 🌍, wörld" in finished(events).raw


@both
@pytest.mark.parametrize(
    ("word", "reason"),
    [("maxTokens", FinishReason.MAX_TOKENS), ("refusal", FinishReason.REFUSAL), ("later", FinishReason.END)],
)
async def test_the_reason_of_the_end(vendor: str, word: str, reason: FinishReason):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Answer("hello", finish=word))
        assert finished(await collect(provider)).reason is reason


@both
async def test_halves_of_a_character_are_joined(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Answer("a🌍b", split_characters=True))
        events = await collect(provider)
        assert text_of(events) == "a🌍b"
        assert all(event.text.encode() for event in events if isinstance(event, TextDelta))


@both
async def test_cached_tokens_are_counted(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Answer(tokens=Tokens(input=100, output=5, cache_read=30, cache_write=20)))
        usage = finished(await collect(provider)).usage
        # Anthropic reports cached tokens beside the others, OpenAI among them; ours are always among them.
        assert usage == Usage(150 if vendor == "anthropic" else 100, 5, 30, 20)


@both
@pytest.mark.parametrize(
    "tokens",
    [
        None,
        Tokens(input=-5),
        Tokens(output="many"),
        Tokens(output=10**12),
        Tokens(output=0),
        Tokens(input=None),
    ],
)
async def test_counts_that_cannot_be_true_are_estimated(vendor: str, tokens: Tokens | None):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Answer("hello world, how are you?", tokens=tokens))
        usage = finished(await collect(provider)).usage
        assert usage.estimated
        assert 5 <= usage.output_tokens <= 9
        assert 5 <= usage.input_tokens <= 20


@both
async def test_an_answer_of_a_given_shape(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Answer(json.dumps({"verdict": "EXECUTE", "reason": "small"})))
        events = await collect(provider, Request("m", "", REQUEST.messages, 50, schema=SCHEMA))
        assert json.loads(text_of(events))["verdict"] == "EXECUTE"
        sent = server.calls[0].json
        shape = sent["output_config"]["format"] if vendor == "anthropic" else sent["response_format"]["json_schema"]
        assert shape["schema"] == SCHEMA.json_schema


@both
async def test_an_echoed_key_is_never_shown(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Status(401, echo_key=True), Status(500, body=f"Bearer {KEY}"), Answer(f"your key is {KEY}"))
        for _ in range(2):
            with pytest.raises(errors.ProviderError) as caught:
                await collect(provider)
            assert KEY not in str(caught.value) + repr(caught.value)
        assert server.calls[0].key == KEY
        events = await collect(provider)
        assert KEY not in finished(events).raw
        assert text_of(events) == "your key is [key removed]"
        assert KEY not in repr(provider) + str(vars(provider).keys())


@both
async def test_errors_carry_no_cause(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Status(401), Answer(cut=Cut.MID_STREAM), Answer("hello", finish=None))
        for _ in range(3):
            with pytest.raises(errors.ProviderError) as caught:
                await collect(provider)
            assert caught.value.__cause__ is None
            assert caught.value.__context__ is None


@both
@pytest.mark.parametrize("how", ["close", "cancel"])
async def test_closing_early_hangs_up(vendor: str, how: str):
    async with FaultServer() as server, open_provider(vendor, server, timeout=30) as provider:
        server.then(Answer("hello hello", stall=True))
        stream = provider.stream(REQUEST)
        first = await anext(stream)
        assert isinstance(first, TextDelta)
        if how == "close":
            await stream.aclose()  # type: ignore[attr-defined]
        else:

            async def read_on() -> None:
                async for _ in stream:
                    pass

            task = asyncio.create_task(read_on())
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert await server.until(lambda: server.calls[0].aborted)
        server.then(Answer("again"))
        assert text_of(await collect(provider)) == "again"


@both
async def test_cancelling_before_the_answer_hangs_up(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server, timeout=30) as provider:
        server.then(Silence())
        task = asyncio.create_task(collect(provider))
        assert await server.until(lambda: len(server.calls) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await server.until(lambda: server.calls[0].aborted)


@both
async def test_calls_run_side_by_side(vendor: str):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.always(Answer("abcdef", chunk=1, delay=0.02))
        answers = await asyncio.gather(*(collect(provider) for _ in range(4)))
        assert [text_of(events) for events in answers] == ["abcdef"] * 4


async def test_a_grammar_goes_only_where_it_is_understood():
    request = Request("m", "", REQUEST.messages, 50, grammar='root ::= "yes"')
    async with FaultServer() as server:
        for vendor in VENDORS:
            async with open_provider(vendor, server) as provider:
                with pytest.raises(ValueError, match="grammar"):
                    await collect(provider, request)
        assert not server.calls


async def test_only_what_another_form_may_mend_says_so():
    call = Call("Vendor", "host", "vendor", (), 1.0)
    for status, other_form in ((400, True), (422, True), (402, False), (404, False)):
        error = from_status(status, "no", call)
        assert isinstance(error, errors.RequestRejectedError)
        assert error.other_form is other_form


@pytest.mark.parametrize(
    ("wait", "words"), [(None, "a minute"), (5, "a minute"), (600, "10 minutes"), (9000, "3 hours")]
)
async def test_how_long_to_wait_is_as_the_service_said(wait, words):
    assert f"Wait {words}," in from_status(429, "", Call("Vendor", "host", "vendor", (), 1.0), wait=wait).hint
