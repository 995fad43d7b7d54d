"""Ids over two files with the capabilities that VS Code and Neovim really announce, driven by pytest-lsp."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

A = "- [ ] 😀 Build  [dependsOn:: q4]  ^m2\n"
B = "- [x] 😀 Choose  ^q4\n1. [ ] One\n2. [ ] Two  [dependsOn:: m2]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "w"
    made.mkdir()
    (made / "b.tasks.md").write_text(B, "utf-8")
    return made


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server that pytest-lsp starts takes its environment from here."""
    for name in [name for name in os.environ if name.startswith("ORCHESTRATOR_")]:
        monkeypatch.delenv(name)
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"ORCHESTRATOR_{kind}_DIR", str(tmp_path / kind.lower()))


@pytest_lsp.fixture(
    params=["neovim", "visual-studio-code"],
    config=ClientServerConfig(server_command=[sys.executable, "-P", "-m", "orchestrator", "serve"]),
)
async def client(request: pytest.FixtureRequest, lsp_client: LanguageClient, folder: Path) -> AsyncIterator[None]:
    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(_: types.RegistrationParams) -> None:
        """Accepted."""

    @lsp_client.feature(types.WORKSPACE_CODE_LENS_REFRESH)
    def refresh(_: None) -> None:
        """These clients ask again when a test does."""

    await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities(request.param),
            workspace_folders=[types.WorkspaceFolder(folder.as_uri(), "w")],
        )
    )
    yield
    await lsp_client.shutdown_session()


async def test_two_files_in_a_known_editor(client: LanguageClient, folder: Path) -> None:
    uri, other = (folder / "a.tasks.md").as_uri(), (folder / "b.tasks.md").as_uri()
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "markdown", 1, A)))
    document = types.TextDocumentIdentifier(uri)
    general = client.capabilities.general
    utf8 = bool(general and general.position_encodings and general.position_encodings[0] == "utf-8")
    before = A[: A.index("q4")]
    units = len(before.encode()) if utf8 else len(before) + 1  # the emoji is one character and two units
    place = types.Position(0, units)

    found = await client.text_document_definition_async(types.DefinitionParams(document, place))
    targets = [one.target_uri if isinstance(one, types.LocationLink) else one.uri for one in found or ()]  # type: ignore[union-attr]
    assert targets == [other]

    context = types.ReferenceContext(include_declaration=True)
    references = await client.text_document_references_async(types.ReferenceParams(context, document, place))
    assert [one.uri for one in references or ()] == [uri, other]

    edit = await client.text_document_rename_async(types.RenameParams(document, place, "choose"))
    assert edit is not None
    changed = [(one.text_document.uri, one.text_document.version) for one in edit.document_changes or ()]  # type: ignore[union-attr]
    assert changed == [(uri, 1), (other, None)]

    line = types.Position(0, 8)
    (item,) = (
        await client.text_document_prepare_call_hierarchy_async(types.CallHierarchyPrepareParams(document, line)) or ()
    )
    incoming = await client.call_hierarchy_incoming_calls_async(types.CallHierarchyIncomingCallsParams(item))
    assert [call.from_.name for call in incoming or ()] == ["Two"]
    outgoing = await client.call_hierarchy_outgoing_calls_async(types.CallHierarchyOutgoingCallsParams(item))
    assert [call.to.name for call in outgoing or ()] == ["😀 Choose"]

    symbols = await client.workspace_symbol_async(types.WorkspaceSymbolParams("two"))
    (symbol,) = symbols or ()
    if isinstance(symbol, types.WorkspaceSymbol):
        symbol = await client.workspace_symbol_resolve_async(symbol)
    assert symbol.location == types.Location(other, types.Range(types.Position(2, 7), types.Position(2, 10)))
