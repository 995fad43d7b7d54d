"""What the fault server can be told to do.

Apart from the server because these values are all that a test needs to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

EVENT_STREAM = "text/event-stream; charset=utf-8"


class Cut(Enum):
    """Where the connection breaks."""

    BEFORE_HEADERS = auto()
    AFTER_HEADERS = auto()
    MID_STREAM = auto()
    """After half of the events."""
    MID_EVENT = auto()
    """Inside the JSON of an event."""
    MID_CHARACTER = auto()
    """Between the bytes of a character; the text must hold one beyond ASCII."""
    BEFORE_FINISH = auto()
    """All the text was sent, the reason of its end was not."""


@dataclass(frozen=True)
class Tokens:
    """What the server claims; `None` for the whole means that it says nothing."""

    input: Any = 11
    output: Any = 7
    cache_read: Any = 0
    cache_write: Any = 0


@dataclass(frozen=True)
class Wanted:
    """A tool call within an answer."""

    tool: str
    arguments: str = "{}"
    """Sent as it is, in pieces."""
    call_id: str = ""
    """Empty: one that differs from the others."""


@dataclass(frozen=True)
class Answer:
    """A streamed answer, good or broken."""

    text: str = "ok"
    chunk: int = 4
    """Characters per event."""
    delay: float = 0.0
    """Seconds before each event of text."""
    thought: str = ""
    tool: str = ""
    """Stream the text as the arguments of a call of this tool."""
    calls: tuple[Wanted, ...] = ()
    """Tools that it asks for after the text; faults then come in the middle of text and arguments together."""
    finish: str | None = "end"
    """"end", "maxTokens", "refusal"; any other word is sent as it is; None ends politely without a reason."""
    tokens: Tokens | None = Tokens()
    cut: Cut | None = None
    corrupt: bool = False
    """Put broken JSON in the middle."""
    strange: Any = None
    """Put this JSON value, which is no event of the protocol, in the middle."""
    error: Mapping[str, Any] | None = None
    """Report this error in the middle of the stream, as the vendor does."""
    stall: bool = False
    """Send half, then nothing, until the client leaves."""
    pings: float = 0.0
    """While stalling, send a sign of life every so many seconds."""
    split_characters: bool = False
    """Escape everything and send one UTF-16 unit at a time: halves of an emoji arrive apart."""
    content_type: str = EVENT_STREAM


@dataclass(frozen=True)
class Status:
    """An error instead of an answer."""

    code: int
    message: str = "the server says no"
    kind: str = ""
    """The vendor's word for it; empty: the usual one for the code."""
    retry_after: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    echo_key: bool = False
    """Repeat the request's key in the message."""
    body: str | None = None
    """Instead of the vendor's JSON."""


@dataclass(frozen=True)
class Page:
    """A web page instead of an answer."""

    code: int = 200
    content: str = "<!doctype html><html><body><h1>Welcome to the hotel network</h1></body></html>"
    content_type: str = "text/html"


@dataclass(frozen=True)
class Redirect:
    to: str
    code: int = 307


@dataclass(frozen=True)
class Silence:
    """Accept the request and never answer."""


@dataclass(frozen=True)
class Bytes:
    """Exactly these bytes, then the connection closes."""

    content: bytes


Behaviour = Answer | Status | Page | Redirect | Silence | Bytes
