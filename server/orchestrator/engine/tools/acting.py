"""The tools that reach beyond the draft: run an approved command, ask a person, finish.

Apart from the others because these go through the executor's hands, which journal what they do: a command that was
begun is never begun again, also when the program was killed while it ran.

Invariant: no command runs without leave for exactly its argv (test_no_command_runs_without_leave).
Invariant: a command that was begun before a crash is not run again (test_a_command_cut_by_a_crash_is_not_run_again).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from orchestrator.engine import approvals, commands, policy
from orchestrator.engine.commands import CommandOutcome
from orchestrator.engine.executors import Hands, TaskContext
from orchestrator.engine.tools import Arguments, Output, Tool, failure
from orchestrator.errors import ToolError
from orchestrator.model.safe_text import one_line

MOST_QUESTIONS = 3
INTERRUPTED = "interrupted: the program ended while it ran, so it may have run or not"


class RunCommand(Arguments):
    argv: list[str] = Field(description='The program and each argument, such as ["pytest", "-q", "tests/login"]')
    purpose: str = Field("", description="Why, in a few words, for the person who gives leave")


class AskPerson(Arguments):
    question: str = Field(min_length=1, description="One question that can be answered without reading anything else")


class Commands:
    """Runs commands for one attempt. `place` names each use, so that two of the same command are two."""

    def __init__(self, task: TaskContext, hands: Hands, environ: Mapping[str, str] | None = None) -> None:
        self._task = task
        self._hands = hands
        self._environ = os.environ if environ is None else environ
        self._allowed: set[tuple[str, ...]] = set()
        """Leave for exactly these was given in this attempt: to check the same again is not asked again."""
        self.ran: list[tuple[tuple[str, ...], CommandOutcome]] = []
        """Those that were started, in order."""

    async def leave(self, argv: tuple[str, ...], purpose: str, place: str) -> str:
        """Ask the policy, then a person. Empty when the command may run, else why not; raises ToolError.

        The form of the command is checked before, and its program must be installed.
        """
        if argv in self._allowed:
            return ""
        policy.checked_argv(argv)
        program = await self._program(argv, place)
        detail = approvals.command_detail(argv, program, self._task.workspace, purpose)
        if not await self._hands.approve(approvals.COMMAND, one_line(f"Run {policy.shown(argv)}", 200), detail):
            return "nobody gave leave to run it"
        self._allowed.add(argv)
        return ""

    async def run(self, argv: tuple[str, ...], place: str) -> CommandOutcome:
        """Run a command that has leave. Raises ToolError when it cannot be started."""
        program = await self._program(argv, place)
        given = {"argv": list(argv), "place": place}
        fresh: list[bool] = []

        async def begin() -> bool:
            fresh.append(True)
            return True

        async def work() -> dict[str, Any]:
            if not fresh:  # it was begun before a restart, and its end was never stored
                return {"outcome": CommandOutcome(None, "", INTERRUPTED).to_json()}
            secrets = commands.secret_values(self._environ)
            environ = commands.scrubbed(self._environ, secrets, self._task.workspace)
            timeout = self._hands.settings.tools.timeout
            try:
                outcome = await commands.run(program, argv, self._task.workspace, environ, timeout, secrets)
            except ToolError as error:
                return {"error": error.message, "hint": error.hint}
            return {"outcome": outcome.to_json()}

        await self._hands.once("command.begun", given, begin)
        stored = await self._hands.once("command.ended", given, work)
        if "error" in stored:
            raise ToolError(stored["error"], hint=stored["hint"])
        outcome = CommandOutcome.from_json(stored["outcome"])
        self.ran.append((argv, outcome))
        return outcome

    async def _program(self, argv: tuple[str, ...], place: str) -> Path:
        """Journaled: what is installed may change before a restart."""

        def find() -> dict[str, str]:
            settings = self._hands.settings.tools
            try:
                found = commands.find_program(argv[0], self._task.workspace, self._environ, settings.programs)
            except ToolError as error:
                return {"error": error.message, "hint": error.hint}
            return {"program": str(found)}

        async def work() -> dict[str, str]:
            return await asyncio.to_thread(find)

        stored = await self._hands.once("command.program", {"argv": list(argv), "place": place}, work)
        if "error" in stored:
            raise ToolError(stored["error"], hint=stored["hint"])
        return Path(stored["program"])


def command_tool(runner: Commands, hands: Hands) -> Tool:
    async def run(arguments: RunCommand, place: str) -> Output:
        argv = policy.checked_argv(arguments.argv)
        if refused := await runner.leave(argv, arguments.purpose, place):
            return failure(f"{policy.shown(argv)} was not run: {refused}. Do the task without it.")
        async with hands.alone():  # it may change files, and must see whole edits of others
            outcome = await runner.run(argv, place)
        return Output(f"{outcome.summary}, {outcome.seconds:g} s\n{outcome.output}".rstrip())

    return Tool(
        "run_command",
        "Run an installed program in the workspace, after a person's leave. It sees the files as they are on the disk: "
        "your proposed edits are not written yet.",
        RunCommand,
        run_at=run,
    )


def question_tool(hands: Hands) -> Tool:
    asked: list[str] = []

    async def run(arguments: AskPerson, _place: str) -> Output:
        if len(asked) == MOST_QUESTIONS:
            return failure(f"You have asked {MOST_QUESTIONS} questions. Decide the rest yourself, or finish.")
        asked.append(arguments.question)
        return Output(f"The person answers: {await hands.ask(arguments.question)}")

    return Tool("ask_person", "Ask the person for a decision or a fact that only they have.", AskPerson, run_at=run)
