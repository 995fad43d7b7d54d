"""`orchestrator split FILE --task …`: split a task, show the change, ask, and write it.

Invariant: without a person's yes, `--yes` or the setting split.preview off, nothing is written
(test_without_a_terminal_nothing_is_written).
Invariant: Ctrl-C at any moment leaves the file as it was or completely changed, and says which
(test_ctrl_c_leaves_the_file).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.cli.diff import Line, unified
from orchestrator.cli.exit_codes import ExitCode, exit_code
from orchestrator.cli.file_editor import IN_EDITOR, FileTarget, require_writable
from orchestrator.cli.person import TerminalPerson, cancel_on_signals
from orchestrator.cli.split_progress import SplitProgress
from orchestrator.cli.surroundings import Surroundings, surroundings
from orchestrator.cli.terminal import Terminal
from orchestrator.engine.changes import changes_as_json
from orchestrator.engine.editor import Place, Target
from orchestrator.engine.outline_files import taken_below
from orchestrator.engine.plans import task_at
from orchestrator.engine.proposal import Applied, Observer, Proposal, SplitRequest
from orchestrator.errors import OrchestratorError, StoreError
from orchestrator.model.run import SplitState
from orchestrator.model.safe_text import many_lines, one_line
from orchestrator.model.task import Plan
from orchestrator.outline.edits import TextEdit

if TYPE_CHECKING:
    from orchestrator.engine.handover import Elsewhere
    from orchestrator.engine.split import Split

SCHEMA = 1
_SHOWN_RAW = 4000
"""Characters of a model's unusable answer that are shown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the outline")
    add_task_argument(parser)
    parser.add_argument(
        "--recursive", type=levels, default=1, metavar="N", help="split the subtasks too, N levels in all"
    )
    parser.add_argument("--force", action="store_true", help="split also a task that is judged simple")
    add_answer_arguments(parser)
    parser.set_defaults(replan=False)


def add_task_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--task", required=True, metavar="TEXT|ID|LINE", help="its title or a part of it, its id, or its line's number"
    )


def add_answer_arguments(parser: argparse.ArgumentParser) -> None:
    """Who is asked, and what is done with the answer."""
    parser.add_argument(
        "--model",
        default="",
        metavar="MODEL",
        help="ask this provider/model; naming it allows sending to it, this once",
    )
    parser.add_argument(
        "--fields",
        action="store_true",
        help="also write the modes and executors that the model proposes; without, no subtask runs by itself for it",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--yes", action="store_true", help="write without asking")
    how.add_argument("--dry-run", action="store_true", help="print the change and write nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object; writes only with --yes")


class Writable(Target, Protocol):
    """What this command writes to: a task of a file, or a file that is to be."""

    written: bool
    """Whether our edit is made."""

    def heed(self, elsewhere: Elsewhere) -> None:
        """Let an editor that has the file open make the change."""
        ...

    @property
    def in_editor(self) -> bool:
        """Whether our edit was made in an editor, which has not saved it."""
        ...

    def texts(self, place: Place, edits: tuple[TextEdit, ...]) -> tuple[str, str]:
        """Of the file, before and after."""
        ...


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    return run_with(arguments, terminal, None)


def run_with(arguments: argparse.Namespace, terminal: Terminal, target: Writable | None) -> int:
    """`target` None: the task that `--task` names."""
    job = _Job(arguments, terminal, target)
    try:
        return job.run()
    except OrchestratorError as error:
        if arguments.json:
            terminal.result(json.dumps({"schema": SCHEMA, "state": "failed", "error": _error_as_json(error)}, indent=2))
        raise
    except KeyboardInterrupt:
        terminal.say(f"Stopped. {job.outcome()}")
        return ExitCode.INTERRUPTED
    except asyncio.CancelledError:
        terminal.say(f"Stopped by a signal. {job.outcome()}")
        return ExitCode.TERMINATED


@dataclass
class _Job:
    """One run of the command."""

    arguments: argparse.Namespace
    terminal: Terminal
    target: Writable | None

    def run(self) -> int:
        path: Path = self.arguments.file
        around = surroundings(self.arguments, self.terminal, path)
        settings = around.configuration.settings
        if self.target is None:
            self.target = FileTarget(
                path,
                settings.outline.max_bytes,
                self.arguments.task,
                partial(taken_below, around.workspace, settings.outline.globs, settings.outline.max_bytes, path),
            )
            if self._may_write():
                require_writable(path)
        if self.arguments.recursive > settings.split.max_depth:
            self.terminal.say(
                f"note: {settings.split.max_depth} levels at most, as the setting split.maxDepth says.", "warning"
            )
        logging.getLogger("orchestrator").addHandler(logging.NullHandler())  # what is logged here is told below
        return asyncio.run(self._run(around, self.target))

    def outcome(self) -> str:
        name = one_line(str(self.arguments.file))
        if self.target is None or not self.target.written:
            return f"{name} is as it was."
        return f"{name} is changed already{IN_EDITOR if self.target.in_editor else ''}."

    async def _run(self, around: Surroundings, target: Writable) -> int:
        from orchestrator.engine.session import Session, Workspace

        cancel_on_signals()
        session = Session(around.configuration.settings, around.directories, around.keys())
        target.heed(session.elsewhere)
        try:
            progress = SplitProgress(self.terminal)
            observer = Observer(progress.show, lambda _event: None)
            person = TerminalPerson(self.terminal)
            request = SplitRequest(
                levels=self.arguments.recursive,
                force=self.arguments.force,
                preview=True,
                model=self.arguments.model,
                consented="/" in self.arguments.model,  # an alias names no provider
                replan=self.arguments.replan,
            )
            split = await session.start_split(target, Workspace(around.workspace), request, observer, person)
            proposal = await split.settled()
            if proposal.state is SplitState.SIMPLE:
                return self._tell_simple(proposal)
            if proposal.state is not SplitState.READY:
                raise self._failure(split, proposal)
            try:
                return await self._decide(split, target, ask=around.configuration.settings.split.preview)
            except OrchestratorError as error:
                split.stop(str(error))  # the record shall say why nothing was written
                raise
        finally:
            self.terminal.clear_status()
            await session.aclose()

    async def _decide(self, split: Split, target: Writable, *, ask: bool) -> int:
        place, edits = await split.preview(fields=self.arguments.fields)
        self._tell_asks(split.proposal)
        if (count := len(place.task.children)) and not self.arguments.replan:
            self.terminal.say(
                f"note: it has {count} subtask{'s' if count != 1 else ''} already; these come after.", "warning"
            )
        what = "new plan" if self.arguments.replan else "split"
        lines = list(unified(*target.texts(place, edits), str(self.arguments.file), what))
        if self.arguments.yes or (not ask and self._may_write()):
            return await self._accept(split, target, place, lines)
        if self.arguments.json:
            self._print_json(split.proposal, place, lines, written=False)
            split.stop("dry run")
            return ExitCode.OK
        if self.arguments.dry_run or not self.terminal.can_ask:
            for text, style in lines:
                self.terminal.result(text, style)
            split.stop("dry run" if self.arguments.dry_run else "nobody to ask")
            if self.arguments.dry_run:
                return ExitCode.OK
            self.terminal.say(
                "Nothing was written, because nobody is here to ask. --yes writes it, --dry-run only shows it."
            )
            return ExitCode.NEEDS_PERSON
        for text, style in lines:
            self.terminal.say(text, style)
        return await self._ask(split, target, place, lines)

    async def _ask(self, split: Split, target: Writable, place: Place, lines: list[Line]) -> int:
        while True:
            typed = await self.terminal.ask("Write this? [y]es, [N]o, [q]uit without judging it: ")
            answer = "q" if typed is None else typed.casefold()
            if answer in {"y", "yes"}:
                return await self._accept(split, target, place, lines)
            if answer in {"", "n", "no"}:
                await split.discard()
                break
            if answer in {"q", "quit"}:
                split.stop("user")
                break
        self.terminal.say("Nothing was written.")
        return ExitCode.OK

    async def _accept(self, split: Split, target: Writable, place: Place, lines: list[Line]) -> int:
        told = split.proposal.message
        try:
            applied: Applied | None = await split.accept(fields=self.arguments.fields)
        except StoreError as error:
            if not target.written:
                raise
            applied = None
            self.terminal.say(
                f"note: the subtasks are written, but the record of it is not. {one_line(str(error))}", "warning"
            )
        if self.arguments.json:
            with contextlib.suppress(OrchestratorError):  # it has its id by now
                place = await target.place()
            self._print_json(split.proposal, place, lines, written=True, in_editor=target.in_editor)
            return ExitCode.OK
        count = applied.added if applied else len(split.proposal.changes) or _count(split.proposal.plan)
        what = "change" if self.arguments.replan else "subtask"
        done = f"{'Made' if self.arguments.replan else 'Added'} {count} {what}{'s' if count != 1 else ''}"
        at = "in" if self.arguments.replan else "to"
        where = f"{one_line(str(self.arguments.file))}:{place.task.line + 1}{IN_EDITOR if target.in_editor else ''}"
        self.terminal.result(f"{done} {at} {where}.")
        if applied and split.proposal.message not in {"", told}:
            self.terminal.say(one_line(split.proposal.message))
        return ExitCode.OK

    def _tell_simple(self, proposal: Proposal) -> int:
        if self.arguments.json:
            self.terminal.result(json.dumps(_proposal_as_json(proposal), indent=2))
            return ExitCode.OK
        if self.arguments.replan:
            self.terminal.result(f"“{one_line(proposal.title)}” needs no new plan. {one_line(proposal.message)}")
            return ExitCode.OK
        reason = f" {one_line(proposal.message)}" if proposal.message else ""
        self.terminal.result(f"“{one_line(proposal.title)}” is simple enough to be done as it is.{reason}")
        self.terminal.say("Nothing was written. --force splits it all the same.")
        return ExitCode.OK

    def _failure(self, split: Split, proposal: Proposal) -> OrchestratorError:
        if proposal.raw:
            raw = many_lines(proposal.raw[:_SHOWN_RAW])
            cut = f"\n({len(proposal.raw) - _SHOWN_RAW:,} more characters)" if len(proposal.raw) > _SHOWN_RAW else ""
            self.terminal.say(f"The model's answer was:\n{raw}{cut}", "faint")
        hint = "Run the command again."
        return split.failure or OrchestratorError(proposal.message or "The split was stopped.", hint=hint)

    def _tell_asks(self, proposal: Proposal) -> None:
        if self.arguments.fields:
            return
        for path, what in proposal.asks:
            title = one_line(task_at(proposal.plan, path).title)
            self.terminal.say(f"note: the model proposes {what} for “{title}”, which only --fields writes.", "warning")

    def _may_write(self) -> bool:
        """Whether this run can end in writing: refuse a read-only file before a model is paid."""
        return bool(self.arguments.yes or not (self.arguments.dry_run or self.arguments.json))

    def _print_json(
        self, proposal: Proposal, place: Place, lines: list[Line], *, written: bool, in_editor: bool = False
    ) -> None:
        shown = _proposal_as_json(proposal)
        shown["file"] = str(self.arguments.file)
        shown["task"] = {"title": place.task.title, "id": place.task.task_id, "line": place.task.line + 1}
        shown["written"] = written
        shown["inEditor"] = in_editor
        shown["diff"] = "".join(f"{text}\n" for text, _ in lines)
        self.terminal.result(json.dumps(shown, indent=2))


def _proposal_as_json(proposal: Proposal) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "state": proposal.state.value,
        "runId": proposal.run_id,
        "title": proposal.title,
        "message": proposal.message,
        "source": proposal.source,
        "ordered": proposal.plan.ordered,
        "decision": _decision_as_json(proposal),
        "planSource": proposal.plan.source,
        "subtasks": _plan_as_json(proposal.plan),
        **({"changes": changes_as_json(proposal.changes)} if proposal.changes else {}),
        "usage": {
            "inputTokens": proposal.usage.input_tokens,
            "outputTokens": proposal.usage.output_tokens,
            "estimated": proposal.usage.estimated,
            "costUsd": None if proposal.cost is None else float(proposal.cost),
        },
        "written": False,
    }


def _decision_as_json(proposal: Proposal) -> dict[str, Any] | None:
    if proposal.decision is None:
        return None
    return {
        "verdict": proposal.decision.verdict.value,
        "reason": proposal.decision.reason,
        "chance": proposal.decision.chance,
        "expectedUsd": None if proposal.expected is None else float(proposal.expected),
    }


def _plan_as_json(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "title": task.title,
            "description": task.description,
            "acceptance": task.acceptance,
            "dependsOn": list(task.depends_on),
            "mode": task.mode,
            "executor": task.executor,
            "ordered": task.plan.ordered if task.plan else False,
            "subtasks": _plan_as_json(task.plan) if task.plan else [],
        }
        for task in plan.tasks
    ]


def _error_as_json(error: OrchestratorError) -> dict[str, Any]:
    kind = type(error).__name__
    return {"kind": kind, "message": error.message, "hint": error.hint, "exitCode": int(exit_code(error))}


def _count(plan: Plan) -> int:
    return sum(1 + (_count(task.plan) if task.plan else 0) for task in plan.tasks)


def levels(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:3]) <= 8):
        raise argparse.ArgumentTypeError("a whole number from 1 to 8")
    return int(text)
