from __future__ import annotations

import pytest
from hypothesis import given

from orchestrator.outline.fields import path_key, places
from orchestrator.outline.inline import plain
from orchestrator.outline.parse import parse
from tests.outline.strategies import documents, outlines


@given(documents | outlines())
def test_places_agree_with_the_fields(source: str):
    outline = parse(source)
    for node in outline.walk():
        found = list(places(outline.text, node))
        assert {field.key: plain(field.raw) for field in found} == dict(node.fields)
        for field in found:
            assert node.start <= field.start < field.value_start <= field.value_end < field.end <= len(source)
            assert source[field.start : field.end].startswith(f"[{field.key}::")
            assert source[field.value_start : field.value_end] == field.raw
            for part, start, end in field.parts():
                assert field.value_start <= start < end <= field.value_end
                assert plain(source[start:end]) == part


def test_parts_stand_between_commas():
    outline = parse("- [ ] a  [files:: x.py ,,\t`y z`\t, \\*]  ^a")
    (task,) = outline.tasks()
    (field,) = places(outline.text, task)
    assert [(part, outline.text.string[start:end]) for part, start, end in field.parts()] == [
        ("x.py", "x.py"),
        ("`y z`", "`y z`"),
        ("*", "\\*"),
    ]


@pytest.mark.parametrize(
    ("path", "same"),
    [("./a", "a"), ("a//b/", "a/b"), ("a\\b", "a/b"), ("a/../b", "b"), ("../a", "../a"), ("../../a", "../../a")],
)
def test_one_path_is_written_in_several_ways(path: str, same: str):
    assert path_key(path) == same
