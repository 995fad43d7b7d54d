"""What the client said it can do, read once from `initialize`.

Apart from the features so that each asks one word ("may I?") instead of digging in optional fields.
Our own abilities are read by hand here, because pydantic is not imported before `initialize` is answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from lsprotocol import types

from orchestrator.outline.text import Encoding

ASKED = {
    "folding_range": "folding_range_provider",
    "selection_range": "selection_range_provider",
    "document_highlight": "document_highlight_provider",
    "hover": "hover_provider",
    "inlay_hint": "inlay_hint_provider",
    "semantic_tokens": "semantic_tokens_provider",
    "definition": "definition_provider",
    "references": "references_provider",
    "rename": "rename_provider",
    "call_hierarchy": "call_hierarchy_provider",
    "completion": "completion_provider",
    "document_link": "document_link_provider",
    "on_type_formatting": "document_on_type_formatting_provider",
}
"""Features that are offered to clients that declare them and to no other, with the capability that says so."""


@dataclass(frozen=True, slots=True)
class Completing:
    """What it can do with a completion."""

    snippets: bool = False
    insert_replace: bool = False
    markdown: bool = False
    resolves: bool = False
    """It asks for documentation when it shows some."""
    label_details: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    encoding: Encoding = Encoding.UTF16
    ghosts: bool = False
    tree: bool = False
    inbox: bool = False
    elsewhere: bool = False
    """It is told of the runs of other programs."""
    chat: bool = False
    """It shows conversations itself."""
    virtual_documents: bool = False
    """It asks for the text of documents under `orchestrator:`."""
    show_document: bool = False
    hierarchical_symbols: bool = False
    symbol_tags: bool = False
    action_literals: bool = False
    """It takes code actions, not only commands."""
    llm_tag: bool = False
    action_resolve: bool = False
    """It asks for the edit of a code action when that is chosen."""
    action_disabled: bool = False
    """It shows code actions that cannot be chosen, and why."""
    pull_diagnostics: bool = False
    refresh_diagnostics: bool = False
    related_information: bool = False
    unnecessary_tag: bool = False
    """It shows text without effect as such."""
    refresh_lenses: bool = False
    progress: bool = False
    """The server may create progress."""
    ask: bool = False
    """A message may have buttons."""
    apply_edit: bool = False
    configuration: bool = False
    """It answers `workspace/configuration`."""
    register_configuration: bool = False
    asks: frozenset[str] = frozenset()
    """Features of a document that it asks for, by the names of their files in `features/`."""
    fold_limit: int | None = None
    """Folding ranges that it takes; None: any number."""
    fold_kinds: frozenset[str] | None = None
    """None: it knows all kinds."""
    hover_markdown: bool = False
    commands: frozenset[str] = frozenset()
    """Commands that may be links in a hover."""
    refresh_hints: bool = False
    completion: Completing = Completing()
    tokens: frozenset[str] = frozenset()
    """The ways in which it asks for semantic tokens: `full`, `delta`, `range`."""
    refresh_tokens: bool = False
    workspace_symbols: bool = False
    resolve_symbols: bool = False
    """It asks for the range of a workspace symbol when a person chose it."""
    workspace_symbol_tags: bool = False
    definition_links: bool = False
    document_changes: bool = False
    """It takes edits of several documents with their versions."""
    change_annotations: bool = False
    watch_files: bool = False
    """It can be asked to tell of changed files."""
    folders: tuple[str, ...] = ()
    """URIs of the workspace folders when it connected."""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """`initializationOptions`."""


def read_client(params: types.InitializeParams, encoding: str) -> Client:
    capabilities = params.capabilities
    document = capabilities.text_document or types.TextDocumentClientCapabilities()
    workspace = capabilities.workspace or types.WorkspaceClientCapabilities()
    window = capabilities.window or types.WindowClientCapabilities()
    action, symbol = document.code_action, document.document_symbol
    ours = _mapping(_mapping(capabilities.experimental).get("orchestrator"))
    tags = action.tag_support.value_set if action and action.tag_support else ()
    diagnostics = document.publish_diagnostics
    pulled = document.diagnostic
    return Client(
        encoding=Encoding(encoding),
        ghosts=ours.get("ghosts") is True,
        inbox=ours.get("inbox") is True,
        elsewhere=ours.get("elsewhere") is True,
        chat=ours.get("chat") is True,
        virtual_documents=workspace.text_document_content is not None,
        show_document=bool(window.show_document and window.show_document.support),
        tree=ours.get("tree") is True,
        hierarchical_symbols=bool(symbol and symbol.hierarchical_document_symbol_support),
        symbol_tags=bool(symbol and symbol.tag_support),
        action_literals=bool(action and action.code_action_literal_support),
        llm_tag=types.CodeActionTag.LlmGenerated in tags,
        action_resolve=bool(
            action and action.data_support and action.resolve_support and "edit" in action.resolve_support.properties
        ),
        action_disabled=bool(action and action.disabled_support),
        pull_diagnostics=pulled is not None,
        refresh_diagnostics=bool(workspace.diagnostics and workspace.diagnostics.refresh_support),
        related_information=bool(
            (pulled and pulled.related_information) or (diagnostics and diagnostics.related_information)
        ),
        unnecessary_tag=types.DiagnosticTag.Unnecessary in (*_tags_of(pulled), *_tags_of(diagnostics)),
        refresh_lenses=bool(workspace.code_lens and workspace.code_lens.refresh_support),
        progress=bool(window.work_done_progress),
        ask=window.show_message is not None,
        apply_edit=bool(workspace.apply_edit),
        configuration=bool(workspace.configuration),
        register_configuration=bool(
            workspace.did_change_configuration and workspace.did_change_configuration.dynamic_registration
        ),
        asks=frozenset(name for name in ASKED if getattr(document, name) is not None),
        fold_limit=document.folding_range.range_limit if document.folding_range else None,
        fold_kinds=_fold_kinds(document.folding_range),
        hover_markdown=_prefers_markdown(document.hover.content_format if document.hover else None),
        commands=frozenset(name for name in _list(ours.get("commands")) if isinstance(name, str)),
        refresh_hints=bool(workspace.inlay_hint and workspace.inlay_hint.refresh_support),
        completion=_completing(document.completion),
        tokens=_token_requests(document.semantic_tokens),
        refresh_tokens=bool(workspace.semantic_tokens and workspace.semantic_tokens.refresh_support),
        workspace_symbols=workspace.symbol is not None,
        resolve_symbols="location.range" in _resolved(workspace.symbol),
        workspace_symbol_tags=bool(workspace.symbol and workspace.symbol.tag_support),
        definition_links=bool(document.definition and document.definition.link_support),
        document_changes=_takes_document_changes(workspace.workspace_edit),
        change_annotations=bool(workspace.workspace_edit and workspace.workspace_edit.change_annotation_support),
        watch_files=bool(
            workspace.did_change_watched_files and workspace.did_change_watched_files.dynamic_registration
        ),
        folders=_folders(params),
        options=_mapping(params.initialization_options),
    )


def _tags_of(
    capability: types.DiagnosticClientCapabilities | types.PublishDiagnosticsClientCapabilities | None,
) -> Sequence[types.DiagnosticTag]:
    return capability.tag_support.value_set if capability and capability.tag_support else ()


def _fold_kinds(capability: types.FoldingRangeClientCapabilities | None) -> frozenset[str] | None:
    kinds = capability.folding_range_kind.value_set if capability and capability.folding_range_kind else None
    return None if kinds is None else frozenset(map(_word, kinds))


def _completing(capability: types.CompletionClientCapabilities | None) -> Completing:
    item = capability.completion_item if capability else None
    if item is None:
        return Completing()
    return Completing(
        snippets=bool(item.snippet_support),
        insert_replace=bool(item.insert_replace_support),
        markdown=_prefers_markdown(item.documentation_format),
        resolves=bool(item.resolve_support and "documentation" in item.resolve_support.properties),
        label_details=bool(item.label_details_support),
    )


def _token_requests(capability: types.SemanticTokensClientCapabilities | None) -> frozenset[str]:
    if capability is None:
        return frozenset()
    full, part = capability.requests.full, capability.requests.range
    delta = isinstance(full, types.ClientSemanticTokensRequestFullDelta) and full.delta
    asked = {"full": full not in (None, False), "delta": delta, "range": part not in (None, False)}
    return frozenset(name for name, wanted in asked.items() if wanted)


def _prefers_markdown(formats: Sequence[types.MarkupKind] | None) -> bool:
    """Clients list what they can show, the best first."""
    return bool(formats) and formats[0] == types.MarkupKind.Markdown


def _word(value: Any) -> str:
    """Of an enumeration that the client may have extended."""
    return str(getattr(value, "value", value))


def _takes_document_changes(capability: types.WorkspaceEditClientCapabilities | None) -> bool:
    """Who creates and renames files on request takes them too, as LSP says; Neovim announces it only so."""
    return bool(capability and (capability.document_changes or capability.resource_operations))


def _resolved(capability: types.WorkspaceSymbolClientCapabilities | None) -> Sequence[str]:
    return capability.resolve_support.properties if capability and capability.resolve_support else ()


def _folders(params: types.InitializeParams) -> tuple[str, ...]:
    if params.workspace_folders:
        return tuple(folder.uri for folder in params.workspace_folders)
    return (params.root_uri,) if params.root_uri else ()


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _list(value: Any) -> Sequence[Any]:
    return cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) else ()
