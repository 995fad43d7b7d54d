"""Trying a prompt on a task: the texts that a model would be sent and, when asked, its answer. No file is touched.

Apart from the library, which changes what is in use, because a trial changes nothing. Values are made as the engine
makes them for a call; those that only exist while work is under way (an answer to verify, problems to mend) stand as
what they are about. A trial's call is journaled like every other, as a run of its own kind.

Invariant: what a trial shows is what the call is given (test_a_trial_shows_what_is_sent).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.engine import context
from orchestrator.engine.calls import Caller, conversation_of
from orchestrator.engine.changes import existing, listing
from orchestrator.engine.context import ResultBrief, build_brief, summed_up
from orchestrator.engine.experience import NEAREST, Experience, examples
from orchestrator.engine.playbooks import as_example
from orchestrator.engine.prompting import Prompt, contract
from orchestrator.engine.routing import Asker, Route
from orchestrator.errors import OrchestratorError
from orchestrator.model.ids import record_id
from orchestrator.model.message import Role
from orchestrator.model.run import Attempt, AttemptState, Conversation, Run, RunKind, RunState
from orchestrator.model.usage import Cost, Usage
from orchestrator.outline.tree import Outline, Task
from orchestrator.providers.base import Request
from orchestrator.providers.tokens import estimate

if TYPE_CHECKING:
    from orchestrator.engine.session import Session

ANSWER_TOKENS = 4_096
BASIC_TOKENS = 320
"""Of the small model."""
_WITH_SIBLINGS = (Role.PLAN, Role.CHAT)


@dataclass(frozen=True, slots=True)
class Trial:
    prompt: Prompt
    values: Mapping[str, str]
    system: str
    user: str

    @property
    def tokens(self) -> int:
        """An estimate."""
        return estimate(self.system) + estimate(self.user)


@dataclass(frozen=True, slots=True)
class TrialAnswer:
    text: str
    model: str
    usage: Usage
    cost: Cost
    seconds: float


async def trial(prompt: Prompt, outline: Outline, task: Task, max_children: int) -> Trial:
    """Render a prompt for a task."""
    shipped = contract(prompt.name, prompt.role)
    parameters = shipped.parameters if shipped else prompt.parameters
    known = await _values(prompt, outline, task, max_children)
    values = {
        name: known.get(name, f"({each.about})" if not each.optional else "") for name, each in parameters.items()
    }
    system, user = prompt.render(**values)
    return Trial(prompt, values, system, user)


async def ask(session: Session, given: Trial, asker: Asker, uri: str, task: Task) -> TrialAnswer:
    """The answer of the model for the prompt's role; raises what a call raises. Asks for consent where it must."""
    store = await session.store()
    means = session.means()
    route = await means.router.route(given.prompt.role, asker)
    now = time.time()
    run = Run(record_id("run"), RunKind.TRIAL, str(asker.folder), uri, task.task_id, task.title, now)
    attempt = Attempt(record_id("attempt"), run.run_id, record_id("conversation"), task.task_id, task.title, now)
    talk = Conversation(attempt.conversation_id, run.workspace, uri, task.task_id, f"Trial: {task.title}", now)
    await store.begin_run(run)
    state, why = RunState.CANCELLED, "stopped"
    spent: list[tuple[Usage, Cost]] = []
    try:
        await store.begin_attempt(attempt, talk)
        caller = Caller(
            store,
            means.runner,
            means.settings.calls,
            means.gates,
            attempt.attempt_id,
            attempt.conversation_id,
            on_spent=lambda usage, cost: spent.append((usage, cost)),
            on_wait=lambda _text: None,
        )
        text = await caller.call(given.prompt.role, route, given.prompt, _request(route, given), lambda _delta: None)
        state, why = RunState.COMPLETED, ""
    except OrchestratorError as error:
        state, why = RunState.FAILED, error.message
        raise
    finally:
        await store.set_attempt(attempt.attempt_id, AttemptState(state), why, time.time())
        await store.end_run(run.run_id, state, why, time.time())
    usage, cost = spent[-1]
    return TrialAnswer(text, route.label, usage, cost, time.time() - now)


def _request(route: Route, given: Trial) -> Request:
    most = BASIC_TOKENS if route.provider.capabilities.guided else ANSWER_TOKENS
    return Request(route.model, given.system, conversation_of(given.user), most)


async def _values(prompt: Prompt, outline: Outline, task: Task, max_children: int) -> dict[str, str]:
    brief = build_brief(outline, task, siblings=prompt.role in _WITH_SIBLINGS)
    if prompt.role is Role.AGGREGATE:
        brief = summed_up(brief, [ResultBrief(child.title, child.result or "") for child in task.children])
    if prompt.role is Role.VERIFY:
        brief = replace(brief, files=(), results=(), subtasks=(), parents=(), sections=())
    values = {
        "context": context.as_text(brief),
        "max_children": str(max_children),
        "subtasks": listing(existing(task)),
        "notes": "",
    }
    if task.result:
        values["answer"] = "\n".join(f"  {line}" for line in task.result.splitlines())
    if "examples" in prompt.parameters:
        near = await asyncio.to_thread(examples, brief.title, brief.description, Experience())
        values["examples"] = "\n\n".join(as_example(match.playbook) for match in near[:NEAREST]) or "  (none)"
    return values
