"""Where a branch stands in its lines, and putting it into another place with everything below it.

Apart from the actions that move branches because columns decide what Markdown means: the lines below a task are its
own only as far as they are indented to its text, and that column depends on the blanks, the marker and the tabs before.

Lines that are indented less (lazy ones) and blank lines stay as they are. Tabs stay tabs where they come out right.

Invariant: a branch that is put into its own place keeps its bytes (test_a_branch_in_its_own_place_is_left_alone).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.errors import EditRefusedError
from orchestrator.outline.actions.chosen import after, before, continues
from orchestrator.outline.edits import TextEdit, apply
from orchestrator.outline.model_text import OTHER_MARKUP
from orchestrator.outline.scan import TAB_WIDTH, is_blank, skip_blanks, start_of
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline, Task

_MARKER = re.compile(r"([-+*])|([0-9]{1,9})([.)])")
_MAX_NUMBER = 999_999_999
_LOOKED_AT = 200
"""Tasks around a place that are looked at for how the person indents."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a task: what stands before its check box, but for the gap behind the marker."""

    indent: str
    """Blanks and tabs."""
    marker: str
    """`-`, `3.` and so on."""

    @property
    def ordered(self) -> bool:
        return self.marker[-1] in ".)"

    def next(self, steps: int = 1) -> Slot:
        """The place `steps` further down the list."""
        if not self.ordered:
            return self
        number = min(max(int(self.marker[:-1]) + steps, 0), _MAX_NUMBER)
        return Slot(self.indent, f"{number}{self.marker[-1]}")

    def with_marker(self, marker: str) -> Slot:
        return Slot(self.indent, marker)

    def of_another_list(self) -> Slot:
        """The same place with a marker that Markdown takes for the start of another list."""
        return self.with_marker(self.marker[:-1] + OTHER_MARKUP[self.marker[-1]])


def slot_of(text: Text, task: Task) -> Slot:
    return Slot(indent_of(text, task), marker_of(text, task))


def marker_of(text: Text, task: Task) -> str:
    match = _MARKER.match(text.string, task.start)
    assert match is not None, "a task starts at its list marker"
    return match.group()


def indent_of(text: Text, task: Task) -> str:
    """What stands before its marker; markers of the lists around it as blanks."""
    return "".join(
        character if character == "\t" else " " for character in text.slice(start_of(text, task.line), task.start)
    )


def stands_alone(text: Text, task: Task) -> bool:
    """Whether only blanks stand before it in its line."""
    return is_blank(text.slice(start_of(text, task.line), task.start))


def require_alone(text: Text, tasks: Sequence[Task]) -> None:
    """Raises EditRefusedError."""
    for task in tasks:
        if not stands_alone(text, task):
            raise EditRefusedError(
                "Another list item starts in the line of this task.", hint="Put the task on a line of its own first."
            )


def columns(blanks: str, column: int = 0) -> int:
    """Where blanks and tabs that start at `column` end."""
    for character in blanks:
        column += 1 if character == " " else TAB_WIDTH - column % TAB_WIDTH
    return column


def put(text: Text, task: Task, slot: Slot) -> tuple[TextEdit, ...]:
    """Edits that put the branch, where it is, into the slot."""
    if slot == slot_of(text, task):
        return ()
    line_start = start_of(text, task.line)
    own = text.slice(line_start, task.start)
    marker = marker_of(text, task)
    gap = text.slice(task.start + len(marker), task.mark_span[0] - 1)
    content = columns(gap, columns(slot.indent) + len(slot.marker))
    edits: list[TextEdit] = []
    if own != slot.indent:
        edits.append(TextEdit(line_start, task.start, slot.indent))
    if marker != slot.marker:
        edits.append(TextEdit(task.start, task.start + len(marker), slot.marker))
    for line in range(task.line + 1, task.end_line):
        edits += _indented(text, line, own, slot.indent, task.content_column, content)
    return tuple(edits)


def written(text: Text, task: Task, slot: Slot) -> str:
    """The lines of the branch as they are in the slot, without the last line break."""
    start, end = start_of(text, task.line), text.line_end(task.end_line - 1)
    here = [TextEdit(edit.start - start, edit.end - start, edit.text) for edit in put(text, task, slot)]
    return apply(text.slice(start, end), here)


def child_slot(outline: Outline, task: Task, marker: str) -> Slot:
    """Where one more subtask would stand: as the last one, else as the document indents, with this marker."""
    text = outline.text
    direct = direct_children(task)
    if direct:
        return slot_behind(text, direct)
    if marker[-1] in ".)":
        marker = "1" + marker[-1]
    return Slot(_deeper(outline, task), marker)


def slot_behind(text: Text, tasks: Sequence[Task]) -> Slot:
    """The place behind the last of these, of which the last ones are of one list."""
    last = slot_of(text, tasks[-1])
    repeated = len(tasks) > 1 and continues(tasks[-2], tasks[-1]) and marker_of(text, tasks[-2]) == last.marker
    return last if repeated else last.next()


def direct_children(task: Task) -> tuple[Task, ...]:
    """Without those below items that are no tasks."""
    return tuple(child for child in task.children if child.depth == task.depth + 1)


def _indented(text: Text, line: int, own: str, indent: str, old_content: int, content: int) -> Iterator[TextEdit]:
    start, end = text.line_start(line), text.line_end(line)
    behind, column = skip_blanks(text.string, start, end, 0)
    if behind == end or column < old_content:
        return
    blanks = text.slice(start, behind)
    wanted = column + content - old_content
    inner = content - old_content - (columns(indent) - columns(own))
    for candidate in _candidates(blanks, own, indent, inner, wanted):
        if columns(candidate) == wanted:
            if candidate != blanks:
                yield TextEdit(start, behind, candidate)
            return


def _candidates(blanks: str, own: str, indent: str, inner: int, wanted: int) -> Iterator[str]:
    """Ways to write an indentation of `wanted` columns, the ones nearest to what was written first."""
    yield blanks
    if blanks.startswith(own):
        rest = blanks[len(own) :]
        if inner >= 0:
            yield indent + " " * inner + rest
        elif rest.startswith(" " * -inner):
            yield indent + rest[-inner:]
    for length in range(len(blanks) + 1):
        yield blanks[length:]
    yield indent + " " * max(wanted - columns(indent), 0)


def _deeper(outline: Outline, task: Task) -> str:
    """An indentation for the first subtask: with the step that the tasks around it use, if that is right here."""
    text = outline.text
    base = indent_of(text, task)
    step = _step(outline, task)
    if step and 0 <= columns(base + step) - task.content_column < TAB_WIDTH:
        return base + step
    return base + " " * (task.content_column - columns(base))


def _step(outline: Outline, task: Task) -> str:
    """What a subtask nearby has more than its parent: a tab or four blanks. Empty where it is what the marker needs."""
    text = outline.text
    for parent, child in _pairs(outline, task):
        outer, inner = indent_of(text, parent), indent_of(text, child)
        if inner.startswith(outer):
            step = inner[len(outer) :]
            return step if step in {"\t", "    "} else ""
    return ""


def _pairs(outline: Outline, task: Task) -> Iterator[tuple[Task, Task]]:
    """Parents and subtasks of them near the place."""
    parent = outline.parent(task)
    if isinstance(parent, Task) and task.depth == parent.depth + 1:
        yield parent, task
    for step in (before, after):
        other = step(outline, task)
        for _ in range(_LOOKED_AT):
            if other is None:
                break
            if direct := direct_children(other):
                yield other, direct[0]
            other = step(outline, other)
