r"""The executor `code`: reads the workspace, proposes edits, and applies exactly what was approved.

    propose -> approve -> apply -> verify -> done
                 |                   \-> once more, with the evidence -> a person may undo the edits
                 \-> nobody approves: the patch is kept, the task stays open

Models work in parallel; applying and verifying hold the workspace's one lock. Leave for the commands of `Accept:` is
asked before the lock is taken, so that nobody waits for a person behind it.

Invariant: nothing is written that was not approved, and nothing twice (test_only_what_was_approved_is_written,
test_a_restart_repeats_nothing).
Invariant: without leave the files stay as they are and the patch is kept (test_without_leave_the_patch_is_kept).
"""

from __future__ import annotations

import asyncio

from pydantic import Field

from orchestrator.engine import approvals, edit_apply
from orchestrator.engine.edit_proposal import EditProposal
from orchestrator.engine.executors import Hands, Outcome, TaskContext
from orchestrator.engine.executors.checks import Checked, Checks, indented
from orchestrator.engine.executors.tool_loop import Ended, ToolLoop
from orchestrator.engine.executors.workbench import Workbench, notes
from orchestrator.engine.tools import Arguments, Output, Tool
from orchestrator.engine.tools.acting import Commands, command_tool, question_tool
from orchestrator.engine.tools.draft import Draft
from orchestrator.engine.tools.editing import editing_tools
from orchestrator.errors import EditRefusedError, ToolError
from orchestrator.model.safe_text import one_line

KEEP = "Keep the edits"
UNDO = "Undo the edits"
ROUNDS = 2


class Finish(Arguments):
    result: str = Field(description="One short paragraph of plain text, at most 60 words: what was done")
    failed: bool = Field(False, description="True when the task cannot be done; `result` then says why")


class CodeExecutor:
    @property
    def name(self) -> str:
        return "code"

    async def execute(self, task: TaskContext, hands: Hands) -> Outcome:
        return await _Work(task, hands, await Workbench.open(task, hands)).do()


class _Work:
    """One attempt."""

    def __init__(self, task: TaskContext, hands: Hands, bench: Workbench) -> None:
        self._task = task
        self._hands = hands
        self._bench = bench
        self._commands = Commands(task, hands)
        self._checks = Checks(task, self._commands)
        self._applied: list[EditProposal] = []
        self._diffs: dict[str, str] = {}
        """As they were shown, by fingerprint."""
        tools = (*bench.looking, *editing_tools(bench.draft), command_tool(self._commands, hands), question_tool(hands))
        self._loop = ToolLoop("code", task, hands, bench.draft, (*tools, _finish_tool(bench.draft)))

    async def do(self) -> Outcome:
        news = notes(self._task)
        for number in range(1, ROUNDS + 1):
            ended = await self._loop.run(news)
            if failed := _why_failed(ended):
                return await self._failed(failed)
            result = one_line(str(ended.arguments["result"]), 1_000)
            proposal = self._bench.draft.proposal()
            outcome = await self._apply_and_verify(proposal, result, number)
            if isinstance(outcome, Outcome):
                return outcome
            news = outcome
            self._bench.draft.clear()
        raise AssertionError("the last round always has an outcome")

    async def _apply_and_verify(self, proposal: EditProposal, result: str, number: int) -> Outcome | str:
        """The outcome, or what the model has to know for the next round."""
        if proposal.changes and not await self._approved(proposal):
            return Outcome(
                result,
                self._text(result, proposal, ""),
                needs_person=f"nobody approved its edit ({proposal.title})",
                edited=bool(self._applied),
            )
        allowed = await self._checks.leaves(f"accept {number}")
        async with self._hands.alone():
            refused = await self._apply(proposal, number)
            checked = Checked() if refused else await self._checks.run(allowed, f"accept {number}")
        again = number < ROUNDS and not (self._task.evidence and number == 1)
        if refused:
            return (
                f"Your edit was not written: {refused} Read the files again." if again else await self._failed(refused)
            )
        text = self._text(result, proposal, checked.report)
        if checked.failure:
            if again:
                return f"Your edits were written, and then:\n{checked.evidence}\nMend it with further edits."
            return await self._failed(checked.failure, text)
        if checked.waiting:
            return Outcome(result, text, needs_person=checked.waiting, edited=bool(self._applied))
        verified = bool(self._checks.acceptance.commands) and not self._checks.acceptance.words
        edited = bool(self._applied) or bool(self._commands.ran)
        return Outcome(result, text, edited=edited, verified=verified, checked=True)

    async def _approved(self, proposal: EditProposal) -> bool:
        outlines = approvals.outline_names(self._hands.settings)
        detail = await asyncio.to_thread(approvals.edit_detail, proposal, outlines)
        self._diffs[proposal.fingerprint] = detail["diff"]
        title = f"{self._task.brief.title}: {proposal.title}"
        return await self._hands.approve(approvals.EDIT, one_line(title, 200), detail)

    async def _apply(self, proposal: EditProposal, number: int) -> str:
        """Empty, or why nothing was written."""
        if not proposal.changes:
            return ""

        def write() -> str:
            try:
                edit_apply.apply(proposal, proposal.fingerprint, self._bench.files)
            except (EditRefusedError, ToolError) as error:
                return error.message
            return ""

        async def work() -> str:
            return await asyncio.to_thread(write)

        given = {"fingerprint": proposal.fingerprint, "round": number}
        refused = str(await self._hands.once("edits.applied", given, work))
        if not refused:
            self._applied.append(proposal)
        return refused

    async def _failed(self, reason: str, text: str = "") -> Outcome:
        """Edits that were written may be undone: a person says so."""
        if not self._applied:
            return Outcome(failed=reason, text=text, edited=bool(self._commands.ran))
        reason = reason.rstrip(".")
        question = f"“{one_line(self._task.brief.title, 100)}” failed: {reason}. Undo its edits?"
        if await self._hands.ask(question, (KEEP, UNDO)) != UNDO:
            return Outcome(failed=reason, text=text, edited=True)
        async with self._hands.alone():
            kept = [path for proposal in reversed(self._applied) for path in await self._revert(proposal)]
        if kept:
            reason += f"; its edits were undone, but {', '.join(kept)} changed since and stayed"
        else:
            reason += "; its edits were undone"
        return Outcome(failed=reason, text=text, edited=True)

    async def _revert(self, proposal: EditProposal) -> list[str]:
        async def work() -> list[str]:
            return list((await asyncio.to_thread(edit_apply.revert, proposal, self._bench.files)).kept)

        return list(await self._hands.once("edits.undone", {"fingerprint": proposal.fingerprint}, work))

    def _text(self, result: str, proposal: EditProposal, report: str) -> str:
        shown = [self._diffs[each.fingerprint] for each in (*self._applied, proposal) if each.changes]
        patches = "\n\n".join(dict.fromkeys(shown))
        parts = [result, f"Edits:\n\n{indented(patches)}" if patches else "", f"Checks:\n\n{report}" if report else ""]
        return "\n\n".join(part for part in parts if part)


def _finish_tool(draft: Draft) -> Tool:
    async def run(arguments: Finish) -> Output:
        if not arguments.result.strip():
            raise ToolError("`result` is empty.", hint="Say what was done.")
        draft.proposal()  # more than a person can check is said while the model can still do less
        return Output("Finished.", finished=arguments.model_dump())

    return Tool("finish", "End the work on this task.", Finish, run=run)


def _why_failed(ended: Ended) -> str:
    if ended.failed:
        return ended.failed
    return one_line(str(ended.arguments["result"]), 1_000) if ended.arguments.get("failed") else ""
