"""The outline as JSON and back."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import count
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestrator.engine.exchange import Foreign, Subject
from orchestrator.engine.exchange.doing import convert, export
from orchestrator.engine.exchange.json_outline import JsonOutline, as_json
from orchestrator.errors import EditRefusedError, FileError
from orchestrator.outline.parse import parse
from orchestrator.outline.portable import portable
from tests.outline.strategies import documents, outlines
from tests.support.laws import examples

FORM = JsonOutline()
MAX = 1_000_000


def foreign(text: str, name: str = "plan.json") -> Foreign:
    numbers = count(1)
    return Foreign(name, text, lambda: f"new{next(numbers)}")


def imported(text: str, name: str = "plan.json") -> str:
    return convert(foreign(text, name), None, None, MAX).text


async def exported(source: str, mark: str = "") -> str:
    return (await export(FORM, Subject("a.tasks.md", parse(source), mark, SimpleNamespace()), ())).text


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given((outlines() | documents).filter(lambda text: not {*"\0\ud800\udc00"} & {*text}))
@example("---\norchestrator: 1\n---\n- [X] a\r\n\t- [ ] b ^x1\r\n")
def test_an_export_is_imported_byte_for_byte(source: str):
    said = portable(parse(source))
    text = as_json(said, source)
    assert text.isascii()
    assert imported(text) == source


async def test_a_byte_order_mark_goes_along():
    assert imported(await exported("- [ ] a\n", "\ufeff")) == "\ufeff- [ ] a\n"


async def test_changed_values_count():
    value = json.loads(await exported("# Plan\n\n* [ ] a  ^x1\n   * [x]   b\n"))
    value["sections"][0]["tasks"][0]["title"] = "another [mode:: auto] title"
    found = convert(foreign(json.dumps(value)), None, None, MAX)
    assert found.text == "# Plan\n\n- [ ] another \\[mode:: auto] title  ^x1\n  - [x] b\n"
    assert found.notes
    del value["source"]
    assert imported(json.dumps(value)) == found.text


def test_the_smallest_file_that_can_be_written_by_hand():
    text = '{"format": "orchestrator-outline", "version": 1, "tasks": [{"title": "a", "status": "completed"}]}'
    assert imported(text) == "- [x] a\n"


HEAD = '"format": "orchestrator-outline", "version": 1'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{" + HEAD + ', "tasks": [{"title": 3}]}', r"tasks\[0\]\.title: input should be a valid string"),
        ("{" + HEAD + ', "tasks": [{"title": "a", "childs": []}]}', r"tasks\[0\]\.childs: extra inputs"),
        ("{" + HEAD + ', "tasks": {"title": "a"}}', "tasks: input should be a valid list"),
        ("{" + HEAD + ', "sections": [{"title": "a", "level": 9}]}', r"sections\[0\]\.level"),
        ("{" + HEAD + ', "tasks": [{"title": "a", "status": "other"}]}', "the status other needs a mark"),
        ("{" + HEAD + ', "tasks": [{"title": "a", "id": "a b"}]}', "its id is none"),
        ("{" + HEAD + ', "source": "\\ud800"}', "source holds characters"),
        ("{" + HEAD.replace("1", "2") + "}", "version 2"),
        ("{" + HEAD + ",\n\n oops}", "line 3, column 2"),
        ("{" + HEAD + ', "tasks": [], "tasks": []}', "the key “tasks” stands twice"),
        ("{" + HEAD + ', "tasks": ' + "[" * 5000, "nested more than 250"),
        ("{" + HEAD + ', "tasks": ' + '[{"title": "a", "children": ' * 110 + "[]" + "}]" * 110 + "}", "too deep"),
        ("{" + HEAD + f', "version": {"9" * 5000}' + "}", "cannot be read"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, said: str):
    with pytest.raises((FileError, EditRefusedError), match=said):
        imported(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(["tasks", "title", "id", "children", "master", "level"]), below, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=examples(50), deadline=None)
@given(json_values, st.sampled_from(["tasks.json", "plan.json"]), st.booleans())
def test_any_json_is_read_or_refused(value: object, name: str, ours: bool):
    if ours and isinstance(value, dict):
        value = {"format": "orchestrator-outline", "version": 1, **value}
    with suppress(FileError, EditRefusedError):
        parse(imported(json.dumps(value), name))


def test_an_outline_that_would_be_too_large_is_refused():
    with pytest.raises(FileError, match="larger than"):
        convert(foreign("{" + HEAD + ', "tasks": [{"title": "' + "a" * 20_000 + '"}]}'), None, None, 10_000)
