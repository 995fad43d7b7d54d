"""Conversations as their client sees them: opened, told piece by piece, closed.

Apart from the engine, which knows no client; beside `runs`. A conversation may be opened several times (two windows of
one editor): its updates go out once, and each opener goes on from the `seq` of its own answer.

Invariant: an answer of `chat/open` and the updates behind its `seq` are the whole conversation, nothing twice
(test_a_conversation_from_the_first_message_to_the_outline).
Invariant: nobody is told of a conversation before its `chat/open` is answered (test_updates_follow_the_opening).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.engine import virtual_documents
from orchestrator.engine.chat import Page, Sent, Voice
from orchestrator.engine.chat_attach import Wanted
from orchestrator.engine.chat_extract import Part, extracted
from orchestrator.engine.chat_follow import Follower
from orchestrator.engine.chat_request import Size
from orchestrator.engine.chat_updates import (
    Deleted,
    Ended,
    Noted,
    Said,
    Text,
    Thought,
    ToolCalled,
    ToolResulted,
    Turned,
    Update,
    Used,
)
from orchestrator.engine.editor import Place
from orchestrator.errors import EditRefusedError, ProtocolError, TaskNotFoundError
from orchestrator.lsp import uris
from orchestrator.lsp.append_feed import AppendFeed
from orchestrator.lsp.editor import OpenTask, PersonInEditor
from orchestrator.lsp.edits import lines_of
from orchestrator.lsp.holder import OutlineHolder, canonical
from orchestrator.lsp.protocol_chat import (
    ChatAttached,
    ChatBill,
    ChatCall,
    ChatCancelParams,
    ChatCancelResult,
    ChatDeleted,
    ChatEnd,
    ChatExtractParams,
    ChatExtractResult,
    ChatFindParams,
    ChatFindResult,
    ChatForkParams,
    ChatInfo,
    ChatListParams,
    ChatListResult,
    ChatMessage,
    ChatMessageParams,
    ChatModelParams,
    ChatNote,
    ChatOpenParams,
    ChatOpenResult,
    ChatPageParams,
    ChatPageResult,
    ChatParams,
    ChatRenameParams,
    ChatRetryParams,
    ChatSaid,
    ChatSendParams,
    ChatSendResult,
    ChatSize,
    ChatText,
    ChatThought,
    ChatToolCall,
    ChatToolResult,
    ChatToolUse,
    ChatTurned,
    ChatUpdate,
    ChatUpdateParams,
    ChatUsage,
)
from orchestrator.lsp.wire import UsageReport
from orchestrator.lsp.workspaces import workspace_folder
from orchestrator.model.message import Speaker
from orchestrator.model.run import Conversation, ConversationKind, StoredMessage
from orchestrator.model.safe_text import SafeStream, many_lines, one_line
from orchestrator.model.usage import Bill
from orchestrator.outline.tree import Task

if TYPE_CHECKING:
    from orchestrator.engine.chat import Chats as Engine
    from orchestrator.engine.session import Session
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.protocol_chat import ChatAttachment
    from orchestrator.lsp.server import Server

APPLY_TRIES = 5


class Chats:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._opened: dict[str, _Opened] = {}
        self._follower: Follower | None = None

    # --- looking ------------------------------------------------------------------------------------------------

    async def open(self, params: ChatOpenParams) -> ChatOpenResult:
        conversation_id = params.conversation_id
        if conversation_id is None:
            if params.uri is None:
                raise ProtocolError("Which conversation?", hint="Give `conversationId`, or `uri` and a task.")
            snapshot, task = self._task(params)
            session, folder = await self._session(snapshot.uri)
            target = OpenTask(self._server, snapshot, task)
            conversation_id = await session.chats.begin(target, folder, uri=canonical(snapshot.uri), new=params.new)
        chats = await self._chats()
        opened = self._opened.get(conversation_id)
        if opened is None:
            await chats.conversation(conversation_id)  # one that is not there is never listened to
            opened = self._opened.setdefault(
                conversation_id, _Opened(self._server, chats, conversation_id, self._forget)
            )
        opened.count += 1
        try:
            info = await self._info_of(chats, conversation_id)
            page = await chats.page(conversation_id, None, params.limit)
        except BaseException:
            self._close(conversation_id)
            raise
        # Nothing is awaited from here on: what is told next is what follows this page.
        if self._follower is not None:
            self._follower.note(page)
        opened.caught_up()
        self._server.protocol.after_reply(opened.feed.open)
        return ChatOpenResult(
            conversation=info.model_copy(update={"live": page.live}),
            messages=_messages(page),
            earlier=page.earlier,
            seq=opened.seq,
        )

    async def page(self, params: ChatPageParams) -> ChatPageResult:
        chats = await self._chats()
        page = await chats.page(params.conversation_id, params.before, params.limit)
        return ChatPageResult(messages=_messages(page), earlier=page.earlier)

    async def find(self, params: ChatFindParams) -> ChatFindResult:
        chats = await self._chats()
        return ChatFindResult(messages=list(await chats.find(params.conversation_id, params.text)))

    def close(self, params: ChatParams) -> None:
        self._close(params.conversation_id)

    async def list(self, params: ChatListParams) -> ChatListResult:
        task_id: str | None = None
        workspace: str | None = None
        chats = await self._chats()
        if params.uri is not None:
            workspace = str(workspace_folder(params.uri, self._server.folders))
            if params.node_id is not None or params.position is not None:
                _, task = self._task(params)
                if task.task_id is None:
                    return ChatListResult(conversations=[])
                task_id = task.task_id
        found = await chats.list(workspace=workspace, task_id=task_id, limit=params.limit)
        return ChatListResult(
            conversations=[
                self._info(one.conversation, live=one.live, messages=one.messages, preview=one.preview) for one in found
            ]
        )

    async def last_exchange(self, uri: str, task_id: str) -> Sequence[tuple[str, str]]:
        """What was said last about a task, by whom; nothing where nobody talked about it."""
        chats = (await self._server.session()).chats
        workspace = str(workspace_folder(uri, self._server.folders))
        found = await chats.list(workspace=workspace, task_id=task_id, kind=ConversationKind.CHAT, limit=1)
        if not found:
            return ()
        page = await chats.page(found[0].conversation.conversation_id, None, 2)
        names = {Speaker.USER: "You", Speaker.ASSISTANT: "Model"}
        return [(names[one.speaker], one.text) for one in page.messages if one.text and one.speaker in names]

    # --- talking ------------------------------------------------------------------------------------------------

    async def send(self, params: ChatSendParams) -> ChatSendResult:
        self._server.require_trust()
        chats = await self._chats()
        voice = await self._voice(chats, params.conversation_id, params.model)
        wanted = [self._wanted(one) for one in params.attachments]
        sent = await chats.send(params.conversation_id, params.text, voice, wanted=wanted, replaces=params.replaces)
        return _sent(sent)

    async def retry(self, params: ChatRetryParams) -> ChatSendResult:
        self._server.require_trust()
        chats = await self._chats()
        voice = await self._voice(chats, params.conversation_id, params.model)
        return _sent(await chats.retry(params.conversation_id, voice, params.message_id))

    async def cancel(self, params: ChatCancelParams) -> ChatCancelResult:
        chats = await self._chats()
        return ChatCancelResult(cancelled=chats.cancel(params.conversation_id, params.message_id))

    async def restart(self, params: ChatParams) -> ChatSendResult:
        self._server.require_trust()
        chats = await self._chats()
        voice = await self._voice(chats, params.conversation_id)
        return _sent(await chats.restart(params.conversation_id, voice))

    # --- changing -----------------------------------------------------------------------------------------------

    async def rename(self, params: ChatRenameParams) -> ChatInfo:
        chats = await self._chats()
        await chats.rename(params.conversation_id, params.title)
        return await self._info_of(chats, params.conversation_id)

    async def use_model(self, params: ChatModelParams) -> ChatInfo:
        chats = await self._chats()
        await chats.use_model(params.conversation_id, params.model)
        return await self._info_of(chats, params.conversation_id)

    async def delete(self, params: ChatParams) -> None:
        await (await self._chats()).delete(params.conversation_id)

    async def fork(self, params: ChatForkParams) -> ChatInfo:
        chats = await self._chats()
        conversation = await chats.fork(params.conversation_id, params.message_id)
        return await self._info_of(chats, conversation.conversation_id)

    async def select(self, params: ChatMessageParams) -> ChatInfo:
        chats = await self._chats()
        await chats.select(params.conversation_id, params.message_id)
        return await self._info_of(chats, params.conversation_id)

    async def extract(self, params: ChatExtractParams) -> ChatExtractResult:
        """One edit of the outline as it stands now; computed anew when the person types in between."""
        chats = await self._chats()
        conversation = await chats.conversation(params.conversation_id)
        text = params.text or await chats.text_of(params.conversation_id, params.message_id)
        holder = OutlineHolder(self._server, self._as_client_writes(conversation))
        for tries_left in reversed(range(APPLY_TRIES)):
            view = await holder.look()
            found = view.outline.by_id(conversation.task_id) if conversation.task_id else ()
            if len(found) != 1:
                raise EditRefusedError(
                    f"“{one_line(conversation.title, 60)}” is not in its outline (any more).",
                    hint="Bring it back (undo), or copy the text by hand.",
                )
            place = Place(view.outline, found[0], view.version, view.ids_elsewhere, view.tasks_elsewhere)
            edits = extracted(place, text, Part(params.to))
            if not edits:
                return ChatExtractResult(document_version=view.version, changed=False)
            try:
                version = await holder.apply(view, edits, f"Chat to {params.to}")
            except EditRefusedError:
                if not tries_left:
                    raise
            else:
                return ChatExtractResult(document_version=version, changed=True)
        raise AssertionError("the loop ends by return or raise")

    async def document(self, uri: str) -> str:
        """One of `engine.virtual_documents`."""
        address = virtual_documents.address_of(uri)
        session = await self._server.session()

        def voice(conversation: Conversation) -> Voice:
            holder = OutlineHolder(self._server, self._as_client_writes(conversation))
            return Voice(holder, Path(conversation.workspace), PersonInEditor(self._server))

        return await virtual_documents.document(address, await session.store(), session.chats, voice)

    # --- within -------------------------------------------------------------------------------------------------

    async def _chats(self) -> Engine:
        session = await self._server.session()
        if self._follower is None:
            self._follower = Follower(session.chats)
            self._server.start_alone(self._follower.work())
        return session.chats

    async def _session(self, uri: str) -> tuple[Session, Path]:
        await self._chats()
        session = await self._server.session()
        folder = workspace_folder(uri, self._server.folders)
        settings = self._server.settings_in_force.of_workspace(folder, session.trust)
        if settings != session.settings:
            session.configure(settings)
        return session, folder

    async def _voice(self, chats: Engine, conversation_id: str, model: str = "") -> Voice:
        conversation = await chats.conversation(conversation_id)
        uri = self._as_client_writes(conversation)
        await self._session(uri)
        holder = OutlineHolder(self._server, uri)
        return Voice(holder, Path(conversation.workspace), PersonInEditor(self._server), model)

    def _task(self, params: ChatOpenParams | ChatListParams) -> tuple[Snapshot, Task]:
        assert params.uri is not None
        snapshot = self._server.documents.snapshot(params.uri)
        if (params.node_id is None) == (params.position is None):
            raise ProtocolError("Either `nodeId` or `position` must be given.", hint="Give one of the two.")
        if params.node_id is not None:
            node = snapshot.node(params.node_id)
        else:
            assert params.position is not None
            if params.version not in {None, snapshot.version}:
                raise EditRefusedError("The text has changed since.", hint="Choose the task again.")
            node = snapshot.outline.task_at_line(min(params.position.line, snapshot.text.line_count - 1))
        if not isinstance(node, Task):
            raise TaskNotFoundError("There is no task here.", hint="Put the cursor on a line with a check box.")
        return snapshot, node

    def _as_client_writes(self, conversation: Conversation) -> str:
        """Where its task stands now: in the open document of its file, else where the index found its id."""
        open_here = {canonical(document.uri): document.uri for document in self._server.documents}
        if conversation.uri in open_here:
            return open_here[conversation.uri]
        path = uris.file_path(conversation.uri)
        if path is not None and not Path(path).exists() and conversation.task_id:
            for document in self._server.documents:
                if len(document.snapshot().outline.by_id(conversation.task_id)) == 1:
                    return document.uri
        return conversation.uri

    async def _info_of(self, chats: Engine, conversation_id: str) -> ChatInfo:
        conversation = await chats.conversation(conversation_id)
        size, messages = await chats.size(conversation_id), await chats.count(conversation_id)
        live = chats.writes(conversation_id)
        info = self._info(conversation, live=live, messages=messages, preview="")
        bill = _bill(await chats.bill(conversation_id))
        return info.model_copy(update={"size": _size(size), "bill": bill})

    def _info(self, conversation: Conversation, *, live: bool, messages: int, preview: str) -> ChatInfo:
        uri = self._as_client_writes(conversation)
        document = self._server.documents.find(uri)
        node_id: str | None = None
        if document is not None and conversation.task_id:
            snapshot = document.snapshot()
            found = snapshot.outline.by_id(conversation.task_id)
            node_id = snapshot.identities.id_of(found[0]) if len(found) == 1 else None
        return ChatInfo(
            conversation_id=conversation.conversation_id,
            uri=uri,
            task_id=conversation.task_id,
            node_id=node_id,
            title=one_line(conversation.title),
            kind=conversation.kind.value,
            live=live,
            model=conversation.model,
            messages=messages,
            preview=one_line(preview, 120),
            started=conversation.started,
            updated=conversation.updated,
            forked_from=conversation.forked_from,
        )

    def _wanted(self, given: ChatAttachment) -> Wanted:
        if (given.path is None) == (given.uri is None):
            raise ProtocolError("Either `path` or `uri` of an attachment must be given.", hint="Give one of the two.")
        if given.path is not None:
            return Wanted(given.path)
        assert given.uri is not None
        path = uris.file_path(given.uri)
        if path is None:
            raise ProtocolError("Only files can be attached.", hint="Save it first, or copy what matters.")
        document = self._server.documents.find(given.uri)
        lines = None
        if given.range is not None:
            first, last = lines_of(given.range)
            lines = (first + 1, max(first, last) + 1)
        if document is None:
            return Wanted(path, lines)
        text = document.text
        if lines is None:
            return Wanted(path, None, text.string)
        wanted = range(lines[0] - 1, min(lines[1], text.line_count))
        return Wanted(path, lines, "\n".join(text.line(line) for line in wanted))

    def _close(self, conversation_id: str) -> None:
        opened = self._opened.get(conversation_id)
        if opened is not None:
            opened.count -= 1
            if opened.count <= 0:
                self._forget(conversation_id)

    def _forget(self, conversation_id: str) -> None:
        opened = self._opened.pop(conversation_id, None)
        if opened is not None:
            opened.end()


class _Opened:
    """One conversation on the client's screen."""

    def __init__(self, server: Server, chats: Engine, conversation_id: str, forget: Callable[[str], None]) -> None:
        self._server = server
        self._conversation_id = conversation_id
        self._forget = forget
        self._safe: dict[str, SafeStream] = {}
        self._chats = chats
        self.count = 0
        self.seq = 0
        self.feed = AppendFeed(self._send, server.outlet)
        self.end = chats.hub.listen(conversation_id, self.feed.put)

    def caught_up(self) -> None:
        """An answer shows all that happened until now."""
        self.feed.hold()
        if self.count > 1:
            self.feed.send_now()
        else:
            self.feed.forget()
            under_way = self._chats.hub.open_message(self._conversation_id)
            if under_way is not None:  # what joins its characters is judged together
                stream = self._safe[under_way.message_id] = SafeStream()
                stream.feed(under_way.text)

    def _send(self, message_id: str, update: Update) -> None:
        shown = self._shown(message_id, update)
        if shown is None:
            return
        self.seq += 1
        params = ChatUpdateParams(
            conversation_id=self._conversation_id, message_id=message_id, seq=self.seq, update=shown
        )
        self._server.protocol.notify("orchestrator/chat/update", params)
        if isinstance(update, Deleted):
            self._forget(self._conversation_id)

    def _shown(self, message_id: str, update: Update) -> ChatUpdate | None:
        if isinstance(update, Text):
            text = self._safe.setdefault(message_id, SafeStream()).feed(update.text)
            return ChatText(text=text) if text else None
        if isinstance(update, Ended):
            held = self._safe.pop(message_id, SafeStream()).end()
            if held:
                self._send_held(message_id, held)
            return ChatEnd(stop_reason=_STOPS[update.ending.value], reason=many_lines(update.reason))
        return _converted(update)

    def _send_held(self, message_id: str, held: str) -> None:
        self.seq += 1
        params = ChatUpdateParams(
            conversation_id=self._conversation_id, message_id=message_id, seq=self.seq, update=ChatText(text=held)
        )
        self._server.protocol.notify("orchestrator/chat/update", params)


_STOPS: dict[str, Any] = {
    word: word for word in ("end", "maxTokens", "refusal", "cancelled", "error", "interrupted")
} | {"open": "end"}


def _converted(update: Said | Thought | ToolCalled | ToolResulted | Noted | Used | Turned | Deleted) -> ChatUpdate:
    if isinstance(update, Said):
        return ChatSaid(message=_message(update.message, ()))
    if isinstance(update, Thought):
        return ChatThought(text=many_lines(update.text))
    if isinstance(update, ToolCalled):
        return ChatToolCall(
            call_id=one_line(update.call_id), tool=one_line(update.tool), arguments=many_lines(update.arguments)
        )
    if isinstance(update, ToolResulted):
        return ChatToolResult(call_id=one_line(update.call_id), text=many_lines(update.text), failed=update.failed)
    if isinstance(update, Noted):
        return ChatNote(text=one_line(update.text))
    if isinstance(update, Used):
        return ChatUsage(model=one_line(update.model), usage=UsageReport.of(update.usage, update.cost))
    return ChatTurned() if isinstance(update, Turned) else ChatDeleted()


def _messages(page: Page) -> list[ChatMessage]:
    return [
        _message(message, page.variants.get(message.parent_id or "", ()), page.used.get(message.message_id))
        for message in page.messages
    ]


def _message(message: StoredMessage, variants: Sequence[str], used: Used | None = None) -> ChatMessage:
    return ChatMessage(
        message_id=message.message_id,
        parent_id=message.parent_id,
        speaker=message.speaker.value,
        text=many_lines(message.text),
        thoughts=many_lines(message.thoughts),
        created=message.created,
        ending=message.ending.value,
        reason=many_lines(message.reason),
        attached=[ChatAttached(name=one_line(one.name), text=many_lines(one.text)) for one in message.attached],
        tools=[
            ChatToolUse(
                call_id=one_line(one.call_id),
                tool=one_line(one.tool),
                arguments=many_lines(one.arguments),
                result=many_lines(one.result),
                failed=one.failed,
            )
            for one in message.tools
        ],
        variants=list(variants),
        used=None
        if used is None
        else ChatCall(model=one_line(used.model), usage=UsageReport.of(used.usage, used.cost)),
    )


def _size(size: Size) -> ChatSize:
    return ChatSize(tokens=size.tokens, window=size.window, fit=size.fit.value, advice=size.advice)


def _bill(bill: Bill) -> ChatBill:
    cost = None if bill.cost is None else float(bill.cost)
    return ChatBill(calls=bill.calls, tokens=bill.usage.input_tokens + bill.usage.output_tokens, cost_usd=cost)


def _sent(sent: Sent) -> ChatSendResult:
    return ChatSendResult(
        conversation_id=sent.conversation_id,
        message_id=sent.message_id,
        said_id=sent.said_id,
        correction=sent.correction,
    )
