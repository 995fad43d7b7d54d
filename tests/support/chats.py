"""A session, a document and somebody who talks about its tasks: what tests of conversations share."""

from __future__ import annotations

import asyncio
from typing import Any

from orchestrator.engine.chat import Page, Sent, Voice
from orchestrator.engine.chat_updates import (
    Deleted,
    Ended,
    Noted,
    Said,
    Text,
    Thought,
    ToolCalled,
    Turned,
    Update,
    Used,
)
from tests.support.branches import Branch
from tests.support.patience import PATIENCE

OUTLINE = """# Ship login

- [ ] Build the login page
  Three fields.

  - [ ] Write the form  ^k3f9x
    > Result: the form has three fields
  - [ ] Style it  [dependsOn:: k3f9x]  ^m2p7q
- [ ] Tell the press  ^q4w5e
  A secret of the sibling.
"""


def says(text: str, contains: str = "", **more: Any) -> dict[str, Any]:
    """The answer to a message that holds these words."""
    when = {"schema": "", **({"contains": contains} if contains else {})}
    return {"when": when, "answer": text, **more}


class Talk(Branch):
    """Updates of every conversation that was opened are kept, in order."""

    def __init__(self, folder: Any, script: list[dict[str, Any]], *answers: str, text: str = OUTLINE, **more: Any):
        super().__init__(folder, text, script, *answers, **more)
        self.updates: list[tuple[str, str, Update]] = []
        """Conversation, message and update."""

    @property
    def chats(self) -> Any:
        return self.session.chats

    @property
    def voice(self) -> Voice:
        return Voice(self.holder, self.folder, self.person)

    async def open(self, title: str = "Style it", **more: Any) -> str:
        conversation_id = await self.chats.begin(self.document.target(title), self.folder, **more)
        self.listen(conversation_id)
        return conversation_id

    def listen(self, conversation_id: str) -> None:
        self.chats.hub.listen(
            conversation_id, lambda message_id, update: self.updates.append((conversation_id, message_id, update))
        )

    async def say(self, conversation_id: str, text: str, **more: Any) -> Sent:
        """And wait for the end of the answer."""
        sent = await self.chats.send(conversation_id, text, more.pop("voice", self.voice), **more)
        await self.end(sent.conversation_id)
        return sent

    async def end(self, conversation_id: str) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.chats.ended(conversation_id)

    async def read(self) -> Any:
        return await self.session.store()

    async def page(self, conversation_id: str, **more: Any) -> Page:
        return await self.chats.page(conversation_id, **more)

    async def shown(self, conversation_id: str) -> list[str]:
        return [message.text for message in (await self.page(conversation_id)).messages]

    @property
    def requests(self) -> list[Any]:
        return self.provider.requests

    @property
    def provider(self) -> Any:
        return self.session._routers[-1]._providers["scripted"]

    def told(self, conversation_id: str, message_id: str) -> str:
        """The text that was told piece by piece."""
        return "".join(
            update.text
            for conversation, message, update in self.updates
            if (conversation, message) == (conversation_id, message_id) and isinstance(update, Text)
        )

    async def until(self, kind: type, count: int = 1) -> None:
        async with asyncio.timeout(PATIENCE):
            while sum(isinstance(update, kind) for _, _, update in self.updates) < count:
                await asyncio.sleep(0.002)


__all__ = [
    "OUTLINE", "Deleted", "Ended", "Noted", "Said", "Talk", "Text", "Thought", "ToolCalled", "Turned", "Used", "says",
]  # fmt: skip
