"""Conversations between a person and a model: one task each, outside of runs, and a look at those of runs.

Apart from the runs because here a person has every second word. A conversation is a run of its own kind with one
attempt, so that money, leases and what happens after a crash are those of runs; it is stored with its first message,
not for looking. A message to an attempt under way is a correction for its next step; after its end it forks it.

Longer than most files here, because it is all that an edge asks of conversations, over one table of turns; what can
stand by itself does: requests, turns, attachments and updates (`chat_*.py`).

Invariant: nothing that was said is taken away: a fork leaves the old tail as a branch (test_a_fork_keeps_the_old_tail).
Invariant: of two messages sent at once one is answered and one refused, and none is lost (test_interleaved_sends).
Invariant: a conversation belongs to its task by id, whatever is edited (test_edits_leave_the_conversation_attached).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator.engine import context
from orchestrator.engine.chat_attach import Wanted, attached
from orchestrator.engine.chat_request import Size, brief_tokens, chat_request, size_of, tokens_of
from orchestrator.engine.chat_turn import Subject, Turn, look_at, prompts_in_force
from orchestrator.engine.chat_updates import Deleted, Hub, Noted, Said, Turned, Used
from orchestrator.engine.editor import Holder, Person, Target
from orchestrator.engine.heartbeat import HEARD
from orchestrator.engine.new_ids import id_source, require_no_misplaced_id
from orchestrator.engine.prompting import Prompt
from orchestrator.engine.routing import Asker, candidates
from orchestrator.engine.run import BranchRun
from orchestrator.engine.split import APPLY_TRIES, Means
from orchestrator.errors import EditRefusedError, FileError, OrchestratorError, ProtocolError
from orchestrator.model.ids import record_id
from orchestrator.model.message import Role, Speaker
from orchestrator.model.run import (
    Attempt,
    AttemptState,
    Conversation,
    ConversationKind,
    Ending,
    Run,
    RunKind,
    RunState,
    StoredMessage,
)
from orchestrator.model.usage import Bill
from orchestrator.outline.outcome import give_ids
from orchestrator.providers import registry
from orchestrator.providers.base import Request
from orchestrator.providers.windows import window
from orchestrator.store.conversations import Listed
from orchestrator.store.store import Store

PAGE = 100
LONGEST_MESSAGE = 400_000
"""Characters that a person may send at once."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Who talks, and where."""

    holder: Holder
    """Of the outline that the task stands in."""
    folder: Path
    """The workspace."""
    person: Person
    model: str = ""
    """`provider/model` or alias for this message only."""
    consented: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a conversation, as it is at one moment."""

    conversation: Conversation
    messages: Sequence[StoredMessage]
    """Oldest first, each with its text so far."""
    earlier: int
    """How many messages stand before these."""
    variants: Mapping[str, Sequence[str]]
    """By id of a message ("" for the beginning): those that follow it, the oldest first, where it is more than one."""
    live: bool
    """Whether something is being written into it, here or elsewhere."""
    here: bool
    """Whether it is written by this program."""
    used: Mapping[str, Used] = field(default_factory=dict[str, Used])
    """By id of an answer: what its call took."""


@dataclass(frozen=True, slots=True)
class Sent:
    conversation_id: str
    """Another one than was asked for, where the message forked an attempt."""
    message_id: str | None
    """The answer's; None for a correction, which the attempt answers in its own way."""
    said_id: str | None
    """What the person said, as it is stored."""
    correction: bool = False


@dataclass(slots=True)
class _Draft:
    """A conversation that nobody has said anything in."""

    conversation: Conversation
    target: Target


class Chats:
    """Of one session. `means` and `branches` are asked anew each time: settings and runs change."""

    def __init__(
        self,
        means: Callable[[], Means],
        open_store: Callable[[], Awaitable[Store]],
        branches: Callable[[], Sequence[BranchRun]],
        hub: Hub,
    ) -> None:
        self.hub = hub
        self._means = means
        self._open_store = open_store
        self._branches = branches
        self._drafts: dict[str, _Draft] = {}
        self._storing = asyncio.Lock()
        self._turns: dict[str, Turn] = {}

    # --- looking ------------------------------------------------------------------------------------------------

    async def begin(self, target: Target, folder: Path, *, uri: str = "", new: bool = False) -> str:
        """The conversation of a task: the one under way, else the newest, else a new one; its id.

        `uri` names the outline as the store does, where the target does not.
        """
        uri = uri or target.uri
        place = await target.place()
        if place.outline.front_matter.newer:
            raise FileError(
                "This outline is in a later version of the format.", hint="Update Orchestrator to talk about it."
            )
        task = place.task
        if task.task_id is not None and not new:
            store = await self._open_store()
            found = await store.conversations(time.time(), workspace=str(folder), task_id=task.task_id, limit=200)
            chosen = _newest(found)
            if chosen is not None:
                await self._retitle(store, chosen, task.title, uri)
                return chosen.conversation_id
        for conversation_id, draft in self._drafts.items():
            same = draft.conversation.uri == uri and draft.conversation.title == task.title
            if same and draft.conversation.task_id == task.task_id and not new:
                draft.target = target
                return conversation_id
        now = time.time()
        conversation = Conversation(
            record_id("conversation"),
            str(folder),
            uri,
            task.task_id,
            task.title,
            now,
            kind=ConversationKind.CHAT,
            updated=now,
        )
        self._drafts[conversation.conversation_id] = _Draft(conversation, target)
        return conversation.conversation_id

    async def conversation(self, conversation_id: str) -> Conversation:
        """Raises ProtocolError for one that is not there (any more)."""
        draft = self._drafts.get(conversation_id)
        if draft is not None:
            return draft.conversation
        found = await (await self._open_store()).conversation(conversation_id)
        if found is None:
            raise _gone()
        return found

    async def page(self, conversation_id: str, before: str | None = None, limit: int = PAGE) -> Page:
        """The last messages, or those before one. What comes after is told by the hub."""
        draft = self._drafts.get(conversation_id)
        if draft is not None:
            if before is not None:
                raise _no_message()
            return Page(draft.conversation, (), 0, {}, live=False, here=False)
        store = await self._open_store()
        conversation = await self.conversation(conversation_id)
        if before is not None and await self._message(store, conversation_id, before) is None:
            raise _no_message()
        found = await store.conversation_page(conversation_id, before, limit)
        messages = [replace(message, text=text) for message, text in found]
        variants: dict[str, Sequence[str]] = {}
        if conversation.head_id:
            for parent_id in await store.variants(conversation_id, [message.parent_id for message in messages]):
                variants[parent_id] = await store.following(conversation_id, parent_id or None)
        live = await store.is_live(conversation_id, time.time())
        if live is False and messages and messages[-1].ending is Ending.OPEN:
            await store.reconcile(time.time())  # its program is gone
            return await self.page(conversation_id, before, limit)
        earlier = messages[0].depth if messages else 0
        if conversation.kind is ConversationKind.ATTEMPT:
            earlier = await store.messages_before(messages[0].message_id) if messages else 0
        answers = {one.message_id: one.step_id for one in messages if one.step_id and one.speaker is Speaker.ASSISTANT}
        calls = await store.spent_on(list(answers.values()))
        used = {message_id: Used(*calls[step_id]) for message_id, step_id in answers.items() if step_id in calls}
        under_way = self.hub.open_message(conversation_id) if before is None else None
        if under_way is not None:  # from here on nothing is awaited: what follows is told
            messages = [*(one for one in messages if one.message_id != under_way.message_id), under_way]
        here = under_way is not None or conversation_id in self._turns
        return Page(conversation, messages, earlier, variants, live or here, here, used)

    async def find(self, conversation_id: str, text: str) -> Sequence[str]:
        """Ids of the messages that hold the text, on the branch that is shown, oldest first."""
        await self.conversation(conversation_id)
        if conversation_id in self._drafts:
            return ()
        return await (await self._open_store()).find_messages(conversation_id, text)

    def writes(self, conversation_id: str) -> bool:
        """Whether this program writes into it now."""
        return conversation_id in self._turns or self.hub.open_message(conversation_id) is not None

    async def version(self) -> int:
        """Another number whenever somebody has changed the store."""
        return await (await self._open_store()).version()

    async def text_of(self, conversation_id: str, message_id: str | None = None) -> str:
        """Of a message; of the last answer where none is named. Raises ProtocolError where there is none."""
        if conversation_id in self._drafts:
            raise _no_message()
        store = await self._open_store()
        conversation = await self.conversation(conversation_id)
        if message_id is not None:
            message = await self._message(store, conversation_id, message_id)
            if message is None:
                raise _no_message()
            return message.text
        if conversation.kind is ConversationKind.ATTEMPT:
            attempt = await store.attempt_of(conversation_id)
            if attempt is not None and (attempt.answer or attempt.result):
                return attempt.answer or attempt.result
        found = await store.conversation_page(conversation_id, None, PAGE)
        answers = [text for message, text in found if message.speaker is Speaker.ASSISTANT and text]
        if not answers:
            raise _no_message()
        return answers[-1]

    async def list(
        self,
        *,
        workspace: str | None = None,
        task_id: str | None = None,
        kind: ConversationKind | None = None,
        limit: int = 50,
    ) -> Sequence[Listed]:
        """The one written to last first."""
        store = await self._open_store()
        return await store.conversations(time.time(), workspace=workspace, task_id=task_id, kind=kind, limit=limit)

    async def count(self, conversation_id: str) -> int:
        """Messages on the branch that is shown."""
        if conversation_id in self._drafts:
            return 0
        store = await self._open_store()
        conversation = await self.conversation(conversation_id)
        if conversation.head_id:
            head = await store.message(conversation.head_id)
            return head.depth + 1 if head else 0
        found = await store.conversation_page(conversation_id, None, 1)
        return await store.messages_before(found[-1][0].message_id) + 1 if found else 0

    async def bill(self, conversation_id: str) -> Bill:
        """What its answers cost so far, those on other branches too."""
        if conversation_id in self._drafts:
            return Bill()
        return await (await self._open_store()).bill_of_conversation(conversation_id)

    async def size(self, conversation_id: str) -> Size:
        """How large the next request would be, against the window of the model that would answer it."""
        conversation = await self.conversation(conversation_id)
        tokens, messages, brief = 0, 0, ""
        if conversation_id not in self._drafts:
            store = await self._open_store()
            attempt = await store.attempt_of(conversation_id)
            brief = attempt.brief if attempt else ""
            head = await store.message(conversation.head_id) if conversation.head_id else None
            if head is not None:
                tokens, messages = head.tokens, head.depth + 1
        if brief:
            tokens += brief_tokens(context.from_json(brief))
        settings = self._means().settings
        try:
            provider, model = registry.split_model(candidates(settings, Role.CHAT, conversation.model)[0])
        except OrchestratorError:
            return size_of(tokens, messages, None)
        return size_of(tokens, messages, await asyncio.to_thread(window, provider, model, settings))

    # --- talking ------------------------------------------------------------------------------------------------

    async def send(
        self,
        conversation_id: str,
        text: str,
        voice: Voice,
        *,
        wanted: Sequence[Wanted] = (),
        replaces: str | None = None,
    ) -> Sent:
        """Say something. Answers as soon as it is stored; the answer is told by the hub.

        `replaces` is a message of the person that is said anew: on a branch of its own, beside the old one.
        Raises ProtocolError while an answer is being written, ToolError for what may not be attached.
        """
        if not text.strip() and not wanted:
            raise ProtocolError("The message is empty.", hint="Write something.")
        if len(text) > LONGEST_MESSAGE:
            raise ProtocolError(
                f"The message has {len(text):,} characters; {LONGEST_MESSAGE:,} are allowed.",
                hint="Attach a file, or select the lines that matter.",
            )
        files = await asyncio.to_thread(attached, wanted, voice.folder) if wanted else ()
        store = await self._open_store()
        conversation = await self.conversation(conversation_id)
        if conversation.kind is ConversationKind.ATTEMPT:
            if await self._correct(store, conversation, text):
                return Sent(conversation_id, None, None, correction=True)
            conversation = await self._forked(store, conversation, None)
        elif conversation_id in self._turns:
            raise _busy()
        conversation = await self._stored(store, conversation)
        subject = await self._subject(store, conversation, voice)
        parent_id = conversation.head_id
        if replaces is not None:
            old = await self._message(store, conversation.conversation_id, replaces)
            if old is None or old.speaker is not Speaker.USER:
                raise _no_message()
            parent_id = old.parent_id
        parent = await store.message(parent_id) if parent_id else None
        said = StoredMessage(
            record_id("msg"),
            conversation.conversation_id,
            Speaker.USER,
            text,
            time.time(),
            parent_id=parent_id,
            depth=parent.depth + 1 if parent else 0,
            attached=files,
        )
        said = replace(said, tokens=(parent.tokens if parent else 0) + tokens_of(said))
        message_id = await self._answer(store, conversation, (said,), said, subject, voice)
        return Sent(conversation.conversation_id, message_id, said.message_id)

    async def retry(self, conversation_id: str, voice: Voice, message_id: str | None = None) -> Sent:
        """Have a message answered anew, beside the answer that there is; the last one where none is named."""
        store = await self._open_store()
        conversation = await self.conversation(conversation_id)
        if conversation.kind is ConversationKind.ATTEMPT:
            raise ProtocolError("This is the conversation of a run.", hint="Run the task again, or fork it.")
        if conversation_id in self._turns:
            raise _busy()
        message_id = message_id or conversation.head_id
        old = await self._message(store, conversation_id, message_id) if message_id else None
        asked = old
        if old is not None and old.speaker is Speaker.ASSISTANT:
            asked = await store.message(old.parent_id) if old.parent_id else None
        if asked is None:
            raise ProtocolError("There is nothing to answer anew.", hint="Send a message first.")
        subject = await self._subject(store, conversation, voice)
        answer_id = await self._answer(store, conversation, (), asked, subject, voice)
        return Sent(conversation_id, answer_id, asked.message_id)

    def cancel(self, conversation_id: str, message_id: str | None = None) -> bool:
        """Stop the answer that is being written; what there is of it stays. False when there is none (any more)."""
        turn = self._turns.get(conversation_id)
        if turn is None or message_id not in {None, turn.message_id}:
            return False
        turn.stop()
        return True

    async def ended(self, conversation_id: str) -> None:
        """Wait until no answer is being written here."""
        turn = self._turns.get(conversation_id)
        if turn is not None:
            await turn.ended.wait()

    # --- changing -----------------------------------------------------------------------------------------------

    async def fork(self, conversation_id: str, message_id: str | None) -> Conversation:
        """Go on from an earlier message: the next one follows it, and what followed before stays as a branch.

        Of an attempt that ended: a new conversation that begins with what the attempt (or that message) came to.
        """
        store = await self._open_store()
        conversation = await self.conversation(conversation_id)
        if conversation.kind is ConversationKind.ATTEMPT:
            if await store.is_live(conversation_id, time.time()):
                raise ProtocolError("The run is at work on this task.", hint="Wait for its end, or stop it.")
            return await self._forked(store, conversation, message_id)
        if message_id is None:
            raise ProtocolError("Which message to go on from?", hint="Give `messageId`.")
        return await self._turn_to(store, conversation, message_id)

    async def select(self, conversation_id: str, message_id: str) -> Conversation:
        """Show the branch that goes through this message, to its end."""
        store = await self._open_store()
        conversation = await self.conversation(conversation_id)
        if await self._message(store, conversation_id, message_id) is None:
            raise _no_message()
        return await self._turn_to(store, conversation, await store.leaf_below(message_id))

    async def rename(self, conversation_id: str, title: str) -> Conversation:
        title = " ".join(title.split())
        if not title:
            raise ProtocolError("The title is empty.", hint="Give one.")
        draft = self._drafts.get(conversation_id)
        if draft is not None:
            draft.conversation = replace(draft.conversation, title=title, named=True)
            return draft.conversation
        store = await self._open_store()
        if not await store.rename_conversation(conversation_id, title):
            raise _gone()
        self.hub.tell(conversation_id, "", Turned())
        return await self.conversation(conversation_id)

    async def use_model(self, conversation_id: str, model: str) -> None:
        """For the next answers; empty: as the settings say. Raises ConfigError for what names none."""
        candidates(self._means().settings, Role.CHAT, model)
        draft = self._drafts.get(conversation_id)
        if draft is not None:
            draft.conversation = replace(draft.conversation, model=model)
            return
        await self.conversation(conversation_id)
        await (await self._open_store()).set_conversation_model(conversation_id, model)
        self.hub.tell(conversation_id, "", Turned())

    async def delete(self, conversation_id: str) -> None:
        """With its calls; also while it streams: the answer is stopped first. What a run said stays with the run."""
        if self._drafts.pop(conversation_id, None) is not None:
            self.hub.tell(conversation_id, "", Deleted())
            return
        store = await self._open_store()
        conversation = await self.conversation(conversation_id)
        if conversation.kind is ConversationKind.ATTEMPT:
            raise ProtocolError(
                "This conversation belongs to a run.",
                hint="`orchestrator data delete` deletes runs with all they said.",
            )
        turn = self._turns.get(conversation_id)
        if turn is not None:
            turn.stop("deleted")
            await turn.ended.wait()
        await store.delete_conversation(conversation_id)
        self.hub.tell(conversation_id, "", Deleted())

    async def restart(self, conversation_id: str, voice: Voice) -> Sent:
        """A new conversation that begins with what was settled in this one, which a model writes now."""
        store = await self._open_store()
        old = await self.conversation(conversation_id)
        if conversation_id in self._turns:
            raise _busy()
        if old.head_id is None:
            raise ProtocolError("Nothing was said in this conversation.", hint="Send a message.")
        conversation = replace(_new(old), forked_from=conversation_id, model=old.model)
        subject = await self._subject(store, conversation, voice)
        await self._keep(store, conversation)
        message_id = await self._answer(store, conversation, (), None, subject, voice, merges=old.head_id)
        return Sent(conversation.conversation_id, message_id, None)

    async def preview(self, conversation_id: str, voice: Voice) -> tuple[Prompt, Request, str]:
        """The request that would be sent if the person said nothing more, and who would get it. No call is made."""
        store = await self._open_store()
        conversation = await self.conversation(conversation_id)
        subject = await self._subject(store, conversation, voice)
        route = await self._means().router.route(Role.CHAT, self._asker(conversation, voice, subject))
        known = await asyncio.to_thread(window, route.provider.name, route.model, self._means().settings)
        found = await store.message_branch(conversation.head_id, 10_000) if conversation.head_id else []
        branch = [replace(message, text=text) for message, text in found]
        prompts = await prompts_in_force(self._means(), store, voice.folder)
        prompt, request = chat_request(prompts, route, subject.brief, branch, known)
        return prompt, request, route.label

    # --- within -------------------------------------------------------------------------------------------------

    async def _answer(
        self,
        store: Store,
        conversation: Conversation,
        said: Sequence[StoredMessage],
        parent: StoredMessage | None,
        subject: Subject,
        voice: Voice,
        *,
        merges: str = "",
    ) -> str:
        """Store what was said and the place of its answer, and begin to write that."""
        now = time.time()
        answer = StoredMessage(
            record_id("msg"),
            conversation.conversation_id,
            Speaker.ASSISTANT,
            "",
            now,
            parent_id=parent.message_id if parent else None,
            ending=Ending.OPEN,
            depth=parent.depth + 1 if parent else 0,
            tokens=parent.tokens if parent else 0,
        )
        attempt = await store.attempt_of(conversation.conversation_id)
        if attempt is None:
            raise _gone()
        asker = self._asker(conversation, voice, subject)
        turn = Turn(
            self._means(), self.hub, store, conversation, attempt.run_id, attempt.attempt_id, answer, subject, asker,
            merges=merges,
        )  # fmt: skip
        if conversation.conversation_id in self._turns:
            raise _busy()
        self._turns[conversation.conversation_id] = turn
        begun = False
        try:
            if not await store.begin_turn(conversation.conversation_id, [*said, answer], now):
                await store.reconcile(now)  # of a program that is gone
                if not await store.begin_turn(conversation.conversation_id, [*said, answer], now):
                    raise _busy()
            for message in said:
                self.hub.tell(conversation.conversation_id, message.message_id, Said(message))
            if not said:
                self.hub.tell(conversation.conversation_id, "", Turned())
            turn.begin()
            await self._means().runner.start(turn.key, self._supervised(turn, conversation.conversation_id))
            begun = True
        finally:
            if not begun:
                self._turns.pop(conversation.conversation_id, None)
        return answer.message_id

    async def _supervised(self, turn: Turn, conversation_id: str) -> None:
        try:
            await turn.work()
        finally:
            self._turns.pop(conversation_id, None)

    def _asker(self, conversation: Conversation, voice: Voice, subject: Subject) -> Asker:
        """The model of this message, else of the conversation, else the alias that the task names."""
        if voice.model:
            return Asker(voice.folder, voice.person, voice.model, voice.consented)
        return Asker(voice.folder, voice.person, conversation.model or subject.alias)

    async def _subject(self, store: Store, conversation: Conversation, voice: Voice) -> Subject:
        attempt = await store.attempt_of(conversation.conversation_id)
        stored = context.from_json(attempt.brief) if attempt and attempt.brief else None
        return await look_at(voice.holder, conversation, voice.folder, stored)

    async def _stored(self, store: Store, conversation: Conversation) -> Conversation:
        """A draft becomes a conversation, and its task gets an id by which it is found again."""
        async with self._storing:
            draft = self._drafts.get(conversation.conversation_id)
            if draft is None:
                return await self.conversation(conversation.conversation_id)
            if draft.conversation.task_id is None:
                await _give_id(draft)
            await self._keep(store, draft.conversation)
            del self._drafts[conversation.conversation_id]
            return draft.conversation

    async def _keep(self, store: Store, conversation: Conversation) -> None:
        now = time.time()
        run = Run(
            record_id("run"), RunKind.CHAT, conversation.workspace, conversation.uri, conversation.task_id,
            conversation.title, now, RunState.COMPLETED, ended=now,
        )  # fmt: skip
        attempt = Attempt(
            record_id("attempt"), run.run_id, conversation.conversation_id, conversation.task_id, conversation.title,
            now, AttemptState.COMPLETED, ended=now,
        )  # fmt: skip
        await store.begin_conversation(run, attempt, conversation)

    async def _correct(self, store: Store, conversation: Conversation, text: str) -> bool:
        """Tell an attempt that is under way, here or in another program. False when it has ended."""
        now, task_id, told = time.time(), conversation.task_id or "", ""
        if not await store.is_live(conversation.conversation_id, now):
            return False
        for run in self._branches():
            if task_id and run.holder.uri == conversation.uri:
                told = told or await run.say(task_id, text)
        attempt = None if told else await store.attempt_of(conversation.conversation_id)
        if attempt is not None and await store.say(attempt.run_id, task_id, text, now):
            told = HEARD
        if told:
            self.hub.tell(conversation.conversation_id, "", _as_said(conversation, text))
            self.hub.tell(conversation.conversation_id, "", Noted(told))
            return True
        raise ProtocolError("This task is being split.", hint="Wait for the end of that, or stop it.")

    async def _forked(self, store: Store, old: Conversation, message_id: str | None) -> Conversation:
        """A new conversation that begins with what an attempt came to."""
        attempt = await store.attempt_of(old.conversation_id)
        text, source = (attempt.answer or attempt.result) if attempt else "", message_id
        if message_id is not None:
            message = await self._message(store, old.conversation_id, message_id)
            if message is None:
                raise _no_message()
            text = message.text
        elif not text:
            found = await store.conversation_page(old.conversation_id, None, 1)
            text, source = (found[-1][1], found[-1][0].message_id) if found else ("", None)
        conversation = replace(_new(old), forked_from=old.conversation_id)
        first = StoredMessage(
            record_id("msg"), conversation.conversation_id, Speaker.ASSISTANT, text, time.time(), copied_from=source
        )
        await self._keep(store, conversation)
        if not text:
            return conversation
        await store.add_first_message(replace(first, tokens=tokens_of(first)))
        return replace(conversation, head_id=first.message_id)

    async def _turn_to(self, store: Store, conversation: Conversation, message_id: str) -> Conversation:
        if conversation.conversation_id in self._turns:
            raise _busy()
        if await self._message(store, conversation.conversation_id, message_id) is None:
            raise _no_message()
        await store.set_head(conversation.conversation_id, message_id, time.time())
        self.hub.tell(conversation.conversation_id, "", Turned())
        return replace(conversation, head_id=message_id)

    async def _message(self, store: Store, conversation_id: str, message_id: str) -> StoredMessage | None:
        found = await store.message(message_id)
        return found if found is not None and found.conversation_id == conversation_id else None

    async def _retitle(self, store: Store, conversation: Conversation, title: str, uri: str) -> None:
        if (conversation.kind is ConversationKind.CHAT) and (conversation.title, conversation.uri) != (title, uri):
            await store.retitle_conversation(conversation.conversation_id, title, uri)


async def _give_id(draft: _Draft) -> None:
    target = draft.target
    for tries_left in reversed(range(APPLY_TRIES)):
        place = await target.place()
        if place.task.task_id is not None:
            break
        require_no_misplaced_id([place.task])
        new_id = id_source(place.outline, place.ids_elsewhere, place.tasks_elsewhere)
        try:
            await target.apply(place, give_ids([place.task], new_id), f"Give “{place.task.title}” an id")
        except EditRefusedError:
            if not tries_left:
                raise
    task = (await target.place()).task
    draft.conversation = replace(draft.conversation, task_id=task.task_id)


def _newest(found: Sequence[Listed]) -> Conversation | None:
    """Of a task: an attempt under way, else what a person talked about last, else what a run did."""
    for one in found:
        if one.live and one.conversation.kind is ConversationKind.ATTEMPT:
            return one.conversation
    chats = [one for one in found if one.conversation.kind is ConversationKind.CHAT]
    runs = [one for one in found if one.kind is RunKind.BRANCH]
    return (chats or runs)[0].conversation if chats or runs else None


def _new(old: Conversation) -> Conversation:
    now = time.time()
    return Conversation(
        record_id("conversation"), old.workspace, old.uri, old.task_id, old.title, now,
        kind=ConversationKind.CHAT, updated=now,
    )  # fmt: skip


def _as_said(conversation: Conversation, text: str) -> Said:
    message_id = record_id("msg")
    return Said(StoredMessage(message_id, conversation.conversation_id, Speaker.USER, text, time.time()))


def _busy() -> ProtocolError:
    return ProtocolError(
        "An answer is being written in this conversation.", hint="Wait for its end, or cancel it, and send again."
    )


def _gone() -> ProtocolError:
    return ProtocolError("There is no such conversation (any more).", hint="Ask for the list of conversations.")


def _no_message() -> ProtocolError:
    return ProtocolError("There is no such message in this conversation.", hint="Open the conversation again.")
