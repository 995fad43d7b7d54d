"""What planning a task will take: what plans by this model took so far, else a guess from the request's length.

Apart from the calls, which know what was used when it was.
"""

from __future__ import annotations

from orchestrator.engine import context
from orchestrator.engine.context import Brief
from orchestrator.engine.prompting import Prompt
from orchestrator.engine.routing import Route
from orchestrator.model.message import Role
from orchestrator.model.usage import Usage
from orchestrator.providers.tokens import estimate
from orchestrator.store.store import Store

USUAL_ANSWER = 700
"""Tokens of a plan of five subtasks."""
EXAMPLES = 500
"""Tokens of the examples in a request."""


USUAL_READING = 1_200
"""Tokens of the request for a plan of a task that nobody has looked at yet."""


async def expected_of(store: Store | None, provider: str, model: str) -> Usage:
    """The same before there is a request: for any task."""
    known = await store.mean_usage(Role.PLAN, provider, model) if store else None
    return known or Usage(input_tokens=USUAL_READING, output_tokens=USUAL_ANSWER, estimated=True)


async def expected_usage(store: Store, route: Route | None, brief: Brief, prompt: Prompt) -> Usage:
    """The mean of this model's plans; it is an estimate and says so."""
    if route is not None:
        known = await store.mean_usage(Role.PLAN, route.provider.name, route.model)
        if known is not None:
            return known
    reading = estimate(prompt.text + context.as_text(brief)) + EXAMPLES
    return Usage(input_tokens=reading, output_tokens=USUAL_ANSWER, estimated=True)
