"""What a model can ask for while it works on a task, and the one place that answers it.

A tool is a name, a description, the shape of its arguments and a function. `Toolbox.answer` takes whatever a model
wrote and answers a result: a model reads errors and asks better, so nothing it writes is an exception.

Invariant: any call has an answer of at most MAX_RESULT characters (test_any_call_has_a_bounded_answer).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.engine.edit_proposal import FileChange
from orchestrator.errors import OrchestratorError, ToolError
from orchestrator.model.message import ToolCall
from orchestrator.model.safe_text import one_line
from orchestrator.providers.base import ToolSpec

if TYPE_CHECKING:
    from orchestrator.engine.tools.draft import Draft

MAX_RESULT = 60_000
"""Characters that go back to the model for one call: about 15,000 tokens."""
_MAX_FAULTS = 5

_log = logging.getLogger(__name__)


class Arguments(BaseModel):
    """The base of every tool's arguments. What is not known is left alone: models add things."""

    model_config = ConfigDict(extra="ignore", str_max_length=4_000_000)


@dataclass(frozen=True, slots=True)
class Output:
    """What a tool came to. JSON holds all of it, so that it can be journaled and never done twice."""

    text: str
    """For the model."""
    failed: bool = False
    changes: tuple[FileChange, ...] = ()
    """Files as the draft has them after this call."""
    finished: dict[str, Any] | None = None
    """The arguments of the call that ends the work."""

    def to_json(self) -> dict[str, Any]:
        changes = [change.to_json() for change in self.changes]
        return {"text": self.text, "failed": self.failed, "changes": changes, "finished": self.finished}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Output:
        changes = tuple(FileChange.from_json(change) for change in stored["changes"])
        return cls(stored["text"], stored["failed"], changes, stored["finished"])


@dataclass(frozen=True, slots=True)
class Tool:
    """Either `run` or `run_at`. Both take checked arguments; an OrchestratorError becomes a result that failed."""

    name: str
    description: str
    arguments: type[Arguments]
    run: Callable[[Any], Awaitable[Output]] | None = None
    """Whoever calls it journals the whole of it."""
    run_at: Callable[[Any, str], Awaitable[Output]] | None = None
    """It journals its own parts, under the name of the place of this call in the conversation."""

    @property
    def spec(self) -> ToolSpec:
        return ToolSpec(self.name, self.description, _without_titles(self.arguments.model_json_schema()))


Once = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
"""Answers what the work answered, from the journal if it was done before."""


async def _now(work: Callable[[], Awaitable[Any]]) -> Any:
    return await work()


class Toolbox:
    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools = {tool.name: tool for tool in tools}

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        return tuple(tool.spec for tool in self._tools.values())

    async def answer(self, call: ToolCall, place: str = "", once: Once = _now) -> Output:
        """Never raises but for cancellation, and for what the journal itself raises."""
        tool = self._tools.get(call.name)
        if tool is None:
            names = ", ".join(self._tools)
            return failure(f"There is no tool {one_line(call.name, 64)!r}. There are: {names}.")
        try:
            # Not strict: models write "3" for 3. Depth is bounded by the parser, length by the provider.
            arguments = tool.arguments.model_validate(json.loads(call.arguments or "{}", strict=False))
        except (ValueError, RecursionError) as error:
            return failure(f"The arguments of {tool.name} cannot be used: {_faults(error)} Call it again.")
        if tool.run_at is not None:
            try:
                return _bounded(await tool.run_at(arguments, place))
            except ToolError as error:
                return failure(str(error))
        run = tool.run
        assert run is not None, "a tool has one of both"

        async def work() -> dict[str, Any]:
            try:
                return _bounded(await run(arguments)).to_json()
            except OrchestratorError as error:
                return failure(str(error)).to_json()
            except OSError as error:
                _log.warning("tool %s failed: %s", tool.name, type(error).__name__)
                return failure(f"{tool.name} failed ({error.strerror}). Try something else.").to_json()

        return Output.from_json(await once(work))


def in_thread(work: Callable[[Any, Draft], Output], draft: Draft) -> Callable[[Any], Awaitable[Output]]:
    """A tool's function that reads the disk, off the event loop."""

    async def run(arguments: Any) -> Output:
        return await asyncio.to_thread(work, arguments, draft)

    return run


def failure(text: str) -> Output:
    return _bounded(Output(text, failed=True))


def _bounded(output: Output) -> Output:
    text = output.text.encode("utf-8", "replace").decode()
    if len(text) > MAX_RESULT:
        text = f"{text[: MAX_RESULT - 200]}\n[cut here: {len(text):,} characters are too many. Ask for less at once.]"
    return Output(text or "(nothing)", output.failed, output.changes, output.finished)


def _faults(error: ValueError | RecursionError) -> str:
    if not isinstance(error, ValidationError):
        return "they are not a JSON object."
    found = error.errors(include_url=False, include_input=False)
    places = [".".join(str(part) for part in fault["loc"]) or "all" for fault in found]
    lines = [f"{place}: {fault['msg']}" for place, fault in zip(places, found, strict=True)][:_MAX_FAULTS]
    return one_line("; ".join(lines), 1_000) + "."


def _without_titles(schema: Any) -> Any:
    """A schema without the titles that pydantic adds: they only repeat the names, and cost tokens at each call."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for key, value in schema.items():  # pyright: ignore[reportUnknownVariableType]
        if key == "title" and isinstance(value, str):
            continue
        kept[str(key)] = _without_titles(value)  # pyright: ignore[reportUnknownArgumentType]
    return kept
