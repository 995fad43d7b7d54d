"""Whatever a file says, each importer reads it or refuses it, and what it reads is an outline that comes back whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.engine.exchange.doing import convert
from orchestrator.engine.exchange.json_outline import JsonOutline
from orchestrator.engine.exchange.kiro import Kiro
from orchestrator.engine.exchange.markdown_list import MarkdownList
from orchestrator.engine.exchange.spec_kit import SpecKit
from orchestrator.engine.exchange.strict_json import read_json
from orchestrator.engine.exchange.task_master import TaskMaster
from orchestrator.errors import FileError, OrchestratorError
from orchestrator.outline.parse import parse
from tests.engine.exchange.test_json_outline import MAX, foreign
from tests.support.laws import examples

LINES = [
    "- [ ] T001 [P] [US1] Write it in src/a.py", "- [x] T002 Depends on T001", "- [ ] 1. One", "  - [ ]* 1.1 Two",
    "    - _Requirements: 1.1, 2.3_", "- [-] half", "* star", "1) one", "# Phase 1", "## Phase 2: [US1]", "```",
    "> quote", "---", "orchestrator: 1", "<!-- - [ ] x -->", "[mode:: auto] ^b7c2d", "\t- tab", "Accept: all",
    "\u202e\x1b[31m", "- [ ]", "**Depends on**: T002, T9", "é 界", "| a | b |", "",
]  # fmt: skip
texts = st.lists(st.sampled_from(LINES) | st.text(max_size=12), max_size=14).map("\n".join)
words = st.sampled_from([
    "tasks", "id", "title", "status", "dependencies", "subtasks", "priority", "details", "master", "metadata", "kind",
    "version", "outline", "source", "done", "pending", "1", "1.2", "^x [mode:: auto]\n- [ ] y",
])  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 5) | st.floats(allow_nan=False) | words | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=5),
    max_leaves=14,
)


def check_read_or_refused(form, text: str, name: str) -> None:
    try:
        found = convert(foreign(text, name), form, None, MAX)
    except OrchestratorError:
        return  # any other exception is a defect
    assert parse(found.text).text.string == found.text
    assert "\x1b" not in found.text or "\x1b" in text


@pytest.mark.parametrize("form", [MarkdownList(), SpecKit(), Kiro()], ids=lambda form: form.name)
@settings(max_examples=examples(60), deadline=None)
@given(text=texts)
def test_any_markdown_is_read_or_refused(form, text: str):
    form.recognises(foreign(text, "tasks.md"))
    check_read_or_refused(form, text, "tasks.md")


@pytest.mark.parametrize("form", [TaskMaster(), JsonOutline()], ids=lambda form: form.name)
@settings(max_examples=examples(60), deadline=None)
@given(value=values, tagged=st.booleans())
def test_any_json_is_read_or_refused(form, value: object, tagged: bool):
    text = json.dumps({"master": {"tasks": value}} if tagged else {"tasks": value})
    form.recognises(foreign(text, "tasks.json"))
    check_read_or_refused(form, text, "tasks.json")


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[" * 100_000, '{"tasks": [' + "[" * 5_000 + "]" * 5_000 + "]}", '{"a": 1, "a": 2}', "NaN",
        '{"tasks": 1e999}', "\x00", '{"tasks": [{"id": 1' + "0" * 5_000 + "}]}",
    ],
    ids=["empty", "cut", "open", "deep", "twice", "nan", "infinite", "nul", "long number"],
)  # fmt: skip
def test_json_that_no_program_should_write(text: str):
    for form in (TaskMaster(), JsonOutline()):
        check_read_or_refused(form, text, "tasks.json")


def test_what_is_wrong_with_json_is_told_with_its_place():
    with pytest.raises(FileError, match="line 2"):
        read_json("a.json", '{"a": 1,\n ?}')
