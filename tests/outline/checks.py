"""What the outline's tests share: an outline as text that stands in a test, and one `check_*` per feature."""

from __future__ import annotations

from itertools import count
from textwrap import dedent

from orchestrator.model.task import Plan
from orchestrator.outline.edits import apply
from orchestrator.outline.parse import parse
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
