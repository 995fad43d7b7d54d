"""Writing fields: mode, executor, model, priority and whatever else has one value.

A value is written only where it differs from what the task would have anyway, and its field goes where it does not,
so that an outline says nothing twice. Of several tasks the outer ones come first, since the others inherit from them.

Invariant: afterwards the value holds for every task that was meant (test_the_value_holds_afterwards).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from orchestrator.errors import EditRefusedError
from orchestrator.outline.actions.intent import changed, rows, settled
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.fields import MAX_REASON, flaw, place
from orchestrator.outline.inherited import INHERITED, default, value
from orchestrator.outline.inline import BLANKS, field_places
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Outline, Task

_TO_ESCAPE = re.compile(r"[\\`\[\]]|&(?=[#A-Za-z])")
_BREAKS = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]+")


def set_value(outline: Outline, tasks: Sequence[Task], key: str, wanted: str | None) -> tuple[TextEdit, ...]:
    """None takes the field away, so that what is inherited holds."""
    wrong = flaw(key, wanted) if wanted is not None else None
    if wrong or (wanted is not None and _BREAKS.search(wanted)):
        raise EditRefusedError(wrong or f"This is no value of `{key}`.", hint="Choose another value.")
    text = outline.text
    now: dict[int, str | None] = {}
    """What holds for the tasks that were looked at."""
    edits: list[TextEdit] = []
    changes: dict[int, dict[str, object]] = {}
    for task in sorted(tasks, key=lambda task: task.line):
        above = _inherited(outline, task, key, now)
        fields = {name: written for name, written in task.fields.items() if name != key}
        if wanted is None or wanted == above:
            edits += removed_field(text, task, key)
        else:
            edits += written_field(text, task, key, wanted)
            fields = {**task.fields, key: wanted}
        now[task.line] = above if wanted is None else wanted
        if fields != dict(task.fields):
            changes[task.line] = {"fields": fields}
    return settled(outline, edits, changed(rows(outline, *tasks), changes), near=tasks)


def written_field(text: Text, task: Task, key: str, new: str) -> Iterator[TextEdit]:
    """Its value replaced, or the field added behind the others, two blanks before it and before the id."""
    if task.fields.get(key) == new:
        return
    found = place(text, task, key)
    if found is not None:
        yield TextEdit(found.value_start, found.value_end, escaped_value(new))
        return
    end = task.id_span[0] if task.id_span else text.line_end(task.line)
    start = task.mark_span[1] + 1
    at = start + len(text.slice(start, end).rstrip(BLANKS))
    behind = "" if not task.id_span or text.slice(at, end) else "  "
    yield TextEdit(at, at, f"  [{key}:: {escaped_value(new)}]{behind}")


def removed_field(text: Text, task: Task, key: str) -> Iterator[TextEdit]:
    """All of that key, since the next one would count, each with the blanks before it."""
    if key not in task.fields:
        return
    start = task.mark_span[1] + 1
    end = task.id_span[0] if task.id_span else text.line_end(task.line)
    for name, field_start, _, field_end in field_places(text.string, start, end):
        if name == key:
            before = start + len(text.slice(start, field_start).rstrip(BLANKS))
            # A blank stays where words follow.
            follows = text.slice(field_end, end).strip(BLANKS)
            yield TextEdit(before if not follows or text.string[field_end] in BLANKS else field_start, field_end, "")


def escaped_value(plain: str) -> str:
    """As it is written in a field, so that it reads back."""
    return _TO_ESCAPE.sub(lambda match: "\\" + match.group(), plain)


def one_line_reason(reason: str) -> str:
    """Cut to what a reason may have."""
    told = " ".join(_BREAKS.sub(" ", reason).split())
    return told if len(told) <= MAX_REASON else told[: MAX_REASON - 1].rstrip() + "…"


def _inherited(outline: Outline, task: Task, key: str, now: dict[int, str | None]) -> str | None:
    if key not in INHERITED:
        return None
    step: Node | None = outline.parent(task)
    while step is not None:
        if step.line in now:
            return now[step.line]
        written = step.fields.get(key)
        if written is not None and flaw(key, written) is None:
            return value(outline, step, key)
        step = outline.parent(step)
    return default(outline, key)
