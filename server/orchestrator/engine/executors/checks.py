"""The commands of a task's acceptance: leave for them is asked first, then they run, and their exit codes count.

Apart from the executors because every kind of task may have such a criterion. In two steps, since a person may take
hours to give leave, and the workspace's lock is held while they run.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.engine import acceptance, policy
from orchestrator.engine.acceptance import Acceptance
from orchestrator.engine.executors import Hands, TaskContext
from orchestrator.engine.tools.acting import INTERRUPTED, Commands
from orchestrator.errors import ToolError

_MOST_EVIDENCE = 6_000
"""Characters of a command's output that the model sees when its work was not accepted."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """Each command, and why it may not run (empty: it may)."""

    commands: tuple[tuple[tuple[str, ...], str], ...]


@dataclass(frozen=True, slots=True)
class Checked:
    report: str = ""
    """Each command with its end and output, for the store and for a later judgement."""
    failure: str = ""
    """The first command that did not pass, and how it ended."""
    evidence: str = ""
    """For the model."""
    waiting: str = ""
    """A command that did not run, and why: a person has to see to it."""

    @property
    def passed(self) -> bool:
        return not self.failure and not self.waiting


class Checks:
    def __init__(self, task: TaskContext, commands: Commands) -> None:
        self.acceptance: Acceptance = acceptance.read(task.brief.acceptance)
        self._commands = commands

    async def leaves(self, place: str) -> Leaves:
        found: list[tuple[tuple[str, ...], str]] = []
        for number, argv in enumerate(self.acceptance.commands, 1):
            try:
                refused = await self._commands.leave(argv, "to see whether the task is done", f"{place}.{number}")
            except ToolError as error:
                refused = error.message
            found.append((argv, refused))
        return Leaves(tuple(found))

    async def run(self, leaves: Leaves, place: str) -> Checked:
        """Up to the first that does not pass. Hold the workspace's lock."""
        report: list[str] = []
        waiting = ""
        for number, (argv, refused) in enumerate(leaves.commands, 1):
            shown = policy.shown(argv)
            if refused:
                report.append(f"`{shown}` was not run: {refused}")
                waiting = waiting or report[-1]
                continue
            try:
                outcome = await self._commands.run(argv, f"{place}.{number}")
            except ToolError as error:
                waiting = waiting or error.message
                continue
            report.append(f"`{shown}`: {outcome.summary}\n{indented(outcome.output)}".rstrip())
            if outcome.stopped == INTERRUPTED:  # it may have run: it is not begun again without a person
                waiting = waiting or f"`{shown}` was {INTERRUPTED}"
            elif not outcome.passed:
                failure = f"`{shown}` did not pass ({outcome.summary})"
                evidence = f"{shown}: {outcome.summary}\n{outcome.output[-_MOST_EVIDENCE:]}"
                return Checked("\n\n".join(report), failure, evidence)
        return Checked("\n\n".join(report), waiting=waiting)


async def check(task: TaskContext, hands: Hands, place: str) -> Checked:
    """All of it, for an executor that runs no commands itself. Nothing happens where the acceptance has none."""
    checks = Checks(task, Commands(task, hands))
    if not checks.acceptance.commands:
        return Checked()
    leaves = await checks.leaves(place)
    async with hands.alone():
        return await checks.run(leaves, place)


def indented(text: str) -> str:
    """As code in Markdown, so that nothing in it acts as Markdown."""
    return "\n".join(f"    {line}" for line in text.splitlines())
