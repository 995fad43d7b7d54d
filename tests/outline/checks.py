"""What the outline's tests share: an outline as text that stands in a test, and one `check_*` per feature."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from textwrap import dedent

import pytest

from orchestrator.errors import EditRefusedError, TaskNotFoundError
from orchestrator.model.task import Plan
from orchestrator.outline import actions
from orchestrator.outline.edits import TextEdit, apply
from orchestrator.outline.parse import parse
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Outline, Section, Task
from orchestrator.outline.writer import add_subtasks


def text(source: str) -> str:
    """A document as it is written in a test: indented, with a line break before and after it."""
    return dedent(source).removeprefix("\n")


def show(outline: Outline) -> str:
    """One line for each node, `|` before each line of its description, `accept |`, `result |`."""
    lines: list[str] = []

    def add(node: Node, indent: str) -> None:
        fields = "".join(f" [{key}:: {value}]" for key, value in node.fields.items())
        if isinstance(node, Section):
            lines.append(f"{indent}{'#' * node.level} {node.title}{fields}".rstrip(" "))
        else:
            marker = "1." if node.ordered else "-"
            task_id = f" ^{node.task_id}" if node.task_id else ""
            lines.append(f"{indent}{marker} [{node.mark}] {node.title}{fields}{task_id}".rstrip(" "))
            parts = {"": node.description, "accept ": node.acceptance, "result ": node.result or ""}
            for name, part in parts.items():
                lines.extend(f"{indent}  {name}| {line}".rstrip(" ") for line in part.split("\n") if part)
        for child in node.children:
            add(child, indent + "  ")

    for node in outline.nodes:
        add(node, "")
    return "".join(line + "\n" for line in lines)


def check_parse(source: str, expected: str) -> Outline:
    outline = parse(text(source))
    assert show(outline) == text(expected)
    return outline


def task_of(outline: Outline, title: str) -> Task:
    (task,) = (task for task in outline.tasks() if task.title == title)
    return task


def ids():
    """A source of ids: new1, new2, …"""
    numbers = count(1)
    return lambda: f"new{next(numbers)}"


def check_add(source: str, title: str, plan: Plan, expected: str) -> None:
    """Add the plan below the task with this title."""
    outline = parse(text(source))
    edits = add_subtasks(outline, task_of(outline, title), plan, ids())
    assert apply(outline.text.string, edits) == text(expected)


Edits = tuple[TextEdit, ...]

ACTIONS: dict[str, Callable[..., Edits]] = {
    "set status": actions.set_status,
    "cycle status": actions.cycle_status,
    "set": actions.set_value,
    "promote": actions.promote,
    "demote": actions.demote,
    "move up": lambda outline, tasks: actions.move(outline, tasks, -1),
    "move down": lambda outline, tasks: actions.move(outline, tasks, 1),
    "move": actions.move,
    "sort": actions.sort_by_status,
    "into sequence": lambda outline, tasks: actions.into_sequence(outline, tasks[0]),
    "add subtask": lambda outline, tasks, *title: actions.add_subtask(outline, tasks[0], *title),
    "add sibling": lambda outline, tasks, *title: actions.add_sibling(outline, tasks[0], *title),
    "add acceptance": lambda outline, tasks, *told: actions.add_acceptance(outline, tasks[0], *told),
    "assign ids": lambda outline, tasks: actions.assign_ids(outline, tasks, ids()),
}
"""By the words that a person has for them."""


def marked(source: str) -> tuple[str, int, int]:
    """A document without its marks, and the first and last line of what they select.

    `$0` is the cursor; `$<` and `$>` are the ends of a selection.
    """
    if "$0" in source:
        line = Text(source[: source.index("$0")]).line_count - 1
        return source.replace("$0", ""), line, line
    first = Text(source[: source.index("$<")]).line_count - 1
    last = Text(source[: source.index("$>")]).line_count - 1
    return source.replace("$<", "").replace("$>", ""), first, last


def run_action(action: str, source: str, *arguments: object) -> str:
    """The text after the action on what is marked in the source."""
    source, first, last = marked(source)
    outline = parse(source)
    if action == "extract":
        return apply(source, actions.extract(outline, first, last))
    return apply(source, ACTIONS[action](outline, actions.tasks_in(outline, first, last), *arguments))


def check_action(action: str, source: str, expected: str, *arguments: object) -> None:
    """The marks in `expected`, where there are some, must stand at the same words."""
    source, expected = text(source), text(expected)
    assert run_action(action, source, *arguments) == re.sub(r"\$[0<>]", "", expected)
    for mark in re.findall(r"\$[0<>]", expected):
        assert re.split(r"[\r\n]", expected.split(mark)[1])[0] == re.split(r"[\r\n]", source.split(mark)[1])[0]


def check_refused(action: str, source: str, match: str, *arguments: object) -> None:
    with pytest.raises((EditRefusedError, TaskNotFoundError), match=match):
        run_action(action, text(source), *arguments)
