"""An executor's hands with a journal that outlives a crash, and a scripted model: what the engine does, in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from orchestrator.config import Settings
from orchestrator.engine import approvals
from orchestrator.engine.context import Brief
from orchestrator.engine.executors import Answer, Outcome, TaskContext, find
from orchestrator.engine.prompting import load_prompt
from orchestrator.engine.routing import Route
from orchestrator.errors import AnswerUnusableError
from orchestrator.providers.base import Finished, FinishReason, Request, TextDelta
from orchestrator.providers.scripted import ScriptedProvider, parse_script


class Killed(BaseException):
    """The process is gone: nothing may handle this."""


class Journal:
    """What a store keeps."""

    def __init__(self) -> None:
        self.calls: dict[str, Answer] = {}
        self.effects: dict[str, str] = {}
        self.approvals: dict[str, bool] = {}


class Hands:
    def __init__(
        self,
        *script: dict[str, Any],
        leave: Callable[[str, dict[str, Any]], bool] = lambda kind, detail: True,
        answers: tuple[str, ...] = (),
        corrections: tuple[str, ...] = (),
        settings: dict[str, Any] | None = None,
        journal: Journal | None = None,
        provider: Any = None,
    ) -> None:
        self.settings = Settings.model_validate(settings or {})
        self.provider = provider or ScriptedProvider(parse_script(json.dumps(list(script)), "test"))
        self.journal = journal or Journal()
        self.leave = leave
        self.answers = list(answers)
        self.notes = tuple(corrections)
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.questions: list[str] = []
        self.told: list[str] = []
        self.requests: list[Request] = []
        self.paid = 0
        self.lock = asyncio.Lock()
        self.steps = 0
        self.trusted = False
        self.die_at = 0
        """The step (before and after each effect, call and approval) at which the process is killed; 0: never."""

    def prompt(self, name):
        return load_prompt(name)

    async def call(self, role, make, on_delta=None):
        _prompt, request = make(Route(self.provider, "test"))
        self.requests.append(request)
        key = repr(request)
        if key not in self.journal.calls:
            self._step()
            events = [event async for event in self.provider.stream(request)]
            self.paid += 1
            finished = events[-1]
            assert isinstance(finished, Finished)
            text = "".join(event.text for event in events if isinstance(event, TextDelta))
            self.journal.calls[key] = Answer(text, finished)
            self._step()
        answer = self.journal.calls[key]
        if answer.finished.reason is FinishReason.MAX_TOKENS:
            raise AnswerUnusableError("It is cut off.", hint="Do less.", raw=answer.text, cut=True)
        return answer

    async def once(self, name, given, work):
        key = f"{name} {json.dumps(given, sort_keys=True)}"
        if key not in self.journal.effects:
            self._step()
            value = await work()
            self._step()
            self.journal.effects[key] = json.dumps(value)
        return json.loads(self.journal.effects[key])

    async def ask(self, text, choices=()):
        self.questions.append(text)
        return self.answers.pop(0) if self.answers else choices[0]

    async def approve(self, kind, title, detail):
        decision = approvals.decide(kind, detail, approvals.standing(self.settings, trusted=self.trusted))
        if decision.allowed:
            self.tell(f"{title}: allowed by {decision.reason}.")
            return True
        detail = {**detail, "why": decision.reason}
        key = f"{kind} {title} {json.dumps(detail, sort_keys=True)}"
        if key not in self.journal.approvals:
            self._step()
            self.asked.append((kind, title, detail))
            self.journal.approvals[key] = self.leave(kind, detail)
            self._step()
        return self.journal.approvals[key]

    def corrections(self):
        return self.notes

    def tell(self, text):
        self.told.append(text)

    @asynccontextmanager
    async def alone(self):
        async with self.lock:
            yield

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self.die_at:
            raise Killed


def task_in(folder: Path, title: str = "Fix the sum", **more: Any) -> TaskContext:
    brief = Brief(title, **{name: more.pop(name) for name in ("description", "acceptance") if name in more})
    return TaskContext("run_1", "attempt_1", "abcde", brief, folder, f"file://{folder}/plan.tasks.md", **more)


async def execute(name: str, hands: Hands, folder: Path, **more: Any) -> Outcome:
    hands.trusted = more.get("trusted", False)
    return await find(name).execute(task_in(folder, **more), hands)


def use(*calls: tuple[str, dict[str, Any] | str], **more: Any) -> dict[str, Any]:
    """An entry of the script that asks for these tools."""
    return {"calls": [{"tool": tool, "arguments": arguments} for tool, arguments in calls], **more}


def finish(result: str = "Done.", **more: Any) -> tuple[str, dict[str, Any]]:
    return "finish", {"result": result, **more}
