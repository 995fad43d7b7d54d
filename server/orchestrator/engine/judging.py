"""What a model says of work that is done: whether it meets its acceptance, and what several results come to.

Apart from `attempt`, which moves states by it. A model that is too small to judge does not: then a person is asked, or
the parts are listed. An answer that cannot be used is asked for once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar

from orchestrator.engine import context, reading
from orchestrator.engine.answers import Flaw
from orchestrator.engine.attempt_record import Delivered
from orchestrator.engine.calls import conversation_of
from orchestrator.engine.context import Brief
from orchestrator.engine.executors import Answer
from orchestrator.engine.prompting import Prompt
from orchestrator.engine.routing import Route
from orchestrator.errors import AnswerUnusableError
from orchestrator.model.message import Role
from orchestrator.outline.outcome import clean_result
from orchestrator.providers.base import Request

VERIFY_TOKENS = 4_096
AGGREGATE_TOKENS = 4_096
TRIES = 2

T = TypeVar("T")


class Hands(Protocol):
    """What judging needs of a task's hands."""

    def prompt(self, name: str) -> Prompt: ...

    async def route(self, role: Role) -> Route: ...

    async def call(self, role: Role, make: Callable[[Route], tuple[Prompt, Request]]) -> Answer: ...


def judged(brief: Brief) -> Brief:
    """What of it the work is held against: what the task itself asks for."""
    return replace(brief, files=(), results=(), subtasks=(), parents=(), sections=())


async def verify(brief: Brief, text: str, hands: Hands) -> reading.Verification | None:
    """Hold the work against its acceptance. None where no model can judge."""
    if (await hands.route(Role.VERIFY)).provider.capabilities.guided:
        return None
    shown = context.as_text(judged(brief))

    def make(route: Route) -> tuple[Prompt, Request]:
        prompt = hands.prompt("verify")
        system, user = prompt.render(context=shown, answer="\n".join(f"  {line}" for line in text.splitlines()))
        return prompt, Request(route.model, system, conversation_of(user), VERIFY_TOKENS, reading.VERIFY_SCHEMA)

    return await _usable(
        Role.VERIFY,
        make,
        lambda answer: reading.read_verification(answer, text),
        hands,
        AnswerUnusableError(
            "The verification gave no usable answer.", hint="Run it again, or use another model.", raw=""
        ),
    )


async def aggregate(brief: Brief, hands: Hands) -> Delivered:
    """The result of a task, made of those of its subtasks."""
    children = brief.subtasks
    listed = "\n".join(f"- {child.title}: {child.result}" for child in children)
    if (await hands.route(Role.AGGREGATE)).provider.capabilities.guided:
        titles = "; ".join(child.title for child in children)
        return Delivered(clean_result(f"{len(children)} subtasks are done: {titles}"), listed, draft=True)

    def make(route: Route) -> tuple[Prompt, Request]:
        prompt = hands.prompt("aggregate")
        system, user = prompt.render(context=context.as_text(brief))
        return prompt, Request(route.model, system, conversation_of(user), AGGREGATE_TOKENS, reading.AGGREGATE_SCHEMA)

    refusal = AnswerUnusableError(
        "The subtasks could not be summed up: no usable answer.", hint="Run it again.", raw=""
    )
    work = await _usable(Role.AGGREGATE, make, reading.read_work, hands, refusal)
    return Delivered(work.result, f"{work.answer}\n\n{listed}")


async def _usable(
    role: Role,
    make: Callable[[Route], tuple[Prompt, Request]],
    read: Callable[[str], T | Flaw],
    hands: Hands,
    refusal: AnswerUnusableError,
) -> T:
    """The answer as `read` understands it."""
    answer = ""
    for _ in range(TRIES):
        answer = (await hands.call(role, make)).text
        found = read(answer)
        if not isinstance(found, Flaw):
            return found
    refusal.raw = answer
    raise refusal
