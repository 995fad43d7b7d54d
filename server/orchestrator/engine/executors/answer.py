"""The executor `answer`: one call to a model, whose text is the work.

Apart from the port because it is the first plug-in. A capable model answers as JSON and may ask or give up; the small
embedded one writes plain text, which is called a draft wherever it is shown, never a fact.
"""

from __future__ import annotations

from orchestrator.engine import context, reading
from orchestrator.engine.answers import Flaw
from orchestrator.engine.calls import conversation_of
from orchestrator.engine.executors import Answer, Hands, Outcome, TaskContext
from orchestrator.engine.prompting import Prompt
from orchestrator.engine.routing import BASIC, Route
from orchestrator.errors import AnswerUnusableError
from orchestrator.model.message import Role
from orchestrator.providers.base import Request

EXECUTE_TOKENS = 8_192
PLAIN_TOKENS = 320
"""Of the small model: it repeats itself long before."""
QUESTIONS = 3
"""Of one attempt; a model that asks on is not asked again."""


class AnswerExecutor:
    @property
    def name(self) -> str:
        return "answer"

    async def execute(self, task: TaskContext, hands: Hands) -> Outcome:
        said: list[str] = []
        for _ in range(QUESTIONS + 1):
            work = await self._work(task, hands, said)
            if isinstance(work, Outcome):
                return work
            if work.status == "failed":
                return Outcome(failed=work.result)
            if work.status == "done":
                return Outcome(work.result, work.answer)
            if len(said) == QUESTIONS:
                break
            answer = await hands.ask(work.question)
            said.append(f"You asked: {work.question}\nA person answers: {answer}")
        return Outcome(failed=f"It asked more than {QUESTIONS} questions.")

    async def _work(self, task: TaskContext, hands: Hands, said: list[str]) -> reading.Work | Outcome:
        chosen: list[Route] = []
        notes = await notes_for(task, hands, said)

        def make(route: Route) -> tuple[Prompt, Request]:
            chosen.append(route)
            return _request(route, task, notes, hands)

        answer = await hands.call(Role.EXECUTE, make)
        if _plain(chosen[-1]):
            return _draft(answer)
        work = reading.read_work(answer.text)
        if not isinstance(work, Flaw):
            return work
        repair = hands.prompt("repair")
        _, reply = repair.render(problems="\n".join(f"- {problem}" for problem in work.problems))

        def mend(route: Route) -> tuple[Prompt, Request]:
            _, first = _request(route, task, notes, hands)
            turn = (answer.text[: reading.MAX_ANSWER].strip() or "(nothing)", reply)
            messages = conversation_of(first.messages[0].text, turn)
            return repair, Request(route.model, first.system, messages, EXECUTE_TOKENS, first.schema)

        answer = await hands.call(Role.EXECUTE, mend)
        work = reading.read_work(answer.text)
        if isinstance(work, Flaw):
            raise AnswerUnusableError(
                f"{chosen[-1].name} gave no usable answer, also when asked again: {' '.join(work.problems)}",
                hint="Run it again, word the task differently, or use another model.",
                raw=answer.text,
            )
        return work


async def notes_for(task: TaskContext, hands: Hands, said: list[str]) -> str:
    """What the next call has to know besides the brief; corrections as they were when it was first made."""

    async def now() -> list[str]:
        return list(hands.corrections())

    corrections = await hands.once("corrections", {"said": len(said), "evidence": task.evidence}, now)
    notes = [*said]
    notes += (f"A person says about this task: {correction}" for correction in corrections)
    if task.evidence:
        notes.append(f"An earlier try was not accepted. What was missing:\n{task.evidence}")
    return "\n\n".join(notes)


def _plain(route: Route) -> bool:
    return route.provider.capabilities.guided


def _request(route: Route, task: TaskContext, notes: str, hands: Hands) -> tuple[Prompt, Request]:
    brief = task.brief.without_siblings()
    plain = _plain(route)
    prompt = hands.prompt("execute-plain" if plain else "execute")
    system, user = prompt.render(context=context.as_text(brief), notes=notes)
    if plain:
        return prompt, Request(route.model, system, conversation_of(user), PLAIN_TOKENS, temperature=0.0)
    return prompt, Request(route.model, system, conversation_of(user), EXECUTE_TOKENS, reading.EXECUTE_SCHEMA)


def _draft(answer: Answer) -> Outcome:
    text = answer.text.strip()
    if not text:
        return Outcome(failed=f"the {BASIC} wrote nothing")
    return Outcome(f"Draft by the {BASIC}, not checked: {reading.short(reading.first_paragraph(text), 400)}", text)
