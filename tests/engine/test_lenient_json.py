import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.lenient_json import read_at

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(alphabet=st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(VALUES) | st.dictionaries(st.text(), VALUES), st.booleans())
def test_json_is_read_as_json(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=1)
    assert read_at(text, 0) == (value, len(text))


@given(st.text(alphabet="{}[]'\":,\\ua/*#-1etrun \n", max_size=60))
def test_reading_is_total(text):
    try:
        _, end = read_at(text, 0)
    except ValueError:
        return
    assert end <= len(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': 'b'}", {"a": "b"}),
        ("{'a': 'the user's page', 'b': 1}", {"a": "the user's page", "b": 1}),
        ("{a: 1, b_c: [1, 2,],}", {"a": 1, "b_c": [1, 2]}),
        ('{"a": True, "b": None, "c": false}', {"a": True, "b": None, "c": False}),
        ('{"a": 1, // one\n "b": /* two */ 2, # three\n}', {"a": 1, "b": 2}),
        ("{\u201ca\u201d: \u201cb\u201d}", {"a": "b"}),
        ('["a\nb", "\\n\\x41\\u00e9"]', ["a\nb", "\nA\u00e9"]),
        ("[1,, 2]", [1, 2]),
        ("[-1.5e2, +3, .5]", [-150.0, 3, 0.5]),
    ],
)
def test_what_is_meant(text, value):
    assert read_at(text, 0) == (value, len(text))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "b',
        '{"a": ["b", "c"',
        '{"a"',
        "{options}",
        "[several]",
        '{"a": true or false}',
        '{"a": "b" "c"}',
        "[" * 200,
        "{'a': '\\u12",
    ],
)
def test_what_is_not_guessed(text):
    with pytest.raises(ValueError):
        read_at(text, 0)
