"""Plan with a small model that cannot plan: along the nearest playbook, step by step, under a grammar.

A model of 135 million parameters that is asked for subtasks repeats one of them or makes things up. What it can do
is choose words: so a good split that a person wrote down is found by its meaning, and the model fits each step to the
task where there is something to fit (`wording`). Steps that say what the task, a task above or beside it, or an earlier
step says already are dropped; if too little is left, the playbook is offered as it is. `Plan.source` says
which of these happened.

Apart from `decompose` because no prompt file, schema or repair turn is involved here.

Invariant: no subtask repeats another, or the task itself (test_children_are_distinct).
Invariant: whatever the model answers, the plan holds only words of the playbook and of the task
(test_nonsense_from_the_model_changes_nothing).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from orchestrator.engine.context import Brief
from orchestrator.engine.experience import Experience, Tools, tools
from orchestrator.engine.playbooks import Match, Playbook, content_words
from orchestrator.engine.prompting import Prompt
from orchestrator.engine.templates import Template
from orchestrator.engine.wording import BETWEEN, Wording, settled, subject_of, wording_of
from orchestrator.model.message import Message, Role, Speaker
from orchestrator.model.task import Decision, Plan, PlannedTask
from orchestrator.providers.base import Request

Ask = Callable[[Request, Callable[[str], None]], Awaitable[str]]
"""Sends one request, tells each piece of the answer, and returns all of it."""

NONE = Experience()
FEWEST = 3
CANDIDATES = 6
SAME_MEANING = 0.92
"""Cosine from which on two titles say the same. Steps of one playbook reach 0.85."""
ANSWER_TOKENS = 160
"""More than the longest step of a playbook."""

SYSTEM = "You write the steps of a task, one at a time."
_EXAMPLES = (
    (
        "Organise the summer party of the choir",
        ("**Fix the date of the summer party**: Ask who can come.", "**Draw up the budget**: List what it costs."),
    ),
    (
        "Write the yearbook of the club",
        ("**Collect the material**: Ask all members for pictures.", "**Print the yearbook**: Compare three printers."),
    ),
)
"""What the model sees before the task: steps that name the subject where it fits, and leave it out where not."""
PROMPT = Prompt(
    name="plan-guided",
    role=Role.PLAN,
    parameters={},
    system=Template((SYSTEM,)),
    user=Template(),
    text="\n".join([SYSTEM, *(f"{task}: {step}" for task, steps in _EXAMPLES for step in steps)]),
)
"""What the journal records: the words that every step's request begins with."""


def decide(brief: Brief, experience: Experience = NONE) -> Decision:
    """Blocks (two seconds at first use, then milliseconds): call it in a thread."""
    return tools(experience).judge.decide(brief.title)


async def plan(
    brief: Brief,
    model: str,
    ask: Ask,
    on_plan: Callable[[Plan], None],
    max_children: int,
    experience: Experience = NONE,
) -> Plan:
    """Three to `max_children` subtasks. `on_plan` is told what there is so far, after each of them.

    Raises ProviderUnavailableError without the embedding package, and whatever `ask` raises.
    """
    known = await asyncio.to_thread(tools, experience)
    draft = await asyncio.to_thread(_Draft.of, known, brief, max_children)
    accepted: list[PlannedTask] = []
    reworded = False
    for step in draft.steps:
        wording = wording_of(step, draft.playbook, draft.subject)
        wordings = [wording.plain()]
        if wording.open:
            before = [f"**{task.title}{BETWEEN}{task.description}" for task in accepted]
            answer = await ask(_request(brief.title, model, before, wording), lambda _: None)
            chosen = wording.read(answer.strip())
            wordings = [chosen, *wordings] if chosen else wordings
        for title, sentence in wordings:
            candidate = PlannedTask(title, sentence, settled(step.acceptance, draft.playbook, draft.subject))
            if not await asyncio.to_thread(draft.repeats, known, candidate, accepted):
                accepted.append(candidate)
                reworded = reworded or (title, sentence) != wording.plain()
                on_plan(Plan(tuple(accepted), draft.playbook.ordered, _source(draft.playbook, adapted=reworded)))
                break
    if len(accepted) < min(FEWEST, max_children):
        accepted, reworded = draft.plain_steps(), False
    return Plan(tuple(accepted), draft.playbook.ordered, _source(draft.playbook, adapted=reworded))


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is known before the model is asked."""

    playbook: Playbook
    subject: str
    steps: tuple[PlannedTask, ...]
    known: tuple[str, ...]
    """Titles that no subtask may repeat: of the task, those above and those beside it."""

    @classmethod
    def of(cls, tools: Tools, brief: Brief, max_children: int) -> _Draft:
        matches = tools.library.nearest(brief.title, brief.description, CANDIDATES)
        playbook = next((match.playbook for match in matches if not _made_from(match, brief)), matches[0].playbook)
        steps = _fewer(tools, brief.title, playbook.steps, max_children)
        known = (brief.title, *(parent.title for parent in brief.parents), *brief.siblings)
        return cls(playbook, subject_of(brief.title), steps, known)

    def repeats(self, tools: Tools, candidate: PlannedTask, accepted: Sequence[PlannedTask]) -> bool:
        titles = [*self.known, *(task.title for task in accepted)]
        if any(_same_words(candidate.title, title) for title in titles):
            return True
        vectors = tools.embedder.encode([candidate.title, *titles])
        return bool((vectors[1:] @ vectors[0] > SAME_MEANING).any())

    def plain_steps(self) -> list[PlannedTask]:
        plain = (wording_of(step, self.playbook, self.subject).plain() for step in self.steps)
        return [
            PlannedTask(title, sentence, settled(step.acceptance, self.playbook, self.subject))
            for (title, sentence), step in zip(plain, self.steps, strict=True)
        ]


def _made_from(match: Match, brief: Brief) -> bool:
    """Whether the task is itself a step of that playbook, so that following it would go round in circles."""
    if not brief.parents:
        return False
    subject = subject_of(brief.parents[-1].title)
    steps = (wording_of(step, match.playbook, subject) for step in match.playbook.steps)
    return any(_same_words(brief.title, title) for step in steps for title, _ in step.every())


def _fewer(tools: Tools, title: str, steps: tuple[PlannedTask, ...], limit: int) -> tuple[PlannedTask, ...]:
    """At most `limit` steps: those between the first and the last that are farthest from the task go first."""
    if len(steps) <= limit:
        return steps
    vectors = tools.embedder.encode([title, *(step.title for step in steps)])
    nearness = vectors[1:] @ vectors[0]
    inner = sorted(range(1, len(steps) - 1), key=lambda index: -float(nearness[index]))[: max(0, limit - 2)]
    kept = sorted({0, len(steps) - 1, *inner})
    return tuple(steps[index] for index in kept)


def _request(title: str, model: str, before: Sequence[str], wording: Wording) -> Request:
    """Ask for the step after those `before`.

    The playbook's own words stand only in the grammar: a small model that sees them copies them.
    """
    messages: list[Message] = []
    for task, steps in _EXAMPLES:
        messages += _turns(task, steps)
    *told, _ = _turns(title, (*before, ""))
    return Request(
        model=model,
        system=SYSTEM,
        messages=(*messages, *told),
        max_tokens=ANSWER_TOKENS,
        grammar=wording.grammar(),
        temperature=0.0,
    )


def _turns(title: str, steps: Sequence[str]) -> list[Message]:
    turns: list[Message] = []
    for number, step in enumerate(steps, start=1):
        head = f"Task: {title}\n" if number == 1 else ""
        turns += [Message(Speaker.USER, f"{head}Step {number}:"), Message(Speaker.ASSISTANT, step)]
    return turns


def _same_words(first: str, second: str) -> bool:
    one, other = content_words(first), content_words(second)
    return first.casefold() == second.casefold() or (len(one) > 1 and one == other)


def _source(playbook: Playbook, *, adapted: bool) -> str:
    if playbook.general:
        return f"general steps from {playbook.name}"
    if adapted:
        return f"adapted from {playbook.name}"
    return f"the steps of {playbook.name} as they are"
