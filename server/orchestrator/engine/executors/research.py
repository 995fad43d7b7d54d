"""The executor `research`: answers from the files of the workspace, every claim with its file and line.

Claims are checked before the answer counts: the file may be read, the line exists, and the quoted words stand there.

Invariant: no claim leaves it whose quote is not in that line (test_a_claim_that_is_not_there_is_refused).
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.engine.executors import Hands, Outcome, TaskContext
from orchestrator.engine.executors.tool_loop import ToolLoop
from orchestrator.engine.executors.workbench import Workbench, notes
from orchestrator.engine.tools import Arguments, Output, Tool, in_thread
from orchestrator.engine.tools.acting import question_tool
from orchestrator.engine.tools.draft import Draft
from orchestrator.errors import ToolError
from orchestrator.model.safe_text import one_line, visible

MOST_CLAIMS = 200
LEAST_QUOTE = 3
"""Characters: a shorter quote stands in any line."""


class Claim(BaseModel):
    model_config = ConfigDict(extra="ignore")

    claim: str = Field(description="The statement")
    path: str = Field(description="Relative to the workspace")
    line: int = Field(ge=1, description="Number of the line, from 1")
    quote: str = Field(description="Words of that line, exactly")


class Finish(Arguments):
    answer: str = Field(description="The answer in Markdown, complete")
    result: str = Field(description="One short paragraph of plain text, at most 60 words: the answer in short")
    claims: list[Claim] = Field(max_length=MOST_CLAIMS, description="Everything that the answer rests on")
    failed: bool = Field(False, description="True when the files do not answer the question; `result` then says why")


class ResearchExecutor:
    @property
    def name(self) -> str:
        return "research"

    async def execute(self, task: TaskContext, hands: Hands) -> Outcome:
        bench = await Workbench.open(task, hands)
        finish = Tool("finish", "End the work with your answer.", Finish, run=in_thread(_finish, bench.draft))
        loop = ToolLoop("research", task, hands, bench.draft, (*bench.looking, question_tool(hands), finish))
        ended = await loop.run(notes(task))
        if ended.failed:
            return Outcome(failed=ended.failed)
        work = ended.arguments
        result = one_line(str(work["result"]), 1_000)
        if work["failed"]:
            return Outcome(failed=result)
        sources = "\n".join(_source(claim) for claim in work["claims"])
        return Outcome(result, f"{work['answer']}\n\nSources, checked against the files:\n\n{sources}")


def _finish(arguments: Finish, draft: Draft) -> Output:
    if not arguments.result.strip():
        raise ToolError("`result` is empty.", hint="Give the answer in short.")
    if not arguments.failed and not arguments.claims:
        raise ToolError("There is no claim.", hint="Give file, line and quote of what the answer rests on, or fail.")
    wrong = [f"{number}. {why}" for number, claim in enumerate(arguments.claims, 1) if (why := _fault(claim, draft))]
    if wrong:
        hint = "Read those lines and call finish again with claims that are there."
        raise ToolError("These claims are not in the files:\n" + "\n".join(wrong[:20]) + "\n", hint=hint)
    return Output("Finished.", finished=arguments.model_dump())


def _fault(claim: Claim, draft: Draft) -> str:
    """Why a claim does not hold, empty when it does."""
    try:
        line = line_of(claim.path, claim.line, draft)
    except ToolError as error:
        return error.message
    quote = " ".join(claim.quote.split())
    if len(quote) < LEAST_QUOTE:
        return f"{claim.path}:{claim.line}: the quote is too short to show anything."
    if quote not in " ".join(line.split()):
        return f"{claim.path}:{claim.line} does not say “{one_line(quote, 100)}”; it says “{one_line(line, 200)}”."
    return ""


def line_of(path: str, number: int, draft: Draft) -> str:
    """One line of a file that a model may read. Raises ToolError when there is none."""
    text = draft.text(draft.readable(path))
    lines = text.split("\n")
    if number > len(lines) - (lines[-1] == ""):
        raise ToolError(f"{path} has no line {number}.", hint="Read the file.")
    return lines[number - 1]


def _source(claim: dict[str, Any]) -> str:
    place = visible(f"{claim['path']}:{claim['line']}")
    return f"- {one_line(claim['claim'])} (`{place}`)"
