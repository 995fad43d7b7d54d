"""Read a model's answer: tolerant of its form, strict about its content. No task is ever invented here.

Tolerated: prose and code fences around the JSON, a bare list, other usual names of the fields, strings in
place of tasks, a trailing comma, a Markdown list instead of JSON. Not tolerated, and told back to the model
as a `Flaw`: no subtasks, one, or too many; an empty title; the task itself or the same subtask again.

Invariant: every title of a plan stands in the answer (test_titles_come_from_the_answer).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from orchestrator.model.task import Decision, Plan, PlannedTask, Verdict
from orchestrator.providers.base import AnswerSchema

MAX_ANSWER = 200_000
"""Characters; a longer answer is not read."""
MAX_TITLE = 200
MAX_BODY = 8_000
"""Characters of a description or an acceptance; more is a flaw."""
FEWEST = 2

DECIDE_SCHEMA = AnswerSchema(
    "decide",
    "Whether the task is simple or needs subtasks.",
    {
        "type": "object",
        "properties": {
            "verdict": {"type": "string", "enum": ["EXECUTE", "DECOMPOSE"]},
            "reason": {"type": "string", "description": "One short sentence."},
        },
        "required": ["verdict", "reason"],
        "additionalProperties": False,
    },
)

PLAN_SCHEMA = AnswerSchema(
    "plan",
    "The subtasks of the task.",
    {
        "type": "object",
        "properties": {
            "ordered": {"type": "boolean", "description": "Whether each subtask needs the one before it."},
            "tasks": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "title": {"type": "string"},
                        "description": {"type": "string"},
                        "acceptance": {"type": "string"},
                        "dependsOn": {"type": "array", "items": {"type": "integer"}},
                    },
                    "required": ["title", "description", "acceptance", "dependsOn"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["ordered", "tasks"],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why an answer cannot be used: one line for each problem, worded for the model."""

    problems: tuple[str, ...]


def read_decision(answer: str) -> Decision | Flaw:
    for value in _json_values(answer):
        if isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            verdict = str(_first(fields, "verdict", "decision", "answer") or "").strip().upper()
            if verdict in Verdict.__members__:
                reason = _line(_first(fields, "reason", "explanation", "why"))
                return Decision(Verdict[verdict], reason)
    said = set(re.findall(r"\b(EXECUTE|DECOMPOSE)\b", answer[:MAX_ANSWER]))
    if len(said) == 1:
        return Decision(Verdict[said.pop()], "")
    return Flaw(('"verdict" must be "EXECUTE" or "DECOMPOSE".',))


def read_plan(answer: str, title: str, max_children: int) -> Plan | Flaw:
    """The plan in `answer` for the task `title`, or what is wrong with it."""
    if len(answer) > MAX_ANSWER:
        return Flaw((f"The answer is longer than {MAX_ANSWER:,} characters.",))
    draft = _draft(answer)
    if draft is None:
        return Flaw(('There is no JSON object with a list "tasks" in it.',))
    problems = [*_count_problems(len(draft.tasks), max_children), *_task_problems(draft.tasks, title)]
    return Flaw(tuple(problems[:8])) if problems else draft


def partial_plan(answer: str, title: str, max_children: int) -> Plan:
    """What can be shown of an answer that is still arriving: its subtasks so far, the last one perhaps cut."""
    import pydantic_core

    start = answer.find("{")
    if start < 0 or len(answer) > MAX_ANSWER:
        return Plan(())
    try:
        value = pydantic_core.from_json(answer[start:], allow_partial="trailing-strings")
    except ValueError:
        return Plan(())
    plan = _plan_of(value) or Plan(())
    shown = [task for task in plan.tasks if task.title and not same_title(task.title, title)]
    return Plan(tuple(shown[:max_children]), plan.ordered)


def same_title(first: str, second: str) -> bool:
    """Whether two titles say the same but for case, punctuation and blanks."""
    return _folded(first) == _folded(second)


def _folded(title: str) -> str:
    plain = unicodedata.normalize("NFKC", title).casefold()
    return "".join(char for char in plain if char.isalnum()) or plain.strip()


def _count_problems(count: int, max_children: int) -> Iterator[str]:
    if count == 0:
        yield 'The list "tasks" is empty.'
    elif count < FEWEST:
        yield "There is only one subtask; a split needs at least two, each smaller than the task."
    elif count > max_children:
        yield f"There are {count} subtasks; at most {max_children} are possible. Merge or leave out the smallest."


def _task_problems(tasks: tuple[PlannedTask, ...], title: str) -> Iterator[str]:
    seen: dict[str, int] = {}
    for index, task in enumerate(tasks):
        if not task.title:
            yield f"Subtask {index} has no title."
            continue
        if len(task.title) > MAX_TITLE:
            yield f"The title of subtask {index} is longer than {MAX_TITLE} characters."
        if max(len(task.description), len(task.acceptance)) > MAX_BODY:
            yield f"The text of subtask {index} is longer than {MAX_BODY:,} characters."
        if same_title(task.title, title):
            yield f"Subtask {index} repeats the task itself."
        if (earlier := seen.setdefault(_folded(task.title), index)) != index:
            yield f"Subtask {index} repeats subtask {earlier}."


def _draft(answer: str) -> Plan | None:
    for value in _json_values(answer):
        plan = _plan_of(value)
        if plan is not None and (plan.tasks or isinstance(value, dict)):
            return plan
    return _markdown_list(answer)


def _plan_of(value: object) -> Plan | None:
    ordered = False
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        ordered = _first(fields, "ordered", "sequential") is True
        value = _first(fields, "tasks", "subtasks", "steps", "children", "plan")
        if isinstance(value, dict):
            return _plan_of(cast("object", value))
    if not isinstance(value, list):
        return None
    tasks: list[PlannedTask] = []
    for index, item in enumerate(cast("list[object]", value)):
        task = _task_of(item, index, ordered)
        if task is None:
            return None
        tasks.append(task)
    return Plan(tuple(tasks), ordered)


def _task_of(item: object, index: int, ordered: bool) -> PlannedTask | None:
    if isinstance(item, str):
        return PlannedTask(_line(item))
    if not isinstance(item, dict):
        return None
    fields = cast("dict[str, Any]", item)
    wanted = _first(fields, "dependsOn", "depends_on", "dependencies")
    indexes = cast("list[object]", wanted) if isinstance(wanted, list) and not ordered else []
    depends_on = {entry for entry in indexes if type(entry) is int and 0 <= entry < index}
    return PlannedTask(
        title=_line(_first(fields, "title", "name", "task")),
        description=_text(_first(fields, "description", "details")),
        acceptance=_text(_first(fields, "acceptance", "acceptanceCriteria", "accept")),
        depends_on=tuple(sorted(depends_on)),
    )


_ITEM = re.compile(r"^(?P<marker>[-*+]|\d{1,3}[.)])\s+(?:\[.\]\s+)?(?P<text>\S.*)$")
_BOLD = re.compile(r"^\*\*(?P<title>[^*]+?):?\*\*\s*[:\u2013\u2014-]?\s*(?P<rest>.*)$")


def _markdown_list(answer: str) -> Plan | None:
    """The unindented items of a Markdown list: `1. **Title**: sentence.` or `- Title`."""
    found = [match for line in answer.splitlines() if (match := _ITEM.match(line))]
    if len(found) < FEWEST:
        return None
    tasks: list[PlannedTask] = []
    for match in found:
        bold = _BOLD.match(match["text"])
        tasks.append(
            PlannedTask(_line(bold["title"]), bold["rest"].strip()) if bold else PlannedTask(_line(match["text"]))
        )
    return Plan(tuple(tasks), ordered=False)


def _json_values(answer: str) -> Iterator[object]:
    """JSON objects and lists in the text, from the front; a trailing comma is forgiven.

    After an object that could not be read, what follows may be a piece of its inside: a list there, or an object
    with a title, is not an answer of its own.
    """
    text = answer[:MAX_ANSWER]
    decoder = json.JSONDecoder(strict=False)
    for candidate in (text, re.sub(r",(\s*[}\]])", r"\1", text)):
        position, broken = 0, False
        for _ in range(50):
            match = re.compile(r"[{\[]").search(candidate, position)
            if not match:
                break
            try:
                value, position = decoder.raw_decode(candidate, match.start())
            except (ValueError, RecursionError):
                position = match.start() + 1
                broken = broken or match[0] == "{"
                continue
            if not broken or (isinstance(value, dict) and not {"title", "name"} & value.keys()):
                yield value


def _first(fields: Mapping[str, Any], *names: str) -> Any:
    return next((fields[name] for name in names if name in fields), None)


def _line(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(f"- {_line(item)}" for item in cast("list[object]", value) if _line(item))
    return value.strip() if isinstance(value, str) else ""
