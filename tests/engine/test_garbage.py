"""Garbage is looked for less often while a run is at work, and as before when none is."""

from __future__ import annotations

import gc

import pytest

from orchestrator.engine.garbage import YOUNG, Garbage


@pytest.fixture(params=[(700, 10, 10), (YOUNG * 2, 5, 5), (0, 10, 10)])
def before(request):
    found = gc.get_threshold()
    gc.set_threshold(*request.param)
    yield request.param
    gc.set_threshold(*found)


def test_garbage_is_looked_for_as_before_when_runs_end(before):
    garbage = Garbage()
    meanwhile = (YOUNG, 10, 10) if before[0] == 700 else before
    with garbage.seldom():
        with pytest.raises(ValueError, match="a run"), garbage.seldom():
            raise ValueError("a run fails")
        assert gc.get_threshold() == meanwhile
    assert gc.get_threshold() == before
