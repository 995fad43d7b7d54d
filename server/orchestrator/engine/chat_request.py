"""What a model is sent for one answer in a conversation, and how large that is.

Apart from the chat, which says when: this is a function of the brief and the messages of one branch. A model sees its
task by role (goal, parents, the task itself, the results it builds on, the files it names), then what was said on this
branch; never a sibling, never another conversation.

Invariant: a request begins with the person, and speakers take turns (test_speakers_take_turns).
Invariant: what does not fit into the model's window is refused before it is sent (test_what_does_not_fit_is_refused).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from orchestrator.engine import context
from orchestrator.engine.context import Brief, Part
from orchestrator.engine.prompt_set import PromptSet
from orchestrator.engine.prompting import Prompt
from orchestrator.engine.routing import Route
from orchestrator.errors import ContextTooLongError
from orchestrator.model.message import Message, Speaker
from orchestrator.model.run import Attachment, StoredMessage
from orchestrator.providers.base import Request, ToolSpec
from orchestrator.providers.tokens import estimate, estimate_request

ANSWER_TOKENS = 8_192
PLAIN_TOKENS = 512
"""Of the small model, which repeats itself long before."""
ASSUMED_WINDOW = 128_000
"""Where nobody says how much a model can read."""
LONG_TOKENS = 12_000
LONG_MESSAGES = 24
"""From here on answers get worse: one instruction spread over many turns costs a third of a model's quality."""
RESTART = "Restart with a merged brief: a new conversation that begins with what was settled in this one."


class Fit(StrEnum):
    GOOD = "good"
    LONG = "long"
    """It fits, and answers get worse."""
    FULL = "full"
    """The next answer would not fit."""


@dataclass(frozen=True, slots=True)
class Size:
    tokens: int
    """Estimated: the brief and the branch that is shown."""
    window: int | None
    """Of the model that would answer; None when nobody knows."""
    fit: Fit

    @property
    def advice(self) -> str:
        """For a person; empty when all is well."""
        if self.fit is Fit.GOOD:
            return ""
        if self.fit is Fit.FULL:
            return f"This conversation is too long for the model ({self._shown}). {RESTART}"
        return f"Long conversations make answers worse ({self._shown}). {RESTART}"

    @property
    def _shown(self) -> str:
        return f"{self.tokens:,} tokens" + (f" of {self.window:,}" if self.window else "")


def size_of(tokens: int, messages: int, window: int | None, answer_tokens: int = ANSWER_TOKENS) -> Size:
    room = window or ASSUMED_WINDOW
    if tokens + min(answer_tokens, room // 4) > room:
        fit = Fit.FULL
    elif tokens > min(LONG_TOKENS, room // 2) or messages >= LONG_MESSAGES:
        fit = Fit.LONG
    else:
        fit = Fit.GOOD
    return Size(tokens, window, fit)


def message_text(message: StoredMessage) -> str:
    """As a model reads it: the words, then each attachment under its name, indented so that it cannot pass for more."""
    return "\n\n".join(part for part in (message.text, *map(_attached, message.attached)) if part)


def tokens_of(message: StoredMessage) -> int:
    return estimate(message_text(message))


def brief_tokens(brief: Brief) -> int:
    return estimate(context.as_text(brief))


def chat_request(
    prompts: PromptSet,
    route: Route,
    brief: Brief,
    branch: Sequence[StoredMessage],
    window: int | None,
    tools: tuple[ToolSpec, ...] = (),
) -> tuple[Prompt, Request]:
    """`branch` ends with what is to be answered. Raises ContextTooLongError."""
    plain = route.provider.capabilities.guided
    prompt = prompts.get("chat-plain" if plain else "chat")
    first, *rest = _turns(branch)
    system, user = prompt.render(context=context.as_text(brief.without_siblings()), message=first.text)
    messages = (replace(first, text=user), *rest)
    most = PLAIN_TOKENS if plain else ANSWER_TOKENS
    request = Request(route.model, system, messages, most, tools=tools, temperature=0.0 if plain else None)
    return prompt, _fitting(request, window, route)


def merge_request(
    prompts: PromptSet, route: Route, brief: Brief, branch: Sequence[StoredMessage], window: int | None
) -> tuple[Prompt, Request]:
    """For what a new conversation has to know of this one; the oldest messages are left out where not all fit."""
    prompt = prompts.get("chat-merge")
    most = PLAIN_TOKENS if route.provider.capabilities.guided else ANSWER_TOKENS // 2
    given = context.as_text(brief.without_siblings())
    room = int(((window or ASSUMED_WINDOW) - most) * 0.8) - estimate(given + prompt.text)
    said: list[str] = []
    for message in reversed(branch):
        part = f"{_NAMES[message.speaker]}:\n{_indented(message_text(message))}"
        room -= estimate(part)
        if room < 0:
            said.append("(what was said before is left out)")
            break
        said.append(part)
    system, user = prompt.render(context=given, message="\n\n".join(reversed(said)))
    return prompt, Request(route.model, system, (Message(Speaker.USER, user),), most)


def parts_of(request: Request) -> list[Part]:
    """The request as a person reads it, byte for byte what is sent."""
    system = [Part("system", request.system)] if request.system else []
    return system + [Part(message.speaker.value, message.text) for message in request.messages]


def _turns(branch: Sequence[StoredMessage]) -> list[Message]:
    """From a person's message on, speakers in turn; what a conversation began with is told as such."""
    turns: list[Message] = []
    for message in branch:
        text = message_text(message)
        speaker = message.speaker
        if not turns and speaker is Speaker.ASSISTANT:
            speaker, text = Speaker.USER, f"What was settled or done before this conversation:\n{_indented(text)}"
        if not text:
            continue
        if turns and turns[-1].speaker is speaker:
            turns[-1] = Message(speaker, f"{turns[-1].text}\n\n{text}")
        else:
            turns.append(Message(speaker, text))
    return turns or [Message(Speaker.USER, "Go on.")]


def _fitting(request: Request, window: int | None, route: Route) -> Request:
    room = window or ASSUMED_WINDOW
    asked = estimate_request(request)
    if asked + min(request.max_tokens, room // 4) > room:
        raise ContextTooLongError(
            f"This conversation is too long for {route.name}: about {asked:,} of {room:,} tokens.",
            hint="Restart with a merged brief, fork from an earlier message, or use a model with a larger window.",
        )
    return replace(request, max_tokens=max(64, min(request.max_tokens, room - asked)))


def _attached(attachment: Attachment) -> str:
    return f"Attached, {attachment.name}:\n{_indented(attachment.text)}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


_NAMES = {Speaker.USER: "Person", Speaker.ASSISTANT: "Model", Speaker.SYSTEM: "System"}
