"""What the words of an outline are, so that an editor can colour them: marks, fields, ids, headings, what is over.

Apart from the tree because tokens are pieces of lines. Each node is asked alone, in lines from its own first one, so
that what it answered stays true while text around it changes, and can be remembered. The title of an open task is no
token: the editor's Markdown colours stay.

Invariant: tokens lie in their line, in order, and never overlap (test_tokens_never_overlap).
Invariant: nodes of one kind with the same `lines_of` have the same tokens (test_tokens_depend_on_lines_alone).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum, IntFlag
from typing import NamedTuple

from orchestrator.model.task import Status
from orchestrator.outline import fields
from orchestrator.outline.own_text import blocks_of, column_of, first_body_line, runs
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Section, Task

_ACCEPT = re.compile(r"[ \t]*(Accept:)")
_ACCEPT_OF_LIST = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(Accept:)")
_RESULT = re.compile(r"[ \t]*>[ \t]*(Result:)")


class Kind(IntEnum):
    """In the order of the legend; the names are LSP's, in capitals."""

    NAMESPACE = 0
    """A heading."""
    ENUM_MEMBER = 1
    """A check box; a value that is one of a few."""
    PROPERTY = 2
    """A field's key."""
    LABEL = 3
    """An id, or a name of one."""
    NUMBER = 4
    TYPE = 5
    """A name of a model, executor, prompt or task type."""
    STRING = 6
    """Any other value."""
    COMMENT = 7
    """The title of a task that is over."""
    KEYWORD = 8
    """`Accept:` and `Result:`."""


class Modifier(IntFlag):
    """In the order of the legend."""

    DECLARATION = 1
    READONLY = 2
    """Of a task that is over."""
    DEPRECATED = 4
    """Of a task that was cancelled."""
    DOCUMENTATION = 8


_OF_VALUES = {
    "mode": Kind.ENUM_MEMBER,
    "priority": Kind.ENUM_MEMBER,
    "dependsOn": Kind.LABEL,
    "budget": Kind.NUMBER,
    "model": Kind.TYPE,
    "executor": Kind.TYPE,
    "prompt": Kind.TYPE,
    "type": Kind.TYPE,
}


class Token(NamedTuple):
    line: int
    start: int
    """Characters from the line's start."""
    end: int
    kind: Kind
    modifiers: int


def lines_of(text: Text, node: Node) -> str:
    """All that the node's tokens depend on, besides its kind: its first line, and its body where that has some."""
    if isinstance(node, Section):
        return "\n".join(map(text.line, range(node.line, first_body_line(text, node))))
    if not node.acceptance and node.result is None:
        return text.line(node.line)
    numbered = (line for start, end in runs(text, node) for line in range(start, end))
    return "\n".join([text.line(node.line), *(f"{line - node.line} {text.line(line)}" for line in numbered)])


def node_tokens(text: Text, node: Node) -> list[Token]:
    """Of its own lines, which count from its first one."""
    first = text.line_start(node.line)
    found = list(_of_heading(text, node) if isinstance(node, Section) else _of_task(node, first))
    if node.fields:
        pieces: list[Token] = []
        for field in fields.places(text, node):
            line = text.line_of(field.start)
            pieces += _of_field(field, line - node.line, text.line_start(line))
            found = list(_without(found, line - node.line, field.start, field.end, text.line_start(line)))
        found += pieces
    if isinstance(node, Task) and (node.acceptance or node.result is not None):
        found += _of_body(text, node)
    found.sort()
    return found


def _of_heading(text: Text, section: Section) -> Iterator[Token]:
    start, end = section.title_span
    for line in range(text.line_of(start), text.line_of(end) + 1):
        at = text.line_start(line)
        begin, stop = max(start, at), min(end, text.line_end(line))
        if begin < stop:
            yield Token(line - section.line, begin - at, stop - at, Kind.NAMESPACE, Modifier.DECLARATION)


def _of_task(task: Task, first: int) -> Iterator[Token]:
    over = 0
    if task.status.settled:
        over = Modifier.READONLY | (Modifier.DEPRECATED if task.status is Status.CANCELLED else 0)
    if task.status is not Status.OTHER:
        yield Token(0, task.mark_span[0] - 1 - first, task.mark_span[1] + 1 - first, Kind.ENUM_MEMBER, over)
    if over and task.title_span[0] < task.title_span[1]:
        yield Token(0, task.title_span[0] - first, task.title_span[1] - first, Kind.COMMENT, over)
    if task.id_span is not None:
        yield Token(0, task.id_span[0] - first, task.id_span[1] - first, Kind.LABEL, Modifier.DECLARATION)


def _of_field(field: fields.Field, line: int, at: int) -> Iterator[Token]:
    key = field.start + 1 - at
    yield Token(line, key, key + len(field.key), Kind.PROPERTY, 0)
    kind = _OF_VALUES.get(field.key, Kind.STRING)
    if field.key in {"dependsOn", "files"}:
        for _, start, end in field.parts():
            yield Token(line, start - at, end - at, kind, 0)
    elif field.value_start < field.value_end:
        yield Token(line, field.value_start - at, field.value_end - at, kind, 0)


def _without(found: Iterable[Token], line: int, start: int, end: int, at: int) -> Iterator[Token]:
    """A title with a field in its middle is two tokens."""
    start, end = start - at, end - at
    for token in found:
        if token.line != line or end <= token.start or token.end <= start:
            yield token
            continue
        if token.start < start:
            yield token._replace(end=start)
        if end < token.end:
            yield token._replace(start=end)


def _of_body(text: Text, task: Task) -> Iterator[Token]:
    for start, end in runs(text, task):
        if not any("Accept:" in line or "Result:" in line for line in map(text.line, range(start, end))):
            continue
        for block in blocks_of(text, start, end, column_of(task)):
            lines = range(start + block.line, min(start + block.end_line, end))
            if block.kind == "paragraph":
                found = ((line, _ACCEPT.match(text.line(line))) for line in lines)
            elif block.kind == "list":
                found = ((line, _ACCEPT_OF_LIST.match(text.line(line))) for line in lines[:1])
            elif block.kind == "quote":
                found = ((line, _RESULT.match(text.line(line))) for line in lines[:1])
            else:
                continue
            for line, match in found:
                if match:
                    yield Token(line - task.line, *match.span(1), Kind.KEYWORD, Modifier.DOCUMENTATION)
                    break
