"""A re-plan as operations on ids: keep, edit, add, obsolete. Reading them from an answer, and making edits of them.

Apart from `answers` because these are about subtasks that exist. An operation that would change nothing is none, so
that the same answer given twice changes nothing the second time.

Invariant: applying the same changes again makes no edit (test_the_same_plan_again_changes_nothing).
Invariant: no change is about a subtask that is done (test_completed_subtasks_are_locked).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, cast

from orchestrator.engine import answer_shapes, answers
from orchestrator.engine.answer_shapes import MAX_ANSWER, fields_of, without_thoughts
from orchestrator.engine.answers import TASK_PROPERTIES, Flaw
from orchestrator.errors import EditRefusedError
from orchestrator.model.task import Plan, PlannedTask, Status
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.rewrite import Rewrite, Wording, rewrite_branch
from orchestrator.outline.tree import Outline, Task
from orchestrator.providers.base import AnswerSchema

SHOWN_TEXT = 600
"""Characters of a subtask's description, acceptance or result in a request."""
MAX_SUBTASKS = 60
"""More subtasks than that are no plan that anybody revises at once."""


class ChangeKind(StrEnum):
    KEEP = "keep"
    EDIT = "edit"
    ADD = "add"
    OBSOLETE = "obsolete"


@dataclass(frozen=True, slots=True)
class Existing:
    """A subtask as a request shows it."""

    ref: str
    """Its id, or a name for this request where it has none."""
    title: str
    description: str
    acceptance: str
    result: str
    status: Status
    depth: int = 0
    """0: directly below the task that is planned."""
    above: str = ""
    """`ref` of what it stands below; empty for the task itself."""

    @property
    def locked(self) -> bool:
        """Done, given up, or under way."""
        return self.status.settled or self.status is Status.IN_PROGRESS


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one subtask. `keep` is none, and not kept."""

    kind: ChangeKind
    ref: str
    """Empty for one that is added."""
    was: str
    """The title as it stands; empty for one that is added."""
    task: PlannedTask
    """What it is to say; in an edit an empty text is left as it is."""
    reason: str = ""
    under: str = ""
    """Of one that is added: the `ref` of the subtask below which it goes; empty: directly below the task."""


REPLAN_SCHEMA = AnswerSchema(
    "replan",
    "What becomes of each subtask, and which are new.",
    {
        "type": "object",
        "properties": {
            "operations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "op": {"type": "string", "enum": [kind.value for kind in ChangeKind]},
                        "id": {"type": "string", "description": "The subtask's id; empty for add."},
                        "under": {
                            "type": "string",
                            "description": "For add: the id of the subtask below which it goes; else empty.",
                        },
                        **{name: shape for name, shape in TASK_PROPERTIES.items() if name != "dependsOn"},
                        "reason": {"type": "string"},
                    },
                    "required": [
                        "op",
                        "id",
                        "under",
                        *(name for name in TASK_PROPERTIES if name != "dependsOn"),
                        "reason",
                    ],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["operations"],
        "additionalProperties": False,
    },
)


def shown(task: Task) -> list[tuple[Task, int]]:
    """The subtasks that can be planned anew, with their depth, in the order of the document.

    At any depth, but not below what is settled, and no deeper than MAX_SUBTASKS reach; direct ones always.
    """
    levels, level = [list(task.children)], list(task.children)
    while level:
        level = [child for each in level if not each.status.settled for child in each.children]
        if sum(map(len, levels)) + len(level) > MAX_SUBTASKS:
            break
        levels.append(level)
    depths = {each: depth for depth, found in enumerate(levels) for each in found}
    return sorted(depths.items(), key=lambda pair: pair[0].line)


def existing(task: Task) -> tuple[Existing, ...]:
    """The subtasks at any depth, each with a name that no other one has."""
    tasks = shown(task)
    taken = {child.task_id for child, _ in tasks}
    refs: dict[Task, str] = {}
    found: list[Existing] = []
    path: list[str] = []
    for number, (child, depth) in enumerate(tasks, start=1):
        ref = child.task_id or f"n{number}"
        while child.task_id is None and ref in taken:
            ref += "x"
        refs[child] = ref
        path[depth:] = [ref]
        texts = (child.description, child.acceptance, child.result or "")
        found.append(Existing(ref, child.title, *texts, child.status, depth, path[depth - 1] if depth else ""))
    return tuple(found)


def listing(subtasks: Sequence[Existing]) -> str:
    """For a request."""
    lines: list[str] = []
    for each in subtasks:
        locked = ", locked" if each.locked else ""
        indent = "  " * each.depth
        lines.append(f"{indent}- id {each.ref} ({each.status.value}{locked}): {each.title}")
        for name, text in (("", each.description), ("Accept: ", each.acceptance), ("Result: ", each.result)):
            if text:
                lines += (f"{indent}    {line}" for line in f"{name}{text[:SHOWN_TEXT]}".splitlines())
    return "\n".join(lines)


def read_changes(answer: str, title: str, subtasks: Sequence[Existing], max_children: int) -> tuple[Change, ...] | Flaw:
    """The changes in `answer` to the subtasks of the task `title`, or what is wrong with it."""
    if len(answer) > MAX_ANSWER:
        return Flaw((f"The answer is longer than {MAX_ANSWER:,} characters.",))
    operations = _operations(without_thoughts(answer))
    if operations is None:
        return Flaw(('There is no JSON object with a list "operations" in it.',))
    by_ref = {each.ref: each for each in subtasks}
    problems: list[str] = []
    changes: list[Change] = []
    seen: set[str] = set()
    for index, operation in enumerate(operations):
        change, wrong = _change(operation, index, by_ref)
        problems += wrong
        if change is None:
            continue
        if change.ref and change.ref in seen:
            problems.append(f"Operation {index} is about the subtask {change.ref}, and so is an earlier one.")
        seen.add(change.ref)
        changes.append(change)
    kept = [change for change in changes if _changes_something(change, by_ref)]
    problems += _problems(kept, title, subtasks, max_children)
    return Flaw(tuple(problems[: answers.TOLD])) if problems else tuple(kept)


def added_changes(plan: Plan, title: str, subtasks: Sequence[Existing], max_children: int) -> tuple[Change, ...]:
    """What of a plan the subtasks do not say yet, as many as there is room for."""
    known = [title, *(each.title for each in subtasks)]
    new = [task for task in plan.tasks if not any(answers.same_title(task.title, other) for other in known)]
    room = max_children - sum(not each.status.settled for each in subtasks)
    return tuple(Change(ChangeKind.ADD, "", "", task) for task in new[: max(0, room)])


def rewrite_edits(
    outline: Outline, parent: Task, changes: Sequence[Change], new_id: Callable[[], str]
) -> tuple[TextEdit, ...]:
    """Raises EditRefusedError when a subtask is gone, has other words than the ones shown, or is done by now."""
    reworded: dict[int, Wording] = {}
    obsolete: set[int] = set()
    by_ref = dict(zip((each.ref for each in existing(parent)), (task for task, _ in shown(parent)), strict=True))
    for change in changes:
        if change.kind is ChangeKind.ADD:
            continue
        child = _found(change, parent, by_ref)
        if child.status.settled and not _is_done(change, child):
            raise EditRefusedError(
                f"“{change.was}” is {child.status.value} by now.", hint="Discard this plan and plan again."
            )
        if change.kind is ChangeKind.OBSOLETE:
            obsolete.add(child.line)
        elif not child.status.settled:
            task = change.task
            reworded[child.line] = Wording(task.title or None, task.description or None, task.acceptance or None)
    below: dict[int, Plan] = {}
    for under in dict.fromkeys(change.under for change in changes if change.kind is ChangeKind.ADD):
        host = by_ref.get(under) if under else parent
        if host is None or host.status.settled:
            raise EditRefusedError(
                "A subtask below which another one goes is not open any more.", hint="Discard this plan and plan again."
            )
        titles = [child.title for child in host.children]
        new = tuple(
            change.task
            for change in changes
            if change.kind is ChangeKind.ADD
            and change.under == under
            and not any(answers.same_title(change.task.title, title) for title in titles)
        )
        below[host.line] = Plan(new, bool(host.children) and host.children[-1].ordered)
    top = below.pop(parent.line, Plan(()))
    return rewrite_branch(outline, parent, Rewrite(reworded, frozenset(obsolete), top, below), new_id)


def changes_as_json(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """As events hold them, in the words of the wire."""
    return [
        {
            "op": change.kind.value,
            "id": change.ref,
            "was": change.was,
            "title": change.task.title,
            "description": change.task.description,
            "acceptance": change.task.acceptance,
            "reason": change.reason,
            "under": change.under,
        }
        for change in changes
    ]


def changes_from_json(stored: Any) -> tuple[Change, ...] | None:
    """What `changes_as_json` made of them; None where it is nothing that it makes."""
    try:
        return tuple(
            Change(
                ChangeKind(one["op"]),
                str(one["id"]),
                str(one["was"]),
                PlannedTask(str(one["title"]), str(one["description"]), str(one["acceptance"])),
                str(one["reason"]),
                str(one["under"]),
            )
            for one in stored
        )
    except (KeyError, TypeError, ValueError):
        return None


def are_made(changes: Sequence[Change], outline: Outline, parent: Task) -> bool:
    """Whether the subtasks say all of it."""
    everyone = [child for child, _ in shown(parent)]
    for change in changes:
        if change.kind is not ChangeKind.ADD:
            continue
        # One that had no id when it was shown has one now: then what was added stands below any of them.
        named = [child for child in everyone if change.under and child.task_id == change.under]
        hosts = (named or everyone) if change.under else [parent]
        if not any(answers.same_title(change.task.title, child.title) for host in hosts for child in host.children):
            return False
    try:
        others = [change for change in changes if change.kind is not ChangeKind.ADD]
        return not rewrite_edits(outline, parent, others, lambda: "")
    except EditRefusedError:
        return False


def _operations(text: str) -> list[object] | None:
    for values in (answer_shapes.json_values(text), answer_shapes.nearly_json_values(text)):
        for value in values:
            found = _list_in(value, answers.DEEPEST)
            if found is not None:
                return found
    return None


def _list_in(value: object, depth: int) -> list[object] | None:
    if isinstance(value, list):
        items = cast("list[object]", value)
        whole = bool(items) and all(isinstance(item, Mapping) and "op" in item for item in items)
        return items if whole else None
    if not isinstance(value, Mapping) or depth == 0:
        return None
    fields = fields_of(cast("Mapping[Any, Any]", value))
    for name in ("operations", "ops", "changes"):
        if isinstance(fields.get(name), list):
            return cast("list[object]", fields[name])
    return next((found for inside in fields.values() if (found := _list_in(inside, depth - 1)) is not None), None)


def _change(operation: object, index: int, by_ref: Mapping[str, Existing]) -> tuple[Change | None, tuple[str, ...]]:
    if not isinstance(operation, Mapping):
        return None, (f"Operation {index} is no object.",)
    fields = fields_of(cast("Mapping[Any, Any]", operation))
    kind = str(fields.get("op", "")).strip().casefold()
    if kind not in {each.value for each in ChangeKind}:
        return None, (f'"op" of operation {index} must be keep, edit, add or obsolete.',)
    task, wrong = answers.task_of(cast("object", operation), index)
    reason = str(fields.get("reason") or "")[:300]
    if kind == ChangeKind.ADD.value:
        under = str(fields.get("under") or "").strip().removeprefix("^")
        if under and under not in by_ref:
            return None, (f"Operation {index} adds below no subtask: there is no id {under[:40]!r}.",)
        return Change(ChangeKind.ADD, "", "", task, reason, under), wrong
    ref = str(fields.get("id") or "").strip().removeprefix("^")
    known = by_ref.get(ref)
    if known is None:
        return None, (f"Operation {index} names no subtask: there is no id {ref[:40]!r}.",)
    return Change(ChangeKind(kind), ref, known.title, task, reason), wrong


def _changes_something(change: Change, by_ref: Mapping[str, Existing]) -> bool:
    if change.kind is ChangeKind.KEEP:
        return False
    if change.kind is ChangeKind.ADD:
        return not any(answers.same_title(change.task.title, each.title) for each in by_ref.values())
    known = by_ref[change.ref]
    if change.kind is ChangeKind.OBSOLETE:
        return known.status is not Status.CANCELLED
    pairs = (
        (change.task.title, known.title),
        (change.task.description, known.description.strip()),
        (change.task.acceptance, known.acceptance.strip()),
    )
    return any(new and new != old for new, old in pairs)


def _problems(changes: Sequence[Change], title: str, subtasks: Sequence[Existing], max_children: int) -> Iterator[str]:
    by_ref = {each.ref: each for each in subtasks}
    for change in changes:
        if change.ref and by_ref[change.ref].locked:
            yield f"The subtask {change.ref} is {by_ref[change.ref].status.value} and locked; keep it."
    touched = {change.ref: change for change in changes if change.ref}
    dropped: set[str] = set()
    for each in subtasks:  # in the order of the document, so that what is above comes first
        change = touched.get(each.ref)
        if each.above in dropped and change is not None:
            yield f"The subtask {each.ref} is below one that is obsolete; leave it out."
        if each.above in dropped or (change is not None and change.kind is ChangeKind.OBSOLETE):
            dropped.add(each.ref)
    for change in changes:
        if change.under in dropped:
            yield f"A subtask is added below {change.under}, which is obsolete."
        elif change.under and by_ref[change.under].locked:
            yield f"A subtask is added below {change.under}, which is {by_ref[change.under].status.value} and locked."
    for above in dict.fromkeys(("", *(each.above for each in subtasks), *(change.under for change in changes))):
        after: list[PlannedTask] = []
        for each in subtasks:
            change = touched.get(each.ref)
            if each.above != above or each.locked or each.ref in dropped:
                continue
            task = change.task if change is not None else PlannedTask(each.title)
            after.append(replace(task, title=task.title or each.title))
        open_before = len(after)
        after += (each.task for each in changes if each.kind is ChangeKind.ADD and each.under == above)
        yield from answers.task_problems(after, by_ref[above].title if above else title)
        if len(after) > max(max_children, open_before):
            where = f" below {above}" if above else ""
            yield f"{len(after)} subtasks would be open{where}; at most {max_children} are possible."


def _found(change: Change, parent: Task, by_ref: Mapping[str, Task]) -> Task:
    """By its id; a subtask without one by its title."""
    child = by_ref.get(change.ref)
    if child is not None and child.task_id is not None:
        return child
    wanted = {change.was, change.task.title} if change.kind is ChangeKind.EDIT else {change.was}
    same = [each for each, _ in shown(parent) if each.title in wanted and each.task_id is None]
    if len(same) == 1:
        return same[0]
    if child is not None and child.title in wanted:
        return child
    raise EditRefusedError(
        f"The subtask “{change.was}” is not there any more.", hint="Bring it back (undo), or discard this plan."
    )


def _is_done(change: Change, child: Task) -> bool:
    return change.kind is ChangeKind.OBSOLETE and child.status is Status.CANCELLED
