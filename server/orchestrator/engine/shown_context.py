"""What a model is sent about a task, shown before it is sent: the very request that a run or a split would make.

Apart from the executors and the decomposer, which make that request, because here it is caught on its way: they are
run with hands that call nobody. So what is shown cannot differ from what is sent. Nobody is asked for consent,
nothing leaves the computer, nothing is stored.

Invariant: what is shown is what is sent, character by character (test_the_context_is_what_is_sent).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NoReturn, cast

from orchestrator.config import Settings
from orchestrator.engine import context, judging
from orchestrator.engine.acceptance import read as read_acceptance
from orchestrator.engine.attachments import attachments
from orchestrator.engine.calls import Caller
from orchestrator.engine.context import Brief, Part, build_brief
from orchestrator.engine.decompose import Decomposer
from orchestrator.engine.executing import prepared
from orchestrator.engine.executors import Answer, TaskContext
from orchestrator.engine.experience import Experience
from orchestrator.engine.prompt_set import PromptSet
from orchestrator.engine.prompting import Prompt
from orchestrator.engine.routing import Asker, Route, Router
from orchestrator.errors import OrchestratorError, ProviderUnavailableError, TaskError
from orchestrator.model.message import Role
from orchestrator.outline import inherited
from orchestrator.outline.tree import Outline, Task
from orchestrator.providers.base import Request
from orchestrator.providers.tokens import estimate, estimate_request

Purpose = Literal["execute", "plan", "decide", "verify", "aggregate"]
LastAnswer = Callable[[], Awaitable[str]]

FIELDS = ("executor", "model", "type", "prompt", "mode", "files", "budget", "priority")
"""Those that a run gives to an executor."""


@dataclass(frozen=True, slots=True)
class ShownContext:
    """One request as it would be sent."""

    model: str
    """`provider/model`, with a word for the small one."""
    prompt: str
    """Name and version of the prompt."""
    request: Request
    parts: tuple[Part, ...]
    """What of the outline and its files is in it, by name."""

    @property
    def tokens(self) -> int:
        """Of all of it, estimated; with the descriptions of tools."""
        return estimate_request(self.request)

    def document(self) -> str:
        """As a text to be read: a head of counts, then every message as it is."""
        counted = [("system", estimate(self.request.system))]
        counted += [(part.name, estimate(part.text)) for part in self.parts]
        width = max(len(name) for name, _ in counted)
        head = [
            f"To {self.model}, with the prompt {self.prompt}",
            f"About {self.tokens:,} tokens in all, estimated; at most {self.request.max_tokens:,} for the answer.",
            *(f"  {name:<{width}}  {count:>7,}" for name, count in counted),
        ]
        if self.request.tools:
            head.append(f"Tools: {', '.join(tool.name for tool in self.request.tools)}")
        shown = [("system", self.request.system), *((one.speaker.value, one.text) for one in self.request.messages)]
        body = [f"──── {name} ────\n{text}" for name, text in shown if text]
        return "\n\n".join(["\n".join(head), *body]) + "\n"


async def shown_context(
    outline: Outline,
    task: Task,
    purpose: Purpose,
    *,
    uri: str,
    router: Router,
    asker: Asker,
    settings: Settings,
    experience: Experience,
    prompts: PromptSet,
    last_answer: LastAnswer,
) -> ShownContext:
    """Raises TaskError where no model would be asked at all, and what making the request raises.

    `last_answer` is what doing the task came to last, empty if nothing is known: a verification judges that.
    """
    fields = {key: value for key in FIELDS if (value := inherited.value(outline, task, key)) is not None}
    if not asker.model and fields.get("model"):
        asker = replace(asker, model=fields["model"])
    prompts = prompts.for_task(fields.get("prompt", ""))
    hands = _Hands(router, asker, settings, prompts)
    brief, more = build_brief(outline, task, siblings=purpose in {"plan", "decide"}), ()
    try:
        if purpose == "execute":
            brief = await _with_files(brief, task, uri, asker.folder)
            await _execute(brief, task, uri, fields, asker.folder, hands)
        elif purpose == "verify":
            brief, text = await _done(brief, task, uri, fields, asker.folder, last_answer)
            more = (Part("Answer", text),)
            await judging.verify(brief, text, hands)
        elif purpose == "aggregate":
            brief = _above_results(brief, task)
            await judging.aggregate(brief, hands)
        else:
            await _decompose(brief, purpose, router, asker, settings, experience, prompts)
    except _Caught as caught:
        if caught.brief is not None:
            brief = caught.brief
        shown = brief if purpose == "plan" else brief.without_siblings()
        named = f"{caught.prompt.name} ({caught.prompt.version})"
        return ShownContext(caught.route.label, named, caught.request, (*context.parts(shown), *more))
    raise TaskError("No model is asked for that.", hint="It is decided on this computer.")


async def _with_files(brief: Brief, task: Task, uri: str, folder: Path) -> Brief:
    if named := task.fields.get("files", ""):
        brief = replace(brief, files=await asyncio.to_thread(attachments, named, uri, folder))
    return brief


async def _done(
    brief: Brief, task: Task, uri: str, fields: Mapping[str, str], folder: Path, last_answer: LastAnswer
) -> tuple[Brief, str]:
    """What work is held against, and the work: what doing the task came to last."""
    if not task.children:
        _, typed = await prepared(TaskContext("run", "attempt", task.task_id or "task", brief, folder, uri, fields))
        brief = replace(brief, acceptance=typed.brief.acceptance)
    if not read_acceptance(brief.acceptance).words:
        raise TaskError("No model verifies this task.", hint="Write what is to be seen behind `Accept:`, in words.")
    text = await last_answer() or task.result or ""
    if not text:
        raise TaskError("There is nothing to verify yet.", hint="Run the task first.")
    return judging.judged(brief), text


def _above_results(brief: Brief, task: Task) -> Brief:
    results = context.results_of(task.children, {})
    if not results:
        raise TaskError("The task has no subtasks to sum up.", hint="Split it, or choose one that has some.")
    return context.summed_up(brief, results)


async def _execute(brief: Brief, task: Task, uri: str, fields: Mapping[str, str], folder: Path, hands: _Hands) -> None:
    given = TaskContext("run", "attempt", task.task_id or "task", brief, folder, uri, fields)
    executor, typed = await prepared(given)
    hands.brief = typed.brief
    await executor.execute(typed, hands)


async def _decompose(
    brief: Brief,
    purpose: Purpose,
    router: Router,
    asker: Asker,
    settings: Settings,
    experience: Experience,
    prompts: PromptSet,
) -> None:
    caller = cast("Caller", _Caller(settings))

    async def unasked(role: Role, _without: frozenset[str]) -> Route:
        """Nothing is sent, so nobody is asked for consent."""
        return await router.route_unasked(role, asker.model)

    most, examples = settings.split.max_children, settings.split.examples
    decomposer = Decomposer(
        router, asker, caller, most, lambda _: None, experience, examples, prompts, find_route=unasked
    )
    await (decomposer.decide(brief) if purpose == "decide" else decomposer.plan(brief, lambda _: None))


class _Caught(BaseException):
    """A request on its way out."""

    def __init__(self, route: Route, prompt: Prompt, request: Request, brief: Brief | None = None) -> None:
        super().__init__()
        self.route = route
        self.prompt = prompt
        self.request = request
        self.brief = brief
        """With what the task's type adds to it."""


class _Caller:
    """In place of the one that calls."""

    def __init__(self, settings: Settings) -> None:
        self.runner = self
        self.calls = settings.calls

    async def gather(self, work: list[Coroutine[Any, Any, Any]]) -> list[Any]:
        """The first of them is the question; it never comes back."""
        for other in work[1:]:
            other.close()
        return [await work[0]]

    async def call(self, role: Role, route: Route, prompt: Prompt, request: Request, on_delta: Any) -> NoReturn:  # noqa: ARG002
        raise _Caught(route, prompt, request)

    async def note_decision(self, *_: str) -> None:
        """Nothing is stored."""


class _Hands:
    """An executor's hands that hold what it would send."""

    def __init__(self, router: Router, asker: Asker, settings: Settings, prompts: PromptSet) -> None:
        self.brief: Brief | None = None
        """With what the task's type adds to it."""
        self.settings = settings
        self._router = router
        self._asker = asker
        self._prompts = prompts

    def prompt(self, name: str) -> Prompt:
        return self._prompts.get(name)

    async def call(
        self,
        role: Role,
        make: Callable[[Route], tuple[Prompt, Request]],
        on_delta: Callable[[str], None] | None = None,  # noqa: ARG002
    ) -> Answer:
        route = await self.route(role)
        raise _Caught(route, *make(route), self.brief)

    async def route(self, role: Role) -> Route:
        return await self._router.route_unasked(role, self._asker.model)

    async def once(self, name: str, given: Mapping[str, Any], work: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ARG002
        """Before the first call nothing has an effect but to look."""
        return await work()

    async def ask(self, text: str, choices: tuple[str, ...] = ()) -> str:  # noqa: ARG002
        raise _nothing()

    async def approve(self, kind: str, title: str, detail: Mapping[str, Any]) -> bool:  # noqa: ARG002
        raise _nothing()

    def corrections(self) -> tuple[str, ...]:
        return ()

    def tell(self, text: str) -> None:
        """Nobody watches."""

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        raise _nothing()
        yield


def _nothing() -> OrchestratorError:
    return ProviderUnavailableError(
        "This executor wants something else before it asks a model.", hint="Run the task; its conversation is kept."
    )
