"""What is told of a conversation that another program writes into."""

from __future__ import annotations

from typing import cast

from orchestrator.engine.chat import Chats, Page
from orchestrator.engine.chat_follow import Follower, _differences, _Seen
from orchestrator.engine.chat_updates import Hub, Said, Turned
from orchestrator.model.message import Speaker
from orchestrator.model.run import Conversation, StoredMessage


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


def test_a_hub_forgets_whom_nobody_listens_to() -> None:
    """A run tells of thousands of conversations, of which a person opens one."""
    hub = Hub()
    end = hub.listen("a", lambda *_: None)
    begun = hub.told("a")
    for number in range(1_000):
        hub.tell(f"other {number}", "", Turned())
    assert hub.told("a") == begun, "nothing was told of it"
    hub.tell("a", "", Turned())
    told = hub.told("a")
    assert told != begun
    assert hub._told == {"a": told}
    end()
    assert (hub._told, hub._listeners) == ({}, {})
    hub.listen("a", lambda *_: None)
    assert hub.told("a") not in {0, begun, told}, "who compares with what was before sees that it was away"


def test_who_opens_again_is_told_what_comes_behind_what_is_shown_now() -> None:
    """Closed and opened between two looks of the follower, while another program wrote."""

    class Open:
        hub = Hub()

        def writes(self, _conversation_id: str) -> bool:
            return False

    def page(*ids: str) -> Page:
        conversation = Conversation("conversation_1", "/w", "file:///w/a.md", None, "Build", 1.0, head_id=ids[-1])
        return Page(conversation, tuple(seen(*ids).messages.values()), 0, {}, live=False, here=False)

    chats = Open()
    follower = Follower(cast("Chats", chats))
    end = chats.hub.listen("conversation_1", lambda *_: None)
    follower.note(page("a"))
    end()
    chats.hub.listen("conversation_1", lambda *_: None)
    follower.note(page("a", "b"))
    assert told(follower._seen["conversation_1"], seen("a", "b", "c")) == ["c"]
