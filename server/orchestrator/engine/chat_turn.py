"""One answer in a conversation: from its place on the branch to its end in the store, whatever ends it.

Apart from `chat`, which decides what is answered, and from `calls`, whose calls may be answered from the journal: here
each call is new, its text belongs to a message that is there from the start, and what a person stops is kept.

Invariant: whatever ends an answer (end, error, cancellation), its message has an ending and its text in the store
(test_cancel_keeps_the_text, test_an_error_keeps_the_text).
Invariant: streamed text is stored at most FLUSH_SECONDS later (test_kill_in_the_middle_of_an_answer).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any, cast

from orchestrator.engine import chat_request, context
from orchestrator.engine.attachments import attachments
from orchestrator.engine.calls import FLUSH_SECONDS, SILENCE_FACTOR
from orchestrator.engine.chat_updates import Hub, Noted, Text, Thought, ToolCalled, ToolResulted, Used
from orchestrator.engine.context import Brief, build_brief
from orchestrator.engine.editor import Holder
from orchestrator.engine.executors.workbench import ripgrep
from orchestrator.engine.gates import elsewhere
from orchestrator.engine.money import Ledger, budget_of
from orchestrator.engine.prompt_library import PromptLibrary, allowed_by
from orchestrator.engine.prompt_set import PromptSet
from orchestrator.engine.prompting import Prompt
from orchestrator.engine.purse import set_aside
from orchestrator.engine.routing import Asker, Route
from orchestrator.engine.split import Means
from orchestrator.engine.tools import Toolbox
from orchestrator.engine.tools.draft import Draft
from orchestrator.engine.tools.looking import looking_tools
from orchestrator.engine.tools.search import Search
from orchestrator.engine.workspace_files import WorkspaceFiles
from orchestrator.errors import (
    AnswerCutError,
    AnswerMalformedError,
    ConfigError,
    OrchestratorError,
    ProviderError,
    RateLimitedError,
    StoreError,
)
from orchestrator.model.ids import record_id
from orchestrator.model.message import Message, Role, Speaker, ToolCall, ToolResult
from orchestrator.model.run import (
    Conversation,
    Ending,
    RunState,
    Step,
    StepState,
    StoredMessage,
    ToolUse,
)
from orchestrator.model.task import DEFAULT_EXECUTOR
from orchestrator.model.usage import Cost, Usage
from orchestrator.outline import inherited
from orchestrator.outline.tree import Outline, Task
from orchestrator.providers.base import Finished, FinishReason, Request, TextDelta, ThoughtDelta, ToolCallDelta
from orchestrator.providers.retrying import stream_with_retries
from orchestrator.providers.tokens import estimate, estimated_usage
from orchestrator.providers.windows import window
from orchestrator.store.leases import HEARTBEAT_SECONDS
from orchestrator.store.store import Store

LONGEST = 20_000_000
"""Characters of an answer, and of its thoughts: a model that writes more has lost its end."""
ALIASES = ("fast", "balanced", "strong")
TOOL_TURNS = 20
"""Answers with tool calls that one message may take."""
SHOWN_RESULT = 4_000
"""Characters of a tool's result that are kept with the message."""
_ENDINGS = {
    FinishReason.END: Ending.END,
    FinishReason.TOOL_CALLS: Ending.END,
    FinishReason.MAX_TOKENS: Ending.MAX_TOKENS,
    FinishReason.REFUSAL: Ending.REFUSAL,
}
_STATES = {
    Ending.CANCELLED: RunState.CANCELLED,
    Ending.INTERRUPTED: RunState.CANCELLED,
    Ending.ERROR: RunState.FAILED,
}


@dataclass(frozen=True, slots=True)
class Subject:
    """The task as it stands now."""

    brief: Brief
    uses_files: bool
    """Whether its executor reads the workspace: then the model may look at files, as in a run of it."""
    ledger: Ledger
    accounts: tuple[str, ...]
    alias: str = ""
    """The model that the task names."""


async def look_at(holder: Holder, conversation: Conversation, folder: Path, stored_brief: Brief | None) -> Subject:
    """The task of a conversation. One that is gone is known by what it said when it was last talked about."""
    view = await holder.look()
    found = view.outline.by_id(conversation.task_id) if conversation.task_id else ()
    if len(found) != 1:
        brief = stored_brief or Brief(conversation.title)
        return Subject(brief, uses_files=False, ledger=Ledger(_run_budget(view.outline)), accounts=())
    task = found[0]
    brief = build_brief(view.outline, task, siblings=False)
    if named := task.fields.get("files", ""):
        brief = replace(brief, files=await asyncio.to_thread(attachments, named, holder.uri, folder))
    ledger, accounts = _ledger(view.outline, task)
    executor = inherited.value(view.outline, task, "executor") or DEFAULT_EXECUTOR
    alias = inherited.value(view.outline, task, "model") or ""
    if alias and alias not in ALIASES:
        raise ConfigError(
            f"“{task.title}” names the model “{alias}”.", hint=f"A file may only name {', '.join(ALIASES)}."
        )
    return Subject(brief, executor != DEFAULT_EXECUTOR, ledger, accounts, alias)


async def prompts_in_force(means: Means, store: Store, folder: Path) -> PromptSet:
    """What a person made of the prompts that ship."""
    library = PromptLibrary(store, means.config_folder)
    return await library.in_force(folder, allowed_by(means.router.trust, folder))


def _ledger(outline: Outline, task: Task) -> tuple[Ledger, tuple[str, ...]]:
    """What the front matter and the fields `budget` of the task and those above it allow, as for a run."""
    ledger = Ledger(_run_budget(outline))
    accounts: list[str] = []
    for one in (task, *outline.ancestors(task)):
        if (limit := budget_of(one.fields)) is not None:
            key = one.task_id or f"line {one.line}"
            ledger.add_budget(key, limit, one.title)
            accounts.append(key)
    return ledger, tuple(accounts)


def _run_budget(outline: Outline) -> Decimal | None:
    """What the front matter lets a run spend."""
    defaults: object = outline.front_matter.settings.get("defaults")
    written = cast("Mapping[str, Any]", defaults).get("budget") if isinstance(defaults, Mapping) else None
    return budget_of({"budget": str(written)}) if isinstance(written, (int, float, str)) else None


@dataclass(slots=True)
class Grown:
    """A text that comes in pieces."""

    pieces: list[str] = field(default_factory=list[str])
    length: int = 0
    stored: int = 0
    """How much of it is in the store."""

    def add(self, text: str) -> None:
        self.pieces.append(text)
        self.length += len(text)

    @property
    def text(self) -> str:
        if len(self.pieces) > 1:
            self.pieces = ["".join(self.pieces)]
        return self.pieces[0] if self.pieces else ""


@dataclass(slots=True)
class Written:
    """What there is of the answer."""

    answer: Grown = field(default_factory=Grown)
    thoughts: Grown = field(default_factory=Grown)
    tools: str = ""
    uses: list[ToolUse] = field(default_factory=list[ToolUse])

    @property
    def nothing(self) -> bool:
        return not (self.answer.length or self.uses)


class Turn:
    """Writes `message`, which the store has already, as the answer to its parent."""

    def __init__(
        self,
        means: Means,
        hub: Hub,
        store: Store,
        conversation: Conversation,
        run_id: str,
        attempt_id: str,
        message: StoredMessage,
        subject: Subject,
        asker: Asker,
        *,
        merges: str = "",
    ) -> None:
        """`merges`: the last message of a branch of another conversation, which this answer is to sum up."""
        self._means = means
        self._hub = hub
        self._store = store
        self._conversation = conversation
        self._run_id = run_id
        self._attempt_id = attempt_id
        self._message = message
        self._subject = subject
        self._asker = asker
        self._merges = merges
        self._written = Written()
        self._step: Step | None = None
        self._stopped = ""
        self._stands_in: list[str] = []
        """Why another model answers than the one that was asked first."""
        self.ended = asyncio.Event()

    @property
    def message_id(self) -> str:
        return self._message.message_id

    @property
    def key(self) -> str:
        """Of its task in the runner."""
        return f"chat:{self._message.message_id}"

    def begin(self) -> None:
        self._hub.begin(self._message.conversation_id, self._message.message_id, self._as_written)

    def stop(self, reason: str = "user") -> None:
        """Keep what there is, and write no more."""
        self._stopped = self._stopped or reason
        self._means.runner.cancel(self.key)

    async def work(self) -> None:
        """The outermost frame."""
        ending, reason = Ending.INTERRUPTED, ""
        try:
            async with self._means.runner.beside(self._keep()):
                ending = await self._answer()
        except asyncio.CancelledError:
            ending = Ending.CANCELLED if self._stopped else Ending.INTERRUPTED
            reason = "" if self._stopped else "the program ended"
            raise
        except OrchestratorError as error:
            ending, reason = Ending.ERROR, str(error)
        except Exception as error:
            ending = Ending.ERROR
            reason = f"Orchestrator has a bug here ({type(error).__name__}). See the log."
            raise
        finally:
            await self._end(ending, reason)

    async def _answer(self) -> Ending:
        """Of the first model that begins one: what a person has read of an answer is not begun anew by another."""
        broke: ProviderError | None = None

        async def work(route: Route) -> Ending:
            nonlocal broke
            try:
                return await self._answer_of(route)
            except ProviderError as error:
                if self._written.nothing:
                    await self._store_step()
                    raise
                if elsewhere(error):
                    self._means.gates.of(route.provider.name).failed(error)
                broke = error
                return Ending.ERROR

        router = self._means.router
        ending = await router.answered(
            lambda without: router.route(Role.CHAT, self._asker, without), work, self._stands_in.append
        )
        if broke is not None:
            raise broke
        return ending

    async def _answer_of(self, route: Route) -> Ending:
        if self._stands_in:
            self._tell(Noted(f"{route.label} answers. {' '.join(self._stands_in)}", lasting=True))
        else:
            self._note(route.label)
        known = await asyncio.to_thread(window, route.provider.name, route.model, self._means.settings)
        toolbox = await self._toolbox(route)
        prompt, request = await self._request(route, known, toolbox)
        for _ in range(TOOL_TURNS):
            finished, text = await self._call(route, prompt, request)
            if finished.reason is not FinishReason.TOOL_CALLS or toolbox is None:
                return _ENDINGS[finished.reason]
            results = [await self._use(toolbox, call) for call in finished.calls]
            said = Message(Speaker.ASSISTANT, text, finished.calls, echo=finished.echo)
            asked = Message(Speaker.USER, "", results=tuple(results))
            request = replace(request, messages=(*request.messages, said, asked))
        return Ending.MAX_TOKENS

    async def _request(self, route: Route, known: int | None, toolbox: Toolbox | None) -> tuple[Prompt, Request]:
        brief = self._subject.brief
        leaf = self._merges or self._message.parent_id
        room = (known or chat_request.ASSUMED_WINDOW) // 2 + 64  # more messages than tokens never fit
        branch = await self._store.message_branch(leaf, room) if leaf else []
        messages = [replace(message, text=text) for message, text in branch]
        prompts = await prompts_in_force(self._means, self._store, self._asker.folder)
        for note in prompts.notes:
            self._note(note)
        if self._merges:
            return chat_request.merge_request(prompts, route, brief, messages, known)
        return chat_request.chat_request(prompts, route, brief, messages, known, toolbox.specs if toolbox else ())

    async def _toolbox(self, route: Route) -> Toolbox | None:
        """The model may look at files where a run of this task would let it."""
        if not self._subject.uses_files or not route.provider.capabilities.tools or self._merges:
            return None
        folder, settings = self._asker.folder, self._means.settings
        find = partial(ripgrep, folder, os.environ, tuple(settings.tools.programs))
        search = Search(await asyncio.to_thread(find))
        return Toolbox(looking_tools(Draft(WorkspaceFiles(folder)), search))

    async def _use(self, toolbox: Toolbox, call: ToolCall) -> ToolResult:
        output = await toolbox.answer(call)
        shown = output.text[:SHOWN_RESULT]
        self._written.uses.append(ToolUse(call.call_id, call.name, call.arguments, shown, output.failed))
        self._tell(ToolResulted(call.call_id, shown, output.failed))
        return ToolResult(call.call_id, output.text, output.failed)

    async def _call(self, route: Route, prompt: Prompt, request: Request) -> tuple[Finished, str]:
        settle = await set_aside(self._subject.ledger, self._subject.accounts, route, request)
        paid: Cost = Decimal(0)
        try:
            async with self._means.gates.of(route.provider.name).enter(self._note):
                step = await self._begin_step(route, prompt)
                written = self._written
                before, tools, thought = written.answer.length, len(written.tools), written.thoughts.length
                ending = replace(step, state=StepState.CANCELLED, error="cancelled")
                try:
                    finished = await self._stream(route, request)
                    ending = replace(
                        step,
                        state=StepState.COMPLETED,
                        raw_answer=finished.raw,
                        finish=finished.reason.value,
                        usage=finished.usage,
                    )
                except OrchestratorError as error:
                    ending = replace(step, state=StepState.FAILED, error=str(error))
                    raise
                finally:
                    if ending.state is not StepState.COMPLETED:
                        came = written.answer.text[before:] + written.tools[tools:]
                        usage = estimated_usage(request, came + written.thoughts.text[thought:])
                        begun = came or written.thoughts.length > thought
                        ending = replace(ending, usage=usage if begun else Usage(), raw_answer=came)
                    paid = route.cost(ending.usage)
                    self._step = replace(ending, cost=paid, ended=time.time())
                text = written.answer.text[before:]
        finally:
            settle(paid)
        self._tell(Used(route.name, finished.usage, paid))
        if finished.reason is FinishReason.TOOL_CALLS:
            await self._store_step()
        return finished, text

    async def _store_step(self) -> None:
        """The end of a call that another one follows."""
        if self._step is not None:
            await self._store.end_step(self._step, None)
            self._step = None

    async def _begin_step(self, route: Route, prompt: Prompt) -> Step:
        now = time.time()
        await self._store.keep_prompt(prompt.name, prompt.version, prompt.text, now, prompt.origin)
        step = Step(
            step_id=record_id("step"),
            attempt_id=self._attempt_id,
            role=Role.CHAT,
            provider=route.provider.name,
            model=route.model,
            prompt=prompt.name,
            prompt_version=prompt.version,
            started=now,
        )
        await self._store.begin_call(step, self._message.message_id, context.as_json(self._subject.brief))
        self._step = step
        self._written.answer.stored = 0
        return step

    async def _stream(self, route: Route, request: Request) -> Finished:
        calls = self._means.settings.calls

        gate = self._means.gates.of(route.provider.name)

        def on_retry(error: ProviderError, delay: float) -> None:
            if isinstance(error, RateLimitedError):
                gate.hold_off(delay)
            self._note(f"{error.message} Trying again in {ceil(delay)} s.")

        events = stream_with_retries(route.provider, request, calls.retries, on_retry, calls.timeout * SILENCE_FACTOR)
        async with aclosing(events):
            async for event in events:
                if isinstance(event, TextDelta):
                    self._written.answer.add(event.text)
                    self._tell(Text(event.text))
                    self._refuse_endless(route, self._written.answer)
                elif isinstance(event, ThoughtDelta):
                    self._written.thoughts.add(event.text)
                    self._tell(Thought(event.text))
                    self._refuse_endless(route, self._written.thoughts)
                elif isinstance(event, ToolCallDelta):
                    self._written.tools += event.name + event.arguments
                else:
                    gate.succeeded()
                    for call in event.calls:
                        self._tell(ToolCalled(call.call_id, call.name, call.arguments))
                    return event
        raise AnswerCutError(f"{route.name} stopped in the middle of its answer.", hint="Try again.")

    def _refuse_endless(self, route: Route, grown: Grown) -> None:
        if grown.length > LONGEST:
            raise AnswerMalformedError(
                f"{route.name} wrote without an end; it was stopped after {LONGEST:,} characters, which are kept.",
                hint="Choose another model.",
            )

    def _as_written(self) -> StoredMessage:
        return replace(self._message, text=self._written.answer.text, thoughts=self._written.thoughts.text)

    async def _keep(self) -> None:
        """Store the text while it streams, and say that somebody is at work on it."""
        due = time.monotonic() + HEARTBEAT_SECONDS
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self._store_written()
            except StoreError:
                self.stop("deleted")  # by another program, or the disk is full: the end will tell
            if time.monotonic() >= due:
                due = time.monotonic() + HEARTBEAT_SECONDS
                await self._store.renew_lease([self._run_id], time.time())

    async def _store_written(self) -> None:
        answer, thoughts = self._written.answer, self._written.thoughts
        if self._step is not None and self._step.ended is None and answer.length > answer.stored:
            answer.stored = answer.length
            await self._store.store_partial(self._step.step_id, answer.text)
        if thoughts.length > thoughts.stored:
            thoughts.stored = thoughts.length
            await self._store.keep_thoughts(self.message_id, thoughts.text)

    async def _end(self, ending: Ending, reason: str) -> None:
        """Store the end, then show it."""
        text = self._written.answer.text
        message = replace(
            self._as_written(),
            ending=ending,
            reason=reason,
            tokens=self._message.tokens + estimate(text),
            tools=tuple(self._written.uses),
        )
        step = self._step
        if step is not None and step.ended is None:
            step = replace(step, state=StepState.FAILED, error=reason or "cancelled", ended=time.time())
        state = _STATES.get(ending, RunState.COMPLETED)
        try:
            await self._store.end_turn(message, step, state, time.time())
            if self._merges and ending is Ending.END:
                await self._store.set_merged(self._conversation.conversation_id, text)
        finally:
            self._hub.end(self._conversation.conversation_id, message.message_id, ending, reason)
            self.ended.set()

    def _note(self, text: str) -> None:
        self._tell(Noted(text))

    def _tell(self, update: Text | Thought | ToolCalled | ToolResulted | Noted | Used) -> None:
        self._hub.tell(self._conversation.conversation_id, self._message.message_id, update)
