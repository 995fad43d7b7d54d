"""`orchestrator run FILE`: do the tasks of an outline, and `resume`, which goes on with a run.

Invariant: without a person's yes, `--yes` or a model that costs nothing, nothing is started
(test_an_estimate_is_accepted_first).
Invariant: Ctrl-C ends it with what is done kept, and it can be resumed (test_ctrl_c_stops_and_resume_goes_on).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli.exit_codes import ExitCode, exit_code
from orchestrator.cli.file_editor import require_writable
from orchestrator.cli.live_tree import LiveTree, final_lines, headline
from orchestrator.cli.person import TerminalPerson, on_signals
from orchestrator.cli.selector import select
from orchestrator.cli.surroundings import Surroundings, surroundings
from orchestrator.cli.terminal import Terminal
from orchestrator.engine.bills import money, spent
from orchestrator.engine.branch import BranchObserver, BranchRequest, BranchView
from orchestrator.engine.estimate_line import estimate_line
from orchestrator.engine.file_outline import FileOutline
from orchestrator.engine.money import Estimate
from orchestrator.engine.outline_files import taken_below
from orchestrator.errors import BudgetError, OrchestratorError, TaskNotFoundError
from orchestrator.model.run import Approval, ApprovalState, Event, RunState
from orchestrator.model.safe_text import one_line
from orchestrator.outline.tree import Outline, Task

if TYPE_CHECKING:
    from orchestrator.engine.run import BranchRun
    from orchestrator.engine.session import Session

SCHEMA = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the outline")
    parser.add_argument(
        "--task", metavar="TEXT|ID|LINE", help="only this task and what is below it: title, id, or line number"
    )
    parser.add_argument("--auto", action="store_true", help="run interactive tasks by themselves too")
    add_common_arguments(parser)


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `run` and `resume`."""
    parser.add_argument(
        "--yes", action="store_true", help="accept the estimate and edits of ordinary files; never a command"
    )
    parser.add_argument("--trust", action="store_true", help="trust this folder for this call")
    parser.add_argument(
        "--model",
        default="",
        metavar="PROVIDER/MODEL",
        help="ask this model; naming it allows sending to it, this once",
    )
    parser.add_argument("--budget", type=_amount, metavar="USD", help="spend at most so many US dollars")
    parser.add_argument("--calls", type=_count, metavar="N", help="make at most N calls")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line: what happens, then the end")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    return Job(arguments, terminal).run()


@dataclass
class Job:
    """One run of the command."""

    arguments: argparse.Namespace
    terminal: Terminal
    run_id: str = ""
    """To be resumed; empty: a new run."""
    path: Path = field(default=Path(), init=False)
    _questions: asyncio.Queue[Approval] = field(default_factory=asyncio.Queue[Approval], init=False)
    _interrupted: bool = field(default=False, init=False)

    def run(self) -> int:
        self.path = self.arguments.file
        around = surroundings(self.arguments, self.terminal, self.path)
        outline = around.configuration.settings.outline
        others = partial(taken_below, around.workspace, outline.globs, outline.max_bytes, self.path)
        holder = FileOutline(self.path, outline.max_bytes, others)
        require_writable(self.path)
        logging.getLogger("orchestrator").addHandler(logging.NullHandler())  # what is logged here is told below
        try:
            return asyncio.run(self._run(around, holder))
        except OrchestratorError as error:
            if self.arguments.json:
                self._print({"event": "end", "state": "failed", "error": error_as_json(error)})
            raise
        except KeyboardInterrupt:
            self.terminal.say("Stopped. `orchestrator resume` goes on.")
            return ExitCode.INTERRUPTED

    async def _run(self, around: Surroundings, holder: FileOutline) -> int:
        from orchestrator.engine.session import Session, Workspace

        session = Session(around.configuration.settings, around.directories, around.keys())
        tree = LiveTree(self.terminal)
        try:
            person = TerminalPerson(self.terminal, tree.aside)
            observer = BranchObserver(
                on_event=lambda event: self._on_event(event, tree),
                on_approval=self._on_approval,
                on_note=tree.note,
            )
            workspace = Workspace(around.workspace)
            if self.run_id:
                stored = await (await session.store()).run(self.run_id)
                request = self._request(stored.request if stored else {})
                started = await session.resume_run(self.run_id, holder, workspace, request, observer, person)
            else:
                roots = self._roots(holder.outline)
                if not await self._accepts(await session.estimate(holder.outline, roots, self.arguments.model)):
                    return ExitCode.OK if self.terminal.can_ask else ExitCode.NEEDS_PERSON
                request = self._request({})
                started = await session.start_run(holder, roots, holder.outline, workspace, request, observer, person)
            self._stop_on_signals(started)
            tree.watch(started)
            with tree:
                async with session.beside(self._ask(session, person)):
                    view = await started.ended()
            return self._tell_end(started, view)
        finally:
            self.terminal.clear_status()
            await session.aclose()

    def _request(self, stored: dict[str, Any]) -> BranchRequest:
        given = self.arguments
        before = BranchRequest.from_json(stored, wait=self.terminal.can_ask and not given.json)
        return BranchRequest(
            auto=before.auto or getattr(given, "auto", False),
            model=given.model or before.model,
            consented="/" in given.model,
            budget=given.budget if given.budget is not None else before.budget,
            calls=given.calls if given.calls is not None else before.calls,
            trusted=given.trust,
            yes=given.yes,
            wait=before.wait,
        )

    def _roots(self, outline: Outline) -> list[Task]:
        if self.arguments.task is not None:
            return [select(outline, self.arguments.task)]
        roots = [task for task in outline.tasks() if not outline.ancestors(task)]
        if not roots:
            hint = "Write one on a line of its own: `- [ ] What is to be done`."
            raise TaskNotFoundError("The file has no task.", hint=hint)
        return roots

    async def _accepts(self, estimate: Estimate) -> bool:
        """Whether the person agrees to what it may take; what costs nothing needs no yes."""
        self.terminal.say(estimate_line(estimate))
        if self.arguments.yes or (estimate.cost is not None and estimate.cost[1] == 0):
            return True
        if not self.terminal.can_ask or self.arguments.json:
            self.terminal.say("Nothing was started, because nobody is here to ask. --yes accepts the estimate.")
            return False
        return (await self.terminal.ask("Start? [y]es, [N]o: ") or "").casefold() in {"y", "yes"}

    async def _ask(self, session: Session, person: TerminalPerson) -> None:
        """Put the questions of the run to the person, one after the other."""
        while True:
            approval = await self._questions.get()
            answer = await self._answer_of(approval, person)
            if answer:
                with contextlib.suppress(OrchestratorError):  # it was answered elsewhere meanwhile
                    await session.answer(approval.approval_id, answer)

    async def _answer_of(self, approval: Approval, person: TerminalPerson) -> str:
        from orchestrator.engine.approvals import readable
        from orchestrator.engine.editor import Question

        choices = tuple(str(choice) for choice in approval.detail.get("choices", ()))
        about = str(approval.detail.get("task", ""))
        says_its_task = approval.kind in {"start", "confirm"} or about in approval.title
        text = approval.title if says_its_task else f"“{about}” asks: {approval.title}"
        shown = readable(approval.kind, approval.detail)
        if choices:
            return await person.ask(Question(f"{text}\n{shown}" if shown else text, choices)) or ""
        return await person.answer(text)

    def _on_event(self, event: Event, tree: LiveTree) -> None:
        if self.arguments.json:
            self._print({"event": event.kind, "seq": event.seq, "runId": event.run_id, "detail": event.detail})
        else:
            tree.on_event(event)

    def _on_approval(self, approval: Approval) -> None:
        if approval.state is ApprovalState.OPEN and self.terminal.can_ask and not self.arguments.json:
            self._questions.put_nowait(approval)

    def _stop_on_signals(self, started: BranchRun) -> None:
        task = asyncio.current_task()
        assert task is not None

        def stop() -> None:
            if self._interrupted:
                task.cancel()
            self._interrupted = True
            started.stop()

        on_signals(stop, interrupt=True)

    def _tell_end(self, started: BranchRun, view: BranchView) -> int:
        code = self._code(started, view)
        if self.arguments.json:
            self._print({"event": "end", **view_as_json(view), "exitCode": int(code)})
            return code
        failure = started.failure
        if failure is not None and not view.total:
            raise failure
        self.terminal.result(f"{one_line(str(self.path))}: {headline(view)}", "strong")
        for line in final_lines(view, started.tasks()):
            self.terminal.result(line)
        if view.usage.input_tokens:
            self.terminal.say(f"{spent(view.usage)}, {money(view.cost)}")
        if failure is not None:
            self.terminal.say(f"{failure.message}\n{failure.hint}", "warning")
        elif started.needs_person:
            self.terminal.say(f"Needs a person: {one_line(started.needs_person)}.", "warning")
        if view.state.resumable:
            self.terminal.say(f"`orchestrator resume {view.run_id}` goes on.")
        return code

    def _code(self, started: BranchRun, view: BranchView) -> ExitCode:
        if self._interrupted:
            return ExitCode.INTERRUPTED
        if isinstance(started.failure, BudgetError):
            return ExitCode.BUDGET
        if started.failure is not None:
            return exit_code(started.failure)
        if view.state is RunState.CANCELLED:
            return ExitCode.INTERRUPTED
        if started.needs_person:
            return ExitCode.NEEDS_PERSON
        return ExitCode.OK if view.done == view.total else ExitCode.UNFINISHED

    def _print(self, value: dict[str, Any]) -> None:
        self.terminal.result(json.dumps({"schema": SCHEMA, **value}, ensure_ascii=False))


def view_as_json(view: BranchView) -> dict[str, Any]:
    return {
        "runId": view.run_id,
        "title": view.title,
        "state": view.state.value,
        "reason": view.reason,
        "tasks": {
            "total": view.total,
            "done": view.done,
            "failed": view.failed,
            "waiting": view.waiting,
            "notPossible": view.blocked,
        },
        "usage": {
            "inputTokens": view.usage.input_tokens,
            "outputTokens": view.usage.output_tokens,
            "estimated": view.usage.estimated,
            "costUsd": None if view.cost is None else float(view.cost),
        },
    }


def error_as_json(error: OrchestratorError) -> dict[str, Any]:
    kind = type(error).__name__
    return {"kind": kind, "message": error.message, "hint": error.hint, "exitCode": int(exit_code(error))}


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not (amount.is_finite() and 0 <= amount < 1_000_000):
        raise argparse.ArgumentTypeError("an amount of US dollars, such as 2.50")
    return amount


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= 1_000_000):
        raise argparse.ArgumentTypeError("a whole number from 1 to 1,000,000")
    return int(text)
