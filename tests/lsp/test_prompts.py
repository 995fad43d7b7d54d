"""Prompts in an editor: what is wrong, what can be written, saving, and the requests; metrics, too."""

from __future__ import annotations

import json

import pytest
from lsprotocol import types

from orchestrator.engine.prompting import load_prompt
from orchestrator.lsp.features import metrics, prompts
from orchestrator.lsp.features.text_sync import did_save
from tests.lsp.in_process import call, cursor, document, make_server, open_document

PLAN = load_prompt("plan").text
MINE = PLAN.replace("You divide one task", "You carefully divide one task")
OUTLINE = "- [ ] Build the login page  ^b7c2d\n  For members.\n"


def prompt_uri(tmp_path, name="plan"):
    return (tmp_path / "config" / "prompts" / f"{name}.md").as_uri()


def problems(server, uri):
    return call(server, types.TEXT_DOCUMENT_DIAGNOSTIC, types.DocumentDiagnosticParams(document(uri))).items


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_what_is_wrong_is_underlined(tmp_path, ends):
    server, _ = make_server(tmp_path, pull_diagnostics=True)
    uri = prompt_uri(tmp_path)
    text = PLAN.replace("{{examples}}", "{{exmaples}}")
    server.documents.open(uri, 1, text.replace("\n", ends))
    found = problems(server, uri)
    line = text[: text.index("{{exmaples}}")].count("\n")
    assert [(one.code, one.range.start.line, one.range.start.character) for one in found] == [
        ("prompt-unused-parameter", PLAN[: PLAN.index("  examples:")].count("\n"), 2),
        ("prompt-parameter", line, 0),
    ]


def test_a_prompt_is_no_outline(tmp_path):
    server, _ = make_server(tmp_path, pull_diagnostics=True)
    for uri in (prompt_uri(tmp_path), "file:///w/.orchestrator/prompts/plan.md"):
        server.documents.open(uri, 1, PLAN + "\n- [ ] a  [mode:: never]\n")
        assert problems(server, uri) == []
    server.documents.open("file:///w/prompts/plan.md", 1, "{{")
    assert problems(server, "file:///w/prompts/plan.md") == []


@pytest.mark.parametrize(
    ("text", "wanted", "written"),
    [
        (PLAN + "\n{{ex$0", ["context", "max_children", "examples"], "context}}"),
        (PLAN + "\n{{#$0}}", ["context", "max_children", "examples"], "context"),
        (PLAN.replace("role: plan", "role: pl$0"), ["decide", "plan", "execute"], "decide"),
        (PLAN.replace("type: integer", "type: $0"), ["text", "line", "integer"], "text"),
        (PLAN.replace("role: plan", "$0"), ["name", "role", "parameters", "about"], "name: "),
        (PLAN.replace("    about: The largest", "    $0"), ["type", "about", "optional"], "type: "),
        (PLAN + "\nplain $0", [], None),
        (PLAN + "\n\\{{$0", [], None),
    ],
)
def test_parameters_are_completed(tmp_path, text, wanted, written):
    server, _ = make_server(tmp_path)
    uri = prompt_uri(tmp_path)
    text, place = cursor(text)
    open_document(server, text, uri)
    params = types.CompletionParams(document(uri), place.start)
    found = call(server, types.TEXT_DOCUMENT_COMPLETION, params).items
    assert [item.label for item in found][: len(wanted)] == wanted
    if written is not None:
        assert found[0].text_edit.new_text == written
    else:
        assert found == []


def test_a_missing_parameter_is_completed_whole(tmp_path):
    server, _ = make_server(tmp_path)
    uri = prompt_uri(tmp_path)
    text, place = cursor(
        PLAN.replace("  examples:\n    type: text\n    about: Plans of tasks that resemble it\n", "  $0\n")
    )
    server.documents.open(uri, 1, text)
    (item,) = call(server, types.TEXT_DOCUMENT_COMPLETION, types.CompletionParams(document(uri), place.start)).items
    assert item.text_edit.new_text == "examples:\n    type: text\n    about: Plans of tasks that resemble it"


def test_a_parameter_is_explained(tmp_path):
    server, _ = make_server(tmp_path, hover_markdown=True)
    uri = prompt_uri(tmp_path)
    text, place = cursor(PLAN.replace("{{max_children}}", "{{max$0_children}}"))
    open_document(server, text, uri)
    found = call(server, types.TEXT_DOCUMENT_HOVER, types.HoverParams(document(uri), place.start))
    assert found.contents.value == "**max\\_children** (integer)\n\nThe largest number of subtasks"


async def closing(server):
    session = server.running_session
    await server._tasks.aclose()
    if session is not None:
        await session.aclose()


async def save(server, uri):
    did_save(server, types.DidSaveTextDocumentParams(document(uri)))
    for task in list(server._tasks._running):
        await task


async def test_saving_puts_a_version_in_use(tmp_path):
    server, sent = make_server(tmp_path)
    uri = prompt_uri(tmp_path)
    server.documents.open(uri, 1, MINE)
    await save(server, uri)
    shown = await prompts.show(server, {"name": "plan"})
    assert (shown.text, shown.in_use, [one.origin for one in shown.versions]) == (MINE, True, ["built-in", "edited"])
    assert "is in use" in sent.of("window/showMessage")[-1]["message"]
    assert "+You carefully" in (await prompts.diff(server, {"name": "plan"})).diff
    used = await prompts.rollback(server, {"name": "plan"})
    assert used.origin == "built-in"
    await closing(server)


async def test_saving_a_broken_prompt_changes_nothing(tmp_path):
    server, sent = make_server(tmp_path)
    uri = prompt_uri(tmp_path)
    server.documents.open(uri, 1, PLAN.replace("{{examples}}", "{{"))
    await save(server, uri)
    assert "is not used" in sent.of("window/showMessage")[-1]["message"]
    listed = await prompts.listing(server, {})
    assert {entry.origin for entry in listed.prompts} == {"built-in"}
    await closing(server)


async def test_requests_about_prompts(tmp_path):
    server, _ = make_server(tmp_path)
    made = await prompts.new(server, {"name": "house-style"})
    assert made.uri == prompt_uri(tmp_path, "house-style")
    assert (await prompts.edit(server, {"name": "plan"})).uri == prompt_uri(tmp_path)
    open_document(server, OUTLINE)
    params = {"name": "plan", "uri": "file:///w/plan.tasks.md", "position": {"line": 1, "character": 0}}
    tried = await prompts.test(server, params)
    assert "Build the login page" in tried.user
    assert (tried.answer, tried.tokens > 100) == (None, True)
    exported = (await prompts.export(server, {})).text
    assert [one["name"] for one in json.loads(exported)["prompts"]] == ["house-style"]
    assert (await prompts.take(server, {"text": exported})).fresh == 0
    used = await prompts.use(server, {"name": "house-style", "version": ""})
    assert used.name == "house-style"
    await closing(server)


async def test_metrics_of_nothing(tmp_path):
    server, _ = make_server(tmp_path)
    found = await metrics.get(server, {"by": ["day", "model", "day"]})
    assert [(table.by, table.rows) for table in found.tables] == [("day", []), ("model", [])]
    await closing(server)


async def test_a_prompt_that_there_is_none_of_is_underlined(tmp_path):
    server, _ = make_server(tmp_path, pull_diagnostics=True)
    folder = tmp_path / "w"
    folder.mkdir()
    uri = (folder / "plan.tasks.md").as_uri()
    open_document(server, "- [ ] a  [prompt:: houes]\n- [ ] b  [prompt:: plan]\n", uri)
    assert problems(server, uri) == [], "which there are is read in a thread"
    await server.prompt_names.load()
    (found,) = problems(server, uri)
    assert (found.code, found.range.start.line, found.range.start.character) == ("unknown-prompt", 0, 19)
    own = server.directories.config / "prompts"
    own.mkdir(parents=True)
    (own / "house.md").write_text("")
    await server.prompt_names.load()
    (found,) = problems(server, uri)
    assert "“house”" in found.message
    own.joinpath("house.md").rename(own / "houes.md")
    await server.prompt_names.load()
    assert problems(server, uri) == []
