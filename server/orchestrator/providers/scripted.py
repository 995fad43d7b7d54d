"""Answers from a script instead of a model: for tests, demos and trying the program out.

Apart from the tests because it is shipped: anyone can see the whole program work without a key, and a plug-in author
can test against it. Nothing leaves the computer, and the same script gives the same answers.

A script is a JSON list of entries. A request is answered by the first entry that matches and was not used yet:

    [{"when": {"schema": "decide", "contains": "login"}, "answer": {"verdict": "DECOMPOSE", "reason": "…"}},
     {"when": {"schema": "plan"}, "error": "RateLimitedError", "retryAfter": 0.1},
     {"when": {"tools": true}, "calls": [{"tool": "read_file", "arguments": {"path": "a.py"}}]},
     {"answer": "Hello", "chunk": 2, "delay": 0.05, "repeat": true}]

Invariant: a bad script is a ConfigError that names the place of the fault (test_a_bad_script_names_the_field).
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Sequence
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from orchestrator import errors
from orchestrator.config import Settings, expanded
from orchestrator.errors import AnswerCutError, ConfigError, ProviderError, RequestRejectedError
from orchestrator.model.message import Speaker, ToolCall
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
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from orchestrator.providers.keys import Keys
from orchestrator.providers.tokens import estimated_usage

NAME = "scripted"

ErrorName = Literal[
    "ProviderUnavailableError",
    "AuthenticationError",
    "RequestRejectedError",
    "ContextTooLongError",
    "RateLimitedError",
    "ProviderDownError",
    "ConnectionFailedError",
    "AnswerCutError",
    "AnswerMalformedError",
]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        defer_build=True,  # the language server imports this on its way to `initialize`, and hardly ever needs it
    )


class When(_Part):
    """Which requests an entry answers; what is left out matches any."""

    schema_name: str | None = Field(None, alias="schema")
    """Name of the answer's schema: "decide", "plan", …; "" matches only requests without a schema."""
    contains: str | None = None
    """A regular expression, searched for in the last message of the user and the results in it, any case."""
    tools: bool | None = None
    """Whether the request offers tools."""

    @field_validator("contains")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return pattern

    def matches(self, request: Request) -> bool:
        name = request.schema.name if request.schema is not None else ""
        if self.schema_name is not None and self.schema_name != name:
            return False
        if self.tools is not None and self.tools != bool(request.tools):
            return False
        asked = next((message for message in reversed(request.messages) if message.speaker is Speaker.USER), None)
        texts = [*(result.text for result in asked.results), asked.text] if asked is not None else []
        return self.contains is None or re.search(self.contains, "\n".join(texts), re.IGNORECASE) is not None


class Call(_Part):
    """A tool that the scripted model asks for. It may be one that does not exist."""

    tool: str
    arguments: JsonValue = Field(default_factory=dict)
    """An object; a text is sent as it is, so that it can be broken."""

    def as_call(self, number: int) -> ToolCall:
        arguments = self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)
        return ToolCall(f"call_{number}", self.tool, arguments)


class Entry(_Part):
    when: When = Field(default_factory=lambda: When.model_validate({}))
    answer: JsonValue = ""
    """Text as it is; anything else as its JSON."""
    calls: list[Call] = Field(default_factory=list[Call])
    """Tools that it asks for after the answer's text."""
    thought: str = ""
    """Streamed before the answer."""
    chunk: int = Field(24, ge=1)
    """Characters per delta."""
    delay: float = Field(0.0, ge=0, le=3600)
    """Seconds before each delta, and before an error."""
    finish: FinishReason = FinishReason.END
    cut: bool = False
    """Stop after half of the answer, without an end."""
    error: ErrorName | None = None
    """Fail with this error, after the answer if there is one."""
    retry_after: float | None = Field(None, ge=0)
    repeat: bool = False
    """Answer again and again; others answer once."""

    @property
    def text(self) -> str:
        return self.answer if isinstance(self.answer, str) else json.dumps(self.answer, ensure_ascii=False)


def parse_script(content: str, origin: str) -> tuple[Entry, ...]:
    """Raises ConfigError that says where in `origin` the fault is."""
    try:
        return tuple(TypeAdapter(list[Entry]).validate_python(json.loads(content)))
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"The script {origin} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.",
            hint="Mend the script, or empty the setting `scripted.script` to use the built-in demo.",
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        raise ConfigError(
            f"The script {origin} is wrong at `{place.lstrip('.') or 'the top'}`: {first['msg']}.",
            hint="Mend the script, or empty the setting `scripted.script` to use the built-in demo.",
        ) from error


def read_script(path: str) -> tuple[Entry, ...]:
    """The script in a file, or the built-in demo when there is no path."""
    if not path:
        return parse_script(
            resources.files("orchestrator.providers").joinpath("demo.json").read_text("utf-8"), "demo.json"
        )
    try:
        return parse_script(expanded(path).read_text("utf-8-sig"), path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(
            f"The script {path} cannot be read ({reason}).", hint="Set `scripted.script` to a JSON file of answers."
        ) from error


class ScriptedProvider:
    def __init__(self, entries: Sequence[Entry], log: str = "") -> None:
        self._left = list(entries)
        self._log = log
        self._calls = 0
        self.requests: list[Request] = []
        """Every request so far, for tests to look at."""

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        return _CAPABILITIES

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        if request.grammar is not None:
            raise ValueError("the scripted provider has no grammars")
        self.requests.append(request)
        self._note("begun", request)
        entry = self._take(request)
        text = entry.text[: len(entry.text) // 2] if entry.cut else entry.text
        for piece in _pieces(entry.thought, entry.chunk):
            await asyncio.sleep(entry.delay)
            yield ThoughtDelta(piece)
        for piece in _pieces(text, entry.chunk):
            await asyncio.sleep(entry.delay)
            yield TextDelta(piece)
        calls = tuple(call.as_call(self._calls + number) for number, call in enumerate(entry.calls, 1))
        self._calls += len(calls)
        for index, call in enumerate(calls):
            yield ToolCallDelta(index, call.name, call.arguments)
        if entry.error is not None:
            await asyncio.sleep(entry.delay)
            raise _scripted_error(entry.error, entry.retry_after)
        if entry.cut:
            raise AnswerCutError("The scripted answer was cut, as its script says.", hint="Try again.")
        reason = entry.finish
        if reason in {FinishReason.END, FinishReason.TOOL_CALLS}:
            reason = FinishReason.TOOL_CALLS if calls else FinishReason.END
        calls = calls if reason is FinishReason.TOOL_CALLS else ()
        asked = [{"id": call.call_id, "tool": call.name, "arguments": call.arguments} for call in calls]
        raw = json.dumps({"provider": NAME, "text": text, "finish": reason, "calls": asked}, ensure_ascii=False)
        written = text + "".join(call.name + call.arguments for call in calls)
        self._note("ended", request)
        yield Finished(reason, estimated_usage(request, written), raw, calls)

    async def aclose(self) -> None:
        """Nothing is open."""

    def _note(self, what: str, request: Request) -> None:
        """In one write, so that lines of several processes do not mix, and a kill loses none."""
        if not self._log:
            return
        schema = request.schema.name if request.schema else ""
        line = json.dumps({"what": what, "schema": schema, "asked": request.messages[-1].text})
        descriptor = os.open(expanded(self._log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, f"{line}\n".encode())
        finally:
            os.close(descriptor)

    def _take(self, request: Request) -> Entry:
        for index, entry in enumerate(self._left):
            if entry.when.matches(request):
                if not entry.repeat:
                    del self._left[index]
                return entry
        wanted = f"schema {request.schema.name!r}" if request.schema is not None else "no schema"
        raise RequestRejectedError(
            f"The script has no answer left for a request with {wanted}.",
            hint="Add an entry to the script, or set `repeat` on one.",
            other_form=False,
        )


_CAPABILITIES = Capabilities(schema=True, tools=True)


def _pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def _scripted_error(name: ErrorName, retry_after: float | None) -> ProviderError:
    error: type[ProviderError] = getattr(errors, name)
    return error(f"{name}, as the script says.", hint="Try again.", retry_after=retry_after)


def _availability(settings: Settings, _keys: Keys) -> Availability:
    try:
        entries = read_script(settings.scripted.script)
    except ConfigError as error:
        return Availability(False, error.message, mend="orchestrator config")
    origin = settings.scripted.script or "the built-in demo"
    return Availability(True, f"{len(entries)} answers from {origin}; no model, nothing is sent")


def _destination(_settings: Settings, _keys: Keys) -> Destination:
    return Destination("", "built in")


def _models(settings: Settings, _keys: Keys) -> tuple[ModelListing, ...]:
    note = "answers from a script, not a model"
    return (ModelListing(f"{NAME}/{'script' if settings.scripted.script else 'demo'}", note),)


def _create(settings: Settings, _keys: Keys) -> ScriptedProvider:
    return ScriptedProvider(read_script(settings.scripted.script), settings.scripted.log)


SPEC = ProviderSpec(
    name=NAME,
    title="Scripted (demo and tests)",
    availability=_availability,
    destination=_destination,
    models=_models,
    create=_create,
)

__all__ = ["SPEC", "Call", "Entry", "ScriptedProvider", "When", "parse_script", "read_script"]
