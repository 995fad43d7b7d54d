"""Findings of reviews as diagnostics, on files that are open with us and on those that are not."""

from pathlib import Path

import pytest
from lsprotocol import types

from orchestrator.model.finding import Finding, Severity
from orchestrator.outline.text import Encoding
from tests.lsp.in_process import call, document, make_server, open_document

FOLDER = Path("/w")
WARNING = Finding("src/a b.py", 3, Severity.WARNING, "Too short.\u202e", "    😀 = 1")
ERROR = Finding("plan.tasks.md", 1, Severity.ERROR, "Odd.", "- [ ] task")
PUBLISH = types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS


@pytest.mark.parametrize(("encoding", "end"), [(Encoding.UTF8, 12), (Encoding.UTF16, 10), (Encoding.UTF32, 9)])
def test_a_finding_is_told_at_its_line(tmp_path: Path, encoding: Encoding, end: int):
    server, sent = make_server(tmp_path, encoding=encoding)
    server.findings.show(FOLDER, "abcde", [WARNING])
    (told,) = sent.of(PUBLISH)
    assert told["uri"] == "file:///w/src/a%20b.py"
    (shown,) = told["diagnostics"]
    assert shown["range"] == {"start": {"line": 2, "character": 4}, "end": {"line": 2, "character": end}}
    assert (shown["severity"], shown["source"], shown["code"]) == (2, "orchestrator review", "review")
    assert shown["message"] == "Too short.<U+202E>"


def test_a_new_review_of_a_task_replaces_the_old_one(tmp_path: Path):
    server, sent = make_server(tmp_path)
    server.findings.show(FOLDER, "abcde", [WARNING])
    server.findings.show(FOLDER, "other", [Finding("src/a b.py", 1, Severity.INFORMATION, "Note.", "x")])
    server.findings.show(FOLDER, "abcde", [])
    assert [len(told["diagnostics"]) for told in sent.of(PUBLISH)] == [1, 2, 1]
    server.findings.show(FOLDER, "other", [])
    assert sent.of(PUBLISH)[-1]["diagnostics"] == []


@pytest.mark.parametrize("pull", [True, False])
def test_a_finding_is_told_once(tmp_path: Path, pull: bool):
    server, sent = make_server(tmp_path, pull_diagnostics=pull)
    open_document(server, "- [ ] task\n- [ ] task  [mode:: never]\n")
    params = types.DocumentDiagnosticParams(document())
    first = call(server, types.TEXT_DOCUMENT_DIAGNOSTIC, params)
    server.findings.show(FOLDER, "abcde", [ERROR, WARNING])
    told = {params["uri"]: params["diagnostics"] for params in sent.of(PUBLISH)}
    assert [shown["message"] for shown in told.pop("file:///w/src/a%20b.py")] == ["Too short.<U+202E>"]
    if not pull:
        assert [shown["source"] for shown in told["file:///w/plan.tasks.md"]] == ["orchestrator", "orchestrator review"]
        return
    assert told == {}
    params = types.DocumentDiagnosticParams(document(), previous_result_id=first.result_id)
    answer = call(server, types.TEXT_DOCUMENT_DIAGNOSTIC, params)
    assert [shown.source for shown in answer.items] == ["orchestrator", "orchestrator review"]


def test_a_finding_is_json_and_back():
    assert Finding.from_json(WARNING.to_json()) == WARNING
