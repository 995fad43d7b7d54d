"""JSON that is written often is the JSON of the standard library."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.ids import record_id
from orchestrator.model.json_text import writer
from orchestrator.model.message import Speaker

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.sampled_from(Speaker),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
OPTIONS = (
    {},
    {"ensure_ascii": False},
    {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")},
    {"sort_keys": True},
)


@pytest.mark.parametrize("options", OPTIONS)
@given(value=VALUES)
def test_json_text_is_that_of_the_standard(options, value):
    assert writer(**options)(value) == json.JSONEncoder(**options).encode(value)


def test_what_is_no_json_is_refused():
    write = writer(allow_nan=False)
    circle: list[object] = []
    circle.append(circle)
    for value, error in ((object(), TypeError), (float("nan"), ValueError), (circle, RecursionError)):
        with pytest.raises(error):
            write(value)


def test_ids_of_records_follow_each_other():
    made = [record_id("step") for _ in range(3_000)]
    assert len(set(made)) == len(made)
    assert {len(one) for one in made} == {len("step_") + 12}
    assert sum(first > second for first, second in pairwise(made)) <= 1, "but where they begin anew"
