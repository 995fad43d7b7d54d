"""What an executor may do: the engine's side of `executors.Hands`.

Apart from the attempt, which moves states, because here is where the journal answers instead of the world: calls by
their request, effects by their name and input, questions by their place among those of the attempt.

Invariant: what is finished is answered from the journal, in the order in which it was asked
(test_kills_repeat_no_finished_call, test_effects_are_not_repeated).
Invariant: a yes is for what was asked, not for its words (test_a_yes_is_for_the_edit_that_was_shown).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchestrator.config import Settings
from orchestrator.engine import approvals
from orchestrator.engine.approvals import Leave
from orchestrator.engine.calls import Caller
from orchestrator.engine.executors import Answer
from orchestrator.engine.money import LIMITS, SAY_PRICE, UnknownPriceError, limit_of
from orchestrator.engine.prompting import Prompt
from orchestrator.engine.purse import set_aside
from orchestrator.engine.routing import Route
from orchestrator.errors import AnswerCutError
from orchestrator.model import json_text
from orchestrator.model.ids import record_id
from orchestrator.model.message import Role
from orchestrator.model.run import Approval, ApprovalState, StepState
from orchestrator.model.usage import Cost, Usage
from orchestrator.providers.base import Request
from orchestrator.providers.prices import Prices, price_from
from orchestrator.store.writer import Write

if TYPE_CHECKING:
    from orchestrator.engine.attempt import TaskRun

CORRECTIONS = "corrections"
"""The effect by which an executor takes in what a person said meanwhile."""
MISREAD = 3
"""How often a price is asked for that is none."""


_as_json = json_text.writer()
_sorted = json_text.writer(sort_keys=True)


class TaskHands:
    """Of one attempt."""

    def __init__(self, task: TaskRun, *, replay: bool) -> None:
        self._task = task
        self._run = task.run
        attempt = task.attempt
        self.caller = Caller(
            self._run.store,
            self._run.means.runner,
            self._run.settings.calls,
            self._run.means.gates,
            attempt.attempt_id,
            attempt.conversation_id,
            on_spent=task.on_spent,
            on_wait=self.tell,
            purse=self,
            replay=replay,
            hub=self._run.means.hub,
            on_ended=self._answered,
        )
        self._replay = replay
        self._recording: Write[None] | None = None
        """The record of the last answer or effect: nothing is done outside of the store before that is stored."""
        self._effects: dict[tuple[str, str], int] = {}
        self._silent: Counter[str] = Counter()
        """By what was given, how often corrections were taken in and nothing was recorded, since something was."""
        self._asked: list[Approval] | None = None if replay else []
        self._next_question = 0
        self._leaves = 0
        self._corrections: list[str] = []
        self._taken_in = 0
        """How many of them a call has shown to the model."""

    @property
    def settings(self) -> Settings:
        return self._run.settings

    def prompt(self, name: str) -> Prompt:
        return self._task.prompts.get(name)

    async def call(
        self,
        role: Role,
        make: Callable[[Route], tuple[Prompt, Request]],
        on_delta: Callable[[str], None] | None = None,
    ) -> Answer:
        def told(delta: str) -> None:
            self._run.observer.on_text(self._task.key, delta)
            if on_delta is not None:
                on_delta(delta)

        async def ask(route: Route) -> Answer:
            prompt, request = make(route)
            # Whoever talks with tools asks again by itself.
            for left in range(0 if request.tools else self.caller.calls.retries, -1, -1):
                try:
                    return Answer(*await self.caller.answer(role, route, prompt, request, told))
                except AnswerCutError as error:
                    if not left:
                        raise
                    self.tell(f"{error.message} Asking again.")
            raise AssertionError("the loop ends by return or raise")

        async def route_of(without: frozenset[str]) -> Route:
            return await self.route(role, without)

        return await self._run.means.router.answered(route_of, ask, self.tell)

    async def route(self, role: Role, without: frozenset[str] = frozenset()) -> Route:
        """The model for this role; where a budget needs its price and nobody knows it, the person is asked first."""
        route = self._priced(await self._run.means.router.route(role, self._task.asker, without))
        ledger = self._run.ledger
        if ledger.calls is None and ledger.has_limit(self._task.accounts) and route.cost(Usage(1, 1)) is None:
            await self._ask_for_limit(route)
        return self._priced(route)

    def _priced(self, route: Route) -> Route:
        """With the price that the person said in this run."""
        said = self._run.own_prices.get(route.name)
        return route if said is None else replace(route, prices=Prices({**route.prices.own, route.name: said}))

    async def once(self, name: str, given: Mapping[str, Any], work: Callable[[], Awaitable[Any]]) -> Any:
        written, stored = await self._recorded(name, given)
        if name == CORRECTIONS:
            shown = await self._corrected(written, work) if stored is None else json.loads(stored)
            self._take_in(shown)
            return shown
        if stored is not None:
            return json.loads(stored)
        await self.settled()
        result = await work()
        self._record(name, written, result)
        return result

    async def _corrected(self, given: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Mostly nobody has said anything, and that is recorded only where something comes behind it."""
        said = None if await self._went_on() else await work()
        if not said:
            self._silent[given] += 1
            return []
        for _ in range(self._silent.pop(given, 0)):
            self._record(CORRECTIONS, given, [])
        self._record(CORRECTIONS, given, said)
        return said

    async def _went_on(self) -> bool:
        """Whether a call that the journal has came next: then nothing had been said, or that would be recorded."""
        if not self._replay or (replayed := self.caller.replayed) is None:
            return False
        steps = await self._run.store.steps(self._task.attempt.attempt_id)
        finished = [step for step in steps if step.state is StepState.COMPLETED and step.request_hash]
        return len(finished) > replayed

    def let_go(self) -> None:
        """The attempt is over: what it holds is free now, and does not wait until circles are looked for."""
        del self._task, self.caller

    async def settled(self) -> None:
        """When what it builds on is stored. Raises StoreError where that failed."""
        if self._recording is not None:
            await self._recording

    def _answered(self, stored: Write[None], tell: Callable[[], None]) -> None:
        self._recording = stored
        self._run.when_stored(stored, tell)

    async def _recorded(self, name: str, given: Mapping[str, Any]) -> tuple[str, str | None]:
        """What is given as JSON, and what the journal has for this time (JSON, too)."""
        written = _sorted(given)
        place = self._effects.get((name, written), 0)
        self._effects[name, written] = place + 1
        if not self._replay:
            return written, None
        attempt_id = self._task.attempt.attempt_id
        return written, await self._run.store.effect(attempt_id, name, _hash(written), place)

    def _record(self, name: str, given: str, result: Any) -> None:
        """In line with all else that is stored: a call that builds on it is in the journal behind it."""
        attempt_id = self._task.attempt.attempt_id
        self._recording = self._run.store.add_effect(attempt_id, name, _hash(given), _as_json(result), time.time())
        self._run.when_stored(self._recording)

    async def ask(self, text: str, choices: tuple[str, ...] = ()) -> str:
        return await self._ask("question", text, {"choices": list(choices)})

    async def approve(self, kind: str, title: str, detail: Mapping[str, Any]) -> bool:
        """What was allowed stays so after a restart; what was not is looked at anew: a person may say more then."""
        self._leaves += 1
        given = {"kind": kind, "title": title, "number": self._leaves, "what": approvals.what(detail)}
        written, recorded = await self._recorded("leave", given)
        if recorded is not None:
            return True
        said = await self._run.leaves()
        request = self._run.request
        standing = approvals.standing(self.settings, trusted=self._run.trusted, yes=request.yes, given=said)
        decision = approvals.decide(kind, detail, standing)
        if decision.allowed:
            self._record("leave", written, decision.reason)
            if self._replay:  # it may have been asked before
                await self._run.store.withdraw_approvals(self._task.attempt.attempt_id, time.time())
            self.tell(f"{title}: allowed by {decision.reason}.")
            return True
        asked = {**detail, "why": decision.reason, "choices": list(approvals.choices(detail))}
        answer = await self._ask(kind, title, asked)
        said.append((kind, detail, answer))
        return answer in {Leave.ONCE, Leave.RUN}

    async def confirm(self, text: str, choices: tuple[str, ...], kind: str = "confirm") -> str:
        """A question of the engine's own."""
        return await self._ask(kind, text, {"choices": list(choices)})

    def correct(self, text: str) -> None:
        """A person says something while it runs."""
        self._corrections.append(text)

    def corrections(self) -> tuple[str, ...]:
        return tuple(self._corrections)

    def late_corrections(self) -> tuple[str, ...]:
        """Those that no call has shown to the model yet."""
        return tuple(self._corrections[self._taken_in :])

    def _take_in(self, shown: Sequence[str]) -> None:
        for text in shown:
            if text in self._corrections[self._taken_in :]:
                self._taken_in = self._corrections.index(text, self._taken_in) + 1

    def tell(self, text: str) -> None:
        self._run.observer.on_note(text)

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        async with self._run.means.workspace_lock(self._run.folder):
            yield

    # --- money -------------------------------------------------------------------------------------------------

    async def reserve(self, route: Route, request: Request) -> Callable[[Cost], None]:
        return await set_aside(self._run.ledger, self._task.accounts, route, request)

    async def _ask_for_limit(self, route: Route) -> None:
        """Once a run: how many calls it may make, or what the model costs."""
        run = self._run
        async with run.asking_for_limit:
            if run.ledger.calls is not None or route.name in run.own_prices:
                return
            text = f"There is a budget, and the price of {route.name} is not known. How is it to be kept?"
            answer = await self._ask("budget", text, {"choices": list(LIMITS)})
            if answer == SAY_PRICE:
                await self._ask_for_price(route)
            elif limit := limit_of(answer):
                run.ledger.calls = limit
            else:
                raise UnknownPriceError(
                    f"There is a budget, and the price of {route.name} is not known.",
                    hint="Allow a number of calls (`--calls`), or say its price in the setting `prices`.",
                )

    async def _ask_for_price(self, route: Route) -> None:
        text = f"What does {route.name} cost? US dollars for a million tokens read, and written, such as: 3 15"
        for _ in range(MISREAD):
            answer = await self._ask("price", text, {"model": route.name})
            if (price := price_from(answer)) is not None:
                self._run.own_prices[route.name] = price
                return
            text = f"“{answer[:40]}” is no price of {route.name}. Write two numbers, such as: 3 15"
        raise UnknownPriceError(
            f"The price of {route.name} is not known.", hint="Say it in the setting `prices`, and resume the run."
        )

    # --- questions ---------------------------------------------------------------------------------------------

    async def _ask(self, kind: str, title: str, detail: dict[str, Any]) -> str:
        if self._asked is None:
            self._asked = [
                one
                for one in await self._run.store.approvals_of(self._task.attempt.attempt_id)
                if one.state is not ApprovalState.WITHDRAWN
            ]
        approval = None
        if self._next_question < len(self._asked):
            known = self._asked[self._next_question]
            if (known.kind, known.title) == (kind, title) and approvals.what(known.detail) == approvals.what(detail):
                approval = known
            elif known.state is ApprovalState.OPEN:  # nobody shall answer what is not asked any more
                await self._run.store.withdraw_approvals(self._task.attempt.attempt_id, time.time())
        self._next_question += 1
        if approval is not None and approval.state is ApprovalState.ANSWERED:
            return approval.answer
        is_new = approval is None
        if approval is None:
            approval = Approval(
                record_id("approval"),
                self._run.run_id,
                self._task.attempt.attempt_id,
                kind,
                title,
                {**detail, "taskId": self._task.key, "task": self._task.title},
                time.time(),
            )
        return await self._task.wait_for(approval, is_new=is_new)


def _hash(given: str) -> str:
    return hashlib.sha256(given.encode("utf-8", "replace")).hexdigest()
