"""One message of a conversation with a model."""

from dataclasses import dataclass
from enum import StrEnum


class Speaker(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    speaker: Speaker
    text: str


class Role(StrEnum):
    """What a call to a model is for. Settings map each role to an alias, and aliases to models."""

    DECIDE = "decide"
    PLAN = "plan"
    EXECUTE = "execute"
    VERIFY = "verify"
    AGGREGATE = "aggregate"
    CHAT = "chat"
    TITLE = "title"
