"""The executor `review`: findings at lines of files, which an editor shows as diagnostics.

Invariant: every finding is at a line that exists in a file that may be read (test_a_finding_is_at_a_line_that_exists).
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.engine.executors import Hands, Outcome, TaskContext
from orchestrator.engine.executors.research import line_of
from orchestrator.engine.executors.tool_loop import ToolLoop
from orchestrator.engine.executors.workbench import Workbench, notes
from orchestrator.engine.tools import Arguments, Output, Tool, in_thread
from orchestrator.engine.tools.acting import question_tool
from orchestrator.engine.tools.draft import Draft
from orchestrator.errors import ToolError
from orchestrator.model.finding import Finding, Severity
from orchestrator.model.safe_text import one_line, visible

MOST_FINDINGS = 200
_LONGEST_LINE = 500


class Found(BaseModel):
    model_config = ConfigDict(extra="ignore")

    path: str = Field(description="Relative to the workspace")
    line: int = Field(ge=1, description="Number of the line, from 1")
    severity: Severity
    message: str = Field(min_length=1, description="What is wrong, what it leads to, how to mend it")


class Checked(Found):
    text: str
    """The line."""


class Finish(Arguments):
    result: str = Field(description="One short paragraph of plain text, at most 60 words: what the review came to")
    findings: list[Found] = Field(max_length=MOST_FINDINGS)
    failed: bool = Field(False, description="True when the review cannot be done; `result` then says why")


class ReviewExecutor:
    @property
    def name(self) -> str:
        return "review"

    async def execute(self, task: TaskContext, hands: Hands) -> Outcome:
        bench = await Workbench.open(task, hands)
        finish = Tool("finish", "End the review.", Finish, run=in_thread(_finish, bench.draft))
        loop = ToolLoop("review", task, hands, bench.draft, (*bench.looking, question_tool(hands), finish))
        ended = await loop.run(notes(task))
        if ended.failed:
            return Outcome(failed=ended.failed)
        result = one_line(str(ended.arguments["result"]), 1_000)
        if ended.arguments["failed"]:
            return Outcome(failed=result)
        checked = [Checked.model_validate(found) for found in ended.arguments["findings"]]
        findings = tuple(
            Finding(found.path, found.line, found.severity, one_line(found.message, 1_000), found.text)
            for found in checked
        )
        lines = [f"- `{visible(f'{f.path}:{f.line}')}` {f.severity}: {f.message}" for f in findings]
        return Outcome(result, "\n".join([result, "", *lines]).strip(), findings=findings)


def _finish(arguments: Finish, draft: Draft) -> Output:
    if not arguments.result.strip():
        raise ToolError("`result` is empty.", hint="Say what the review came to.")
    wrong: list[str] = []
    kept: dict[tuple[str, int, str], Checked] = {}
    for number, found in enumerate(arguments.findings, 1):
        try:
            path = draft.readable(found.path)
            line = line_of(path, found.line, draft).removesuffix("\r")[:_LONGEST_LINE]
        except ToolError as error:
            wrong.append(f"{number}. {error.message}")
            continue
        checked = Checked.model_validate({**found.model_dump(), "path": path, "text": line})
        kept.setdefault((path, found.line, found.message), checked)
    if wrong:
        hint = "Call finish again with findings at lines that you have read."
        raise ToolError("These findings are nowhere:\n" + "\n".join(wrong[:20]) + "\n", hint=hint)
    findings = [found.model_dump(mode="json") for found in kept.values()]
    finished = {"result": arguments.result, "failed": arguments.failed, "findings": findings}
    return Output("Finished.", finished=finished)
