"""`orchestrator outline FILE`: the tasks of an outline, for a person or (`--json`) for a program.

The JSON is stable: fields are added, never renamed or removed, and `schema` counts breaking changes. It is described in
docs/reference/cli.md.

Invariant: a status is told in words or by its mark, never by colour alone (test_outline_without_colour).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator.cli import problem_formats
from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.file_editor import read
from orchestrator.cli.surroundings import surroundings
from orchestrator.cli.terminal import Style, Terminal
from orchestrator.model.safe_text import one_line
from orchestrator.model.task import Status
from orchestrator.outline.parse import parse
from orchestrator.outline.problems import Problem, problems
from orchestrator.outline.progress import progress
from orchestrator.outline.tree import Node, Outline, Section, Task

SCHEMA = 1
_SHOWN_PROBLEMS = 20

_WORDS: dict[Status, str] = {
    Status.IN_PROGRESS: "in progress",
    Status.CANCELLED: "cancelled",
    Status.FAILED: "failed",
    Status.ASKING: "waits for an answer",
    Status.OTHER: "unknown mark",
}
"""Said beside the mark; `[ ]` and `[x]` speak for themselves."""
_STYLES: dict[Status, Style] = {
    Status.COMPLETED: "faint",
    Status.CANCELLED: "faint",
    Status.FAILED: "removed",
    Status.ASKING: "warning",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="an outline: Markdown with task items")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    path: Path = arguments.file
    settings = surroundings(arguments, terminal, path).configuration.settings
    outline = parse(read(path, settings.outline.max_bytes).text)
    found = problems(outline)
    if arguments.json:
        terminal.result(json.dumps(as_json(path, outline, found), indent=2))
        return ExitCode.OK
    _show(terminal, path, outline, found)
    return ExitCode.OK


def as_json(path: Path, outline: Outline, found: Sequence[Problem]) -> dict[str, Any]:
    done, total = _progress_of_all(outline)
    return {
        "schema": SCHEMA,
        "file": str(path),
        "progress": {"done": done, "total": total},
        "nodes": [_node_as_json(node) for node in outline.nodes],
        "problems": [problem_formats.as_json(outline.text, problem) for problem in found],
    }


def _node_as_json(node: Node) -> dict[str, Any]:
    common: dict[str, Any] = {"title": node.title, "line": node.line + 1, "fields": dict(node.fields)}
    children = [_node_as_json(child) for child in node.children]
    if isinstance(node, Section):
        return {"kind": "section", **common, "level": node.level, "children": children}
    done, total = progress(node)
    return {
        "kind": "task",
        **common,
        "id": node.task_id,
        "status": node.status.value,
        "mark": node.mark,
        "ordered": node.ordered,
        "description": node.description,
        "acceptance": node.acceptance,
        "result": node.result,
        "progress": {"done": done, "total": total} if total else None,
        "children": children,
    }


def _show(terminal: Terminal, path: Path, outline: Outline, found: Sequence[Problem]) -> None:
    name = one_line(str(path))
    done, total = _progress_of_all(outline)
    counted = f"{done} of {total} done" if total else "no task; write one as `- [ ] What is to be done`"
    wrong = f", {len(found)} problem{'s' if len(found) != 1 else ''}" if found else ""
    terminal.result(f"{name}: {counted}{wrong}", "strong")
    last_line = max((node.line for node in outline.walk()), default=0) + 1
    _show_nodes(terminal, outline.nodes, 1, len(str(last_line)))
    for problem in found[:_SHOWN_PROBLEMS]:
        terminal.result(problem_formats.as_line(str(path), outline.text, problem), "warning")
    if len(found) > _SHOWN_PROBLEMS:
        terminal.result(f"and {len(found) - _SHOWN_PROBLEMS:,} more problems; --json has all of them", "warning")


def _show_nodes(terminal: Terminal, nodes: Sequence[Node], depth: int, digits: int) -> None:
    number = 0
    for node in nodes:
        margin = f"{node.line + 1:>{digits + 2}}{'  ' * depth}"
        if isinstance(node, Section):
            terminal.result(f"{margin}{one_line(node.title)}", "strong")
        else:
            number += 1
            marker = f"{number}." if node.ordered else "-"
            terminal.result(f"{margin}{marker} {_describe(node)}", _STYLES.get(node.status))
        _show_nodes(terminal, node.children, depth + 1, digits)


def _describe(task: Task) -> str:
    parts = [f"[{one_line(task.mark)}] {one_line(task.title) or '(no title)'}"]
    if task.task_id is not None:
        parts.append(f"^{one_line(task.task_id)}")
    done, total = progress(task)
    if total:
        parts.append(f"{done}/{total}")
    if word := _WORDS.get(task.status, ""):
        reason = one_line(task.fields.get("reason", ""), 120)
        parts.append(f"({word}: {reason})" if reason else f"({word})")
    return "  ".join(parts)


def _progress_of_all(outline: Outline) -> tuple[int, int]:
    """Of every task; a cancelled one is left out, with everything below it."""
    done = total = 0
    waiting = list(outline.nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Section):
            waiting += node.children
        elif node.status is not Status.CANCELLED:
            below = progress(node)
            done, total = done + below[0] + (node.status is Status.COMPLETED), total + below[1] + 1
    return done, total
