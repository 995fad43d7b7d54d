"""What happens in a conversation while somebody looks, and who is told.

Apart from the chat because a run tells of its attempts in the same words: whoever opens the conversation of a running
task sees it live. Text goes out as it comes, each piece once.

Invariant: who listens from a moment on hears everything after it, in order
(test_who_opens_in_the_middle_misses_nothing).
Invariant: of a conversation that nobody listens to nothing is kept (test_a_hub_forgets_whom_nobody_listens_to).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.model.record import record
from orchestrator.model.run import Ending, StoredMessage
from orchestrator.model.usage import Cost, Usage


@record
class Said:
    """A message came. One that is open is empty, and grows by what follows."""

    message: StoredMessage


@record
class Text:
    text: str
    """The next characters, never empty."""


@record
class Thought:
    text: str


@dataclass(frozen=True, slots=True)
class ToolCalled:
    call_id: str
    tool: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolResulted:
    call_id: str
    text: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Noted:
    """One line about what goes on: who answers, why a call waits."""

    text: str
    lasting: bool = False
    """Whether it matters after the moment, too: that another model stands in."""


@dataclass(frozen=True, slots=True)
class Used:
    model: str
    """`provider/model`."""
    usage: Usage
    cost: Cost


@record
class Ended:
    ending: Ending
    reason: str


@dataclass(frozen=True, slots=True)
class Turned:
    """Another branch is shown, or the conversation has another title or model: what is known of it is old."""


@dataclass(frozen=True, slots=True)
class Deleted:
    pass


Update = Said | Text | Thought | ToolCalled | ToolResulted | Noted | Used | Ended | Turned | Deleted
Listener = Callable[[str, Update], None]
"""Takes the message's id, empty for what is about the conversation, and the update. Returns at once, never raises."""


class Hub:
    """Who listens to which conversation, and what is being written."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}
        self._open: dict[str, Callable[[], StoredMessage]] = {}
        self._told: dict[str, int] = {}
        """Of those that somebody listens to. No number comes twice."""
        self._last = 0

    def told(self, conversation_id: str) -> int:
        """Another number whenever something was told of it, or somebody began to listen; 0 while nobody does."""
        return self._told.get(conversation_id, 0)

    def listen(self, conversation_id: str, listener: Listener) -> Callable[[], None]:
        """The answer ends it."""
        if conversation_id not in self._listeners:
            self._count(conversation_id)
        self._listeners.setdefault(conversation_id, []).append(listener)

        def end() -> None:
            listeners = self._listeners.get(conversation_id, [])
            if listener in listeners:
                listeners.remove(listener)
            if not listeners:
                self._listeners.pop(conversation_id, None)
                self._told.pop(conversation_id, None)

        return end

    def listened(self) -> set[str]:
        """Conversations that somebody listens to."""
        return set(self._listeners)

    def heard(self, conversation_id: str) -> bool:
        """Whether somebody listens: of a run most conversations nobody does, and what is told of them need not be."""
        return conversation_id in self._listeners

    def tell(self, conversation_id: str, message_id: str, update: Update) -> None:
        listeners = self._listeners.get(conversation_id)
        if listeners:
            self._count(conversation_id)
            for listener in tuple(listeners):
                listener(message_id, update)

    def begin(self, conversation_id: str, message_id: str, written: Callable[[], StoredMessage]) -> None:
        """This message is being written; `written` answers it with what there is of it."""
        self._open[conversation_id] = written
        if self.heard(conversation_id):
            self.tell(conversation_id, message_id, Said(written()))

    def end(self, conversation_id: str, message_id: str, ending: Ending, reason: str) -> None:
        self._open.pop(conversation_id, None)
        if self.heard(conversation_id):
            self.tell(conversation_id, message_id, Ended(ending, reason))

    def open_message(self, conversation_id: str) -> StoredMessage | None:
        """What is being written into this conversation by this program, as far as it got."""
        found = self._open.get(conversation_id)
        return None if found is None else found()

    def _count(self, conversation_id: str) -> None:
        self._last += 1
        self._told[conversation_id] = self._last
