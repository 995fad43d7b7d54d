"""One message of a conversation with a model, and the tools that the model asks for in it."""

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.model.record import record


class Speaker(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model asks for a tool. Nothing of it is checked: the tool may not exist, the arguments may be no JSON."""

    call_id: str
    """Names the call in its conversation; the result carries it too."""
    name: str
    arguments: str
    """JSON, as the model wrote it."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    call_id: str
    text: str
    failed: bool = False
    """The text says what went wrong, and how to ask better."""


@record
class Message:
    speaker: Speaker
    text: str
    calls: tuple[ToolCall, ...] = ()
    """Of the assistant only. The next message has one result for each."""
    results: tuple[ToolResult, ...] = ()
    """Of the user only; `text`, where there is any, was said after them."""
    echo: str = ""
    """Of the assistant only: what its provider wants to see again unchanged (`Finished.echo`). No other reads it."""


def transcript(message: Message) -> str:
    """As text, for a reader: what tools came to, then what was said. Tool calls stand in the step that made them."""
    if not message.results:
        return message.text
    parts = [
        f"[{'error' if result.failed else 'result'} {result.call_id}]\n{result.text}" for result in message.results
    ]
    return "\n\n".join(part for part in (*parts, message.text) if part)


class Role(StrEnum):
    """What a call to a model is for. Settings map each role to an alias, and aliases to models."""

    DECIDE = "decide"
    PLAN = "plan"
    EXECUTE = "execute"
    VERIFY = "verify"
    AGGREGATE = "aggregate"
    CHAT = "chat"
    TITLE = "title"
