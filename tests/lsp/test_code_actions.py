"""Edits and fixes as code actions: what is offered to which client, and what choosing it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from lsprotocol import types

from orchestrator.errors import EditRefusedError, OrchestratorError
from orchestrator.lsp.server import Server
from orchestrator.outline.edits import TextEdit, apply
from orchestrator.outline.text import Encoding, Text
from tests.lsp.in_process import URI, call, document, make_server, open_document, replace_text
from tests.outline.checks import marked
from tests.outline.strategies import outlines
from tests.support.laws import examples

FULL = {"action_literals": True, "action_resolve": True, "action_disabled": True, "document_changes": True}
REWRITE = "refactor.rewrite.orchestrator"


class Offered:
    """The actions that a client is offered on what is marked in a text."""

    def __init__(
        self,
        tmp_path: Path,
        source: str,
        *,
        only: list[str] | None = None,
        uri: str = URI,
        automatic: bool = False,
        **client: Any,
    ) -> None:
        self.source, first, last = marked(source)
        self.server, _ = make_server(tmp_path, **{**FULL, **client})
        open_document(self.server, self.source, uri)
        self.uri = uri
        end = 0 if first == last else 4000
        span = types.Range(types.Position(first, 0), types.Position(last, end))
        trigger = types.CodeActionTriggerKind.Automatic if automatic else types.CodeActionTriggerKind.Invoked
        shown = self.diagnostics(first, last)
        context = types.CodeActionContext(diagnostics=shown, only=only, trigger_kind=trigger)  # type: ignore[arg-type]
        self.found = call(self.server, "textDocument/codeAction", types.CodeActionParams(document(uri), span, context))

    def diagnostics(self, first: int, last: int) -> list[types.Diagnostic]:
        params = types.DocumentDiagnosticParams(document(self.uri))
        report = call(self.server, "textDocument/diagnostic", params)
        return [found for found in report.items if first <= found.range.start.line <= last]

    @property
    def titles(self) -> list[str]:
        return [action.title for action in self.found]

    def action(self, title: str) -> Any:
        return next(action for action in self.found if action.title == title)

    def resolved(self, title: str) -> types.CodeAction:
        return call(self.server, "codeAction/resolve", self.action(title))

    def choose(self, title: str) -> str:
        """The text after the action."""
        return edited(self.source, self.resolved(title).edit)


def edited(source: str, edit: types.WorkspaceEdit | None) -> str:
    assert edit is not None
    if edit.document_changes:
        (change,) = edit.document_changes
        assert isinstance(change, types.TextDocumentEdit)
        edits: Any = change.edits
    else:
        assert edit.changes is not None
        (edits,) = edit.changes.values()
    text = Text(source)

    def offset(place: types.Position) -> int:
        return text.offset(place.line, place.character, Encoding.UTF16)

    return apply(source, [TextEdit(offset(e.range.start), offset(e.range.end), e.new_text) for e in edits])


def test_what_a_task_is_offered(tmp_path: Path) -> None:
    offered = Offered(tmp_path, "- [ ] x\n- [ ] $0a\n- [ ] b\n", only=[REWRITE])
    assert [title for title in offered.titles if not title.startswith("Set ")] == [
        "Split task",
        "Split recursively",
        "Run task",
        "Promote",
        "Demote",
        "Move up",
        "Move down",
        "Sort subtasks by status",
        "Turn this list into a sequence",
        "Add a subtask",
        "Add a task behind it",
        "Add an acceptance",
        "Assign an id",
    ]
    disabled = {action.title: action.disabled.reason for action in offered.found if action.disabled}
    assert disabled == {
        "Promote": "It stands below no other task.",
        "Sort subtasks by status": "Its subtasks are sorted by status.",
    }
    assert all(action.kind.startswith(REWRITE + ".") for action in offered.found)
    assert all(action.edit is None for action in offered.found)


def test_values_are_offered_in_outlines_only(tmp_path: Path) -> None:
    def values(uri: str) -> list[str]:
        titles = Offered(tmp_path, "- [ ] $0a  [priority:: low]\n", uri=uri).titles
        return [title for title in titles if title.startswith("Set ") and "status" not in title]

    assert values("file:///w/README.md") == []
    assert values(URI) == [
        "Set mode: interactive", "Set mode: auto", "Set executor: answer", "Set executor: code",
        "Set executor: research", "Set executor: review", "Set priority: medium", "Set priority: high",
        "Set model: fast", "Set model: balanced", "Set model: strong",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Set status: completed", "- [ ] x\n- [x] 😀 a\n  text\n- [ ] b\n"),
        ("Set status: failed, with a reason to fill in", "- [ ] x\n- [!] 😀 a  [reason:: ]\n  text\n- [ ] b\n"),
        ("Set mode: auto", "- [ ] x\n- [ ] 😀 a  [mode:: auto]\n  text\n- [ ] b\n"),
        ("Demote", "- [ ] x\n  - [ ] 😀 a\n    text\n- [ ] b\n"),
        ("Move up", "- [ ] 😀 a\n  text\n- [ ] x\n- [ ] b\n"),
        ("Move down", "- [ ] x\n- [ ] b\n- [ ] 😀 a\n  text\n"),
        ("Turn this list into a sequence", "1. [ ] x\n2. [ ] 😀 a\n   text\n3. [ ] b\n"),
        ("Add a subtask", "- [ ] x\n- [ ] 😀 a\n  text\n  - [ ] \n- [ ] b\n"),
        ("Add a task behind it", "- [ ] x\n- [ ] 😀 a\n  text\n- [ ] \n- [ ] b\n"),
        ("Add an acceptance", "- [ ] x\n- [ ] 😀 a\n  text\n  Accept: \n- [ ] b\n"),
    ],
)
def test_the_edit_comes_when_the_action_is_chosen(tmp_path: Path, title: str, expected: str) -> None:
    offered = Offered(tmp_path, "- [ ] x\n- [ ] $0😀 a\n  text\n- [ ] b\n")
    assert offered.choose(title) == expected
    (change,) = offered.resolved(title).edit.document_changes  # type: ignore[union-attr, misc]
    assert change.text_document.version == 1  # type: ignore[union-attr]


def test_lines_of_a_body_become_a_subtask(tmp_path: Path) -> None:
    offered = Offered(tmp_path, "- [ ] a\n  One.\n  $0Two.\n")
    assert offered.choose("Make a subtask of these lines") == "- [ ] a\n  One.\n  - [ ] Two.\n"
    assert "Make a subtask of these lines" not in Offered(tmp_path, "- [ ] $0a\n").titles


def test_several_tasks(tmp_path: Path) -> None:
    offered = Offered(tmp_path, "- [ ] a\n- [ ] $<b\n  - [x] c\n- [/] $>d\n")
    assert offered.choose("Set status: completed") == "- [ ] a\n- [x] b\n  - [x] c\n- [x] d\n"
    assert offered.choose("Demote") == "- [ ] a\n  - [ ] b\n    - [x] c\n  - [/] d\n"
    assert offered.choose("Move up") == "- [ ] b\n  - [x] c\n- [/] d\n- [ ] a\n"
    assert "Add a subtask" not in offered.titles


def test_a_selection_that_ends_before_a_line_is_without_it(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path, **FULL)
    open_document(server, "- [ ] a\n- [ ] b\n- [ ] c\n")
    span = types.Range(types.Position(0, 0), types.Position(2, 0))
    context = types.CodeActionContext(diagnostics=[])
    found = call(server, "textDocument/codeAction", types.CodeActionParams(document(), span, context))
    action = next(action for action in found if action.title == "Set status: completed")
    edit = call(server, "codeAction/resolve", action).edit
    assert edited("- [ ] a\n- [ ] b\n- [ ] c\n", edit) == "- [x] a\n- [x] b\n- [ ] c\n"


def test_without_resolve_the_edit_comes_at_once(tmp_path: Path) -> None:
    offered = Offered(tmp_path, "- [ ] a\n- [ ] $0b\n", action_resolve=False, action_disabled=False)
    assert edited(offered.source, offered.action("Demote").edit) == "- [ ] a\n  - [ ] $0b\n".replace("$0", "")
    assert "Promote" not in offered.titles
    assert all(action.edit or action.command for action in offered.found)


def test_an_edit_without_versions_for_clients_that_know_none(tmp_path: Path) -> None:
    offered = Offered(tmp_path, "- [ ] $0b\n", document_changes=False)
    edit = offered.resolved("Set status: completed").edit
    assert edit is not None
    assert (edit.document_changes, list(edit.changes or ())) == (None, [URI])


def test_commands_for_clients_that_know_no_code_actions(tmp_path: Path) -> None:
    offered = Offered(tmp_path, "- [ ] a\n- [ ] $0b\n", action_literals=False, action_disabled=False)
    assert {type(action) for action in offered.found} == {types.Command}
    command = offered.action("Demote")
    assert command.command == "orchestrator.server.edit.demote"
    assert command.arguments[0]["uri"] == URI


def test_what_cannot_be_chosen_is_not_shown_unasked(tmp_path: Path) -> None:
    assert "Promote" not in Offered(tmp_path, "- [ ] $0a\n", automatic=True).titles
    assert "Promote" not in Offered(tmp_path, "- [ ] $0a\n", action_disabled=False).titles
    assert "Promote" in Offered(tmp_path, "- [ ] $0a\n").titles


def test_a_task_that_was_edited_meanwhile_is_found_again(tmp_path: Path) -> None:
    offered = Offered(tmp_path, "- [ ] a\n- [ ] $0b\n")
    after = "- [ ] new\n- [ ] a\n- [ ] b\n"
    replace_text(offered.server, 2, after)
    edit = offered.resolved("Demote").edit
    assert edited(after, edit) == "- [ ] new\n- [ ] a\n  - [ ] b\n"


def test_an_edit_for_an_older_text_is_refused(tmp_path: Path) -> None:
    offered = Offered(tmp_path, "- [ ] $<a\n- [ ] $>b\n- [!] c\n")
    replace_text(offered.server, 2, "- [ ] new\n- [ ] a\n- [ ] b\n")
    with pytest.raises(EditRefusedError, match="changed meanwhile"):
        offered.resolved("Set status: completed")


def test_an_outline_of_a_later_format_is_offered_nothing(tmp_path: Path) -> None:
    assert Offered(tmp_path, "---\norchestrator: 2\n---\n- [ ] $0a\n- [ ] b\n").found == []


@pytest.mark.parametrize(
    "data", [None, 5, {"method": "x"}, {"method": "orchestrator/tree", "params": {}}, {"params": 1}]
)
def test_resolving_what_is_not_ours(tmp_path: Path, data: Any) -> None:
    server, _ = make_server(tmp_path, **FULL)
    action = types.CodeAction(title="x", data=data)
    if isinstance(data, dict):
        with pytest.raises(OrchestratorError):
            call(server, "codeAction/resolve", action)
    else:
        assert call(server, "codeAction/resolve", action).edit is None


# --- fixes ------------------------------------------------------------------------------------------------------


def test_a_fix_knows_its_diagnostic(tmp_path: Path) -> None:
    offered = Offered(tmp_path, "- [ ] a  ^x1\n- [ ] $0b  ^x1\n- [ ] c  [dependsOn:: x1]\n", only=["quickfix"])
    assert [(action.title, action.is_preferred) for action in offered.found] == [
        ("Give “b” a fresh id", True),
        ("Give “b” a fresh id, and let what depends on ^x1 depend on it", None),
        ("Remove the id of “b”", None),
    ]
    assert {action.diagnostics[0].code for action in offered.found} == {"duplicate-id"}
    text = offered.choose("Give “b” a fresh id, and let what depends on ^x1 depend on it")
    made = text.split("b  ^")[1][:5]
    assert text == f"- [ ] a  ^x1\n- [ ] b  ^{made}\n- [ ] c  [dependsOn:: {made}]\n"


def test_a_fresh_id_is_one_that_no_task_of_the_workspace_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index knows: it is asked once for an edit, and only when an id is needed."""
    asked_for: list[str] = []

    def new_ids(_: Any, snapshot: Any) -> Any:
        asked_for.append(snapshot.uri)
        return iter(["one", "two"]).__next__

    monkeypatch.setattr("orchestrator.lsp.index.WorkspaceIndex.new_ids", new_ids)
    offered = Offered(tmp_path, "- [ ] $<a\n- [ ] $>b\n")
    assert offered.choose("Set status: completed") == "- [x] a\n- [x] b\n"
    assert asked_for == []
    assert offered.choose("Assign ids") == "- [ ] a  ^one\n- [ ] b  ^two\n"
    assert asked_for == [URI]


def test_fixes_need_a_diagnostic_and_an_outline(tmp_path: Path) -> None:
    assert Offered(tmp_path, "- [!] a\n- [ ] $0b\n", only=["quickfix"]).found == []
    assert Offered(tmp_path, "- [!] $0a\n", only=["quickfix"], uri="file:///w/README.md").found == []
    assert Offered(tmp_path, "- [!] $0a\n", only=["refactor"]).action("Demote").disabled


def test_a_fix_that_is_not_needed_any_more_is_refused(tmp_path: Path) -> None:
    offered = Offered(tmp_path, "- [!] $0a\n", only=["quickfix"])
    action = offered.action("Add a reason, to be filled in")
    action.data["params"]["name"] = "no such"
    with pytest.raises(EditRefusedError, match="not there any more"):
        call(offered.server, "codeAction/resolve", action)


def test_fix_all_comes_when_it_is_asked_for(tmp_path: Path) -> None:
    source = "- [ ] $0a  [mode:: ]\n- [ ] b  [priority:: HIGH]\n- [~] c\n"
    assert "Fix all that is safe to fix" not in Offered(tmp_path, source).titles
    for only in (["source"], ["source.fixAll"], ["source.fixAll.orchestrator"]):
        offered = Offered(tmp_path, source, only=only)
        assert [one for one in offered.titles if "port" not in one] == ["Fix all that is safe to fix"]
        assert offered.found[0].kind == "source.fixAll.orchestrator"
        assert offered.choose(offered.titles[0]) == "- [ ] a\n- [ ] b  [priority:: high]\n- [~] c\n"
    assert Offered(tmp_path, "- [~] $0a\n", only=["source.fixAll"]).found == []


# --- hostile ----------------------------------------------------------------------------------------------------


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(source=outlines())
def test_every_action_can_be_resolved(tmp_path: Path, source: str) -> None:
    """Or is refused with what to do."""
    for line in range(min(Text(source).line_count, 4)):
        server, _ = make_server(tmp_path, **FULL)
        server.documents.open(URI, 1, source)
        span = types.Range(types.Position(line, 0), types.Position(line + 1, 0))
        for action in asked(server, span):
            if action.data is None:
                assert action.disabled or action.command
                continue
            try:
                edited(source, call(server, "codeAction/resolve", action).edit)
            except OrchestratorError as error:
                assert error.hint  # noqa: PT017


@pytest.mark.parametrize("line", [5, 2**31 - 1])
def test_places_outside_the_text(tmp_path: Path, line: int) -> None:
    server, _ = make_server(tmp_path, **FULL)
    open_document(server, "- [ ] a\n")
    assert asked(server, types.Range(types.Position(line, 0), types.Position(line, 9))) == []
    assert asked(server, types.Range(types.Position(0, 0), types.Position(line, 9)))


def asked(server: Server, span: types.Range) -> list[Any]:
    params = types.DocumentDiagnosticParams(document())
    shown = call(server, "textDocument/diagnostic", params).items
    context = types.CodeActionContext(diagnostics=shown, only=["", "source"])  # type: ignore[list-item]
    return call(server, "textDocument/codeAction", types.CodeActionParams(document(), span, context))
