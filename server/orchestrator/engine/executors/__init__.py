"""The port to whatever does a simple task, and the registry of those that do.

Apart from the engine, which drives states, money, journal and file, because what an executor does between a brief and
an outcome is its own. An executor gets a `TaskContext` (data, the same after a restart) and `Hands` (everything that
it may do), and answers an `Outcome`. Plug-ins implement `Executor` and announce it in the entry-point group
`orchestrator.executors`; the entry's name is what stands in the field `executor`.

After a crash an attempt is executed again from its start, and `Hands` answers from the journal what was finished: so
an executor must be a function of its context and of what its hands answered. No clock, no chance, no file read
outside `once`.

Invariant: a plug-in that is broken says so, and others are found (test_a_broken_plugin_says_so).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from orchestrator.config import Settings
from orchestrator.engine import plugins
from orchestrator.engine.context import Brief
from orchestrator.engine.prompting import Prompt
from orchestrator.engine.routing import Route
from orchestrator.errors import ConfigError
from orchestrator.model.finding import Finding
from orchestrator.model.message import Role
from orchestrator.model.record import record
from orchestrator.providers.base import Finished, Request

ENTRY_POINTS = "orchestrator.executors"
DEFAULT = "answer"
"""What does a task that names no executor."""


@record
class TaskContext:
    """The task, and nothing of its siblings."""

    run_id: str
    attempt_id: str
    task_id: str
    brief: Brief
    workspace: Path
    """A real path."""
    uri: str
    """The outline."""
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    """Fields in force for the task, inherited ones included."""
    trusted: bool = False
    """Whether the person trusts the workspace: without it nothing runs that a file asks for."""
    evidence: str = ""
    """At the second try: what the verification of the first one found missing."""


@record
class Outcome:
    result: str = ""
    """A short paragraph, for the outline and for tasks that build on it."""
    text: str = ""
    """All of it, for the store; empty: `result` is all."""
    failed: str = ""
    """Why it could not be done; empty when it is done."""
    needs_person: str = ""
    """What waits for a person though the work is there (a patch nobody approved): the task stays open."""
    edited: bool = False
    """Files were changed or a command ran: then it is not split, and not done again."""
    verified: bool = False
    """Its acceptance was shown already, by something that counts more than a model's word (a command's exit code)."""
    checked: bool = False
    """The commands of its acceptance were run, and passed; the words of it are still to be judged."""
    findings: tuple[Finding, ...] | None = None
    """What a review found, for the diagnostics of the files; None: this was no review."""

    @property
    def plain(self) -> bool:
        """It was done, and nothing but text came of it, so that it can be done once more."""
        return not (self.failed or self.needs_person or self.edited or self.findings)


@record
class Answer:
    """What a model answered, from the call or from the journal."""

    text: str
    finished: Finished


class Hands(Protocol):
    """What an executor may do. All of it raises `asyncio.CancelledError` when the task is stopped."""

    @property
    def settings(self) -> Settings: ...

    async def call(
        self,
        role: Role,
        make: Callable[[Route], tuple[Prompt, Request]],
        on_delta: Callable[[str], None] | None = None,
    ) -> Answer:
        """Ask the model for this role. Reserved, journaled, retried, and answered from the journal if it was finished.

        `make` gets the model that will answer, and makes the request: the same one after a restart.
        Raises ProviderError, BudgetError, AnswerUnusableError for a refused or cut answer.
        """
        ...

    def prompt(self, name: str) -> Prompt:
        """The prompt in use for what the built-in one of this name does: the task's own, the person's, or that one."""
        ...

    async def once(self, name: str, given: Mapping[str, Any], work: Callable[[], Awaitable[Any]]) -> Any:
        """Do something that must not be done twice, such as a tool call or applying an edit; answers JSON.

        `name` and `given` (JSON) say what it is; what `work` answered is stored, and answered again after a restart.
        An effect whose answer could not be stored any more is begun anew: `work` looks first whether it was done.
        """
        ...

    async def ask(self, text: str, choices: tuple[str, ...] = ()) -> str:
        """Ask the person: the task waits, its question stands in the inbox and outlives the program.

        The first choice is the careful one; without choices any text is an answer.
        """
        ...

    async def approve(self, kind: str, title: str, detail: Mapping[str, Any]) -> bool:
        """Leave for exactly `detail` (JSON, as `approvals` makes it for an edit or a command).

        By the user's settings, by what was allowed in this run, or else by the person, who is asked in the inbox; of
        another kind than those two, always by the person.
        """
        ...

    def corrections(self) -> tuple[str, ...]:
        """What the person said about the task since it began, in order; the next call should show it.

        An executor takes it in by `once("corrections", …)`, so that it is known what was shown: what came too late
        for any call leads to another execution, with it as evidence.
        """
        ...

    def tell(self, text: str) -> None:
        """One line for whoever watches."""
        ...

    def alone(self) -> AbstractAsyncContextManager[None]:
        """Hold the workspace's one lock: while something is applied and verified nobody else changes files."""
        ...


@runtime_checkable
class Executor(Protocol):
    @property
    def name(self) -> str: ...

    async def execute(self, task: TaskContext, hands: Hands) -> Outcome: ...


BUILT_IN = ("answer", "code", "research", "review")


def find(name: str, workspace: Path | None = None) -> Executor:
    """The executor of this name; built-in ones first. Raises ConfigError when there is none, or it cannot be used.

    With a workspace, a plug-in that lies inside it is never loaded.
    """
    if name in BUILT_IN:
        return _built_in(name)
    for point in _plugins():
        if point.name == name:
            return _load(point, workspace)
    raise ConfigError(
        f"There is no executor “{name}”.", hint=f"Write one of {', '.join(names())}, or remove the field `executor`."
    )


def names() -> tuple[str, ...]:
    """All there are, the default first; nothing is imported for that."""
    return tuple(dict.fromkeys((*BUILT_IN, *(point.name for point in _plugins()))))


@cache
def _built_in(name: str) -> Executor:
    """They keep nothing between two tasks."""
    from orchestrator.engine.executors import answer, code, research, review

    made = (answer.AnswerExecutor(), code.CodeExecutor(), research.ResearchExecutor(), review.ReviewExecutor())
    return next(executor for executor in made if executor.name == name)


def _plugins() -> list[EntryPoint]:
    return sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)


def _load(point: EntryPoint, workspace: Path | None) -> Executor:
    loaded = plugins.load(point, "executor", workspace)
    try:
        made = loaded() if isinstance(loaded, type) else loaded
    except Exception as error:  # a plug-in may fail in any way
        raise ConfigError(
            f"The executor {point.name} cannot be made: {type(error).__name__}.", hint="Update or uninstall it."
        ) from error
    if not isinstance(made, Executor):
        origin = f"plug-in {point.dist.name if point.dist else point.value}"
        raise ConfigError(
            f"{origin} names no executor but a {type(made).__name__}.", hint="Update or uninstall the plug-in."
        )
    return made


__all__ = [
    "BUILT_IN",
    "DEFAULT",
    "ENTRY_POINTS",
    "Answer",
    "Executor",
    "Hands",
    "Outcome",
    "TaskContext",
    "find",
    "names",
]
