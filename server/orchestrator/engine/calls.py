"""One call to a model, written into the journal before it is sent, while it streams and when it has ended.

A call is finished when its final answer is committed; text that streams is stored at most FLUSH_SECONDS later.
Whoever queues all that follows from an answer behind it need not wait for that (`on_ended`): what the journal has, it
has in the order in which it was queued.

Invariant: whatever ends a call (answer, error, cancellation), its step has an end in the store
(test_every_step_ends).
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import count
from math import ceil
from typing import Any, Protocol

from orchestrator.config import Calls
from orchestrator.engine import beat
from orchestrator.engine.beat import Beat
from orchestrator.engine.chat_updates import Hub, Said, Text, Thought
from orchestrator.engine.gates import Gates
from orchestrator.engine.prompting import Prompt
from orchestrator.engine.routing import Route
from orchestrator.engine.runner import Runner
from orchestrator.errors import (
    AnswerCutError,
    AnswerMalformedError,
    AnswerUnusableError,
    OrchestratorError,
    ProviderError,
    RateLimitedError,
    StoreError,
)
from orchestrator.model import json_text
from orchestrator.model.altered import altered
from orchestrator.model.ids import record_id
from orchestrator.model.message import Message, Role, Speaker, ToolCall, ToolResult, transcript
from orchestrator.model.run import Ending, Step, StepState, StoredMessage
from orchestrator.model.usage import Cost, Usage, add_costs
from orchestrator.providers.base import Finished, FinishReason, Request, TextDelta, ThoughtDelta, ToolCallDelta
from orchestrator.providers.retrying import stream_with_retries
from orchestrator.providers.tokens import estimate_request, estimated_usage
from orchestrator.store.store import Store
from orchestrator.store.writer import Write

FLUSH_SECONDS = beat.SECONDS
LONGEST = 1_000_000
"""Characters of an answer: far more than any bound in tokens allows. A service that goes on is cut off."""
SILENCE_FACTOR = 5
"""Providers give up after `calls.timeout` without a byte; a model that thinks sends signs of life and no event for
longer. This bounds that, and a plug-in that bounds nothing."""

_log = logging.getLogger(__name__)


class _Partial:
    """What has streamed of an answer; while it streams, it is stored every FLUSH_SECONDS."""

    __slots__ = ("_beat", "_parts", "_step_id", "_store", "_stored", "length", "thoughts", "tools")

    def __init__(self, store: Store, beat: Beat, step_id: str) -> None:
        self._store = store
        self._beat = beat
        self._step_id = step_id
        self._parts: list[str] = []
        self._stored = 0
        self.length = 0
        self.tools = ""
        """What was written for tool calls: it is paid like text."""
        self.thoughts = ""
        """Paid, too."""

    def begin(self) -> None:
        self._beat.add(self._flush)

    @property
    def text(self) -> str:
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def begun(self) -> bool:
        """Whether anything of the answer came."""
        return bool(self.length or self.tools or self.thoughts)

    def add(self, delta: str) -> None:
        self._parts.append(delta)
        self.length += len(delta)

    def end(self) -> None:
        self._beat.remove(self._flush)

    def _flush(self) -> None:
        if self.length > self._stored:
            self._stored = self.length
            try:
                self._store.store_partial(self._step_id, self.text).add_done_callback(_log_failure)
            except StoreError as error:  # the end of the step will say so
                _log.warning("a partial answer could not be stored: %s", type(error).__name__)


def _log_failure(stored: Write[None]) -> None:
    if error := stored.exception():
        _log.warning("a partial answer could not be stored: %s", type(error).__name__)


class Purse(Protocol):
    """Whoever pays."""

    async def reserve(self, route: Route, request: Request) -> Callable[[Cost], None]:
        """Set aside what the call may cost at most, and wait for what others set aside if that is needed.

        The answer takes what it did cost. Raises BudgetError.
        """
        ...


@dataclass(slots=True)
class Caller:
    """Makes the calls of one attempt, all in its one conversation."""

    store: Store
    runner: Runner
    calls: Calls
    gates: Gates
    attempt_id: str
    conversation_id: str
    on_spent: Callable[[Usage, Cost], None]
    """Told after the end of each call was stored."""
    on_wait: Callable[[str], None]
    """Told, for a person, why a call has to wait."""
    purse: Purse | None = None
    replay: bool = False
    """The attempt was begun before: calls that finished then are answered from the journal."""
    hub: Hub | None = None
    """Who looks at the conversation while it goes on."""
    on_ended: Callable[[Write[None], Callable[[], None]], None] | None = None
    """Takes the end of each call, and what is to be told of it when that is stored; it sees to a store that fails.
    None: an answer is given when it is stored."""
    replayed: int | None = 0
    """How many calls were answered from the journal; None since one was made."""
    _said: list[Message] = field(default_factory=list[Message])
    """Messages of this conversation that are stored already."""
    _asked: dict[str, int] = field(default_factory=dict[str, int])
    """How often each request was made, by its hash."""

    async def call(
        self, role: Role, route: Route, prompt: Prompt, request: Request, on_delta: Callable[[str], None]
    ) -> str:
        """The whole answer. Raises ProviderError, StoreError, or AnswerUnusableError for a refused or cut answer."""
        return (await self.answer(role, route, prompt, request, on_delta))[0]

    async def answer(
        self, role: Role, route: Route, prompt: Prompt, request: Request, on_delta: Callable[[str], None]
    ) -> tuple[str, Finished]:
        """The whole answer and how it ended. Raises as `call` does, and BudgetError."""
        given = request_hash(request)
        if self.replay and (found := await self._finished(given, request)):
            if self.replayed is not None:
                self.replayed += 1
            self._refuse_unfinished(found[1].reason, found[0])
            return found
        self.replayed = None
        settle = await self.purse.reserve(route, request) if self.purse else _nothing
        paid: Cost = Decimal(0)
        try:
            async with self.gates.of(route.provider.name).turn(self.on_wait) as turn:
                step = await self._begin(role, route, prompt, request, given)
                partial = _Partial(self.store, self.runner.beat, step.step_id)
                ending: dict[str, Any] = {"state": StepState.CANCELLED, "error": "cancelled", "usage": Usage()}
                started = step.started
                try:
                    await turn.send()
                    started = time.time()
                    partial.begin()
                    self._show(step, partial)
                    ending["usage"] = None  # from here on it may be paid
                    finished = await self._stream(route, request, step.step_id, partial, on_delta)
                    ending = {
                        "state": StepState.COMPLETED,
                        "raw_answer": finished.raw,
                        "finish": _finish_as_json(finished),
                        "usage": finished.usage,
                        "ended": time.time(),
                    }
                    turn.end()
                    await self.runner.beat.together()
                except OrchestratorError as error:
                    ending = {"state": StepState.FAILED, "error": str(error), "raw_answer": partial.text}
                    if not (partial.begun or isinstance(error, AnswerCutError)):
                        ending["usage"] = Usage()  # it was refused, so it is not paid
                    raise
                finally:
                    partial.end()
                    usage = ending.get("usage") or _sent(request, partial)
                    paid = route.cost(usage)
                    ended = altered(
                        step, **{"ended": time.time(), **ending, "started": started, "usage": usage, "cost": paid}
                    )
                    await self._stored(*self._end(ended, partial.text, partial.thoughts))
        finally:
            settle(paid)
        self._asked[given] = self._asked.get(given, 0) + 1
        self._refuse_unfinished(finished.reason, partial.text)
        return partial.text, finished

    async def note_decision(self, provider: str, model: str, question: str, answer: str) -> None:
        """Record a step that no model was asked for."""
        now = time.time()
        step = Step(record_id("step"), self.attempt_id, Role.DECIDE, provider, model, "", "", now)
        await self.store.begin_step(step, [self._message(Message(Speaker.USER, question), step.step_id)])
        ending = altered(step, state=StepState.COMPLETED, raw_answer=answer, cost=Decimal(0), ended=time.time())
        await self._stored(*self._end(ending, answer))

    async def _finished(self, given: str, request: Request) -> tuple[str, Finished] | None:
        """What the journal has for this request, if this is not one more of the same."""
        asked = self._asked.get(given, 0)
        found = await self.store.finished_call(self.attempt_id, given, asked)
        if found is None:
            return None
        self._asked[given] = asked + 1
        step, text = found
        system = [Message(Speaker.SYSTEM, request.system)] if request.system else []
        self._said.extend(message for message in (*system, *request.messages) if message not in self._said)
        finished = _finish_from(step)
        self._said.append(Message(Speaker.ASSISTANT, text, finished.calls, echo=finished.echo))
        return text, finished

    async def _begin(self, role: Role, route: Route, prompt: Prompt, request: Request, given: str) -> Step:
        now = time.time()
        await self.store.keep_prompt(prompt.name, prompt.version, prompt.text, now, prompt.origin)
        step = Step(
            step_id=record_id("step"),
            attempt_id=self.attempt_id,
            role=role,
            provider=route.provider.name,
            model=route.model,
            prompt=prompt.name,
            prompt_version=prompt.version,
            started=now,
            repair=prompt.name == "repair",  # examples have turns of the assistant too
            request_hash=given,
            usage=Usage(estimate_request(request), estimated=True),  # what a crash leaves behind was sent, and is paid
        )
        system = [Message(Speaker.SYSTEM, request.system)] if request.system else []
        news = [message for message in (*system, *request.messages) if message not in self._said]
        stored = [self._message(message, step.step_id) for message in news]
        await self.store.begin_step(step, stored)
        self._said.extend(news)
        if (hub := self._heard()) is not None:
            for one in stored:
                hub.tell(self.conversation_id, one.message_id, Said(one))
        return step

    def _end(self, ending: Step, text: str, thoughts: str = "") -> tuple[Write[None], Callable[[], None]]:
        """Queue it; what is to be told of it when it is stored."""
        message = Message(Speaker.ASSISTANT, text)
        answer = None
        if text:
            answer = self._message(message, ending.step_id, answer_id(ending.step_id), thoughts=thoughts)
        self._said.append(message)

        def tell() -> None:
            if self.hub is not None:
                how = _ENDINGS.get(ending.state, Ending.ERROR)
                self.hub.end(self.conversation_id, answer_id(ending.step_id), how, ending.error)
            self.on_spent(ending.usage, ending.cost)

        return self.store.end_step(ending, answer), tell

    async def _stored(self, stored: Write[None], tell: Callable[[], None]) -> None:
        if self.on_ended is not None:
            self.on_ended(stored, tell)
        else:
            await stored
            tell()

    async def _stream(
        self, route: Route, request: Request, step_id: str, partial: _Partial, on_delta: Callable[[str], None]
    ) -> Finished:
        tries = count(1)

        gate = self.gates.of(route.provider.name)

        def on_retry(error: ProviderError, delay: float) -> None:
            if isinstance(error, RateLimitedError):
                gate.hold_off(delay)
            self.on_wait(f"{error.message} Trying again in {ceil(delay)} s ({next(tries)} of {self.calls.retries}).")

        silence = self.calls.timeout * SILENCE_FACTOR
        events = stream_with_retries(route.provider, request, self.calls.retries, on_retry, silence)
        answer = answer_id(step_id)
        async with aclosing(events):
            async for event in events:
                if isinstance(event, TextDelta):
                    partial.add(event.text)
                    if partial.length > LONGEST:
                        raise AnswerMalformedError(
                            f"{route.name} answered without an end; it was stopped after {LONGEST:,} characters.",
                            hint="Choose another model.",
                        )
                    if (hub := self._heard()) is not None:
                        hub.tell(self.conversation_id, answer, Text(event.text))
                    on_delta(event.text)
                elif isinstance(event, ToolCallDelta):
                    partial.tools += event.name + event.arguments
                elif isinstance(event, ThoughtDelta):
                    partial.thoughts += event.text
                    if (hub := self._heard()) is not None:
                        hub.tell(self.conversation_id, answer, Thought(event.text))
                else:
                    gate.succeeded()
                    return event
        raise AnswerCutError(f"{route.name} stopped in the middle of its answer.", hint="Try again.")

    def _heard(self) -> Hub | None:
        """The hub, where somebody looks at the conversation now."""
        hub = self.hub
        return hub if hub is not None and hub.heard(self.conversation_id) else None

    def _show(self, step: Step, partial: _Partial) -> None:
        """To whoever looks: an answer begins."""
        if self.hub is not None:
            message_id, begun = answer_id(step.step_id), time.time()

            def written() -> StoredMessage:
                said = Message(Speaker.ASSISTANT, partial.text)
                shown = self._message(said, step.step_id, message_id, Ending.OPEN, partial.thoughts)
                return altered(shown, created=begun)

            self.hub.begin(self.conversation_id, message_id, written)

    def _message(
        self,
        message: Message,
        step_id: str,
        message_id: str = "",
        ending: Ending = Ending.END,
        thoughts: str = "",
    ) -> StoredMessage:
        return StoredMessage(
            message_id or record_id("msg"),
            self.conversation_id,
            message.speaker,
            transcript(message),
            time.time(),
            step_id,
            ending=ending,
            thoughts=thoughts,
        )

    @staticmethod
    def _refuse_unfinished(reason: FinishReason, text: str) -> None:
        if reason is FinishReason.MAX_TOKENS:
            raise AnswerUnusableError(
                "The model's answer was longer than it may be, and is cut off.",
                hint="Split a smaller task, or use a stronger model.",
                raw=text,
                cut=True,
            )
        if reason is FinishReason.REFUSAL:
            raise AnswerUnusableError(
                "The model refused to answer.", hint="Word the task differently, or use another model.", raw=text
            )


def answer_id(step_id: str) -> str:
    """The message that answers a step: known before it is stored, in every process."""
    return f"msg_{step_id.removeprefix('step_')}"


_ENDINGS = {StepState.COMPLETED: Ending.END, StepState.CANCELLED: Ending.CANCELLED}


def request_hash(request: Request) -> str:
    """The same for the same question in every process, whichever model stands in for another."""
    said = [(each.speaker, each.text, _as_dicts(each.calls), _as_dicts(each.results)) for each in request.messages]
    shape = request.schema.name if request.schema else ""
    tools = [tool.name for tool in request.tools] if request.tools else []
    rest = (request.max_tokens, shape, request.grammar, request.stop, request.temperature, tools)
    digest = _begun_with(request.system).copy()
    digest.update(f", {_as_ascii(said)}, {_as_ascii(rest)}]".encode())
    return digest.hexdigest()


def _as_dicts(records: Sequence[ToolCall] | Sequence[ToolResult]) -> list[dict[str, Any]]:
    return [asdict(one) for one in records] if records else []


@lru_cache(maxsize=32)
def _begun_with(system: str) -> Any:
    """Most requests of a run begin alike."""
    return hashlib.sha256(f"[{_as_ascii(system)}".encode())


_as_ascii = json_text.writer()


def _finish_as_json(finished: Finished) -> str:
    return _as_json({"reason": finished.reason, "calls": _as_dicts(finished.calls), "echo": finished.echo})


_as_json = json_text.writer(ensure_ascii=False)


def _finish_from(step: Step) -> Finished:
    stored = json.loads(step.finish)
    calls = tuple(ToolCall(**call) for call in stored["calls"])
    return Finished(FinishReason(stored["reason"]), step.usage, step.raw_answer, calls, stored["echo"])


def _sent(request: Request, partial: _Partial) -> Usage:
    """Of a call that broke off: what was sent and written is paid."""
    return estimated_usage(request, partial.text + partial.tools + partial.thoughts)


def _nothing(_paid: Cost) -> None:
    """Nobody counts."""


def conversation_of(user: str, *turns: tuple[str, str]) -> tuple[Message, ...]:
    """A user's message, then pairs of the model's answer and what the user said to it."""
    messages = [Message(Speaker.USER, user)]
    for answer, reply in turns:
        messages += [Message(Speaker.ASSISTANT, answer), Message(Speaker.USER, reply)]
    return tuple(messages)


def spent(items: Sequence[tuple[Usage, Cost]]) -> tuple[Usage, Cost]:
    """The sum over calls; an unknown cost makes the sum unknown."""
    usage: Usage = Usage()
    total: Cost = Decimal(0)
    for part, price in items:
        usage, total = usage + part, add_costs(total, price)
    return usage, total
