"""Taking the lines of tasks out of the text and putting them in elsewhere.

Apart from `indent`, which knows columns, because this knows lines: which blank lines go along, which line break joins.
A line break is never made where one was taken away, so a document keeps its own, also a missing last one.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.outline.actions.chosen import after, before, continues
from orchestrator.outline.actions.indent import Slot, written
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.scan import is_blank, start_of
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline, Task


def block_of(text: Text, tasks: Sequence[Task], slots: Sequence[Slot]) -> str:
    """Neighbours as they are in other slots, with the blank lines between them, without the last line break."""
    parts: list[str] = []
    for index, (task, slot) in enumerate(zip(tasks, slots, strict=True)):
        if index:
            parts.append(text.slice(text.line_end(tasks[index - 1].end_line - 1), start_of(text, task.line)))
        parts.append(written(text, task, slot))
    return "".join(parts)


def removal(text: Text, first: int, end: int) -> TextEdit:
    """Takes lines out, with the blank lines before them where blank ones, or nothing, follow."""
    follows = end < text.line_count and not is_blank(text.line(end))
    above = line_above(text, first)
    if follows or above is None:
        until = end
        while above is None and until < text.line_count and is_blank(text.line(until)):
            until += 1
        return TextEdit(start_of(text, first), start_of(text, until), "")
    return TextEdit(text.line_end(above), text.line_end(end - 1), "")


def line_above(text: Text, line: int) -> int | None:
    """The nearest line above that is not blank."""
    above = line - 1
    while above >= 0 and is_blank(text.slice(start_of(text, above), text.line_end(above))):
        above -= 1
    return above if above >= 0 else None


def gaps(outline: Outline, *tasks: Task | None) -> tuple[int, int]:
    """How many blank lines to try between new lines and a list: as the first list of these that shows it."""
    for task in tasks:
        loose = None if task is None else _is_loose(outline, task)
        if loose is not None:
            return (1, 0) if loose else (0, 1)
    return (0, 1)


def _is_loose(outline: Outline, task: Task) -> bool | None:
    """Whether a blank line stands between it and its neighbour in the list; None where it is alone."""
    behind, above = after(outline, task), before(outline, task)
    if behind is not None and continues(task, behind):
        first = task
    elif above is not None and continues(above, task):
        first = above
    else:
        return None
    return first.end_line < outline.text.line_count and is_blank(outline.text.line(first.end_line))


def newline_of(text: Text, line: int) -> str:
    """The line break that ends this line; for the last line the document's."""
    end = text.line_end(line)
    following = text.line_start(line + 1) if line + 1 < text.line_count else end
    return text.slice(end, following) or text.newline


def insertion_behind(text: Text, line: int, content: str, gap: int = 0) -> TextEdit:
    """New lines behind this one, after `gap` blank ones."""
    offset = text.line_end(line)
    return TextEdit(offset, offset, newline_of(text, line) * (gap + 1) + content)


def insertion_before(text: Text, line: int, content: str, gap: int = 0) -> TextEdit:
    """New lines before this one, with `gap` blank ones between."""
    offset = start_of(text, line)
    return TextEdit(offset, offset, content + newline_of(text, line) * (gap + 1))
