"""The same job with the capabilities that VS Code and Neovim really announce, driven by pytest-lsp.

It also checks each answer against what the client declared.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

URI = "file:///w/plan.tasks.md"
TEXT = "# Trip\n\n- [ ] 😀 Pack\n  - [x] Socks\n- [~] Odd\n"
SCRIPT = [
    {"when": {"schema": "decide"}, "answer": {"verdict": "DECOMPOSE", "reason": "Big."}, "repeat": True},
    {
        "when": {"schema": "plan"},
        "answer": {
            "ordered": False,
            "tasks": [
                {"title": title, "description": "", "acceptance": "", "dependsOn": []} for title in ("One", "Two")
            ],
        },
        "repeat": True,
    },
]


@pytest_lsp.fixture(
    params=["neovim", "visual-studio-code"],
    config=ClientServerConfig(server_command=[sys.executable, "-P", "-m", "orchestrator", "serve"]),
)
async def client(request: pytest.FixtureRequest, lsp_client: LanguageClient) -> AsyncIterator[None]:
    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(_: types.RegistrationParams) -> None:
        """Accepted."""

    @lsp_client.feature(types.WORKSPACE_CODE_LENS_REFRESH)
    def refresh(_: None) -> None:
        """These clients ask again when a test does."""

    await lsp_client.initialize_session(
        types.InitializeParams(capabilities=client_capabilities(request.param), workspace_folders=[])
    )
    yield
    await lsp_client.shutdown_session()


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server that pytest-lsp starts takes its environment from here."""
    for name in [name for name in os.environ if name.startswith("ORCHESTRATOR_")]:
        monkeypatch.delenv(name)
    script = tmp_path / "script.json"
    script.write_text(json.dumps(SCRIPT))
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"ORCHESTRATOR_{kind}_DIR", str(tmp_path / kind.lower()))
    monkeypatch.setenv("ORCHESTRATOR_MODEL", "scripted/script")
    monkeypatch.setenv("ORCHESTRATOR_SCRIPTED__SCRIPT", str(script))
    monkeypatch.setenv("ORCHESTRATOR_SPLIT__PREVIEW", "false")


async def test_an_outline_in_a_known_editor(client: LanguageClient) -> None:
    applied: list[types.ApplyWorkspaceEditParams] = []

    @client.feature(types.WORKSPACE_APPLY_EDIT)
    def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        applied.append(params)
        return types.ApplyWorkspaceEditResult(applied=False, failure_reason="this client holds no text")

    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(URI, "markdown", 1, TEXT)))
    document = types.TextDocumentIdentifier(URI)
    symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
    assert symbols is not None
    section = symbols[0]
    assert isinstance(section, types.DocumentSymbol)
    assert [child.name for child in section.children or ()] == ["😀 Pack", "Odd"]

    place = types.Range(types.Position(2, 3), types.Position(2, 3))
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(document, place, types.CodeActionContext([]))
    )
    titles = [action.title for action in actions or ()]
    assert titles[:3] == ["Split task", "Split recursively", "Plan the subtasks anew"]
    assert {"Move up", "Run task and all below it"} & set(titles), titles

    lenses = await client.text_document_code_lens_async(types.CodeLensParams(document))
    assert [lens.command.title for lens in lenses or () if lens.command] == ["1/1 · Split", "Run", "Split", "Run"]

    command = (lenses or ())[0].command
    assert command is not None
    answer = await client.workspace_execute_command_async(
        types.ExecuteCommandParams(command.command, command.arguments)
    )
    assert answer["runId"].startswith("run_")
    await client.wait_for_notification("orchestrator/run/update")
    while not applied:
        await client.wait_for_notification("orchestrator/run/update")
    (change,) = applied[0].edit.document_changes or ()
    assert isinstance(change, types.TextDocumentEdit)
    assert change.text_document.version == 1
    assert any("One" in edit.new_text for edit in change.edits)
