"""Conversations that another program writes into, for those who look at them here.

Apart from the chat because nothing tells of it: the store is looked at, as often as it may have changed, and what is
new is told in the same words as what happens here.

Invariant: who looks at a conversation in another process sees what was said there
(test_conversations_survive_a_kill_and_two_servers_see_the_same).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

from orchestrator.engine.chat import Chats, Page
from orchestrator.engine.chat_updates import Deleted, Ended, Said, Text, Thought, Turned, Update
from orchestrator.errors import OrchestratorError, ProtocolError
from orchestrator.model.run import Ending, StoredMessage

LOOK_SECONDS = 0.25
MESSAGES = 30
"""How many of the last messages are compared; who was further behind opens it again."""


@dataclass(slots=True)
class _Seen:
    head: str | None
    title: str
    messages: dict[str, StoredMessage]
    told: int
    """The hub's number then: after another one this program has told what came itself."""


class Follower:
    def __init__(self, chats: Chats) -> None:
        self._chats = chats
        self._seen: dict[str, _Seen] = {}
        self._version = -1

    async def work(self) -> None:
        """For ever; cancel it."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except OrchestratorError:
                continue  # a bad store is told by whatever a person asks next

    def note(self, page: Page) -> None:
        """Somebody was shown this: what comes is told from here on."""
        conversation_id = page.conversation.conversation_id
        told, known = self._chats.hub.told(conversation_id), self._seen.get(conversation_id)
        # Closed and opened again between two looks, what was seen before is not what is shown now.
        if (known is None or known.told != told) and not self._chats.writes(conversation_id):
            self._seen[conversation_id] = _seen(page, told)

    async def look(self) -> None:
        watched = self._chats.hub.listened()
        for conversation_id in [one for one in self._seen if one not in watched]:
            del self._seen[conversation_id]
        elsewhere = [one for one in watched if one in self._seen and not self._chats.writes(one)]
        for here in watched - set(elsewhere):
            self._seen.pop(here, None)
        if not watched:
            return
        version = await self._chats.version()
        if version == self._version:
            return
        self._version = version
        for conversation_id in watched:
            if not self._chats.writes(conversation_id):
                await self._compare(conversation_id)

    async def _compare(self, conversation_id: str) -> None:
        hub = self._chats.hub
        try:
            page = await self._chats.page(conversation_id, None, MESSAGES)
        except ProtocolError:
            self._seen.pop(conversation_id, None)
            hub.tell(conversation_id, "", Deleted())
            return
        old, new = self._seen.get(conversation_id), _seen(page, hub.told(conversation_id))
        if self._chats.writes(conversation_id):  # it began meanwhile, and tells by itself
            self._seen.pop(conversation_id, None)
            return
        self._seen[conversation_id] = new
        if old is not None and old.told == new.told:
            for message_id, update in _differences(old, new):
                hub.tell(conversation_id, message_id, update)
            new.told = hub.told(conversation_id)


def _seen(page: Page, told: int) -> _Seen:
    messages = {message.message_id: message for message in page.messages[-MESSAGES:]}
    return _Seen(page.conversation.head_id, page.conversation.title, messages, told)


def _differences(old: _Seen, new: _Seen) -> Iterator[tuple[str, Update]]:
    grown = not old.messages or any(message_id in new.messages for message_id in old.messages)
    if old.title != new.title or (old.head != new.head and (not grown or old.head not in {None, *new.messages})):
        yield "", Turned()
        return
    # Who was shown the last message alone has not been told of those before it, and they are not new.
    known = [place for place, message_id in enumerate(new.messages) if message_id in old.messages]
    for message_id, message in list(new.messages.items())[known[0] if known else 0 :]:
        before = old.messages.get(message_id)
        if before is None:
            if message.ending is Ending.OPEN:
                yield message_id, Said(replace(message, text="", thoughts=""))
                if message.thoughts:
                    yield message_id, Thought(message.thoughts)
                if message.text:
                    yield message_id, Text(message.text)
            else:
                yield message_id, Said(message)
            continue
        if before.ending is not Ending.OPEN:
            continue
        if not (message.text.startswith(before.text) and message.thoughts.startswith(before.thoughts)):
            yield "", Turned()
            return
        if more := message.thoughts[len(before.thoughts) :]:
            yield message_id, Thought(more)
        if more := message.text[len(before.text) :]:
            yield message_id, Text(more)
        if message.ending is not Ending.OPEN:
            yield message_id, Ended(message.ending, message.reason)
