"""A conversation in which a model asks for tools until it calls `finish`: bounded, journaled, open to corrections.

Apart from the executors because the three that use tools differ in their prompt, their tools and what they do at the
end, and in nothing of this.

Everything that a tool came to goes through `Hands.once` or the hands' own journal, so that after a crash the same
conversation is built again without doing anything twice.

Invariant: a conversation ends, whatever the model does (test_a_model_that_never_finishes_is_stopped).
Invariant: after a restart nothing is done twice and the requests are the same (test_a_restart_repeats_nothing).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.engine import context
from orchestrator.engine.executors import Answer, Hands, TaskContext
from orchestrator.engine.prompting import Prompt
from orchestrator.engine.routing import Route
from orchestrator.engine.tools import Once, Output, Tool, Toolbox
from orchestrator.engine.tools.draft import Draft
from orchestrator.errors import AnswerCutError, AnswerUnusableError, ConfigError
from orchestrator.model.message import Message, Role, Speaker, ToolCall, ToolResult
from orchestrator.model.safe_text import one_line
from orchestrator.providers.base import Request

MAX_TOKENS = 8_192
"""Of one answer: a new file of six hundred lines. It is reserved in money for each call, so it is no more than that."""
MOST_SILENT = 2
"""Answers in a row without any tool call, before what was said counts as the end."""
MOST_CUT = 2
_TOO_LONG = (
    "That answer was too long and was cut off; nothing of it was done. Do less at once: smaller edits, one file."
)
_FINISH_NOW = "This is your last answer: call finish now, with what you have."
_CALL_FINISH = "Call finish when the task is done, or a tool to go on."


@dataclass(frozen=True, slots=True)
class Ended:
    """How a conversation ended."""

    arguments: dict[str, Any]
    """Of `finish`; empty when it was never called."""
    failed: str = ""
    """Why it ended without `finish`, for a person."""


class ToolLoop:
    """One conversation of one attempt; `run` may be called again to go on in it."""

    def __init__(self, prompt: str, task: TaskContext, hands: Hands, draft: Draft, tools: Iterable[Tool]) -> None:
        self._prompt: Prompt = hands.prompt(prompt)
        self._task = task
        self._hands = hands
        self._draft = draft
        self._toolbox = Toolbox(tools)
        self._messages: list[Message] = []
        self._system = ""
        self._turn = 0
        self._used = 0
        self._corrections: list[str] = []
        """Said already."""
        self._cut = 0
        """Answers that were too long."""

    async def run(self, news: str = "") -> Ended:
        """Until `finish`. `news` is what the model has to know since the last time, or besides the brief."""
        await self._say(news)
        silent = 0
        while True:
            ended = await self._next()
            if isinstance(ended, Ended):
                return ended
            silent = 0 if ended else silent + 1
            if silent == MOST_SILENT:
                text = next((m.text for m in reversed(self._messages) if m.speaker is Speaker.ASSISTANT and m.text), "")
                return Ended(
                    {}, failed=f"The model stopped using tools and did not finish. It said: {text[:500]}".strip()
                )

    async def _next(self) -> bool | Ended:
        """One answer and what its tools came to; whether there were any."""
        settings = self._hands.settings.tools
        if self._turn >= settings.turns:
            return Ended({}, failed=f"It was not done after {settings.turns} answers (setting tools.turns).")
        if self._used >= settings.tokens:
            return Ended({}, failed=f"It was not done after {self._used:,} tokens (setting tools.tokens).")
        self._turn += 1
        try:
            answer = await self._call()
        except AnswerUnusableError as error:
            if not error.cut or self._cut == MOST_CUT:
                raise
            self._cut += 1
            self._messages.append(Message(Speaker.ASSISTANT, error.raw.strip() or "(cut off)"))
            await self._say(_TOO_LONG)
            return True
        self._used += answer.finished.usage.input_tokens + answer.finished.usage.output_tokens
        calls = self._named(answer.finished.calls)
        self._messages.append(Message(Speaker.ASSISTANT, answer.text, calls, echo=answer.finished.echo))
        results, finished = await self._answers(calls)
        if finished is not None:  # what the person says now no call has shown: it comes with the next news, or too late
            self._messages.append(Message(Speaker.USER, "", results=results))
            return Ended(finished)
        last = _FINISH_NOW if self._turn == settings.turns - 1 else ""
        await self._say(last if calls else last or _CALL_FINISH, results)
        return bool(calls)

    async def _call(self) -> Answer:
        """An answer that broke off is asked for again: nothing of it was acted on, so nothing has to be taken back."""
        left = self._hands.settings.calls.retries
        while True:
            try:
                return await self._hands.call(Role.EXECUTE, self._request)
            except AnswerCutError as error:
                if left == 0:
                    raise
                left -= 1
                self._hands.tell(f"{error.message} Asking again.")

    def _named(self, calls: tuple[ToolCall, ...]) -> tuple[ToolCall, ...]:
        """With ids that differ from all before: a server may begin at the same one in each answer."""
        used = {call.call_id for message in self._messages for call in message.calls}
        return tuple(
            replace(call, call_id=f"{call.call_id[:48]}_t{self._turn}") if call.call_id in used else call
            for call in calls
        )

    async def _answers(self, calls: tuple[ToolCall, ...]) -> tuple[tuple[ToolResult, ...], dict[str, Any] | None]:
        """In the order in which they stand; what stands behind a `finish` is not done any more."""
        results: list[ToolResult] = []
        finished: dict[str, Any] | None = None
        for number, call in enumerate(calls, 1):
            if finished is not None:
                results.append(ToolResult(call.call_id, "Not done: you had finished.", failed=True))
                continue
            place = f"{self._turn}.{number}"
            output = await self._toolbox.answer(call, place, self._once(place, call))
            self._draft.record(output.changes)
            finished = output.finished
            results.append(ToolResult(call.call_id, output.text, output.failed))
            self._hands.tell(_summary(call, output))
        return tuple(results), finished

    def _once(self, place: str, call: ToolCall) -> Once:
        given = {"place": place, "tool": call.name, "arguments": call.arguments}

        async def once(work: Callable[[], Awaitable[Any]]) -> Any:
            return await self._hands.once("tool", given, work)

        return once

    async def _say(self, text: str, results: tuple[ToolResult, ...] = ()) -> None:
        """The next message of the user: results, then what the person said meanwhile, then ours."""
        fresh = await self._new_corrections()
        notes = "\n\n".join(
            part for part in (*(f"A person says about this task: {said}" for said in fresh), text) if part
        )
        if not self._messages:
            brief = context.as_text(self._task.brief.without_siblings())
            self._system, first = self._prompt.render(context=brief, notes=notes)
            self._messages.append(Message(Speaker.USER, first))
            return
        last = self._messages[-1]
        if last.speaker is Speaker.USER:  # going on after `finish`: speakers take turns
            self._messages[-1] = Message(last.speaker, f"{last.text}\n\n{notes}".strip(), results=last.results)
            return
        self._messages.append(Message(Speaker.USER, notes, results=results))

    async def _new_corrections(self) -> list[str]:
        """Those that came since the last look; journaled, so that a restart says the same at the same place."""

        async def look() -> list[str]:
            return [said for said in self._hands.corrections() if said not in self._corrections]

        fresh = await self._hands.once("corrections", {"turn": self._turn, "messages": len(self._messages)}, look)
        self._corrections += fresh
        return list(fresh)

    def _request(self, route: Route) -> tuple[Prompt, Request]:
        if not route.provider.capabilities.tools:
            raise ConfigError(
                f"{route.label} cannot use tools, and this task needs them.",
                hint="Give it a larger model with the field `model`, or remove the field `executor`.",
            )
        messages = tuple(self._messages)
        return self._prompt, Request(route.model, self._system, messages, MAX_TOKENS, tools=self._toolbox.specs)


def _summary(call: ToolCall, output: Output) -> str:
    """One line for whoever watches."""
    return f"{one_line(call.name, 64)} {one_line(call.arguments, 120)}{': failed' if output.failed else ''}"
