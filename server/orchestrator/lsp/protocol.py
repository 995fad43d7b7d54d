"""The wire types of `orchestrator/*`. `protocol.ts`, `protocol.lua` and `protocol.md` are generated from here.

camelCase on the wire. Positions and ranges are LSP's, in the negotiated encoding. `documentVersion` is the
editor's version, or null for a file that nobody has open.

Protocol version 1. A client announces what it can show in `capabilities.experimental.orchestrator`
(`ClientAbilities`); the server answers with `capabilities.experimental.orchestrator` (`ServerAbilities`).

A family of types may stand in a file of its own (`protocol_*.py`); what is imported here is part of the protocol.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from orchestrator.lsp import wire
from orchestrator.lsp.protocol_chat import (
    ChatCancelParams,
    ChatCancelResult,
    ChatExtractParams,
    ChatExtractResult,
    ChatFindParams,
    ChatFindResult,
    ChatForkParams,
    ChatInfo,
    ChatListParams,
    ChatListResult,
    ChatMessageParams,
    ChatModelParams,
    ChatOpenParams,
    ChatOpenResult,
    ChatPageParams,
    ChatPageResult,
    ChatParams,
    ChatRenameParams,
    ChatRetryParams,
    ChatSendParams,
    ChatSendResult,
    ChatUpdateParams,
    DocumentParams,
    DocumentResult,
)
from orchestrator.lsp.protocol_exchange import ExportParams, ExportResult, ImportParams, ImportResult
from orchestrator.lsp.protocol_history import HistorySearchParams, HistorySearchResult
from orchestrator.lsp.protocol_prompts import (
    MetricsParams,
    MetricsResult,
    PromptParams,
    PromptsDiffParams,
    PromptsDiffResult,
    PromptsEditResult,
    PromptsExportParams,
    PromptsExportResult,
    PromptsImportParams,
    PromptsImportResult,
    PromptsListParams,
    PromptsListResult,
    PromptsNewParams,
    PromptsShowResult,
    PromptsTestParams,
    PromptsTestResult,
    PromptsUsedResult,
    PromptVersionParams,
)
from orchestrator.lsp.protocol_trust import TrustParams, TrustResult, TrustSetParams
from orchestrator.model.run import SplitState

PROTOCOL_VERSION = 1

Wire = wire.Wire
Uint = wire.Uint
Uri = wire.Uri
Identifier = wire.Identifier
Position = wire.Position
Range = wire.Range
UsageReport = wire.UsageReport
Done = wire.Done


class ClientAbilities(Wire):
    """What the client can show."""

    ghosts: bool = False
    """It shows `split/preview` as ghosts and answers with `split/accept` or `split/discard`."""
    tree: bool = False
    """It wants `treeChanged` for the documents it asked `tree` about."""
    inbox: bool = False
    """It shows what waits for a person (`approval/changed`), and needs no message about it."""
    elsewhere: bool = False
    """It shows what other programs run, too: it is told of their runs (`run/update`) as of those of this server."""
    chat: bool = False
    """It shows conversations: it handles the command `orchestrator.server.chat.open` itself, with these parameters."""


class ServerAbilities(Wire):
    protocol: int = PROTOCOL_VERSION
    version: str
    """Version of the program."""


# --- tree ---------------------------------------------------------------------------------------------------


class TreeProgress(Wire):
    done: Uint
    total: Uint


class TreeNode(Wire):
    node_id: Identifier
    """Opaque; stable while the server lives and the text moves."""
    kind: Literal["section", "task"]
    title: str
    status: str | None = None
    """A word of `Status`, null for a section."""
    task_id: str | None = None
    """The id in the file, without `^`."""
    child_count: Uint = 0
    progress: TreeProgress | None = None
    """Of the tasks below it, cancelled ones left out; null where there are none."""


class TreeParams(Wire):
    uri: Uri
    node_id: Identifier | None = None
    """Whose children; null: the top level."""
    offset: Uint = 0
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1000


class TreeResult(Wire):
    document_version: int | None
    seq: Uint
    """Of the state that this answer shows; the next `treeChanged` has the next number."""
    nodes: list[TreeNode]
    total: Uint


class TreeLocateParams(Wire):
    """One of the two: where is this node, or which node is here."""

    uri: Uri
    node_id: Identifier | None = None
    position: Position | None = None


class TreeLocateResult(Wire):
    document_version: int | None
    node_id: Identifier
    path: list[Identifier]
    """Ids from the top level down to the node itself."""
    indexes: list[Uint]
    """For each of them its place among its siblings, from 0: the `offset` at which `tree` has it."""
    range: Range
    """All lines of the node, with its children."""
    selection_range: Range
    """Its title."""


class LensesParams(Wire):
    """The code lenses of some lines, for a client that draws what is on its screen: `textDocument/codeLens` has all."""

    uri: Uri
    range: Range


class LensInfo(Wire):
    range: Range
    title: str
    command: str
    arguments: list[dict[str, Any]]


class LensesResult(Wire):
    document_version: int | None
    lenses: list[LensInfo]


class TreeSearchParams(Wire):
    """Which nodes of an open outline fit: a filter, for the parts of the tree that nobody has loaded too."""

    uri: Uri
    text: Annotated[str, Field(max_length=1000)] = ""
    """Words that the title has, in any order, or an id. Empty: any."""
    statuses: list[Literal["pending", "inProgress", "completed", "cancelled", "failed", "asking"]] = []
    """Only tasks of these; empty: tasks of any, and sections."""
    limit: Annotated[int, Field(ge=1, le=2000)] = 500
    """Of nodes that fit; what they stand below comes with them."""


class FoundNode(Wire):
    node: TreeNode
    parent_id: Identifier | None
    fits: bool
    """False: it is here because something below it fits."""


class TreeSearchResult(Wire):
    document_version: int | None
    nodes: list[FoundNode]
    """In the order of the document: each behind its parent."""
    total: Uint
    """How many fit, here or not."""


class TreeOutlinesParams(Wire):
    """Which outlines of the workspace, open or not, have nodes that fit: for a filter over more than a client opens."""

    text: Annotated[str, Field(max_length=1000)] = ""
    statuses: list[Literal["pending", "inProgress", "completed", "cancelled", "failed", "asking"]] = []
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class TreeOutlinesResult(Wire):
    uris: list[Uri]
    """In alphabetical order."""
    total: Uint
    """How many outlines have nodes that fit, here or not."""
    complete: bool
    """False: files are still being read, and there may be more."""


class NodeInserted(Wire):
    op: Literal["insert"] = "insert"
    parent_id: Identifier | None
    index: Uint
    node: TreeNode


class NodeRemoved(Wire):
    op: Literal["remove"] = "remove"
    node_id: Identifier


class NodeUpdated(Wire):
    op: Literal["update"] = "update"
    node: TreeNode


TreeChange = Annotated[NodeInserted | NodeRemoved | NodeUpdated, Field(discriminator="op")]


class TreeChangedParams(Wire):
    """Changes in the order in which they are to be made. Removing a node removes what is below it."""

    uri: Uri
    document_version: int | None
    seq: Uint
    """One more than the last; a gap means: ask `tree` again."""
    changes: list[TreeChange]


# --- split --------------------------------------------------------------------------------------------------


class GhostTask(Wire):
    """A subtask that is proposed and not in the file."""

    title: Annotated[str, Field(min_length=1, max_length=1000)]
    description: Annotated[str, Field(max_length=20_000)] = ""
    acceptance: Annotated[str, Field(max_length=20_000)] = ""
    depends_on: list[Uint] = []
    """Indexes of earlier siblings."""
    mode: Literal["", "interactive", "auto"] = ""
    executor: Annotated[str, Field(max_length=64)] = ""
    asks: str = ""
    """What of that is only written when `split/accept` says `fields`: "mode auto, executor code"."""
    ordered: bool = False
    """Whether its children run in sequence."""
    children: list[GhostTask] = []


class SplitStartParams(Wire):
    """Which task: by `nodeId`, or by a position in one of its lines."""

    uri: Uri
    version: int | None = None
    """The version that `position` belongs to; null with `nodeId`."""
    node_id: Identifier | None = None
    position: Position | None = None
    levels: Annotated[int, Field(ge=1, le=8)] = 1
    """1: split this task; more: its children too, down to `split.maxDepth`."""
    force: bool = False
    """Plan even if the task is judged simple."""
    idea: bool = False
    """The line at `position` is no task but an idea: it becomes one with subtasks; below a heading they stand alone."""
    replan: bool = False
    """Plan the subtasks anew that the task has: `split/preview` then has `changes`."""


class SplitStartResult(Wire):
    run_id: Identifier
    node_id: Identifier
    document_version: int | None
    range: Range
    """All lines of the task: ghosts go below its end, where the subtasks will be."""


class PlanChange(Wire):
    """What a re-plan makes of one subtask."""

    op: Literal["edit", "add", "obsolete"]
    id: str = ""
    """Its id in the file; for one without, a name that holds for this plan only. Empty for `add`."""
    was: str = ""
    """Its title as it stands."""
    title: str = ""
    """The new title; empty: as it is."""
    description: str = ""
    acceptance: str = ""
    reason: str = ""
    under: str = ""
    """For `add`: the id of the subtask below which it goes; empty: directly below the task."""


class SplitDecision(Wire):
    """Whether a task needs subtasks."""

    verdict: Literal["EXECUTE", "DECOMPOSE"]
    reason: str = ""
    chance: float | None = None
    """That it needs subtasks, 0 to 1, from what the model says, what its title reads like, and what you did before."""
    expected_usd: float | None = None
    """What a plan was expected to cost; null: the price is not known."""


class SplitPreviewParams(Wire):
    """The whole proposal as it stands: small, so that a lost message does no harm."""

    run_id: Identifier
    uri: Uri
    node_id: Identifier
    document_version: int | None
    seq: Uint
    """From 1, without gaps."""
    state: SplitState
    title: str
    """Of the task that is split."""
    children: list[GhostTask] = []
    ordered: bool = False
    decision: SplitDecision | None = None
    changes: list[PlanChange] = []
    """Of a re-plan. `split/accept` takes their indexes as paths of one number. New ones are among `children` too."""
    message: str = ""
    """For a person: the reason of the decision, of a failure, what was left out."""
    source: str = ""
    """Who answers: "local/smollm2 (basic offline model)", with the playbook that was followed."""
    usage: UsageReport = UsageReport()


class SplitAcceptParams(Wire):
    run_id: Identifier
    items: list[list[Uint]] | None = None
    """Paths of the ghosts to take ([0], [2, 1]: second child of the third); null: all. A child brings its parents."""
    fields: bool = False
    """Also write the modes and executors that need a person's word: a person saw them (`asks`) and agreed."""


class SplitAcceptResult(Wire):
    document_version: int | None
    added: Uint
    """Tasks that were written."""


class SplitEditParams(Wire):
    """Replaces the proposal by what the person made of it; nothing is written yet."""

    run_id: Identifier
    children: Annotated[list[GhostTask], Field(min_length=1, max_length=100)]
    ordered: bool = False


class PlaybookSaveParams(Wire):
    """Save a task with its subtasks as an example for the planners."""

    uri: Uri
    node_id: Identifier
    replace: bool = False
    """Replace a playbook of the same name."""


class PlaybookSaveResult(Wire):
    path: str
    """The file, in the person's configuration folder."""


class SplitDiscardParams(Wire):
    run_id: Identifier


# --- runs ---------------------------------------------------------------------------------------------------


class RunPlaceParams(Wire):
    """Which tasks: one by `nodeId`, or by a position in one of its lines; neither: all of the outline."""

    uri: Uri
    version: int | None = None
    """The version that `position` belongs to; null with `nodeId`."""
    node_id: Identifier | None = None
    position: Position | None = None


class RunStartParams(RunPlaceParams):
    node_ids: Annotated[list[Identifier], Field(min_length=1, max_length=1000)] | None = None
    """Instead of `nodeId`: all of these, in one run; sections among them are left out."""
    range: Range | None = None
    """Instead of `position`: all tasks that start in it, in one run."""
    auto: bool = False
    """Run interactive tasks by themselves too; else the person is asked about them."""
    budget: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    """US dollars that the run may spend."""
    calls: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Calls that the run may make."""
    accepted: bool = False
    """The person has seen what it may take (`run/estimate`); else they are asked, unless it costs nothing."""
    restart: bool = False
    """Begin anew: a run of the task that is under way is stopped, one that could be resumed is given up, and what is
    done, failed or asks in the branch is set back to open, in one edit."""
    needed: bool = False
    """Run the tasks outside of the branch too that it waits for (`run/estimate` lists them)."""


class RunStartResult(Wire):
    run_id: Identifier
    document_version: int | None


class RunResumeParams(Wire):
    run_id: Identifier
    give_up: bool = False
    """Do not go on: mark it as failed."""


class RunStopParams(Wire):
    run_id: Identifier
    task_id: Identifier | None = None
    """Stop only this task and what is below it; null: the whole run. What is done stays."""


class RunListParams(Wire):
    uri: Uri | None = None
    """Of this outline only."""
    version: int | None = None
    node_id: Identifier | None = None
    position: Position | None = None
    """With one of the two: only the runs whose branches hold that task."""
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class RunInfo(Wire):
    run_id: Identifier
    uri: Uri
    title: str
    task_id: str | None
    state: str
    """`running`, `completed`, `paused`, `cancelled` or `failed`."""
    reason: str
    started: float
    ended: float | None
    resumable: bool
    here: bool
    """It runs in this server."""
    done: Uint | None = None
    """Of a run that is here: tasks that are done."""
    total: Uint | None = None
    cost_usd: float | None = None


class RunListResult(Wire):
    runs: list[RunInfo]
    """The newest first."""


class RunGetParams(Wire):
    run_id: Identifier


class RunTask(Wire):
    task_id: Identifier
    title: str
    parent_id: str | None
    """The `taskId` of its parent in the run; of a run that is over, as the outline has it now."""
    state: str | None
    """As in `attempts.state` of the store; null: it has not begun, or cannot (`reason`)."""
    reason: str = ""


class RunGetResult(Wire):
    run: RunInfo
    tasks: list[RunTask]


class RunCorrectParams(Wire):
    """Something that a person says to a task under way. It counts from its next call on, and is stored until then."""

    run_id: Identifier
    task_id: Identifier
    text: Annotated[str, Field(min_length=1, max_length=20_000)]


class RunCorrectResult(Wire):
    told: str
    """For a person: from when on it counts."""


class ContextParams(RunPlaceParams):
    purpose: Literal["execute", "plan", "decide", "verify", "aggregate"] = "execute"
    """`verify` judges what doing the task came to last, `aggregate` sums up results of subtasks as they stand there."""


class ContextPart(Wire):
    name: str
    """Of a message who says it: `system`, `user` or `assistant`. Of a part what it is: `Goal`, `Description`, …"""
    text: str
    tokens: Uint
    """Estimated."""


class ContextResult(Wire):
    """What a model would be sent about a task, to the last character. Nothing is sent, and no consent is needed."""

    document_version: int | None
    model: str
    """`provider/model`."""
    prompt: str
    """Its name and version."""
    messages: list[ContextPart]
    """Exactly what would be sent, in order."""
    parts: list[ContextPart]
    """What of it comes from the outline and its files."""
    tools: list[str]
    tokens: Uint
    """Of all of it, descriptions of tools too."""
    max_tokens: Uint
    """That the answer may have."""
    document: str
    """All of that as one text, to be shown."""


class NeededTask(Wire):
    node_id: Identifier
    title: str


class RunEstimateResult(Wire):
    """Ranges: the least and the most that is likely."""

    tasks: Uint
    calls: list[Uint]
    input_tokens: list[Uint]
    output_tokens: list[Uint]
    cost_usd: list[float] | None
    """Null: the price is not known."""
    model: str
    """`provider/model` that most of it would ask."""
    line: str
    """All of it, for a person."""
    needed: list[NeededTask] = []
    """Open tasks outside of the branch that it waits for; `run/start` with `needed` runs them too."""


class ApprovalInfo(Wire):
    """Something that waits for a person."""

    approval_id: Identifier
    run_id: Identifier
    kind: str
    """`question`, `start`, `confirm`, `budget`, or what leave is asked for (`edit`, `command`, …)."""
    title: str
    task_id: str | None
    task: str
    """The title of the task that asks."""
    uri: str | None = None
    """The outline of the run."""
    choices: list[str]
    """The careful one first; empty: any text is an answer."""
    detail: dict[str, Any]
    """Exactly what is approved: the `argv` of a command, the `diff` and `fingerprint` of an edit; `text` is all of it
    as a person reads it."""
    created: float
    state: str
    """`open`, `answered` or `withdrawn`."""


class ApprovalListParams(Wire):
    run_id: Identifier | None = None


class ApprovalListResult(Wire):
    approvals: list[ApprovalInfo]
    """Open ones, the oldest first, of every run in the store."""


class ApprovalFilesParams(Wire):
    approval_id: Identifier


class ProposedFile(Wire):
    path: str
    """Below the workspace folder, with `/`."""
    before: str | None
    """Null: there is no such file."""
    after: str | None
    """Null: it would be removed."""


class ApprovalFilesResult(Wire):
    """What leave for an edit would write, whole: for the editor's own diff."""

    files: list[ProposedFile]


class QuestionAnswerParams(Wire):
    approval_id: Identifier
    answer: Annotated[str, Field(min_length=1, max_length=20_000)]
    """One of the choices, where there are any."""


class ApprovalChangedParams(Wire):
    approval: ApprovalInfo


class RunUpdateParams(Wire):
    """One thing that happened in a run, after it was stored."""

    run_id: Identifier
    uri: Uri
    node_id: Identifier | None
    seq: Uint
    kind: str
    """As in the store's events: "run.started", "attempt.state", "step.ended", "run.ended", …"""
    detail: dict[str, Any]
    created: float
    """Seconds since 1970, UTC."""


# --- edits without a model ------------------------------------------------------------------------------------


class EditParams(Wire):
    """Which tasks: the one with `nodeId`; or those that start in `range`, and if none does the one that holds it."""

    uri: Uri
    version: int | None = None
    """The version that `range` belongs to; another than the newest is refused. Null: the newest is meant."""
    node_id: Identifier | None = None
    node_ids: Annotated[list[Identifier], Field(min_length=1, max_length=1000)] | None = None
    """Instead of `nodeId`: all of these, in one edit; sections among them are left out."""
    range: Range | None = None


class EditStatusSetParams(EditParams):
    status: Literal["pending", "inProgress", "completed", "cancelled", "failed", "asking"]
    reason: Annotated[str, Field(max_length=1000)] | None = None
    """Of failed and asking; null: the one that is there stays, or an empty field is written."""


class EditValueSetParams(EditParams):
    key: Literal["mode", "executor", "model", "priority", "prompt", "type"]
    value: Annotated[str, Field(max_length=200)] | None = None
    """Written only where it differs from what is inherited. Null: the field is taken away."""


class EditMoveParams(EditParams):
    steps: Annotated[int, Field(ge=-1000, le=1000)]
    """Places down, or up if negative; fewer where the way ends."""


class EditIntoParams(EditParams):
    parent_id: Identifier
    """The `nodeId` of the task or section below which they come last."""


class EditAddParams(EditParams):
    title: Annotated[str, Field(max_length=1000)] = ""


class EditAcceptanceParams(EditParams):
    text: Annotated[str, Field(max_length=20_000)] = ""
    """Empty: a line to be filled in."""


class EditFixParams(Wire):
    """One fix of one problem, as a code action named it."""

    uri: Uri
    version: int | None = None
    code: str
    """Of the problem."""
    range: Range
    """Of the problem."""
    name: str
    """Of the fix, among those of the problem."""


class EditFixAllParams(Wire):
    """All fixes that change nothing anybody could have meant."""

    uri: Uri
    version: int | None = None


class EditResult(Wire):
    document_version: int | None
    position: Position | None = None
    """Where the check box of the first of the tasks stands now; null: nowhere, or nobody knows."""
    moved: int = 0
    """By how many lines that task stands further down than before."""


class ModelsListParams(Wire):
    """Nothing to say."""


class RoleModels(Wire):
    role: Literal["decide", "plan", "execute", "verify", "aggregate", "chat"]
    models: list[str]
    """`provider/model`: the one that is tried first, then those that stand in; none where the settings name none."""


class AliasModels(Wire):
    name: str
    models: list[str]


class ModelsListResult(Wire):
    """As the settings say it. A task's field `model` and a conversation's own choice stand above that."""

    roles: list[RoleModels]
    aliases: list[AliasModels]


REQUESTS: dict[str, tuple[type[Wire], type[Wire]]] = {
    "orchestrator/tree": (TreeParams, TreeResult),
    "orchestrator/tree/locate": (TreeLocateParams, TreeLocateResult),
    "orchestrator/tree/search": (TreeSearchParams, TreeSearchResult),
    "orchestrator/tree/outlines": (TreeOutlinesParams, TreeOutlinesResult),
    "orchestrator/lenses": (LensesParams, LensesResult),
    "orchestrator/split/start": (SplitStartParams, SplitStartResult),
    "orchestrator/split/accept": (SplitAcceptParams, SplitAcceptResult),
    "orchestrator/split/edit": (SplitEditParams, Done),
    "orchestrator/split/discard": (SplitDiscardParams, Done),
    "orchestrator/run/start": (RunStartParams, RunStartResult),
    "orchestrator/run/resume": (RunResumeParams, RunStartResult),
    "orchestrator/playbook/save": (PlaybookSaveParams, PlaybookSaveResult),
    "orchestrator/run/stop": (RunStopParams, Done),
    "orchestrator/run/list": (RunListParams, RunListResult),
    "orchestrator/run/get": (RunGetParams, RunGetResult),
    "orchestrator/run/estimate": (RunPlaceParams, RunEstimateResult),
    "orchestrator/run/correct": (RunCorrectParams, RunCorrectResult),
    "orchestrator/context": (ContextParams, ContextResult),
    "orchestrator/question/answer": (QuestionAnswerParams, Done),
    "orchestrator/approval/answer": (QuestionAnswerParams, Done),
    "orchestrator/approval/list": (ApprovalListParams, ApprovalListResult),
    "orchestrator/approval/files": (ApprovalFilesParams, ApprovalFilesResult),
    "orchestrator/chat/open": (ChatOpenParams, ChatOpenResult),
    "orchestrator/chat/page": (ChatPageParams, ChatPageResult),
    "orchestrator/chat/find": (ChatFindParams, ChatFindResult),
    "orchestrator/chat/close": (ChatParams, Done),
    "orchestrator/chat/send": (ChatSendParams, ChatSendResult),
    "orchestrator/chat/retry": (ChatRetryParams, ChatSendResult),
    "orchestrator/chat/cancel": (ChatCancelParams, ChatCancelResult),
    "orchestrator/chat/list": (ChatListParams, ChatListResult),
    "orchestrator/chat/rename": (ChatRenameParams, ChatInfo),
    "orchestrator/chat/model": (ChatModelParams, ChatInfo),
    "orchestrator/chat/delete": (ChatParams, Done),
    "orchestrator/chat/fork": (ChatForkParams, ChatInfo),
    "orchestrator/chat/select": (ChatMessageParams, ChatInfo),
    "orchestrator/chat/restart": (ChatParams, ChatSendResult),
    "orchestrator/chat/extract": (ChatExtractParams, ChatExtractResult),
    "orchestrator/document": (DocumentParams, DocumentResult),
    "orchestrator/edit/status/set": (EditStatusSetParams, EditResult),
    "orchestrator/edit/status/cycle": (EditParams, EditResult),
    "orchestrator/edit/value/set": (EditValueSetParams, EditResult),
    "orchestrator/edit/promote": (EditParams, EditResult),
    "orchestrator/edit/demote": (EditParams, EditResult),
    "orchestrator/edit/move": (EditMoveParams, EditResult),
    "orchestrator/edit/into": (EditIntoParams, EditResult),
    "orchestrator/edit/subtask/add": (EditAddParams, EditResult),
    "orchestrator/edit/sibling/add": (EditAddParams, EditResult),
    "orchestrator/edit/acceptance/add": (EditAcceptanceParams, EditResult),
    "orchestrator/edit/sort": (EditParams, EditResult),
    "orchestrator/edit/sequence": (EditParams, EditResult),
    "orchestrator/edit/extract": (EditParams, EditResult),
    "orchestrator/edit/ids/assign": (EditParams, EditResult),
    "orchestrator/edit/fix": (EditFixParams, EditResult),
    "orchestrator/edit/fixAll": (EditFixAllParams, EditResult),
    "orchestrator/export": (ExportParams, ExportResult),
    "orchestrator/import": (ImportParams, ImportResult),
    "orchestrator/history/search": (HistorySearchParams, HistorySearchResult),
    "orchestrator/prompts/list": (PromptsListParams, PromptsListResult),
    "orchestrator/prompts/show": (PromptVersionParams, PromptsShowResult),
    "orchestrator/prompts/diff": (PromptsDiffParams, PromptsDiffResult),
    "orchestrator/prompts/edit": (PromptParams, PromptsEditResult),
    "orchestrator/prompts/new": (PromptsNewParams, PromptsEditResult),
    "orchestrator/prompts/use": (PromptVersionParams, PromptsUsedResult),
    "orchestrator/prompts/rollback": (PromptParams, PromptsUsedResult),
    "orchestrator/prompts/test": (PromptsTestParams, PromptsTestResult),
    "orchestrator/prompts/export": (PromptsExportParams, PromptsExportResult),
    "orchestrator/prompts/import": (PromptsImportParams, PromptsImportResult),
    "orchestrator/metrics/get": (MetricsParams, MetricsResult),
    "orchestrator/models/list": (ModelsListParams, ModelsListResult),
    "orchestrator/trust/get": (TrustParams, TrustResult),
    "orchestrator/trust/set": (TrustSetParams, TrustResult),
}
"""Client to server: parameters and result of each request."""

NOTIFICATIONS: dict[str, type[Wire]] = {
    "orchestrator/treeChanged": TreeChangedParams,
    "orchestrator/split/preview": SplitPreviewParams,
    "orchestrator/run/update": RunUpdateParams,
    "orchestrator/approval/changed": ApprovalChangedParams,
    "orchestrator/chat/update": ChatUpdateParams,
}
"""Server to client."""

COMMANDS: dict[str, str] = {
    "orchestrator.server.split.start": "orchestrator/split/start",
    "orchestrator.server.split.accept": "orchestrator/split/accept",
    "orchestrator.server.split.discard": "orchestrator/split/discard",
    "orchestrator.server.run.start": "orchestrator/run/start",
    "orchestrator.server.run.resume": "orchestrator/run/resume",
    "orchestrator.server.playbook.save": "orchestrator/playbook/save",
    "orchestrator.server.run.stop": "orchestrator/run/stop",
    "orchestrator.server.question.answer": "orchestrator/question/answer",
    "orchestrator.server.chat.open": "orchestrator/chat/open",
    "orchestrator.server.export": "orchestrator/export",
    "orchestrator.server.import": "orchestrator/import",
    "orchestrator.server.edit.status.set": "orchestrator/edit/status/set",
    "orchestrator.server.edit.status.cycle": "orchestrator/edit/status/cycle",
    "orchestrator.server.edit.value.set": "orchestrator/edit/value/set",
    "orchestrator.server.edit.promote": "orchestrator/edit/promote",
    "orchestrator.server.edit.demote": "orchestrator/edit/demote",
    "orchestrator.server.edit.move": "orchestrator/edit/move",
    "orchestrator.server.edit.subtask.add": "orchestrator/edit/subtask/add",
    "orchestrator.server.edit.sibling.add": "orchestrator/edit/sibling/add",
    "orchestrator.server.edit.acceptance.add": "orchestrator/edit/acceptance/add",
    "orchestrator.server.edit.sort": "orchestrator/edit/sort",
    "orchestrator.server.edit.sequence": "orchestrator/edit/sequence",
    "orchestrator.server.edit.extract": "orchestrator/edit/extract",
    "orchestrator.server.edit.ids.assign": "orchestrator/edit/ids/assign",
    "orchestrator.server.edit.fix": "orchestrator/edit/fix",
    "orchestrator.server.edit.fixAll": "orchestrator/edit/fixAll",
}
"""`workspace/executeCommand`: one argument, the params of that request."""
