from __future__ import annotations

import pytest

from orchestrator.model.task import MARKS, Status
from orchestrator.outline import fields
from orchestrator.outline.parse import parse
from orchestrator.outline.problems import Code, problems
from orchestrator.outline.vocabulary import DEFAULTS, FIELDS, SETTINGS, STATUSES, WRITTEN_MARKS


def test_every_field_is_explained():
    assert set(FIELDS) == set(fields._VALUES) | set(fields._PARTS)
    for word in FIELDS.values():
        assert word.meaning.endswith(".")


@pytest.mark.parametrize(("key", "word"), FIELDS.items())
def test_offered_values_are_allowed(key, word):
    for value in word.values:
        assert fields.flaw(key, value) is None
    if word.closed:
        assert fields.flaw(key, "something else") is not None
        assert all(value in word.form for value in word.values)


def test_offered_settings_are_allowed():
    for key, word in SETTINGS.items():
        for value in [*word.values, word.form]:
            assert not list(problems(parse(f"---\n{key}: {value}\n---\n")))
    for key, word in DEFAULTS.items():
        for value in word.values:
            found = problems(parse(f"---\ndefaults:\n  {key}: {value}\n---\n"))
            assert Code.BAD_FIELD_VALUE not in [problem.code for problem in found]


def test_every_status_has_words():
    assert set(STATUSES) == set(Status)
    assert {MARKS[mark] for mark in WRITTEN_MARKS} == set(Status) - {Status.OTHER}
    assert all(MARKS[mark] is status for mark, status in WRITTEN_MARKS.items())
