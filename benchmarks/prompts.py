"""How large the prompts of a run are, and what it sends, against the same work in one growing conversation.

Both are counted from the prompts that the engine would send, with our estimate of tokens; no model is asked.

- The largest prompt at 10,000 tasks must be that at 100 tasks of the same depth: a task sees its parents and what it
  depends on, never how many others there are.
- A run of n leaves sends the system prompt S and a brief of B tokens for each leaf, and the results of the leaves once
  to sum them up: n (S + B) + S + B + min(n, 40) R. One conversation sends all that was said before with every turn:
  n (S + P) + (B + A) n (n - 1) / 2 + n B, where P is the plan that it starts with, A an answer and R a result.
  Both write n A + R.
- At cached prices what a request repeats from the start of the one before is read from the cache, if that is long
  enough to be kept there: in a run the system prompt, in one conversation all but the last turn. What is new in a
  conversation is written to it; the briefs of a run are not, since nothing repeats them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from benchmarks.report import Figure
from orchestrator.engine import context
from orchestrator.engine.context import SUBTASK_RESULTS, ResultBrief, Surroundings, build_brief, summed_up
from orchestrator.engine.prompting import load_prompt
from orchestrator.model.usage import Usage
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Outline, Task
from orchestrator.providers.prices import Prices
from orchestrator.providers.tokens import estimate

FEW, MANY = 100, 10_000
WORK = (10, 50, 200)
PRICED = ("anthropic", "claude-sonnet-4-5")
"""Whose prices are shown: one that reads from a cache and writes to it for a price of its own."""
KEPT_FROM = 1_024
"""Tokens that a prefix must have to be kept in the cache."""
ANSWER_TOKENS = 400
"""Of one task's answer, typical of a page of text."""
RESULT = "The form is in `ui/login.py` with three fields, and the tests of it pass on all supported versions."


@dataclass(frozen=True, slots=True)
class Sent:
    """Tokens of several calls."""

    fresh: int = 0
    """Written to the cache, because a later request repeats it."""
    alone: int = 0
    """Read once, and never again."""
    repeated: int = 0
    """What stood, in the same order, at the start of the request before."""
    written: int = 0

    @property
    def total(self) -> int:
        return self.fresh + self.alone + self.repeated + self.written

    def __add__(self, other: Sent) -> Sent:
        return Sent(
            self.fresh + other.fresh,
            self.alone + other.alone,
            self.repeated + other.repeated,
            self.written + other.written,
        )

    def cost(self) -> Decimal:
        """At cached prices."""
        read = self.fresh + self.alone + self.repeated
        usage = Usage(read, self.written, cache_read_tokens=self.repeated, cache_write_tokens=self.fresh)
        paid = Prices().cost(*PRICED, usage)
        assert paid is not None, f"the price table has no {'/'.join(PRICED)}"
        return paid


def measure(_quick: bool = False) -> Iterator[Figure]:
    yield _largest()
    for leaves in WORK:
        run, talk = of_run(leaves), of_conversation(leaves)
        name = f"{leaves} leaves"
        yield Figure(f"{name}: tokens of a run", run.total, "", note=f"${run.cost():.4f} at cached prices")
        yield Figure(f"{name}: tokens of one conversation", talk.total, "", note=f"${talk.cost():.4f} at cached prices")
        yield Figure("  a run, of one conversation", run.total / talk.total, "times")
        yield Figure("  the same in money, at cached prices", float(run.cost() / talk.cost()), "times")


def _largest() -> Figure:
    few, many = (max(_sizes(plan(tasks))) for tasks in (FEW, MANY))
    return Figure(
        f"largest prompt at {MANY:,} tasks", many / few, f"x that at {FEW}", 1.0, note=f"{few} and {many} tokens"
    )


def plan(leaves: int) -> Outline:
    """Of a depth of three, with descriptions, acceptance and dependencies, all of the same lengths."""
    lines = ["# Ship the new login", ""]
    for number in range(leaves):
        if number % 10 == 0:
            lines += [f"- [ ] Part {number // 10:05} of the work  ^p{number // 10:05}", "  What belongs together."]
        needs = f"  [dependsOn:: t{number - 1:05}]" if number % 10 else ""
        lines += [
            f"  - [ ] Build piece {number:05} of it{needs}  ^t{number:05}",
            "    Three fields, and a message for a wrong password.",
            "",
            "    Accept: a wrong password shows an error",
            f"    > Result: {RESULT}",
        ]
    return parse("\n".join(lines) + "\n")


def _sizes(outline: Outline) -> Iterator[int]:
    around = Surroundings(outline)
    for task in outline.tasks():
        brief = build_brief(outline, task, siblings=False, around=around)
        if task.children:
            results = [ResultBrief(child.title, child.result or "") for child in task.children]
            yield sum(_prompt("aggregate", context.as_text(summed_up(brief, results))))
        else:
            yield sum(_prompt("execute", context.as_text(brief)))


def of_run(leaves: int) -> Sent:
    """Each leaf in a conversation of its own, and one that sums them up."""
    outline = plan(leaves)
    around = Surroundings(outline)
    sent = Sent()
    tasks = [task for task in outline.tasks() if not task.children]
    for number, task in enumerate(tasks):
        system, user = _prompt("execute", _brief(outline, task, around))
        if system < KEPT_FROM:
            sent += Sent(0, system + user, 0, ANSWER_TOKENS)
        else:
            sent += Sent(0, user, system, ANSWER_TOKENS) if number else Sent(system, user, 0, ANSWER_TOKENS)
    brief = build_brief(outline, tasks[0], siblings=False, around=around)
    results = [ResultBrief(task.title, RESULT) for task in tasks[:SUBTASK_RESULTS]]
    system, user = _prompt("aggregate", context.as_text(summed_up(brief, results)))
    return sent + Sent(0, system + user, 0, estimate(RESULT))


def of_conversation(leaves: int) -> Sent:
    """The same system prompt, the plan once, and a turn for each leaf with the same answer."""
    outline = plan(leaves)
    around = Surroundings(outline)
    tasks = [task for task in outline.tasks() if not task.children]
    before = 0
    """What the next request repeats."""
    sent = Sent()
    for number, task in enumerate(tasks):
        system, user = _prompt("execute", _brief(outline, task, around))
        new = ANSWER_TOKENS + user if number else system + user + sum(estimate(one.title) for one in outline.tasks())
        kept = before >= KEPT_FROM
        sent += Sent(new if kept else new + before, 0, before if kept else 0, ANSWER_TOKENS)
        before += new
    return sent + Sent(ANSWER_TOKENS, 0, before, estimate(RESULT))


def _brief(outline: Outline, task: Task, around: Surroundings) -> str:
    return context.as_text(build_brief(outline, task, siblings=False, around=around))


def _prompt(name: str, about: str) -> tuple[int, int]:
    """Tokens of the system part and of the user's."""
    prompt = load_prompt(name)
    given = {"context": about, "notes": ""}
    system, user = prompt.render(**{key: given[key] for key in prompt.parameters})
    return estimate(system), estimate(user)
