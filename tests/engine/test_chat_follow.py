"""What is told of a conversation that another program writes into."""

from __future__ import annotations

from orchestrator.engine.chat_follow import _differences, _Seen
from orchestrator.engine.chat_updates import Said
from orchestrator.model.message import Speaker
from orchestrator.model.run import StoredMessage


def seen(*ids: str) -> _Seen:
    messages = {one: StoredMessage(one, "conversation_1", Speaker.USER, f"text of {one}", 1.0) for one in ids}
    return _Seen(ids[-1] if ids else None, "Build", messages, 0)


def told(old: _Seen, new: _Seen) -> list[str]:
    found = list(_differences(old, new))
    assert all(isinstance(update, Said) for _, update in found)
    return [message_id for message_id, _ in found]


def test_only_what_came_behind_the_shown_messages_is_new() -> None:
    """Who asks for one message, as for the size of a conversation, is not told of all others a moment later."""
    assert told(seen("c"), seen("a", "b", "c")) == []
    assert told(seen("c"), seen("a", "b", "c", "d")) == ["d"]
    assert told(seen("a", "b"), seen("a", "b", "c")) == ["c"]


def test_the_first_messages_are_new() -> None:
    assert told(seen(), seen("a", "b")) == ["a", "b"]
