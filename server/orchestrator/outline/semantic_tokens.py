"""What the words of an outline are, so that an editor can colour them: marks, fields, ids, headings, what is over.

Apart from the tree because tokens are pieces of lines. Each segment is asked alone, in lines from its own first one, so
that what it answered stays true for as long as there is this segment. The title of an open task is no token: the
editor's Markdown colours stay.

Invariant: tokens lie in their line, in order, and never overlap (test_tokens_never_overlap).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum, IntFlag
from typing import NamedTuple

from orchestrator.model.task import Status
from orchestrator.outline import fields
from orchestrator.outline.own_text import Piece, blocks_of
from orchestrator.outline.segments import Kind
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Outline, Section, Task

_ACCEPT = re.compile(r"[ \t]*(Accept:)")
_ACCEPT_OF_LIST = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(Accept:)")
_RESULT = re.compile(r"[ \t]*>[ \t]*(Result:)")


class Word(IntEnum):
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
    "mode": Word.ENUM_MEMBER,
    "priority": Word.ENUM_MEMBER,
    "dependsOn": Word.LABEL,
    "budget": Word.NUMBER,
    "model": Word.TYPE,
    "executor": Word.TYPE,
    "prompt": Word.TYPE,
    "type": Word.TYPE,
}


class Token(NamedTuple):
    line: int
    start: int
    """Characters from the line's start."""
    end: int
    kind: Word
    modifiers: int


def tokens_of(outline: Outline, piece: Piece) -> list[Token]:
    """Of one segment; lines count from its first one."""
    text = outline.text
    found: list[Token] = []
    if piece.segment.shape.kind is not Kind.TEXT:
        found = _of_first_lines(text, outline.node(piece.number))
    if piece.column and piece.body < piece.end:
        found += _of_body(text, piece)
    return found


def _of_first_lines(text: Text, node: Node) -> list[Token]:
    first = text.line_start(node.line)
    found = list(_of_heading(text, node) if isinstance(node, Section) else _of_task(node, first))
    if node.fields:
        pieces: list[Token] = []
        for field in fields.places(text, node):
            line = text.line_of(field.start)
            pieces += _of_field(field, line - node.line, text.line_start(line))
            found = list(_without(found, line - node.line, field.start, field.end, text.line_start(line)))
        found += pieces
    found.sort()
    return found


def _of_heading(text: Text, section: Section) -> Iterator[Token]:
    start, end = section.title_span
    for line in range(text.line_of(start), text.line_of(end) + 1):
        at = text.line_start(line)
        begin, stop = max(start, at), min(end, text.line_end(line))
        if begin < stop:
            yield Token(line - section.line, begin - at, stop - at, Word.NAMESPACE, Modifier.DECLARATION)


def _of_task(task: Task, first: int) -> Iterator[Token]:
    over = 0
    if task.status.settled:
        over = Modifier.READONLY | (Modifier.DEPRECATED if task.status is Status.CANCELLED else 0)
    if task.status is not Status.OTHER:
        yield Token(0, task.mark_span[0] - 1 - first, task.mark_span[1] + 1 - first, Word.ENUM_MEMBER, over)
    if over and task.title_span[0] < task.title_span[1]:
        yield Token(0, task.title_span[0] - first, task.title_span[1] - first, Word.COMMENT, over)
    if task.id_span is not None:
        yield Token(0, task.id_span[0] - first, task.id_span[1] - first, Word.LABEL, Modifier.DECLARATION)


def _of_field(field: fields.Field, line: int, at: int) -> Iterator[Token]:
    key = field.start + 1 - at
    yield Token(line, key, key + len(field.key), Word.PROPERTY, 0)
    kind = _OF_VALUES.get(field.key, Word.STRING)
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


def _of_body(text: Text, piece: Piece) -> Iterator[Token]:
    """In a task's own text. Most lines have none of the words, and then Markdown is not asked."""
    start, end = piece.body, piece.end
    if not any("Accept:" in line or "Result:" in line for line in map(text.line, range(start, end))):
        return
    for block in blocks_of(text, start, end, piece.column):
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
                yield Token(line - piece.line, *match.span(1), Word.KEYWORD, Modifier.DOCUMENTATION)
                break
