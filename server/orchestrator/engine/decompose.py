"""Decide whether a task is simple, and plan its subtasks: prompt, answer, at most one repair turn, refusal.

Two ways lead to the same values. A capable model is asked through `prompts/decide.md` and `prompts/plan.md`
with structured output. The small embedded model does not decide by itself and plans along playbooks (`guided`).

Invariant: an answer that stays unusable is refused with its text, never replaced (test_nonsense_is_refused).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from orchestrator.engine import answers, context
from orchestrator.engine.answer_shapes import MAX_ANSWER
from orchestrator.engine.calls import Caller, conversation_of
from orchestrator.engine.changes import REPLAN_SCHEMA, Change, Existing, added_changes, listing, read_changes
from orchestrator.engine.classifier import can_overrule, combined
from orchestrator.engine.context import Brief
from orchestrator.engine.experience import NEAREST, Experience, examples, prior
from orchestrator.engine.playbooks import Match, as_example
from orchestrator.engine.prompt_set import PromptSet
from orchestrator.engine.prompting import Prompt
from orchestrator.engine.routing import Asker, Route, Router
from orchestrator.errors import AnswerCutError, AnswerUnusableError, RequestRejectedError
from orchestrator.model.message import Role
from orchestrator.model.task import Decision, Plan
from orchestrator.providers.base import AnswerSchema, Request

SHOWN_EVERY = 0.03
DECIDE_TOKENS = 2_048
PLAN_TOKENS = 8_192
"""Upper bounds of an answer, in tokens; room for models that think aloud within them."""

_Value = TypeVar("_Value", Decision, Plan, tuple[Change, ...])
_Thought = TypeVar("_Thought")
FindRoute = Callable[[Role, frozenset[str]], Awaitable[Route]]
"""The model for a role, without these names."""


@dataclass(frozen=True, slots=True)
class Decomposer:
    """The thinking of one attempt."""

    router: Router
    asker: Asker
    caller: Caller
    max_children: int
    on_route: Callable[[Route], None]
    """Told who answers, before it is asked."""
    experience: Experience = field(default_factory=Experience)
    examples: int = NEAREST
    """Playbooks that a capable model is shown at most."""
    prompts: PromptSet = field(default_factory=PromptSet)
    find_route: FindRoute | None = None
    """Where a run chooses the model; None: as the router says."""
    tell: Callable[[str], None] = lambda _text: None
    """One line for whoever watches."""
    verdict_alone: bool = False
    """Nobody asks how sure a verdict is."""

    async def decide(self, brief: Brief) -> Decision:
        return await self._answered(Role.DECIDE, lambda route: self._decide(route, brief))

    async def plan(self, brief: Brief, on_plan: Callable[[Plan], None]) -> Plan:
        """The subtasks. `on_plan` is told what there is so far, while the answer arrives."""
        return await self._answered(Role.PLAN, lambda route: self._plan(route, brief, on_plan))

    async def revise(self, brief: Brief, subtasks: Sequence[Existing]) -> tuple[Change, ...]:
        """What a new plan changes in these subtasks of the task; nothing where they fit as they are."""
        return await self._answered(Role.PLAN, lambda route: self._revise(route, brief, subtasks))

    async def _answered(self, role: Role, work: Callable[[Route], Awaitable[_Thought]]) -> _Thought:
        """By the first model that answers."""

        async def route_of(without: frozenset[str]) -> Route:
            find = self.find_route
            route = await (find(role, without) if find else self.router.route(role, self.asker, without))
            self.on_route(route)
            return route

        return await self.router.answered(route_of, work, self.tell)

    async def _decide(self, route: Route, brief: Brief) -> Decision:
        if route.provider.capabilities.guided:
            from orchestrator.engine import guided  # numpy comes with it

            decision = await asyncio.to_thread(guided.decide, brief, self.experience)
            await self.caller.note_decision("classifier", "sentence-embeddings", brief.title, decision.verdict.value)
            return decision
        prompt = self.prompts.get("decide")
        system, user = prompt.render(context=context.as_text(brief.without_siblings()))
        request = Request(route.model, system, conversation_of(user), DECIDE_TOKENS, answers.DECIDE_SCHEMA)
        asked = self._ask(Role.DECIDE, route, prompt, request, answers.read_decision, lambda _: None)
        if self.verdict_alone and not can_overrule(self.experience.trust):
            return await asked  # the prior takes longer than all that a run does besides for a decision
        weighed = asyncio.to_thread(prior, brief.title, self.experience)
        said, before = await self.caller.runner.gather([asked, weighed])
        return combined(cast("Decision", said), cast("float | None", before), self.experience.trust)

    async def _plan(self, route: Route, brief: Brief, on_plan: Callable[[Plan], None]) -> Plan:
        if route.provider.capabilities.guided:
            from orchestrator.engine import guided

            async def ask(request: Request, on_delta: Callable[[str], None]) -> str:
                return await self.caller.call(Role.PLAN, route, guided.PROMPT, request, on_delta)

            return await guided.plan(brief, route.model, ask, on_plan, self.max_children, self.experience)

        prompt = self.prompts.get("plan")
        near = await self._examples(brief)
        system, user = prompt.render(
            context=context.as_text(brief),
            max_children=str(self.max_children),
            examples="\n\n".join(as_example(match.playbook) for match in near) or "  (none)",
        )
        schema: AnswerSchema = answers.PLAN_SCHEMA
        request = Request(route.model, system, conversation_of(user), PLAN_TOKENS, schema)
        plan = await self._ask(
            Role.PLAN,
            route,
            prompt,
            request,
            lambda answer: answers.read_plan(answer, brief.title, self.max_children),
            lambda text: on_plan(answers.partial_plan(text, brief.title, self.max_children)),
        )
        names = " and ".join(match.playbook.name for match in near)
        return replace(plan, source=f"planned with {names} as example{'s' if len(near) > 1 else ''}") if near else plan

    async def _examples(self, brief: Brief) -> tuple[Match, ...]:
        if not self.examples:
            return ()
        near = await asyncio.to_thread(examples, brief.title, brief.description, self.experience)
        return near[: self.examples]

    async def _revise(self, route: Route, brief: Brief, subtasks: Sequence[Existing]) -> tuple[Change, ...]:
        if route.provider.capabilities.guided:
            # The small model adds what a playbook has and the plan has not, and judges nothing that a person has.
            subtasks = [each for each in subtasks if not each.depth]  # it plans one level
            known = (*brief.siblings, *(each.title for each in subtasks))
            plan = await self._plan(route, replace(brief, siblings=known), lambda _: None)
            return added_changes(plan, brief.title, subtasks, self.max_children)
        prompt = self.prompts.get("replan")
        system, user = prompt.render(
            context=context.as_text(brief), subtasks=listing(subtasks), max_children=str(self.max_children)
        )
        request = Request(route.model, system, conversation_of(user), PLAN_TOKENS, REPLAN_SCHEMA)

        def read(answer: str) -> tuple[Change, ...] | answers.Flaw:
            return read_changes(answer, brief.title, subtasks, self.max_children)

        return await self._ask(Role.PLAN, route, prompt, request, read, lambda _: None)

    async def _ask(
        self,
        role: Role,
        route: Route,
        prompt: Prompt,
        request: Request,
        read: Callable[[str], _Value | answers.Flaw],
        on_text: Callable[[str], None],
    ) -> _Value:
        answer = await self._call(role, route, prompt, request, on_text)
        value = read(answer)
        if not isinstance(value, answers.Flaw):
            return value
        repair = self.prompts.get("repair")
        _, reply = repair.render(problems="\n".join(f"- {problem}" for problem in value.problems))
        question = request.messages[0].text
        # An empty turn is refused by vendors; a single blank line stands for "nothing".
        messages = conversation_of(question, (answer[:MAX_ANSWER].strip() or "(nothing)", reply))
        second = Request(request.model, request.system, messages, request.max_tokens, request.schema)
        answer = await self._call(role, route, repair, second, on_text)
        value = read(answer)
        if not isinstance(value, answers.Flaw):
            return value
        raise AnswerUnusableError(
            f"{route.name} gave no usable answer, also when asked again: {' '.join(value.problems)}",
            hint="Nothing was changed. Try again, word the task differently, or use another model.",
            raw=answer,
        )

    async def _call(
        self, role: Role, route: Route, prompt: Prompt, request: Request, on_text: Callable[[str], None]
    ) -> str:
        """With the answer's shape enforced where the service can; the prompt names the shape for those that refuse."""
        cuts = self.caller.calls.retries
        while True:
            try:
                return await self.caller.call(role, route, prompt, request, _whole(on_text))
            except AnswerCutError as error:
                if not cuts:
                    raise
                cuts -= 1
                self.tell(f"{error.message} Asking again.")
            except RequestRejectedError as error:
                if request.schema is None or not error.other_form:
                    raise
                request = replace(request, schema=None)


def _whole(on_text: Callable[[str], None]) -> Callable[[str], None]:
    """From deltas to the text so far, told at most every SHOWN_EVERY seconds: whoever reads it reads all of it."""
    pieces: list[str] = []
    next_time = 0.0

    def on_delta(delta: str) -> None:
        nonlocal next_time
        pieces.append(delta)
        if time.monotonic() >= next_time:
            on_text("".join(pieces))
            next_time = time.monotonic() + SHOWN_EVERY

    return on_delta
