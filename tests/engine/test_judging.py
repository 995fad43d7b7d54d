"""What becomes of a model's judgement that cannot be used, and of a model that is too small to judge."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from orchestrator.engine import judging
from orchestrator.engine.context import Brief, ResultBrief
from orchestrator.engine.judging import aggregate, verify
from orchestrator.errors import AnswerUnusableError

BRIEF = Brief("Pack", subtasks=(ResultBrief("Socks", "five pairs"), ResultBrief("Shirts", "two")))
ROUTE = SimpleNamespace(model="x", provider=SimpleNamespace(capabilities=SimpleNamespace(guided=False)))
SMALL = SimpleNamespace(model="x", provider=SimpleNamespace(capabilities=SimpleNamespace(guided=True)))


class Answering:
    """Hands that give these answers, one after the other."""

    def __init__(self, *answers: str, route: Any = ROUTE) -> None:
        self.answers = list(answers)
        self._route = route

    def prompt(self, _name: str) -> Any:
        return SimpleNamespace(render=lambda **values: ("", str(values)))

    async def route(self, _role: Any) -> Any:
        return self._route

    async def call(self, _role: Any, make: Any) -> Any:
        make(ROUTE)
        return SimpleNamespace(text=self.answers.pop(0))

    @property
    def hands(self) -> judging.Hands:
        return cast("judging.Hands", self)


async def test_a_summary_that_cannot_be_used_is_asked_for_once_more() -> None:
    done = await aggregate(BRIEF, Answering("[[[", '{"answer": "All of it.", "result": "Packed."}').hands)
    assert (done.result, done.text) == ("Packed.", "All of it.\n\n- Socks: five pairs\n- Shirts: two")


async def test_judgements_that_cannot_be_used_twice_are_refused_with_the_last_one() -> None:
    """Nothing is invented in their place, and a third is not paid for."""
    giving = Answering("[[[", "{{{", '{"answer": "All of it.", "result": "Packed."}')
    with pytest.raises(AnswerUnusableError, match="could not be summed up") as refused:
        await aggregate(BRIEF, giving.hands)
    assert (refused.value.raw, len(giving.answers)) == ("{{{", 1)
    with pytest.raises(AnswerUnusableError, match="The verification") as refused:
        await verify(BRIEF, "five pairs", Answering("", "[[[").hands)
    assert refused.value.raw == "[[["


async def test_a_small_model_judges_nothing() -> None:
    """It is not asked: what is done is listed, as a draft, and a person judges."""
    done = await aggregate(BRIEF, Answering(route=SMALL).hands)
    assert (done.result, done.draft) == ("2 subtasks are done: Socks; Shirts", True)
    assert await verify(BRIEF, "five pairs", Answering(route=SMALL).hands) is None
