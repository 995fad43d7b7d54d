"""A whole guided plan with the real embedded model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

import pytest

from orchestrator.config import Directories, LocalOptions
from orchestrator.engine import guided
from orchestrator.engine.context import Brief
from orchestrator.model.task import Plan
from orchestrator.providers.base import Request, TextDelta
from orchestrator.providers.local import LocalProvider

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize("title", ["Build the sign-up page", "Write a blog post about our product", "Sell the old car"])
async def test_a_guided_plan_has_distinct_children(title):
    provider = LocalProvider(LocalOptions(), 60, Directories.default())
    answers: list[str] = []
    shown: list[Plan] = []

    async def ask(request: Request, on_delta: Callable[[str], None]) -> str:
        text = ""
        async with aclosing(provider.stream(request)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    text += event.text
                    on_delta(event.text)
        answers.append(text)
        return text

    try:
        plan = await guided.plan(Brief(title), "smollm2", ask, shown.append, 8)
    finally:
        await provider.aclose()
    assert 3 <= len(plan.tasks) <= 8
    titles = [title, *(task.title for task in plan.tasks)]
    assert len({each.casefold() for each in titles}) == len(titles)
    assert len(shown) == len(plan.tasks)
    assert "playbook “" in plan.source
    assert answers, "the model had something to choose"
    written = {f"**{task.title}**: {task.description}" for task in plan.tasks}
    assert written & set(answers), "its words are in the plan"
