"""The wire types of `orchestrator/chat/*` and `orchestrator/document`.

Apart from `protocol` because they are a family of their own. A conversation is opened, and from then on told: the
answer of `chat/open` is the state at its `seq`, and every later `chat/update` has the next number.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from orchestrator.lsp.wire import Identifier, Position, Range, Uint, Uri, UsageReport, Wire

MessageText = Annotated[str, Field(max_length=400_000)]


class ChatAttachment(Wire):
    """A file or a selection. Files of the workspace only, and none that may hold keys."""

    path: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """Relative to the workspace, or absolute and inside it."""
    uri: Uri | None = None
    """In place of `path`. What stands in an open document is sent, saved or not."""
    range: Range | None = None
    """Of the document at `uri`: only these lines."""


class ChatAttached(Wire):
    """What was attached to a message, as it was then."""

    name: str
    """The path relative to the workspace; of a selection with its lines, `a.py:3-9`."""
    text: str


class ChatToolUse(Wire):
    call_id: str
    tool: str
    arguments: str
    """JSON, as the model wrote it."""
    result: str
    failed: bool


class ChatCall(Wire):
    """A call to a model, and what it took."""

    model: str
    """`provider/model`."""
    usage: UsageReport


class ChatMessage(Wire):
    message_id: Identifier
    parent_id: Identifier | None
    """The message that it follows; null for the first, and in the conversation of a run."""
    speaker: Literal["system", "user", "assistant"]
    """`user` is the person; in the conversation of a run, the engine."""
    text: str
    """Markdown. Control and bidirectional characters are spelled out: `<U+202E>`."""
    thoughts: str = ""
    """What the model thought aloud for this answer, to be folded; of an open message as far as it got."""
    created: float
    ending: str
    """`open` while it is written, else `end`, `maxTokens`, `refusal`, `cancelled`, `error`, or `interrupted` by the end
    of the program."""
    reason: str = ""
    """Of an error: what happened and what to do."""
    attached: list[ChatAttached] = []
    tools: list[ChatToolUse] = []
    variants: list[Identifier] = []
    """Where several messages stand in one place (edited, answered anew, forked): their ids, the oldest first, this one
    among them. `chat/select` shows another one."""
    used: ChatCall | None = None
    """Of an answer: the call that ended it. Null while it is written (`usage` tells it then), and of copies."""


class ChatSize(Wire):
    """How large the next request would be, about."""

    tokens: Uint
    window: Uint | None
    """What the model can read at once; null: nobody knows."""
    fit: Literal["good", "long", "full"]
    """`long`: it fits, and answers get worse. `full`: the next answer would not fit."""
    advice: str
    """For a person; empty when all is well. `chat/restart` is what it offers."""


class ChatBill(Wire):
    """What the answers of a conversation took so far, those on other branches too."""

    calls: Uint
    tokens: Uint
    """Read and written."""
    cost_usd: float | None
    """Null: the price is not known."""


class ChatInfo(Wire):
    conversation_id: Identifier
    uri: Uri
    task_id: str | None
    """The task's id in the file; null before the first message of a task that has none."""
    node_id: Identifier | None = None
    """Of the task, where its document is open."""
    title: str
    """The task's title, or the one that a person gave."""
    kind: Literal["chat", "attempt"]
    """`attempt`: the engine talks with the model in a run or a split. A message to it is a correction for its next
    step; after its end it begins a new conversation."""
    live: bool
    """Something is being written into it, by this program or another one."""
    model: str
    """`provider/model` or alias that a person chose for it; empty: as the task and the settings say."""
    messages: Uint
    """On the branch that is shown."""
    preview: str = ""
    """The beginning of its last message, in one line."""
    started: float
    updated: float
    forked_from: Identifier | None = None
    """The conversation that it began as a fork or a merged brief of."""
    size: ChatSize | None = None
    """Null in lists."""
    bill: ChatBill | None = None
    """Null in lists."""


class ChatOpenParams(Wire):
    """A conversation by its id; or that of a task, named by `nodeId` or a position in one of its lines: that of a run
    under way, else the newest, else a new one. A new one is stored with its first message.
    """

    conversation_id: Identifier | None = None
    uri: Uri | None = None
    version: int | None = None
    """The version that `position` belongs to; null with `nodeId`."""
    node_id: Identifier | None = None
    position: Position | None = None
    new: bool = False
    """A new conversation of the task, whatever there is."""
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    """Messages of the first page, the last ones."""


class ChatOpenResult(Wire):
    conversation: ChatInfo
    messages: list[ChatMessage]
    """Oldest first. The last one may be open: what it has so far, and updates go on from there."""
    earlier: Uint
    """How many stand before these: ask `chat/page`."""
    seq: Uint
    """Of the state that this answer shows; the next `chat/update` has the next number, a gap means: open it again."""


class ChatPageParams(Wire):
    conversation_id: Identifier
    before: Identifier
    """A message: those before it."""
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class ChatPageResult(Wire):
    messages: list[ChatMessage]
    """Oldest first."""
    earlier: Uint


class ChatFindParams(Wire):
    """Search all of a conversation, loaded or not: the branch that is shown."""

    conversation_id: Identifier
    text: Annotated[str, Field(min_length=1, max_length=1000)]
    """As it stands in a message; upper and lower case are the same."""


class ChatFindResult(Wire):
    messages: list[Identifier]
    """Those that hold it, oldest first; of very many the last 1,000."""


class ChatParams(Wire):
    conversation_id: Identifier


class ChatMessageParams(Wire):
    conversation_id: Identifier
    message_id: Identifier


class ChatSendParams(Wire):
    conversation_id: Identifier
    text: MessageText
    attachments: Annotated[list[ChatAttachment], Field(max_length=12)] = []
    replaces: Identifier | None = None
    """A message of the person that is said anew: on a branch of its own, beside the old one."""
    model: Annotated[str, Field(max_length=200)] = ""
    """For this answer only."""


class ChatSendResult(Wire):
    """As soon as what was said is stored."""

    conversation_id: Identifier
    """Another one than was asked for where a message begins a new conversation: open that."""
    message_id: Identifier | None
    """The answer's; null for a correction."""
    said_id: Identifier | None
    """What the person said."""
    correction: bool = False
    """It was told to the run, for its next step."""


class ChatRetryParams(Wire):
    """Have a message answered anew, beside the answer that there is."""

    conversation_id: Identifier
    message_id: Identifier | None = None
    """An answer, or what is to be answered; null: the last one."""
    model: Annotated[str, Field(max_length=200)] = ""


class ChatCancelParams(Wire):
    conversation_id: Identifier
    message_id: Identifier | None = None
    """Only if this is what is being written; null: whatever is."""


class ChatCancelResult(Wire):
    cancelled: bool
    """False: nothing is being written (any more). What was written stays."""


class ChatListParams(Wire):
    """Of a task, named as in `chat/open`; of an outline's workspace; or of all."""

    uri: Uri | None = None
    version: int | None = None
    node_id: Identifier | None = None
    position: Position | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class ChatListResult(Wire):
    conversations: list[ChatInfo]
    """The one that was written to last first."""


class ChatRenameParams(Wire):
    conversation_id: Identifier
    title: Annotated[str, Field(min_length=1, max_length=1000)]


class ChatModelParams(Wire):
    conversation_id: Identifier
    model: Annotated[str, Field(max_length=200)]
    """`provider/model` or alias for the next answers; empty: as the task and the settings say."""


class ChatForkParams(Wire):
    conversation_id: Identifier
    message_id: Identifier | None = None
    """Go on from here: what followed stays as a branch. Of a run that ended: begin a new conversation with this one;
    null: with what the run came to."""


class ChatExtractParams(Wire):
    """Write a message into the outline, as one edit of the open document."""

    conversation_id: Identifier
    message_id: Identifier | None = None
    """Null: the last answer."""
    text: MessageText | None = None
    """Only this part of it, as a person selected it."""
    to: Literal["subtasks", "description", "result"]
    """`subtasks`: the list in it. `description`: added to what there is. `result`: its first paragraph."""


class ChatExtractResult(Wire):
    document_version: int | None
    changed: bool
    """False: the task says it already."""


class ChatSaid(Wire):
    """A message came. One that is open is empty, and grows by `text`."""

    kind: Literal["message"] = "message"
    message: ChatMessage


class ChatText(Wire):
    """Append this to the message; it is never sent again."""

    kind: Literal["text"] = "text"
    text: str


class ChatThought(Wire):
    """What the model thinks aloud; no part of the message."""

    kind: Literal["thought"] = "thought"
    text: str


class ChatToolCall(Wire):
    kind: Literal["toolCall"] = "toolCall"
    call_id: str
    tool: str
    arguments: str


class ChatToolResult(Wire):
    kind: Literal["toolResult"] = "toolResult"
    call_id: str
    text: str
    failed: bool


class ChatNote(Wire):
    """One line about what goes on: who answers, why a call waits."""

    kind: Literal["note"] = "note"
    text: str


class ChatUsage(Wire):
    kind: Literal["usage"] = "usage"
    model: str
    usage: UsageReport


class ChatEnd(Wire):
    """The message is stored as it stands."""

    kind: Literal["end"] = "end"
    stop_reason: Literal["end", "maxTokens", "refusal", "cancelled", "error", "interrupted"]
    reason: str = ""


class ChatTurned(Wire):
    """Another branch is shown, or it has another title or model: open it again."""

    kind: Literal["changed"] = "changed"


class ChatDeleted(Wire):
    kind: Literal["deleted"] = "deleted"


ChatUpdate = Annotated[
    ChatSaid
    | ChatText
    | ChatThought
    | ChatToolCall
    | ChatToolResult
    | ChatNote
    | ChatUsage
    | ChatEnd
    | ChatTurned
    | ChatDeleted,
    Field(discriminator="kind"),
]


class ChatUpdateParams(Wire):
    """What happened in a conversation that is open. A piece that follows silence is sent at once, later ones are
    gathered for 30 ms.
    """

    conversation_id: Identifier
    message_id: str
    """Empty for what is about the conversation."""
    seq: Uint
    """One more than the last of this conversation."""
    update: ChatUpdate


class DocumentParams(Wire):
    """A virtual document, by its URI; `docs/reference/virtual-documents.md` lists them."""

    uri: Uri


class DocumentResult(Wire):
    text: str
    """Markdown."""
