"""Document symbols, code actions, lenses and diagnostics, called as functions."""

from __future__ import annotations

import itertools
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from lsprotocol import types

from orchestrator.lsp.problems import MOST
from orchestrator.outline.text import Encoding
from tests.lsp.in_process import URI, call, cursor, document, make_server, open_document, replace_text

SYMBOLS = """
    # Ship

    - [ ] Build 😀 it  [mode:: auto]  ^b7c2d
      Some text.
      1. [x] Form
      2. [-] Old
    - [/] Other
"""


def check_symbols(tmp_path: Path, text: str, expected: str, **client: Any) -> None:
    """One line per symbol: name, detail, range and selection range, indented by depth."""
    server, _ = make_server(tmp_path, hierarchical_symbols=True, **client)
    open_document(server, text.lstrip("\n"))
    lines: list[str] = []

    def draw(symbols: list[types.DocumentSymbol], indent: str) -> None:
        for symbol in symbols:
            full, own = symbol.range, symbol.selection_range
            detail = f" ({symbol.detail})" if symbol.detail else ""
            lines.append(
                f"{indent}{symbol.name}{detail} {full.start.line}:{full.start.character}-{full.end.line}:"
                f"{full.end.character} {own.start.character}-{own.end.character}"
            )
            draw(list(symbol.children or ()), indent + "  ")

    draw(call(server, "textDocument/documentSymbol", types.DocumentSymbolParams(document())), "")
    assert "\n".join(lines) == dedent(expected).strip()


def test_symbols_are_the_tree(tmp_path: Path) -> None:
    check_symbols(
        tmp_path,
        SYMBOLS,
        """
        Ship 0:0-6:11 2-6
          Build 😀 it (1/1) 2:0-5:12 6-17
            Form (completed) 4:2-4:13 9-13
            Old (cancelled) 5:2-5:12 9-12
          Other (in progress) 6:0-6:11 6-11
        """,
        encoding=Encoding.UTF16,
    )


@pytest.mark.parametrize(("encoding", "end"), [(Encoding.UTF8, 19), (Encoding.UTF16, 17), (Encoding.UTF32, 16)])
def test_symbols_in_every_encoding(tmp_path: Path, encoding: Encoding, end: int) -> None:
    server, _ = make_server(tmp_path, encoding=encoding)
    open_document(server, "- [ ] Build 😀 it\n")
    server.client = type(server.client)(encoding=encoding, hierarchical_symbols=True)
    (symbol,) = call(server, "textDocument/documentSymbol", types.DocumentSymbolParams(document()))
    assert symbol.selection_range == types.Range(types.Position(0, 6), types.Position(0, end))


def test_a_task_without_a_title_has_a_name(tmp_path: Path) -> None:
    check_symbols(tmp_path, "- [ ] \n- [ ] x\n", "(no title) 0:0-0:6 6-6\nx 1:0-1:7 6-7")


def test_flat_symbols_where_the_client_knows_no_tree(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    open_document(server, SYMBOLS)
    symbols = call(server, "textDocument/documentSymbol", types.DocumentSymbolParams(document()))
    assert [(type(symbol), symbol.name, symbol.container_name) for symbol in symbols] == [
        (types.SymbolInformation, "Ship", None),
        (types.SymbolInformation, "Build 😀 it", "Ship"),
        (types.SymbolInformation, "Form", "Build 😀 it"),
        (types.SymbolInformation, "Old", "Build 😀 it"),
        (types.SymbolInformation, "Other", "Ship"),
    ]


def test_a_cancelled_task_is_struck_through(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path, symbol_tags=True)
    open_document(server, "- [-] a\n- [ ] b\n")
    symbols = call(server, "textDocument/documentSymbol", types.DocumentSymbolParams(document()))
    assert [symbol.tags for symbol in symbols] == [(types.SymbolTag.Deprecated,), None]


# --- code actions -----------------------------------------------------------------------------------------------


SPLITS = ["refactor.rewrite.orchestrator.split", "refactor.rewrite.orchestrator.splitRecursively"]


def actions(tmp_path: Path, text: str, *, uri: str = URI, only: list[str] | None = None, **client: Any) -> list[Any]:
    server, _ = make_server(tmp_path, **{"action_literals": True, **client})
    text, place = cursor(text)
    open_document(server, text, uri)
    context = types.CodeActionContext(diagnostics=[], only=only)  # type: ignore[arg-type]
    return call(server, "textDocument/codeAction", types.CodeActionParams(document(uri), place, context))


def test_actions_on_a_task(tmp_path: Path) -> None:
    found = actions(tmp_path, "- [ ] a\n  - [ ] $0b\n", only=SPLITS)
    assert [(action.title, action.kind, action.tags) for action in found] == [
        ("Split task", "refactor.rewrite.orchestrator.split", None),
        ("Split recursively", "refactor.rewrite.orchestrator.splitRecursively", None),
    ]
    assert [action.command.command for action in found] == ["orchestrator.server.split.start"] * 2
    arguments = [action.command.arguments[0] for action in found]
    assert [(argument["uri"], argument["levels"]) for argument in arguments] == [(URI, 1), (URI, 2)]
    assert arguments[0]["nodeId"] == arguments[1]["nodeId"]


@pytest.mark.parametrize(
    "text",
    [
        "- [x] do$0ne",
        "- [-] can$0celled",
        "plain t$0ext",
        "# head$0ing",
        "- no ch$0eckbox",
        "```\n- [ ] a$0\n```",
        "$0",
    ],
)
def test_no_action_where_there_is_nothing_to_split(tmp_path: Path, text: str) -> None:
    assert actions(tmp_path, text, only=SPLITS) == []


@pytest.mark.parametrize("text", ["- [/] a$0", "- [!] a$0", "- [?] a$0", "- [ ] a\n  its te$0xt"])
def test_open_tasks_can_be_split(tmp_path: Path, text: str) -> None:
    assert len(actions(tmp_path, text, only=SPLITS)) == 2


def test_actions_in_any_markdown_file(tmp_path: Path) -> None:
    assert len(actions(tmp_path, "- [ ] a$0", uri="file:///w/README.md", only=SPLITS)) == 2


def test_actions_are_marked_as_made_by_a_model(tmp_path: Path) -> None:
    found = actions(tmp_path, "- [ ] a$0", llm_tag=True, only=SPLITS)
    assert [action.tags for action in found] == [[types.CodeActionTag.LlmGenerated]] * 2


def test_commands_for_clients_without_code_actions(tmp_path: Path) -> None:
    found = actions(tmp_path, "- [ ] a$0", action_literals=False, only=SPLITS)
    assert [(type(action), action.title) for action in found] == [
        (types.Command, "Split task"),
        (types.Command, "Split recursively"),
    ]


@pytest.mark.parametrize(
    ("only", "count"),
    [
        (["refactor.rewrite.orchestrator.split"], 1),
        (["quickfix", "refactor.rewrite.orchestrator.splitRecursively"], 1),
        (["quickfix"], 0),
        (["refactor.rewrite.orchestrator.sp"], 0),
    ],
)
def test_only_the_splits_that_were_asked_for(tmp_path: Path, only: list[str], count: int) -> None:
    assert len(actions(tmp_path, "- [ ] a$0", only=only)) == count


def test_a_column_past_the_end_is_the_end(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path, action_literals=True)
    open_document(server, "- [ ] a")
    place = types.Position(0, 4000)
    params = types.CodeActionParams(document(), types.Range(place, place), types.CodeActionContext([]))
    assert call(server, "textDocument/codeAction", params)[0].title == "Split task"
    assert place == types.Position(0, 4000), "parameters are not changed"


def test_a_line_past_the_end_is_no_error(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path, action_literals=True)
    open_document(server, "- [ ] a\n")
    place = types.Position(99, 0)
    params = types.CodeActionParams(document(), types.Range(place, place), types.CodeActionContext([]))
    assert call(server, "textDocument/codeAction", params) == []


# --- lenses -----------------------------------------------------------------------------------------------------


def lenses(tmp_path: Path, text: str, uri: str = URI) -> list[tuple[int, str]]:
    server, _ = make_server(tmp_path)
    open_document(server, text, uri)
    found = call(server, "textDocument/codeLens", types.CodeLensParams(document(uri)))
    return [(lens.range.start.line, lens.command.title) for lens in found if lens.command.title != "Run"]


def test_lenses_are_few(tmp_path: Path) -> None:
    text = """\
        # Plan
        - [ ] with subtasks
          - [x] a
          - [ ] b
            - [ ] c
        - [ ] leaf
        - [x] done
          - [x] d
        - [-] cancelled
    """
    assert lenses(tmp_path, text) == [(1, "1/3 · Split"), (3, "0/1 · Split"), (5, "Split")]


def test_a_lens_runs_the_task(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    open_document(server, "- [ ] a\n  - [ ] b\n")
    split, run = call(server, "textDocument/codeLens", types.CodeLensParams(document()))
    assert (split.command.title, run.command.title) == ("0/1 · Split", "Run")
    assert run.command.command == "orchestrator.server.run.start"
    assert run.command.arguments[0]["nodeId"] == "n1"


def test_lenses_of_some_lines_are_those_of_the_whole_there(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    open_document(server, "- [ ] a\n  - [ ] b\n- [ ] c\n- [x] d\n- [ ] e\n")
    whole = call(server, "textDocument/codeLens", types.CodeLensParams(document()))
    lines = {"start": {"line": 1, "character": 0}, "end": {"line": 3, "character": 0}}
    found = call(server, "orchestrator/lenses", {"uri": URI, "range": lines}).lenses
    assert [(lens.range.start.line, lens.title, lens.command, lens.arguments) for lens in found] == [
        (lens.range.start.line, lens.command.title, lens.command.command, lens.command.arguments)
        for lens in whole
        if 1 <= lens.range.start.line <= 3
    ]
    assert [lens.title for lens in found] == ["Split", "Run"]


def test_no_lens_in_other_markdown(tmp_path: Path) -> None:
    assert lenses(tmp_path, "- [ ] a\n", "file:///w/TODO.md") == []


def test_front_matter_makes_an_outline(tmp_path: Path) -> None:
    assert lenses(tmp_path, "---\norchestrator: 1\n---\n- [ ] a\n", "file:///w/TODO.md") == [(3, "Split")]


def test_globs_are_a_setting(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    open_document(server, "- [ ] a\n", "file:///w/TODO.md")
    server.settings_in_force.use_editor({"outline": {"globs": ["todo*"]}})
    assert len(call(server, "textDocument/codeLens", types.CodeLensParams(document("file:///w/TODO.md")))) == 2


# --- diagnostics ------------------------------------------------------------------------------------------------


def pull(tmp_path: Path, text: str, *, uri: str = URI, **client: Any) -> Any:
    server, _ = make_server(tmp_path, pull_diagnostics=True, **client)
    open_document(server, text, uri)
    return call(server, "textDocument/diagnostic", types.DocumentDiagnosticParams(document(uri)))


def test_problems(tmp_path: Path) -> None:
    report = pull(tmp_path, "- [~] a\n- [ ] b  ^x1\n- [ ] c  ^x1\n", related_information=True)
    found = [(item.code, item.severity, item.range.start, item.range.end) for item in report.items]
    hint, error = types.DiagnosticSeverity.Hint, types.DiagnosticSeverity.Error
    assert found == [
        ("unknown-status", hint, types.Position(0, 3), types.Position(0, 4)),
        ("duplicate-id", error, types.Position(1, 9), types.Position(1, 12)),
        ("duplicate-id", error, types.Position(2, 9), types.Position(2, 12)),
    ]
    (other,) = report.items[1].related_information
    assert (other.location.uri, other.location.range.start) == (URI, types.Position(2, 9))
    assert report.items[0].source == "orchestrator"


def test_no_related_places_where_the_client_cannot_show_them(tmp_path: Path) -> None:
    report = pull(tmp_path, "- [ ] b  ^x1\n- [ ] c  ^x1\n")
    assert [item.related_information for item in report.items] == [None, None]


def test_text_without_effect_is_shown_so_where_the_client_can(tmp_path: Path) -> None:
    broken = "---\n[\n---\n- [ ] a\n"
    (item,) = pull(tmp_path / "1", broken, unnecessary_tag=True).items
    assert (item.code, item.tags) == ("unreadable-front-matter", [types.DiagnosticTag.Unnecessary])
    (item,) = pull(tmp_path / "2", broken).items
    assert item.tags is None


def test_the_path_of_a_cycle_is_related(tmp_path: Path) -> None:
    text = "- [ ] a  [dependsOn:: b1]  ^a1\n- [ ] b  [dependsOn:: a1]  ^b1\n"
    (item,) = pull(tmp_path, text, related_information=True).items
    assert (item.code, item.range.start) == ("dependency-cycle", types.Position(0, 22))
    places = [(other.location.range.start.line, other.message) for other in item.related_information]
    assert places == [(0, "“a” depends on “b”"), (1, "“b” depends on “a”")]


def test_no_problems_in_other_markdown(tmp_path: Path) -> None:
    assert pull(tmp_path, "- [~] a\n", uri="file:///w/README.md").items == []


def test_the_list_of_problems_is_capped(tmp_path: Path) -> None:
    report = pull(tmp_path, "- [~] a\n" * 2000)
    assert len(report.items) == MOST + 1
    assert (report.items[-1].code, "1500 more" in report.items[-1].message) == ("more-problems", True)


def test_an_error_is_not_hidden_behind_hints(tmp_path: Path) -> None:
    report = pull(tmp_path, "- [~] a\n" * 2000 + "- [ ] b  [mode:: wild]\n")
    *hints, error, more = report.items
    assert (error.code, error.range.start.line) == ("bad-field-value", 2000)
    assert [item.range.start.line for item in hints] == list(range(MOST - 1))
    assert "1501 more" in more.message


def test_a_key_that_changes_no_problem_is_answered_without_them(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path, pull_diagnostics=True)
    open_document(server, "- [~] a\n- [ ] b\n")

    def ask(text: str, previous: str | None) -> Any:
        replace_text(server, next(versions), text)
        return call(server, "textDocument/diagnostic", types.DocumentDiagnosticParams(document(), None, previous))

    versions = itertools.count(2)
    first = ask("- [~] a\n- [ ] b\n", None)
    same = ask("- [~] a\n- [ ] bc\n", first.result_id)
    assert (same.kind, same.result_id) == ("unchanged", first.result_id)
    moved = ask("\n- [~] a\n- [ ] bc\n", first.result_id)
    assert [item.range.start.line for item in moved.items] == [1]
    assert ask("- [~] a\n- [ ] b\n", moved.result_id).kind == "full"
    assert ask("- [~] a\n- [ ] b\n", "of another server").kind == "full"


def test_an_unchanged_document_is_not_sent_again(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path, pull_diagnostics=True)
    open_document(server, "- [~] a\n")

    def ask(previous: str | None) -> Any:
        return call(server, "textDocument/diagnostic", types.DocumentDiagnosticParams(document(), None, previous))

    first = ask(None)
    assert ask(first.result_id).kind == "unchanged"
    server.settings_in_force.use_editor({"outline": {"globs": ["other.md"]}})
    without = ask(first.result_id)
    assert (without.kind, without.items) == ("full", [])
    server.documents.close(URI)
    open_document(server, "- [~] a\n")
    assert ask(without.result_id).kind == "full"
