"""New lines for a task: a subtask, a sibling, an acceptance; and lines of its body made into a subtask."""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrator.errors import EditRefusedError
from orchestrator.outline.actions.chosen import before
from orchestrator.outline.actions.indent import (
    Slot,
    child_slot,
    columns,
    indent_of,
    marker_of,
    slot_behind,
)
from orchestrator.outline.actions.intent import (
    Row,
    branch_end,
    changed,
    fits,
    index_of,
    new_row,
    refusal,
    require_writable,
    rows,
)
from orchestrator.outline.actions.relocate import gaps, insertion_behind, newline_of, removal
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.inline import escape, read_line
from orchestrator.outline.model_text import clean_title
from orchestrator.outline.parse import parse
from orchestrator.outline.scan import is_blank, start_of, strip_columns
from orchestrator.outline.tree import Outline, Task

_ITEM = re.compile(r"(?:[-+*]|[0-9]{1,9}[.)])[ \t]+(?:\[[^\[\]\\\r\n]\][ \t]+)?")


def add_subtask(outline: Outline, task: Task, title: str = "") -> tuple[TextEdit, ...]:
    """As its last one."""
    slot = child_slot(outline, task, marker_of(outline.text, task))
    tries = gaps(outline, task.children[-1] if task.children else None)
    return _added(outline, task, slot, title, 1, tries)


def add_sibling(outline: Outline, task: Task, title: str = "") -> tuple[TextEdit, ...]:
    """Behind its branch, in its list."""
    other = before(outline, task)
    slot = slot_behind(outline.text, [task] if other is None else [other, task])
    slot = Slot(indent_of(outline.text, task), slot.marker)
    return _added(outline, task, slot, title, 0, gaps(outline, task))


def add_acceptance(outline: Outline, task: Task, text: str = "") -> tuple[TextEdit, ...]:
    """A paragraph behind the task's own text. Empty, it is there to be filled in."""
    require_writable(outline)
    if task.acceptance:
        raise EditRefusedError("This task has an acceptance already.", hint="Change that one.")
    told = clean_title(text)
    indent = indent_of(outline.text, task)
    indent += " " * (task.content_column - columns(indent))
    expected = changed(rows(outline, task), {task.line: {"acceptance": told}})
    line = f"{indent}Accept: {told}"
    above, last = _last_line_before_children(outline, task), task.end_line - 1
    for at, over, under in ((above, 0, 0), (above, 1, 0), (above, 0, 1), (above, 1, 1), (last, 1, 0)):
        content = line + newline_of(outline.text, at) * under
        edit = insertion_behind(outline.text, at, content, over)
        if fits(outline, [edit], expected, near=[task]):
            return (edit,)
    raise refusal()


def extract(outline: Outline, first: int, last: int) -> tuple[TextEdit, ...]:
    """Lines of a task's own body become its last subtask: the first line its title, the others its body.

    Raises EditRefusedError where the lines are not of one task's body alone.
    """
    require_writable(outline)
    text = outline.text
    first, last = max(min(first, last), 0), min(max(first, last), text.line_count - 1)
    while first < last and is_blank(text.line(first)):
        first += 1
    while last > first and is_blank(text.line(last)):
        last -= 1
    task = outline.task_at_line(first) if first < text.line_count else None
    own = (
        task is not None
        and first > task.line
        and not any(child.line <= last and first < child.end_line for child in task.children)
    )
    if task is None or not own or last >= task.end_line or is_blank(text.line(first)):
        raise EditRefusedError(
            "These are not lines of one task's own text.", hint="Select lines below a task, without its subtasks."
        )
    lines = [strip_columns(text.line(line), task.content_column) for line in range(first, last + 1)]
    item = _ITEM.match(lines[0])
    width = len(item.group()) if item else 0
    title, body = lines[0][width:].strip(" \t"), [strip_columns(line, width) for line in lines[1:]]
    slot = child_slot(outline, task, "-")
    if item and item.group()[0] in "-+*" and not task.children:
        slot = slot.with_marker(item.group()[0])
    tree = rows(outline, task)
    index = index_of(tree, task)
    depth, end = tree[index].depth + 1, branch_end(tree, index)
    kept = _without(task.description, [line for line in lines if not is_blank(line)])
    if kept is None:
        raise EditRefusedError(
            "These lines are an acceptance or a result.", hint="Select lines of the task's description."
        )
    taken = removal(text, first, last + 1)
    for place in (slot, slot.of_another_list()):
        new = _extracted(title, body, depth, ordered=place.ordered)
        expected: list[Row] = [*tree[:end], *new, *tree[end:]]
        expected[index] = Row(tree[index].depth, task, {"description": kept}, loosely=True)
        inner = place.indent + " " * (len(place.marker) + 1)
        shown = [f"{place.indent}{place.marker} [ ] {title}", *(line and inner + line for line in body)]
        newline = text.newline
        # The lines may be the last ones of the task: then what is put in replaces them.
        for gap in (0, 1):
            content = newline.join(shown)
            if last == task.end_line - 1:
                edits = [TextEdit(start_of(text, first), text.line_end(last), newline * gap + content)]
            else:
                edits = [taken, insertion_behind(text, task.end_line - 1, content, gap)]
            if fits(outline, edits, expected, near=[task]):
                return tuple(edits)
    raise refusal()


def _added(
    outline: Outline, task: Task, slot: Slot, title: str, below: int, tries: tuple[int, int]
) -> tuple[TextEdit, ...]:
    """Behind the task's branch, so many levels below the task."""
    require_writable(outline)
    tree = rows(outline, task)
    depth = tree[0].depth + below
    told = clean_title(title)
    for place in (slot, slot.of_another_list()):
        row = new_row(depth, title=told, ordered=slot.ordered)
        expected = [*tree, row]
        content = f"{place.indent}{place.marker} [ ] {escape(told)}"
        for gap in tries:
            edit = insertion_behind(outline.text, task.end_line - 1, content, gap)
            if fits(outline, [edit], expected, near=[task]):
                return (edit,)
    raise refusal()


def _last_line_before_children(outline: Outline, task: Task) -> int:
    end = task.children[0].line if task.children else task.end_line
    while end > task.line + 1 and is_blank(outline.text.line(end - 1)):
        end -= 1
    return end - 1


def _extracted(title: str, body: Sequence[str], depth: int, *, ordered: bool) -> list[Row]:
    """The rows of the new subtask, as it reads by itself."""
    line = read_line(" " + title, 0, len(title) + 1, with_id=True)
    alone = parse("\n".join((f"- [ ] {title}", *(text and "  " + text for text in body))))
    found = rows(alone)
    if not found or not isinstance(found[0].node, Task) or found[0].node.title != line.title:
        raise refusal()
    if any(row.depth == 0 for row in found[1:]):
        raise refusal()
    return [
        Row(row.depth + depth, row.node, {"ordered": ordered} if not index else {}) for index, row in enumerate(found)
    ]


def _without(description: str, lines: Sequence[str]) -> str | None:
    """The description without these lines, which follow each other in it; None where they do not."""
    have = [line for line in description.split("\n") if not is_blank(line)]
    for start in range(len(have) - len(lines) + 1):
        if have[start : start + len(lines)] == list(lines):
            return "\n".join([*have[:start], *have[start + len(lines) :]])
    return None
