"""The port to a model: one request in, a stream of events out.

Apart from the vendors' files because the engine knows only this. A provider holds no conversation: every
request is complete. Plug-ins implement `Provider` and announce a `ProviderSpec` in the entry-point group
`orchestrator.providers`.

Invariant: a stream ends with exactly one `Finished`, or raises a `ProviderError` (test_stream_ends_once).
Invariant: no other exception leaves a provider but `asyncio.CancelledError` (test_every_sdk_error_is_mapped).
Invariant: a tool call that was cut is never handed on (test_a_call_cut_in_its_arguments_is_no_call).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.model.message import Message, ToolCall
from orchestrator.model.record import record
from orchestrator.model.usage import Usage

if TYPE_CHECKING:
    from orchestrator.config import Settings
    from orchestrator.providers.keys import Keys


@dataclass(frozen=True, slots=True)
class AnswerSchema:
    """The shape that an answer must have: JSON Schema, in the subset that all vendors take."""

    name: str
    """Lowercase, for example "plan": vendors show it to the model as the name of a tool or a format."""
    description: str
    json_schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it."""

    name: str
    """Letters, digits, `_` and `-`, at most 64: what all vendors take."""
    description: str
    parameters: Mapping[str, Any]
    """JSON Schema of an object."""


@record
class Request:
    model: str
    """The vendor's own name, without the provider."""
    system: str
    messages: tuple[Message, ...]
    """From a user's message on, speakers in turn; never empty."""
    max_tokens: int
    schema: AnswerSchema | None = None
    """When given, the text that streams is JSON of that shape, where the capabilities say so."""
    grammar: str | None = None
    """GBNF, for providers whose capabilities say so; others raise ValueError. Never together with `schema`."""
    stop: tuple[str, ...] = ()
    temperature: float | None = None
    """None: the provider's default."""
    tools: tuple[ToolSpec, ...] = ()
    """What the model may ask for; for providers whose capabilities say so, others raise ValueError."""


@record
class TextDelta:
    text: str
    """The next characters of the answer, never empty; with a schema, of its JSON text."""


@dataclass(frozen=True, slots=True)
class ThoughtDelta:
    text: str
    """What the model thinks aloud; shown, and no part of the answer."""


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A sign that a tool call grows, to be shown. What counts are the `calls` of `Finished`: never act on a part."""

    index: int
    """From 0, in the order of the answer."""
    name: str
    arguments: str
    """The next characters of its JSON; may be empty in the first of a call."""


class FinishReason(StrEnum):
    END = "end"
    TOOL_CALLS = "toolCalls"
    """It waits for the results of `Finished.calls`; never without any."""
    MAX_TOKENS = "maxTokens"
    REFUSAL = "refusal"


@record
class Finished:
    """The last event."""

    reason: FinishReason
    usage: Usage
    raw: str
    """The provider's answer as JSON, complete enough to parse it again; no request headers, no key."""
    calls: tuple[ToolCall, ...] = ()
    """Complete, with ids that differ; empty for every other reason than TOOL_CALLS."""
    echo: str = ""
    """For `Message.echo` of this answer, where the provider wants something back (signed thoughts)."""


Event = TextDelta | ThoughtDelta | ToolCallDelta | Finished


@dataclass(frozen=True, slots=True)
class Capabilities:
    schema: bool = False
    """Answers of a given JSON shape are enforced by the provider."""
    grammar: bool = False
    """Answers can be forced by a GBNF grammar."""
    tools: bool = False
    """The model can ask for tools."""
    guided: bool = False
    """A small model that plans along playbooks and does not decide by itself ("basic offline model")."""


class Provider(Protocol):
    """`stream` may be called many times at once. Closing its iterator early stops the call at the vendor."""

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> Capabilities: ...
    def stream(self, request: Request) -> AsyncIterator[Event]: ...
    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a provider can be used now, and if not, why and what mends it."""

    usable: bool
    detail: str
    """One line: "key from the environment (ANTHROPIC_API_KEY)", or what is missing."""
    mend: str = ""
    """The one command that mends it; empty when usable."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where text sent to a provider goes; what a person consents to."""

    host: str
    """Host and port as in the base URL; empty when nothing leaves this computer."""
    source: str
    """Where the address comes from: "default", "setting openai.baseUrl", "environment OPENAI_BASE_URL", …"""

    @property
    def remote(self) -> bool:
        return self.host != ""


@dataclass(frozen=True, slots=True)
class ModelListing:
    """One line of `orchestrator models`."""

    model: str
    """"provider/model"."""
    note: str
    """Size, licence, price or context window, as far as known."""


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """How to find out about a provider and make one, without importing its SDK before it is used."""

    name: str
    title: str
    """For people: "Anthropic", "Embedded model (basic offline)"."""
    availability: Callable[[Settings, Keys], Availability]
    """Fast, no network, no SDK import."""
    destination: Callable[[Settings, Keys], Destination]
    models: Callable[[Settings, Keys], tuple[ModelListing, ...]]
    """Models worth naming, the recommended one first; not necessarily all."""
    create: Callable[[Settings, Keys], Provider]
    """Raises ProviderUnavailableError with the same `mend`."""
