"""The one writer of text that we did not parse: a model's subtasks become Markdown, and nothing else.

Apart from `edits`, which moves text that people wrote, because model text is data: whatever it holds, no status, field,
id, acceptance or task appears that was not planned. Titles are escaped, bodies are in their normal form
(`model_text`), and the result is read back in its place before it is given away.

Invariant: the written outline has exactly the planned children, and all other text as it was
(test_what_a_model_wrote_is_read_back).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from orchestrator.errors import EditRefusedError
from orchestrator.model.task import Plan, PlannedTask, Status
from orchestrator.outline.body import escaped
from orchestrator.outline.edits import TextEdit, apply
from orchestrator.outline.fields import flaw
from orchestrator.outline.inline import escape
from orchestrator.outline.model_text import (
    BODY_DEPTH,
    OTHER_MARKUP,
    acceptance_lines,
    clean_acceptance,
    clean_body,
    clean_title,
    ending,
    list_markup,
    starts_with_text,
)
from orchestrator.outline.parse import parse
from orchestrator.outline.scan import BYTE_ORDER_MARK, MAX_DEPTH, blocks, skip_blanks
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline, Task

DEEPEST = MAX_DEPTH - BODY_DEPTH
"""How deep a subtask may stand, so that the lists of its body still are lists."""

_MARKER = re.compile(r"([-+*])|([0-9]{1,9})([.)])")
_MAX_NUMBER = 999_999_999
_SEPARATOR = "<!-- -->"
"""Between an `Accept:` that has no criteria and a list that must not become them."""


def add_subtasks(
    outline: Outline, task: Task, plan: Plan, new_id: Callable[[], str], *, every_id: bool = False
) -> tuple[TextEdit, ...]:
    """Append the planned subtasks to the task, and give the task an id if it has none.

    `every_id`: each subtask gets one too, not only those that others depend on.

    The edits do not overlap. Raises EditRefusedError where the outline is for a newer version, or nested too deeply.
    """
    if outline.front_matter.newer:
        raise EditRefusedError(
            "This outline was written for a newer version of Orchestrator, so it is read-only.",
            hint="Update Orchestrator.",
        )
    if task.depth + _levels(plan) > DEEPEST:
        raise EditRefusedError(
            f"Subtasks cannot stand deeper than {DEEPEST} lists.", hint="Move this task further up, then split it."
        )
    if not plan.tasks:
        return ()
    parent_id = None if task.task_id else new_id()
    group = _prepare(plan, new_id, every_id=every_id)
    for style in _styles(outline, task):
        edits = _edits(outline, task, parent_id, _placed(outline, task, group, style))
        if _reads_back(outline, task, group, edits, changes_body=bool("".join(style.opening))):
            return edits
    raise EditRefusedError(
        "The subtasks cannot be written below this task without changing what it says.",
        hint="Look for a code fence, a comment or an HTML tag that is left open in it, and close that.",
    )


@dataclass(frozen=True, slots=True)
class _Subtask:
    """A planned task in its normal form."""

    title: str
    description: str
    acceptance: str
    fields: tuple[tuple[str, str], ...]
    """Keys and values, as they are written."""
    task_id: str | None
    below: _Group | None


@dataclass(frozen=True, slots=True)
class _Group:
    """The subtasks of one task: one list."""

    subtasks: tuple[_Subtask, ...]
    ordered: bool


@dataclass(frozen=True, slots=True)
class _Style:
    """One of the ways to write the same subtasks. The plain one nearly always does."""

    opening: tuple[str, ...] = ()
    """Lines before the list: an empty one where it would not be a list otherwise, or the end of an open block."""
    other_marker: bool = False
    """Where the plain marker would continue a list of criteria."""
    closing: bool = False
    """An empty line after the list, where the text behind it would be drawn into it."""
    own_indent: bool = False
    """Not where the list of subtasks stands: an item of text behind it may have taken that column."""
    spaced: bool = False
    """An empty line before each part of a subtask."""


def _levels(plan: Plan) -> int:
    return 1 + max((_levels(task.plan) for task in plan.tasks if task.plan and task.plan.tasks), default=0)


def _prepare(plan: Plan, new_id: Callable[[], str], *, every_id: bool) -> _Group:
    """Clean all text, and give ids to those that others depend on. Dependencies on later siblings are left out."""
    dependencies = [tuple(dict.fromkeys(i for i in t.depends_on if 0 <= i < n)) for n, t in enumerate(plan.tasks)]
    referenced = {index for indexes in dependencies for index in indexes}
    ids: list[str | None] = []
    subtasks: list[_Subtask] = []
    for index, planned in enumerate(plan.tasks):
        ids.append(new_id() if index in referenced or every_id else None)
        below = _prepare(planned.plan, new_id, every_id=every_id) if planned.plan and planned.plan.tasks else None
        subtasks.append(
            _Subtask(
                clean_title(planned.title),
                clean_body(planned.description),
                clean_acceptance(planned.acceptance),
                _fields(planned, [task_id for other in dependencies[index] if (task_id := ids[other])]),
                ids[index],
                below,
            )
        )
    return _Group(tuple(subtasks), plan.ordered)


def _fields(planned: PlannedTask, depends_on: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """From validated structure only: a value that is not allowed is left out."""
    values = (("mode", planned.mode), ("dependsOn", ", ".join(depends_on)), ("executor", planned.executor))
    return tuple((key, value) for key, value in values if value and flaw(key, value) is None)


def _styles(outline: Outline, task: Task) -> Iterator[_Style]:
    yield _Style()
    openings: list[tuple[str, ...]] = [(), ("",)]
    closing = _closing_line(outline, task)
    if closing:
        openings += (closing,), (closing, "")
    openings.append(("", _SEPARATOR, ""))
    no_yes = (False, True)
    for spaced, own_indent, opening, other_marker, closing_blank in product(no_yes, no_yes, openings, no_yes, no_yes):
        yield _Style(opening, other_marker, closing_blank, own_indent, spaced)


def _closing_line(outline: Outline, task: Task) -> str:
    """What would close the last block of the task's own body, should that be open."""
    branch = markers(task.content_column) + outline.text.slice(task.mark_span[0] - 1, _end(outline, task))
    block = blocks(branch)[0]
    while block.kind == "list" or block.children[0].kind == "list":
        block = block.children[-1] if block.kind == "list" else block.children[0]
    last = block.children[-1]
    return ending(last, Text(branch).line(last.line))


def _placed(outline: Outline, task: Task, group: _Group, style: _Style) -> list[str]:
    """The lines to insert behind the task's branch."""
    indent, markup, number, step = _list_to_continue(outline, task, group.ordered)
    if style.own_indent:
        indent = _own_indent(outline, task)
    if style.other_marker:
        markup, number, step = OTHER_MARKUP[markup], 1, 1
    opening = [line and indent + line for line in style.opening]
    return [
        *opening,
        *_rendered(group, indent, markup, style, number, step),
        *([""] if style.closing else []),
    ]


def _list_to_continue(outline: Outline, task: Task, ordered: bool) -> tuple[str, str, int, int]:
    """(indent, markup, first number, step) of the new list: as in the last list of subtasks, if there is one."""
    string = outline.text.string
    direct = [child for child in task.children if child.depth == task.depth + 1]
    if direct and direct[-1].ordered == ordered:
        last = direct[-1]
        indent = string[outline.text.line_start(last.line) : last.start]
        markup, number = _marker_at(string, last)
        same_list = [child for child in direct if child.list_line == last.list_line]
        repeated = len(same_list) > 1 and _marker_at(string, same_list[-2])[1] == number
        step = 0 if repeated else 1
        return indent, markup, min(number + step, _MAX_NUMBER), step
    markup, _ = _marker_at(string, task)
    if (markup in {".", ")"}) != ordered:
        markup = "." if ordered else "-"
    if not direct:
        return _own_indent(outline, task), markup, 1, 1
    return string[outline.text.line_start(direct[-1].line) : direct[-1].start], markup, 1, 1


def _own_indent(outline: Outline, task: Task) -> str:
    """The task's own leading blanks and tabs, and blanks up to where its text starts."""
    line = outline.text.line(task.line).removeprefix(BYTE_ORDER_MARK)
    blanks, column = skip_blanks(line, 0, len(line), 0)
    return line[:blanks] + " " * (task.content_column - column)


def _marker_at(string: str, task: Task) -> tuple[str, int]:
    match = _MARKER.match(string, task.start)
    assert match is not None, "a task starts at its list marker"
    return (match.group(1), 1) if match.group(1) else (match.group(3), int(match.group(2)))


def _rendered(group: _Group, indent: str, markup: str, style: _Style, number: int = 1, step: int = 1) -> Iterator[str]:
    for index, subtask in enumerate(group.subtasks):
        marker = f"{min(number + index * step, _MAX_NUMBER)}{markup}" if group.ordered else markup
        yield indent + f"{marker} [ ]" + _first_line(subtask)
        inner = indent + " " * (len(marker) + 1)
        body = list(_body(subtask, style))
        yield from (line and inner + line for line in body)
        if subtask.below:
            below = "." if subtask.below.ordered else "-"
            if list_markup(subtask.acceptance) == below:
                below = OTHER_MARKUP[below]
            if style.spaced:
                yield ""
            yield from _rendered(subtask.below, inner, below, style)


def _first_line(subtask: _Subtask) -> str:
    title = f" {escape(subtask.title)}" if subtask.title else ""
    fields = "".join(f"  [{key}:: {value}]" for key, value in subtask.fields)
    task_id = f"  ^{subtask.task_id}" if subtask.task_id else ""
    return title + fields + task_id


def _body(subtask: _Subtask, style: _Style) -> Iterator[str]:
    if subtask.description:
        if style.spaced or not starts_with_text(subtask.description):
            yield ""
        yield from escaped(subtask.description).split("\n")
    if subtask.acceptance:
        if style.spaced or subtask.description:
            yield ""
        yield from acceptance_lines(subtask.acceptance)


def _edits(outline: Outline, task: Task, parent_id: str | None, lines: Sequence[str]) -> tuple[TextEdit, ...]:
    text, newline = outline.text, outline.text.newline
    end = _end(outline, task)
    insertion = newline + newline.join(lines)
    if parent_id is None:
        return (TextEdit(end, end, insertion),)
    first_line_end = text.line_start(task.line) + len(text.line(task.line).rstrip(" \t"))
    if first_line_end == end:
        return (TextEdit(end, end, f"  ^{parent_id}{insertion}"),)
    return (TextEdit(first_line_end, first_line_end, f"  ^{parent_id}"), TextEdit(end, end, insertion))


def _end(outline: Outline, task: Task) -> int:
    """Where the task's branch ends, before its last line break."""
    return outline.text.line_end(task.end_line - 1)


def _reads_back(outline: Outline, task: Task, group: _Group, edits: Sequence[TextEdit], *, changes_body: bool) -> bool:
    """Read the edited branch, and the line behind it, and compare. Not the document: that may be long."""
    text = outline.text
    start, end = task.mark_span[0] - 1, _end(outline, task)
    here = [TextEdit(edit.start - start, edit.end - start, edit.text) for edit in edits]
    branch = markers(task.content_column) + apply(text.slice(start, end), here)
    end_line = Text(branch).line_count
    if task.end_line < text.line_count:
        branch += text.newline + text.line(task.end_line)
    parent = parse(branch).task_at_line(0)
    if parent is None:
        return False
    old, new = parent.children[: len(task.children)], parent.children[len(task.children) :]
    return (
        parent.title == task.title
        and parent.end_line <= end_line
        and (changes_body or said(parent) == said(task))
        and len(old) == len(task.children)
        and all(_same(first, second) for first, second in zip(old, task.children, strict=True))
        and _is_written(new, group)
    )


def markers(column: int) -> str:
    """List markers after which an item's text starts at this column, as it does in the document."""
    widest = 14
    count = -(-column // widest)
    widths = [column // count + (index < column % count) for index in range(count)]
    return "".join("- " if width == 2 else "1" * max(width - 5, 1) + "." + " " * min(width - 2, 4) for width in widths)


def _is_written(tasks: Sequence[Task], group: _Group) -> bool:
    return len(tasks) == len(group.subtasks) and all(
        _is_subtask(task, subtask, group.ordered) for task, subtask in zip(tasks, group.subtasks, strict=True)
    )


def _is_subtask(task: Task, subtask: _Subtask, ordered: bool) -> bool:
    below = _is_written(task.children, subtask.below) if subtask.below else not task.children
    return (
        below
        and task.title == subtask.title
        and task.status is Status.PENDING
        and task.ordered == ordered
        and dict(task.fields) == dict(subtask.fields)
        and task.task_id == subtask.task_id
        and said(task) == (subtask.description, subtask.acceptance, None)
    )


def said(task: Task) -> tuple[str, str, str | None]:
    return task.description, task.acceptance, task.result


def _same(first: Task, second: Task) -> bool:
    return (
        (first.title, first.mark, first.task_id, *said(first))
        == (second.title, second.mark, second.task_id, *said(second))
        and len(first.children) == len(second.children)
        and all(_same(*pair) for pair in zip(first.children, second.children, strict=True))
    )


__all__ = ["add_subtasks", "clean_acceptance", "clean_body", "clean_title", "markers", "said"]
