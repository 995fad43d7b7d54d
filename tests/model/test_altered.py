from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.model.altered import altered
from orchestrator.model.run import Attempt, AttemptState


def test_altered_is_replaced():
    attempt = Attempt("attempt_1", "run_1", "conversation_1", None, "A task", 1.0)
    changes = {"state": AttemptState.FAILED, "reason": "why", "ended": 2.0}
    assert altered(attempt, **changes) == replace(attempt, **changes)
    assert attempt.state is AttemptState.PENDING
    with pytest.raises(TypeError, match="no field surname"):
        altered(attempt, surname="x")
