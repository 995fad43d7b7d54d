"""Read a model's answer: tolerant of its form, strict about its content. No task is ever invented here.

Tolerated (`answer_shapes`): prose, thoughts and code fences around the answer, JSON with the usual slips, YAML, a
Markdown list, the answer below another key, a bare list, other usual names of the fields, strings in place of tasks,
dependencies by title or on later subtasks. Not tolerated, and told back to the model as a `Flaw`: no subtasks, one, or
too many; an empty title; the task itself or the same subtask again; dependencies that cannot be met; an unknown mode
or executor; two different plans.

Invariant: every title of a plan stands in the answer (test_titles_come_from_the_answer).
Invariant: each recorded answer of tests/data/answers comes to what is written there (test_recorded_answers).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from orchestrator.engine import answer_shapes
from orchestrator.engine.answer_shapes import MAX_ANSWER, fields_of, fold, without_thoughts
from orchestrator.model.task import EXECUTORS, MODES, Decision, Plan, PlannedTask, Verdict
from orchestrator.providers.base import AnswerSchema

MAX_TITLE = 200
MAX_BODY = 8_000
"""Characters of a description or an acceptance; more is a flaw."""
FEWEST = 2
TOLD = 8
"""Problems that the model is told at once."""
DEEPEST = 4
"""How far below other keys a plan is looked for."""

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

TASK_PROPERTIES: dict[str, Any] = {
    "title": {"type": "string"},
    "description": {"type": "string"},
    "acceptance": {"type": "string"},
    "mode": {"type": "string", "enum": list(MODES), "description": "Who must be there while it is done."},
    "executor": {"type": "string", "enum": list(EXECUTORS), "description": "What kind of work it is."},
    "dependsOn": {"type": "array", "items": {"type": "integer"}},
}

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
                    "properties": TASK_PROPERTIES,
                    "required": list(TASK_PROPERTIES),
                    "additionalProperties": False,
                },
            },
        },
        "required": ["ordered", "tasks"],
        "additionalProperties": False,
    },
)

_LISTS = ("tasks", "subtasks", "steps", "children", "plan", "items", "todos", "actions", "tasklist", "substeps")
_TITLES = ("title", "name", "task", "heading", "subtask", "step", "action", "todo", "item", "tasktitle")
_DESCRIPTIONS = ("description", "details", "detail", "desc", "notes", "body", "content")
_ACCEPTANCES = ("acceptance", "acceptancecriteria", "acceptancecriterion", "accept", "criteria", "donewhen")
_DEPENDENCIES = ("dependson", "dependencies", "depends", "deps", "prerequisites")
_ORDERED = ("ordered", "sequential", "insequence")
_MODE_WORDS = {"auto": "auto", "automatic": "auto", "interactive": "interactive", "manual": "interactive", "": ""}
_NUMBERED_KEY = re.compile(r"(?:task|step|subtask)?\d{1,3}")
_NO_DEPENDENCY = {"", "none", "null", "na"}


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why an answer cannot be used: one line for each problem, worded for the model."""

    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A plan as it was read, and what was wrong with it that its values do not show any more."""

    plan: Plan
    problems: tuple[str, ...] = ()


def read_decision(answer: str) -> Decision | Flaw:
    text = without_thoughts(answer[:MAX_ANSWER])
    for values in (answer_shapes.json_values(text), answer_shapes.nearly_json_values(text)):
        for value in values:
            for fields in _objects(value, DEEPEST):
                verdict = str(_first(fields, "verdict", "decision", "answer") or "").strip().upper()
                if verdict in Verdict.__members__:
                    return Decision(Verdict[verdict], _line(_first(fields, "reason", "explanation", "why")))
    said = set(re.findall(r"\b(EXECUTE|DECOMPOSE)\b", text))
    if len(said) == 1:
        return Decision(Verdict[said.pop()], "")
    return Flaw(('"verdict" must be "EXECUTE" or "DECOMPOSE".',))


def read_plan(answer: str, title: str, max_children: int) -> Plan | Flaw:
    """The plan in `answer` for the task `title`, or what is wrong with it."""
    if len(answer) > MAX_ANSWER:
        return Flaw((f"The answer is longer than {MAX_ANSWER:,} characters.",))
    drafts = _drafts(without_thoughts(answer))
    if not drafts:
        return Flaw(('There is no JSON object with a list "tasks" in it.',))
    if len(drafts) > 1:
        return Flaw((f"There are {len(drafts)} different plans in the answer; give one.",))
    (draft,) = drafts
    tasks = draft.plan.tasks
    problems = [*_count_problems(len(tasks), max_children), *draft.problems, *task_problems(tasks, title)]
    return Flaw(tuple(problems[:TOLD])) if problems else _in_order(draft.plan)


def partial_plan(answer: str, title: str, max_children: int) -> Plan:
    """What can be shown of an answer that is still arriving: its subtasks so far, the last one perhaps cut."""
    import pydantic_core

    if len(answer) > MAX_ANSWER:
        return Plan(())
    text = without_thoughts(answer)
    start = text.find("{")
    if start < 0:
        return Plan(())
    try:
        value = pydantic_core.from_json(text[start:], allow_partial="trailing-strings")
    except ValueError:
        return Plan(())
    drafts = list(_drafts_of(value, DEEPEST))
    plan = drafts[0].plan if drafts else Plan(())
    shown = [
        replace(task, depends_on=tuple(other for other in task.depends_on if other < index))
        for index, task in enumerate(plan.tasks)
        if task.title and not same_title(task.title, title)
    ]
    return Plan(tuple(shown[:max_children]), plan.ordered)


def same_title(first: str, second: str) -> bool:
    """Whether two titles say the same but for case, punctuation and blanks."""
    return _folded(first) == _folded(second)


def task_problems(tasks: Sequence[PlannedTask], title: str) -> Iterator[str]:
    """What no list of subtasks of the task `title` may have."""
    seen: dict[str, int] = {}
    for index, task in enumerate(tasks):
        if not any(character.isalnum() for character in task.title):
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


def task_of(item: object, index: int) -> tuple[PlannedTask, tuple[str, ...]]:
    """One subtask without its dependencies, and what is wrong with it."""
    if isinstance(item, str):
        return PlannedTask(_title(item, index)), ()
    if not isinstance(item, Mapping):
        return PlannedTask(""), (f'Subtask {index} is no object with a "title".',)
    fields = fields_of(cast("Mapping[Any, Any]", item))
    title = next((name for name in _TITLES if isinstance(fields.get(name), str)), "")
    mode, executor = fold(_line(_first(fields, "mode"))), _line(_first(fields, "executor")).casefold()
    problems: list[str] = []
    if mode not in _MODE_WORDS:
        problems.append(f'"mode" of subtask {index} must be {_choices(MODES)}.')
    if executor and executor not in EXECUTORS:
        problems.append(f'"executor" of subtask {index} must be {_choices(EXECUTORS)}.')
    texts: list[str] = []
    for names in (_DESCRIPTIONS, _ACCEPTANCES):
        value = _first(fields, *names)
        if isinstance(value, Mapping):
            problems.append(f'"{names[0]}" of subtask {index} must be text.')
        texts.append(_text(cast("object", value)))
    nested = _nested_titles(_first(fields, *_LISTS)) if title not in _LISTS else ""
    task = PlannedTask(
        title=_title(cast("str", fields[title]), index) if title else "",
        description="\n\n".join(part for part in (texts[0], nested) if part),
        acceptance=texts[1],
        mode=_MODE_WORDS.get(mode, ""),
        executor=executor if executor in EXECUTORS else "",
    )
    return task, tuple(problems)


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


def _drafts(text: str) -> list[_Draft]:
    """The different plans in the answer. Empty ones and those with placeholders count only when there is no other."""
    for values in (answer_shapes.json_values(text), answer_shapes.nearly_json_values(text)):
        found = list(values)
        drafts = [draft for value in found for draft in _drafts_of(value, DEEPEST)]
        if not drafts:
            drafts = _line_by_line(found)
        if drafts:
            plans = [draft.plan for draft in drafts]
            distinct = [draft for index, draft in enumerate(drafts) if draft.plan not in plans[:index]]
            real = [draft for draft in distinct if draft.plan.tasks and not any(task_problems(draft.plan.tasks, ""))]
            return real or distinct[:1]
    drafts = list(_drafts_of(answer_shapes.yaml_value(text), DEEPEST))
    if drafts:
        return drafts[:1]
    return _markdown_list(text)


def _drafts_of(value: object, depth: int) -> Iterator[_Draft]:
    """The plan that a value is or holds: its own list first, then what stands below other keys."""
    if isinstance(value, list):
        # An empty one may stand anywhere: `[ ]`.
        if value and (draft := _draft_of(cast("list[object]", value), ordered=False)):
            yield draft
        return
    if not isinstance(value, Mapping) or depth == 0:
        return
    fields = fields_of(cast("Mapping[Any, Any]", value))
    ordered = _is_true(_first(fields, *_ORDERED))
    for name in _LISTS:
        inside = _numbered(fields.get(name))
        if isinstance(inside, list):
            if draft := _draft_of(cast("list[object]", inside), ordered=ordered):
                yield draft
            return
    for inside in fields.values():
        if isinstance(inside, Mapping):
            yield from _drafts_of(cast("object", inside), depth - 1)
        elif isinstance(inside, str) and inside.lstrip().startswith(("{", "[")):
            yield from (draft for each in answer_shapes.json_values(inside) for draft in _drafts_of(each, depth - 1))


def _draft_of(items: list[object], *, ordered: bool) -> _Draft | None:
    """None for a list that holds neither objects nor text: that is no list of tasks."""
    if items and not any(isinstance(item, Mapping | str) for item in items):
        return None
    tasks: list[PlannedTask] = []
    problems: list[str] = []
    for index, item in enumerate(items):
        task, wrong = task_of(item, index)
        tasks.append(task)
        problems += wrong
    for index, item in enumerate(items):
        if not isinstance(item, Mapping):
            continue
        wanted = _first(fields_of(cast("Mapping[Any, Any]", item)), *_DEPENDENCIES)
        depends_on, wrong = _dependencies(wanted, index, tasks, ordered=ordered)
        tasks[index] = replace(tasks[index], depends_on=depends_on)
        problems += wrong
    return _Draft(Plan(tuple(tasks), ordered), tuple(problems))


def _numbered(value: object) -> object:
    """A list that came as `{"1": …, "2": …}`."""
    entries = fields_of(cast("Mapping[Any, Any]", value)) if isinstance(value, Mapping) else {}
    if entries and all(_NUMBERED_KEY.fullmatch(name) for name in entries):
        return list(entries.values())
    return cast("object", value)


def _line_by_line(values: Sequence[object]) -> list[_Draft]:
    """One object for each subtask, none of them in a list."""
    if len(values) < FEWEST or not all(isinstance(value, Mapping) for value in values):
        return []
    draft = _draft_of(list(values), ordered=False)
    return [draft] if draft and all(task.title for task in draft.plan.tasks) else []


_BOLD = re.compile(r"^(\*\*|__)(?P<title>[^*_]+?):?\1\s*[:\u2013\u2014-]?\s*(?P<rest>.*)$")


def _markdown_list(text: str) -> list[_Draft]:
    """`1. **Title**: sentence.` or `- Title`."""
    items = answer_shapes.markdown_items(text)
    if len(items) < FEWEST:
        return []
    tasks: list[PlannedTask] = []
    for item in items:
        bold = _BOLD.match(item.text)
        tasks.append(PlannedTask(_line(bold["title"]), bold["rest"].strip()) if bold else PlannedTask(_line(item.text)))
    return [_Draft(Plan(tuple(tasks), ordered=False))]


def _dependencies(
    wanted: object, index: int, tasks: Sequence[PlannedTask], *, ordered: bool
) -> tuple[tuple[int, ...], list[str]]:
    """Indexes, from indexes or titles, and what is wrong with those that name nothing."""
    if wanted is None or (isinstance(wanted, str) and fold(wanted) in _NO_DEPENDENCY):
        return (), []
    entries: list[object] = cast("list[object]", wanted) if isinstance(wanted, list) else [wanted]
    found: set[int] = set()
    problems: list[str] = []
    for entry in entries:
        other = _index_of(entry, tasks)
        shown = json.dumps(entry, ensure_ascii=False, default=str)[:60]
        if other is None:
            problems.append(f'"dependsOn" of subtask {index} must hold indexes from 0; {shown} is none.')
        elif not 0 <= other < len(tasks):
            problems.append(f'"dependsOn" of subtask {index} names {shown}; there are subtasks 0 to {len(tasks) - 1}.')
        elif other == index:
            problems.append(f"Subtask {index} depends on itself.")
        elif ordered and other > index:
            problems.append(f'Subtask {index} needs the later subtask {other}, though "ordered" is true.')
        elif not ordered:
            found.add(other)
    return tuple(sorted(found)), problems


def _index_of(entry: object, tasks: Sequence[PlannedTask]) -> int | None:
    if isinstance(entry, bool):
        return None
    if isinstance(entry, int):
        return entry
    if not isinstance(entry, str):
        return None
    if re.fullmatch(r"\s*-?\d{1,6}\s*", entry, re.ASCII):
        return int(entry)
    same = [index for index, task in enumerate(tasks) if task.title and same_title(task.title, entry)]
    return same[0] if len(same) == 1 else None


def _in_order(plan: Plan) -> Plan | Flaw:
    """With each subtask behind those that it needs: in a plan without an order of its own that changes nothing."""
    order: list[int] = []
    while len(order) < len(plan.tasks):
        left = [index for index in range(len(plan.tasks)) if index not in order]
        ready = next((index for index in left if set(plan.tasks[index].depends_on) <= set(order)), None)
        if ready is None:
            circle = ", ".join(map(str, left))
            return Flaw((f"The dependencies of the subtasks {circle} lead in a circle.",))
        order.append(ready)
    place = {index: position for position, index in enumerate(order)}
    tasks = [
        replace(plan.tasks[index], depends_on=tuple(sorted(place[other] for other in plan.tasks[index].depends_on)))
        for index in order
    ]
    return replace(plan, tasks=tuple(tasks))


def _objects(value: object, depth: int) -> Iterator[dict[str, object]]:
    """The object and those in it, outermost first, with folded names."""
    if isinstance(value, Mapping) and depth:
        fields = fields_of(cast("Mapping[Any, Any]", value))
        yield fields
        for inside in fields.values():
            yield from _objects(inside, depth - 1)


def _nested_titles(value: object) -> str:
    """Subtasks of a subtask, which nobody asked for: kept as a list in its description."""
    if not isinstance(value, list):
        return ""
    titles = (task_of(item, index)[0].title for index, item in enumerate(cast("list[object]", value)))
    return "\n".join(f"- {title}" for title in titles if title)


def _title(text: str, index: int) -> str:
    """One line, without the marker, number or bold of a list that it was copied from."""
    line = re.sub(r"^(?:[-*+]\s+)?(?:\[[ xX]\]\s+)?", "", _line(text))
    line = re.sub(rf"^(?:{index}|{index + 1})[.)]\s+", "", line)
    whole = re.fullmatch(r"\*\*([^*]+)\*\*", line)
    return whole[1].strip() if whole else line


def _first(fields: Mapping[str, Any], *names: str) -> Any:
    return next((fields[name] for name in names if name in fields), None)


def _is_true(value: object) -> bool:
    return value is True or (isinstance(value, str) and fold(value) in {"true", "yes"})


def _line(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(f"- {_line(item)}" for item in cast("list[object]", value) if _line(item))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def _choices(words: Sequence[str]) -> str:
    return " or ".join(f'"{word}"' for word in words)
