"""Values of fields that are not allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from orchestrator.errors import EditRefusedError
from orchestrator.model.task import MODES
from orchestrator.outline.actions.intent import require_writable
from orchestrator.outline.actions.values import escaped_value
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.fields import PRIORITIES, Field, flaw, places
from orchestrator.outline.fixes.fix import (
    Edits,
    Fix,
    NewId,
    checked,
    fields_after,
    node_at,
    without_field,
    without_part,
)
from orchestrator.outline.front_matter import FORMAT, place_of
from orchestrator.outline.inline import plain
from orchestrator.outline.problems import Code, Problem, problems
from orchestrator.outline.reparse import reparse
from orchestrator.outline.tree import Node, Outline

_ALLOWED = {"mode": MODES, "priority": PRIORITIES}
_ASKED = "auto"
"""Lets work run by itself: so far it did not, and that is a person's word to give."""
_NOT_MONEY = re.compile(r"(?:USD|US|[$\s])+")


def bad_field_value(outline: Outline, problem: Problem, _: NewId) -> Iterator[Fix]:
    if outline.text.line_of(problem.start) < outline.front_matter.end_line:
        yield from _of_front_matter(outline, problem)
        return
    node = node_at(outline, problem.start)
    field = _field(outline, node, problem) if node is not None else None
    if node is None or field is None:
        return
    value = plain(field.raw)
    same = _same_meaning(field.key, value)
    yield from _choices(outline, node, field, value, same)
    if field.key in {"dependsOn", "files"} and list(field.parts()):
        written = outline.text.slice(problem.start, problem.end)
        yield Fix("remove", f"Remove {_short(written)}", lambda: _without_part(outline, node, field, problem))
    else:
        yield Fix(
            "remove",
            f"Remove the field {field.key}",
            lambda: _without_field(outline, node, field),
            preferred=not value,
            safe=not value,
        )


def unknown_prompt(outline: Outline, problem: Problem, _: NewId) -> Iterator[Fix]:
    node = node_at(outline, problem.start)
    field = _field(outline, node, problem) if node is not None else None
    if node is None or field is None:
        return
    for place, choice in enumerate(problem.choices):
        yield Fix(
            f"choose:{choice}",
            f"Write prompt:: {choice}",
            lambda choice=choice: _replaced(outline, node, field, choice),
            preferred=place == 0,
        )
    yield Fix("remove", "Remove the field prompt", lambda: _without_field(outline, node, field))


def _choices(outline: Outline, node: Node, field: Field, value: str, same: str | None) -> Iterator[Fix]:
    allowed = _ALLOWED.get(field.key, ())
    near = difflib.get_close_matches(value.lower(), allowed, n=1, cutoff=0.5)
    best = same or (near[0] if near else None)
    choices: set[str] = {*allowed} | ({same} if same else set())
    for choice in sorted(choices, key=lambda choice: (choice != best, choice)):
        yield Fix(
            f"choose:{choice}",
            f"Write {field.key}:: {choice}",
            lambda choice=choice: _replaced(outline, node, field, choice),
            preferred=choice == best,
            safe=choice == same and choice != _ASKED,
        )


def _same_meaning(key: str, value: str) -> str | None:
    """The same value as it has to be written: `Auto`, `$ 2,50`."""
    if key in _ALLOWED:
        lower = value.strip().lower()
        return lower if lower in _ALLOWED[key] else None
    if key == "budget":
        amount = _NOT_MONEY.sub("", value)
        # A comma before two digits at the end divides dollars from cents; any other may mean thousands.
        amount = re.sub(r",(\d\d)$", r".\1", amount)
        return amount if amount != value and flaw("budget", amount) is None else None
    return None


def _field(outline: Outline, node: Node, problem: Problem) -> Field | None:
    found = (field for field in places(outline.text, node) if field.start <= problem.start and problem.end <= field.end)
    return next(found, None)


def _replaced(outline: Outline, node: Node, field: Field, value: str) -> Edits:
    edit = TextEdit(field.value_start, field.value_end, escaped_value(value))
    return checked(outline, (edit,), {node.line: {"fields": {**node.fields, field.key: value}}})


def _without_part(outline: Outline, node: Node, field: Field, problem: Problem) -> Edits:
    edit = without_part(outline.text, node, field, problem.start)
    return checked(outline, (edit,), {node.line: {"fields": fields_after(outline, node, edit)}})


def _without_field(outline: Outline, node: Node, field: Field) -> Edits:
    edit = without_field(outline.text, node, field)
    return checked(outline, (edit,), {node.line: {"fields": fields_after(outline, node, edit)}})


def _of_front_matter(outline: Outline, problem: Problem) -> Iterator[Fix]:
    written = outline.text.slice(problem.start, problem.end)
    plain_value = written.strip("\"'")
    allowed: tuple[str, ...] = ()
    if problem.start == place_of(outline.text, outline.front_matter, "orchestrator")[0]:
        allowed = (str(FORMAT),)
    for key, values in _ALLOWED.items():
        if problem.start == place_of(outline.text, outline.front_matter, "defaults", key)[0]:
            allowed = values
    near = difflib.get_close_matches(plain_value.lower(), allowed, n=1, cutoff=0.5)
    for choice in allowed:
        yield Fix(
            f"choose:{choice}",
            f"Write {choice}",
            lambda choice=choice: _mended(outline, problem, choice),
            preferred=len(allowed) == 1 or choice in near,
            safe=choice == plain_value.lower() and choice != _ASKED,
        )


def _mended(outline: Outline, problem: Problem, choice: str) -> Edits:
    """In YAML, so it is the front matter that is read back."""
    require_writable(outline)
    edit = TextEdit(problem.start, problem.end, choice)
    after = reparse(outline, [edit])
    left = [
        other
        for other in problems(after)
        if other.code in {Code.BAD_FIELD_VALUE, Code.UNREADABLE_FRONT_MATTER} and other.start == problem.start
    ]
    if left or after.front_matter.problem:
        raise EditRefusedError("This value cannot be written here.", hint="Correct it by hand.")
    return (edit,)


def _short(written: str) -> str:
    return f"“{written[:40]}”"
