"""The language server: what all features share, and the one list of them.

Start-up decides the shape of this file: `initialize` must be answered in hardly more time than a bare pygls server
needs, so nothing here imports pydantic, the parser, the engine or a provider. A feature is named in `FEATURES` by
its file and function, and that file is imported when the feature is first used, or in a thread after `initialized`.

Invariant: on the way to `initialize` nothing heavy is imported (test_nothing_heavy_before_initialize).
Invariant: handlers of notifications are plain functions (test_notification_handlers_are_plain): pygls never forgets
the future of a coroutine, and a plain one sees the text of its own version.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from importlib import metadata
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from orchestrator.errors import OrchestratorError
from orchestrator.lsp import rpc
from orchestrator.lsp.client import ASKED, Client, read_client
from orchestrator.lsp.documents import Document, Documents
from orchestrator.lsp.memory import Memory
from orchestrator.lsp.stdio import Outlet
from orchestrator.lsp.tasks import Tasks

if TYPE_CHECKING:
    from orchestrator.config import Directories, Settings
    from orchestrator.engine.session import Session
    from orchestrator.lsp.chats import Chats
    from orchestrator.lsp.colours import Colours
    from orchestrator.lsp.costs import Costs
    from orchestrator.lsp.edits import Edits
    from orchestrator.lsp.findings import Findings
    from orchestrator.lsp.index import IdsChanged, WorkspaceIndex
    from orchestrator.lsp.outbox import Outbox
    from orchestrator.lsp.outlook import Outlook
    from orchestrator.lsp.oversize import Oversize
    from orchestrator.lsp.problems import Pusher
    from orchestrator.lsp.prompt_names import PromptNames
    from orchestrator.lsp.runs import Runs
    from orchestrator.lsp.runs_elsewhere import RunsElsewhere
    from orchestrator.lsp.settings import SettingsInForce
    from orchestrator.lsp.split_history import SplitHistory
    from orchestrator.lsp.splits import Splits
    from orchestrator.lsp.trees import Trees
    from orchestrator.lsp.unfinished import Unfinished

T = TypeVar("T")

NAME = "orchestrator"
DISTRIBUTION = "orchestrator-ls"
PROTOCOL_VERSION = 1
CLOSING_SECONDS = 1.5
"""How long the end of the session may take: editors kill a server after two or three seconds."""

REWRITE_KIND = "refactor.rewrite.orchestrator"
"""Of everything below it: splits, statuses, values, places."""
FIX_ALL_KIND = "source.fixAll.orchestrator"
SPLIT_KIND = "refactor.rewrite.orchestrator.split"
SPLIT_RECURSIVELY_KIND = "refactor.rewrite.orchestrator.splitRecursively"
RUN_KIND = "refactor.rewrite.orchestrator.run"
REPLAN_KIND = "refactor.rewrite.orchestrator.replan"
CHAT_KIND = "refactor.rewrite.orchestrator.chat"
EXPAND_KIND = "refactor.rewrite.orchestrator.expand"
PLAYBOOK_KIND = "refactor.orchestrator.savePlaybook"
EXPORT_KIND = "source.orchestrator.export"
IMPORT_KIND = "source.orchestrator.import"
ACTION_KINDS = (
    types.CodeActionKind.QuickFix,
    REWRITE_KIND,
    PLAYBOOK_KIND,
    FIX_ALL_KIND,
    EXPORT_KIND,
    IMPORT_KIND,
)

COMMANDS = (
    "orchestrator.server.split.start",
    "orchestrator.server.split.accept",
    "orchestrator.server.split.discard",
    "orchestrator.server.run.start",
    "orchestrator.server.run.resume",
    "orchestrator.server.playbook.save",
    "orchestrator.server.run.stop",
    "orchestrator.server.question.answer",
    "orchestrator.server.chat.open",
    "orchestrator.server.export",
    "orchestrator.server.import",
    "orchestrator.server.edit.status.set",
    "orchestrator.server.edit.status.cycle",
    "orchestrator.server.edit.value.set",
    "orchestrator.server.edit.promote",
    "orchestrator.server.edit.demote",
    "orchestrator.server.edit.move",
    "orchestrator.server.edit.subtask.add",
    "orchestrator.server.edit.sibling.add",
    "orchestrator.server.edit.acceptance.add",
    "orchestrator.server.edit.sort",
    "orchestrator.server.edit.sequence",
    "orchestrator.server.edit.extract",
    "orchestrator.server.edit.ids.assign",
    "orchestrator.server.edit.fix",
    "orchestrator.server.edit.fixAll",
)
"""The same as `protocol.COMMANDS`, which cannot be imported here (test_commands_are_the_protocols)."""


TOKENS = types.SemanticTokensLegend(
    token_types=("namespace", "enumMember", "property", "label", "number", "type", "string", "comment", "keyword"),
    token_modifiers=("declaration", "readonly", "deprecated", "documentation"),
)
"""As `outline.semantic_tokens` numbers them; that cannot be imported here (test_the_legend_is_the_outlines)."""


@dataclass(frozen=True, slots=True)
class Feature:
    """`features/<module>.py` answers `method` by its `function(server, params)`; a coroutine is waited for."""

    method: str
    module: str
    function: str
    options: Any = None

    def load(self) -> Callable[[Server, Any], Any]:
        return getattr(importlib.import_module(f"orchestrator.lsp.features.{self.module}"), self.function)


EVERY_FILE = types.FileOperationRegistrationOptions(
    [types.FileOperationFilter(types.FileOperationPattern(glob="**/*"), scheme="file")]
)
"""Any file or folder may be one that an outline names, or hold one."""

FEATURES: tuple[Feature, ...] = (
    Feature(types.INITIALIZED, "lifecycle", "initialized"),
    Feature(types.SHUTDOWN, "lifecycle", "shutdown"),
    Feature(types.EXIT, "lifecycle", "leave"),
    Feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION, "configuration", "did_change"),
    Feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, "workspace_folders", "did_change"),
    Feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES, "watched_files", "did_change"),
    Feature(types.TEXT_DOCUMENT_DID_OPEN, "text_sync", "did_open"),
    Feature(types.TEXT_DOCUMENT_DID_CHANGE, "text_sync", "did_change"),
    Feature(types.TEXT_DOCUMENT_DID_CLOSE, "text_sync", "did_close"),
    Feature(types.TEXT_DOCUMENT_DID_SAVE, "text_sync", "did_save"),
    Feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, "document_symbol", "document_symbol"),
    Feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        "code_action",
        "code_action",
        types.CodeActionOptions(
            code_action_kinds=ACTION_KINDS,
            resolve_provider=True,
        ),
    ),
    Feature(types.CODE_ACTION_RESOLVE, "code_action", "resolve"),
    Feature(types.TEXT_DOCUMENT_CODE_LENS, "code_lens", "code_lens"),
    Feature(types.TEXT_DOCUMENT_DIAGNOSTIC, "diagnostic", "diagnostic"),
    Feature(types.TEXT_DOCUMENT_FOLDING_RANGE, "folding_range", "folding_range"),
    Feature(types.TEXT_DOCUMENT_SELECTION_RANGE, "selection_range", "selection_range"),
    Feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT, "document_highlight", "document_highlight"),
    Feature(types.TEXT_DOCUMENT_HOVER, "hover", "hover"),
    Feature(types.TEXT_DOCUMENT_INLAY_HINT, "inlay_hint", "inlay_hint"),
    Feature(types.TEXT_DOCUMENT_DOCUMENT_LINK, "document_link", "document_link"),
    Feature(
        types.TEXT_DOCUMENT_ON_TYPE_FORMATTING,
        "on_type_formatting",
        "on_type_formatting",
        types.DocumentOnTypeFormattingOptions(first_trigger_character="\n"),
    ),
    Feature(
        types.TEXT_DOCUMENT_COMPLETION,
        "completion",
        "completion",
        types.CompletionOptions(trigger_characters=["[", " ", ":", ",", "^", "/", "{"], resolve_provider=True),
    ),
    Feature(types.COMPLETION_ITEM_RESOLVE, "completion", "resolve"),
    Feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, "semantic_tokens", "full", TOKENS),
    Feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL_DELTA, "semantic_tokens", "delta", TOKENS),
    Feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, "semantic_tokens", "part", TOKENS),
    Feature(types.WORKSPACE_SYMBOL, "workspace_symbol", "workspace_symbol"),
    Feature(types.WORKSPACE_SYMBOL_RESOLVE, "workspace_symbol", "resolve"),
    Feature(types.WORKSPACE_WILL_RENAME_FILES, "file_operations", "will_rename", EVERY_FILE),
    Feature(types.WORKSPACE_DID_RENAME_FILES, "file_operations", "did_rename", EVERY_FILE),
    Feature(types.WORKSPACE_DID_CREATE_FILES, "file_operations", "did_create", EVERY_FILE),
    Feature(types.WORKSPACE_DID_DELETE_FILES, "file_operations", "did_delete", EVERY_FILE),
    Feature(types.TEXT_DOCUMENT_DEFINITION, "definition", "definition"),
    Feature(types.TEXT_DOCUMENT_REFERENCES, "references", "references"),
    Feature(types.TEXT_DOCUMENT_PREPARE_RENAME, "rename", "prepare"),
    Feature(types.TEXT_DOCUMENT_RENAME, "rename", "rename"),
    Feature(types.TEXT_DOCUMENT_PREPARE_CALL_HIERARCHY, "call_hierarchy", "prepare"),
    Feature(types.CALL_HIERARCHY_INCOMING_CALLS, "call_hierarchy", "incoming_calls"),
    Feature(types.CALL_HIERARCHY_OUTGOING_CALLS, "call_hierarchy", "outgoing_calls"),
    Feature(types.WORKSPACE_EXECUTE_COMMAND, "execute_command", "execute_command"),
    Feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL, "run", "cancel_progress"),
    Feature("orchestrator/tree", "tree", "tree"),
    Feature("orchestrator/tree/locate", "tree", "locate"),
    Feature("orchestrator/tree/search", "tree", "search"),
    Feature("orchestrator/tree/outlines", "tree", "outlines"),
    Feature("orchestrator/lenses", "code_lens", "lenses"),
    Feature("orchestrator/split/start", "split", "start"),
    Feature("orchestrator/split/accept", "split", "accept"),
    Feature("orchestrator/split/edit", "split", "edit"),
    Feature("orchestrator/split/discard", "split", "discard"),
    Feature("orchestrator/run/start", "run", "start"),
    Feature("orchestrator/run/resume", "run", "resume"),
    Feature("orchestrator/playbook/save", "split", "save_playbook"),
    Feature("orchestrator/run/stop", "run", "stop"),
    Feature("orchestrator/run/list", "run", "runs"),
    Feature("orchestrator/run/get", "run", "get"),
    Feature("orchestrator/run/estimate", "run", "estimate"),
    Feature("orchestrator/run/correct", "run", "correct"),
    Feature("orchestrator/context", "run", "context"),
    Feature("orchestrator/question/answer", "run", "answer"),
    Feature("orchestrator/approval/answer", "run", "answer"),
    Feature("orchestrator/approval/list", "run", "approvals"),
    Feature("orchestrator/approval/files", "run", "approval_files"),
    Feature("orchestrator/chat/open", "chat", "open_chat"),
    Feature("orchestrator/chat/page", "chat", "page"),
    Feature("orchestrator/chat/find", "chat", "find"),
    Feature("orchestrator/chat/close", "chat", "close"),
    Feature("orchestrator/chat/send", "chat", "send"),
    Feature("orchestrator/chat/retry", "chat", "retry"),
    Feature("orchestrator/chat/cancel", "chat", "cancel"),
    Feature("orchestrator/chat/list", "chat", "chats"),
    Feature("orchestrator/chat/rename", "chat", "rename"),
    Feature("orchestrator/chat/model", "chat", "use_model"),
    Feature("orchestrator/chat/delete", "chat", "delete"),
    Feature("orchestrator/chat/fork", "chat", "fork"),
    Feature("orchestrator/chat/select", "chat", "select"),
    Feature("orchestrator/chat/restart", "chat", "restart"),
    Feature("orchestrator/chat/extract", "chat", "extract"),
    Feature("orchestrator/document", "virtual_document", "document"),
    Feature(
        types.WORKSPACE_TEXT_DOCUMENT_CONTENT,
        "virtual_document",
        "text_document_content",
        types.TextDocumentContentOptions(schemes=["orchestrator"]),
    ),
    Feature("orchestrator/edit/status/set", "edit", "status_set"),
    Feature("orchestrator/edit/status/cycle", "edit", "status_cycle"),
    Feature("orchestrator/edit/value/set", "edit", "value_set"),
    Feature("orchestrator/edit/promote", "edit", "promote"),
    Feature("orchestrator/edit/demote", "edit", "demote"),
    Feature("orchestrator/edit/move", "edit", "move"),
    Feature("orchestrator/edit/into", "edit", "into"),
    Feature("orchestrator/edit/subtask/add", "edit", "subtask_add"),
    Feature("orchestrator/edit/sibling/add", "edit", "sibling_add"),
    Feature("orchestrator/edit/acceptance/add", "edit", "acceptance_add"),
    Feature("orchestrator/edit/sort", "edit", "sort"),
    Feature("orchestrator/edit/sequence", "edit", "sequence"),
    Feature("orchestrator/edit/extract", "edit", "extract"),
    Feature("orchestrator/edit/ids/assign", "edit", "ids_assign"),
    Feature("orchestrator/edit/fix", "edit", "fix"),
    Feature("orchestrator/edit/fixAll", "edit", "fix_all"),
    Feature("orchestrator/export", "exchange", "export"),
    Feature("orchestrator/import", "exchange", "import_"),
    Feature("orchestrator/history/search", "history", "search"),
    Feature("orchestrator/prompts/list", "prompts", "listing"),
    Feature("orchestrator/prompts/show", "prompts", "show"),
    Feature("orchestrator/prompts/diff", "prompts", "diff"),
    Feature("orchestrator/prompts/edit", "prompts", "edit"),
    Feature("orchestrator/prompts/new", "prompts", "new"),
    Feature("orchestrator/prompts/use", "prompts", "use"),
    Feature("orchestrator/prompts/rollback", "prompts", "rollback"),
    Feature("orchestrator/prompts/test", "prompts", "test"),
    Feature("orchestrator/prompts/export", "prompts", "export"),
    Feature("orchestrator/prompts/import", "prompts", "take"),
    Feature("orchestrator/metrics/get", "metrics", "get"),
    Feature("orchestrator/models/list", "models", "listing"),
    Feature("orchestrator/trust/get", "trust", "get"),
    Feature("orchestrator/trust/set", "trust", "change"),
)

STORE_FILE = "orchestrator.db"
"""As `engine.session` calls it, which cannot be imported here: without one nobody runs anything."""

WARM_UP = ("chats", "colours", "edits", "index", "outbox", "splits", "trees", "problems", "runs", "settings")
"""Modules of `lsp` that are imported in a thread after `initialized`, besides those of the features."""


class Server(LanguageServer):
    protocol: rpc.Protocol  # pyright: ignore[reportIncompatibleVariableOverride] - what `protocol_cls` below makes

    def __init__(self, data_dir: str | None = None) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            NAME, metadata.version(DISTRIBUTION), protocol_cls=rpc.Protocol
        )
        self._data_dir = data_dir
        self.client = Client()
        self.folders: list[str] = []
        """URIs of the workspace folders as they are now."""
        self.documents = Documents()
        self.outlet: Outlet | None = None
        self.cancellable: dict[int | str, str] = {}
        """Run id by progress token."""
        self.asking_settings: set[asyncio.Task[Any]] = set()
        """What waits for the client to say its settings."""
        self.left = asyncio.Event()
        self.exit_code = 1
        """Unless `shutdown` came first."""
        self._tasks = Tasks()
        self._memory = Memory()
        self._session: Session | None = None
        self._register()

    def _register(self) -> None:
        for feature in FEATURES:
            # pygls refuses a feature of a method that it handles itself, unless it was taken out (rpc.OURS).
            self.feature(feature.method, feature.options)(self._handler(feature))
        self.protocol.raw = frozenset(feature.method for feature in FEATURES if feature.method.startswith(f"{NAME}/"))

    def _handler(self, feature: Feature) -> Callable[[Any], Any]:
        def handle(params: Any = None) -> Any:
            return feature.load()(self, params)

        return handle

    def connected(self, params: types.InitializeParams, capabilities: types.ServerCapabilities) -> None:
        """The client has said what it can do: choose what it is offered."""
        encoding = capabilities.position_encoding or types.PositionEncodingKind.Utf16
        self.client = read_client(params, encoding.value if isinstance(encoding, Enum) else encoding)
        self.folders = list(self.client.folders)
        capabilities.execute_command_provider = types.ExecuteCommandOptions(commands=COMMANDS)
        if not self.client.pull_diagnostics:
            capabilities.diagnostic_provider = None
        if not self.client.action_resolve:
            capabilities.code_action_provider = types.CodeActionOptions(code_action_kinds=ACTION_KINDS)
        for name, provider in ASKED.items():
            if name not in self.client.asks:
                setattr(capabilities, provider, None)
        if capabilities.semantic_tokens_provider is not None:
            capabilities.semantic_tokens_provider = _token_options(self.client)
        symbols = types.WorkspaceSymbolOptions(resolve_provider=self.client.resolve_symbols)
        capabilities.workspace_symbol_provider = symbols if self.client.workspace_symbols else None
        if self.client.virtual_documents and capabilities.workspace is not None:
            capabilities.workspace.text_document_content = types.TextDocumentContentOptions(schemes=[NAME])
        capabilities.experimental = {NAME: {"protocol": PROTOCOL_VERSION, "version": self.version}}

    # --- what features share, made when first asked for --------------------------------------------------------

    @cached_property
    def directories(self) -> Directories:
        from orchestrator.config import Directories

        return Directories.default(data_dir=self._data_dir)

    @cached_property
    def settings_in_force(self) -> SettingsInForce:
        from orchestrator.lsp.settings import SettingsInForce

        settings = SettingsInForce(self.directories, self.warn)
        settings.use_editor(self.client.options.get("settings"))
        self.documents.use_limit(settings.current.outline.max_bytes)
        return settings

    @property
    def settings(self) -> Settings:
        return self.settings_in_force.current

    @cached_property
    def trees(self) -> Trees:
        from orchestrator.lsp.trees import Trees

        return Trees(self)

    @cached_property
    def colours(self) -> Colours:
        from orchestrator.lsp.colours import Colours

        return Colours(self)

    @cached_property
    def index(self) -> WorkspaceIndex:
        from orchestrator.lsp.index import WorkspaceIndex

        index = WorkspaceIndex(self)
        index.subscribe(self._ids_changed)
        return index

    def _ids_changed(self, _changed: IdsChanged) -> None:
        from orchestrator.lsp.problems import told_anew

        told_anew(self)

    @cached_property
    def split_history(self) -> SplitHistory:
        from orchestrator.lsp.split_history import SplitHistory

        return SplitHistory(self)

    @cached_property
    def prompt_names(self) -> PromptNames:
        from orchestrator.lsp.prompt_names import PromptNames

        return PromptNames(self)

    @property
    def running_index(self) -> WorkspaceIndex | None:
        """The index, if anything was ever asked of it."""
        return self.__dict__.get("index")

    @cached_property
    def oversize(self) -> Oversize:
        from orchestrator.lsp.oversize import Oversize

        return Oversize(self)

    @cached_property
    def pusher(self) -> Pusher:
        from orchestrator.lsp.problems import Pusher

        return Pusher(self)

    @cached_property
    def findings(self) -> Findings:
        from orchestrator.lsp.findings import Findings

        return Findings(self)

    @cached_property
    def splits(self) -> Splits:
        from orchestrator.lsp.splits import Splits

        return Splits(self)

    @cached_property
    def runs(self) -> Runs:
        from orchestrator.lsp.runs import Runs

        return Runs(self)

    @property
    def has_history(self) -> bool:
        """Whether anything can be in the store: without one nobody has run or said anything."""
        return (self.directories.data / STORE_FILE).exists()

    @cached_property
    def chats(self) -> Chats:
        from orchestrator.lsp.chats import Chats

        return Chats(self)

    @cached_property
    def outbox(self) -> Outbox:
        from orchestrator.lsp.outbox import Outbox

        return Outbox(self, self.directories.data / STORE_FILE)

    @cached_property
    def unfinished(self) -> Unfinished:
        from orchestrator.lsp.unfinished import Unfinished

        return Unfinished(self)

    @cached_property
    def runs_elsewhere(self) -> RunsElsewhere:
        from orchestrator.lsp.runs_elsewhere import RunsElsewhere

        return RunsElsewhere(self)

    @cached_property
    def costs(self) -> Costs:
        from orchestrator.lsp.costs import Costs

        return Costs(self)

    @cached_property
    def outlook(self) -> Outlook:
        from orchestrator.lsp.outlook import Outlook

        return Outlook(self)

    @cached_property
    def edits(self) -> Edits:
        from orchestrator.lsp.edits import Edits

        return Edits(self)

    @property
    def is_trusted_by_editor(self) -> bool:
        return self.client.options.get("trusted") is not False

    def require_trust(self) -> None:
        """Raises TrustError where the editor's person did not trust the workspace. It only makes ours stricter."""
        if not self.is_trusted_by_editor:
            from orchestrator.errors import TrustError

            raise TrustError(
                "The editor does not trust this workspace, so nothing runs in it.",
                hint="Trust the workspace in the editor first.",
            )

    @property
    def running_session(self) -> Session | None:
        """The session, if anything was ever started."""
        return self._session

    async def session(self) -> Session:
        if self._session is None:
            await asyncio.to_thread(importlib.import_module, "orchestrator.engine.session")
            from orchestrator.engine.session import Session
            from orchestrator.providers.keys import Keys

            if self._session is None:
                keys = Keys.load(self.directories.config, os.environ)
                self._session = Session(self.settings, self.directories, keys)
        return self._session

    def changed(self, document: Document) -> None:
        """A document was opened or changed."""
        self.oversize.look(document)
        if self.running_index is not None:
            self.running_index.touched(document)
        if self.client.tree:
            self.trees.touched(document)
        if not self.client.pull_diagnostics:
            self.pusher.touched(document)
        self._memory.touched(len(document.text))

    def opened(self, document: Document) -> None:
        if self.client.apply_edit:
            self.start_alone(self._keep(document))
        if (self.directories.data / STORE_FILE).exists():
            self.start_alone(self.split_history.load(document.uri))

    async def _keep(self, document: Document) -> None:
        """Others who run an outline have to know that it is open here, and it is told what can be resumed of it."""
        await asyncio.to_thread(importlib.import_module, "orchestrator.lsp.outbox")
        if self.documents.find(document.uri) and document.snapshot().is_outline(self.settings.outline.globs):
            self.outbox.begin()

    # --- talking to the person ---------------------------------------------------------------------------------

    def warn(self, text: str) -> None:
        self._show(types.MessageType.Warning, text)

    def tell_error(self, error: BaseException) -> None:
        """What went wrong in work that nobody waits for."""
        self.tell_failure(str(error) if isinstance(error, OrchestratorError) else rpc.as_rpc_error(error).message)

    def tell_failure(self, text: str) -> None:
        self._show(types.MessageType.Error, text)

    def tell(self, text: str) -> None:
        self._show(types.MessageType.Info, text)

    def _show(self, kind: types.MessageType, text: str) -> None:
        self.protocol.notify(types.WINDOW_SHOW_MESSAGE, types.ShowMessageParams(kind, text))

    def report_server_error(self, error: Exception, source: Any) -> None:  # noqa: ARG002 - pygls calls it so
        """Left to itself, pygls shows its own text to the person; who asked gets an answer, and the log the rest."""
        rpc.log_defect(error)

    # --- work --------------------------------------------------------------------------------------------------

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        return self._tasks.start(work)

    def start_alone(self, work: Coroutine[Any, Any, Any]) -> None:
        self._tasks.start_alone(work, self.tell_error)

    def suggest(self, method: str, params: Any) -> None:
        """A request whose refusal changes nothing for us."""

        async def ask() -> None:
            with suppress(JsonRpcException):
                await self.protocol.ask(method, params)

        self.start_alone(ask())

    def leave(self) -> None:
        """End the server: the client said so, or is gone."""
        self.left.set()

    async def close_session(self) -> None:
        """Stop all runs and store what happened, within bounds."""
        session, self._session = self._session, None
        if session is None:
            return
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await session.aclose()
        except TimeoutError:
            logging.getLogger(__name__).warning("The session did not close within %s s.", CLOSING_SECONDS)

    async def aclose(self) -> None:
        await self.close_session()
        if self.running_index is not None:
            await self.running_index.aclose()
        await self._tasks.aclose()

    def warm_up(self) -> None:
        """Import what will be needed. Runs in a thread."""
        for feature in FEATURES:
            feature.load()
        for module in WARM_UP:
            importlib.import_module(f"orchestrator.lsp.{module}")
        importlib.import_module("orchestrator.outline.reparse")


def _token_options(client: Client) -> types.SemanticTokensOptions:
    full = types.SemanticTokensFullDelta(delta=True) if "delta" in client.tokens else "full" in client.tokens
    return types.SemanticTokensOptions(legend=TOKENS, full=full, range="range" in client.tokens)
