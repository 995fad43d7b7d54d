"""What a new line begins with: the next item of a list, or the indent of its branch.

Apart from `actions`, which a person chooses, because this happens while typing, after the editor has broken the line
already. It adds to the new line, and takes an empty item away when Enter is pressed in it; nothing else is touched, so
numbers behind the new item stay as they are.

Invariant: all tasks that were there have the same titles, in the same places of the tree
(test_enter_moves_no_task).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.outline.edits import TextEdit
from orchestrator.outline.own_text import all_blocks, blocks_of, column_of, outside, runs
from orchestrator.outline.scan import TAB_WIDTH, is_blank
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Outline, Task

_ITEM = re.compile(r"([ \t]*)([-*+]|(\d{1,9})([.)]))([ \t]+|\Z)(\[[^\[\]\\]\](?=[ \t]|\Z))?")
_INTERRUPTS = "#>`~<"
"""Characters with which lines begin that are no paragraph."""
_LARGEST = 999_999_999
"""The largest number of an item in CommonMark."""


@dataclass(frozen=True, slots=True)
class _Item:
    indent: str
    marker: str
    number: str
    """Empty in a bullet list."""
    blanks: str
    """Between the marker and the text."""
    box: bool
    empty: bool
    start: int
    """The column of its marker."""
    column: int
    """The one of its text."""

    def begin(self, step: int) -> str:
        marker = self.marker
        if self.number:
            marker = f"{min(int(self.number) + step, _LARGEST)}{marker[-1]}"
        return f"{self.indent}{marker}{self.blanks or ' '}{'[ ] ' if self.box else ''}"


def after_newline(outline: Outline, offset: int) -> tuple[TextEdit, ...]:
    """Edits for a line that was broken just before `offset`."""
    text = outline.text
    line = text.line_of(offset)
    above = line - 1
    written = text.line(line)
    begin = text.line_start(line)
    if above < outline.front_matter.end_line or not is_blank(written[: max(offset - begin, 0)]):
        return ()
    indent = written[: len(written) - len(written.lstrip(" \t"))]
    rest = written[len(indent) :]
    node = outline.node_at_line(above)
    if is_blank(text.line(above)):
        return _beginning(begin, indent, _indent_of_body(text, node, line))
    if _ITEM.match(rest):
        return ()  # the editor has continued the list itself
    item = _item_at(outline, node, above)
    if item is None:
        return _beginning(begin, indent, _blanks(text.line(above)) if isinstance(node, Task) else None)
    following = _following(text, line, item.column)
    if item.empty and not rest:
        return () if following is not None else _leave(outline, node, item, above, line)
    if following is None:
        return () if _is_lazy(text, line + 1) else _beginning(begin, indent, item.begin(1))
    below = _item_at(outline, outline.node_at_line(following), following)
    # Between an item and what belongs to it: as its first subtask, or as its text.
    return _beginning(begin, indent, below.begin(0) if below and below.box else _blanks(text.line(following)))


def _beginning(begin: int, indent: str, wanted: str | None) -> tuple[TextEdit, ...]:
    if wanted is None or wanted == indent:
        return ()
    if wanted.startswith(indent):
        return (TextEdit(begin + len(indent), begin + len(indent), wanted[len(indent) :]),)
    return (TextEdit(begin, begin + len(indent), wanted),)


def _leave(outline: Outline, node: Node | None, item: _Item, above: int, line: int) -> tuple[TextEdit, ...]:
    """The empty item becomes one of the list around, or nothing. Not where its list goes on: that would move."""
    text = outline.text
    next_column, next_is_item = _next(text, line)
    if next_column > item.start or (next_column == item.start and next_is_item):
        return ()
    outer = _outer(outline, node, above)
    # Text of the task around must not become text of a new one.
    wanted = outer.begin(1) if outer is not None and next_column <= outer.start else ""
    return (TextEdit(text.line_start(above), text.line_end(line), wanted),)


def _outer(outline: Outline, node: Node | None, line: int) -> _Item | None:
    """The task whose list the item is in."""
    if not isinstance(node, Task) or node.line != line:
        return None
    parent = outline.parent(node)
    return _item_of_task(outline.text, parent) if isinstance(parent, Task) and parent.depth == node.depth - 1 else None


def _next(text: Text, line: int) -> tuple[int, bool]:
    """Of the next line with text: its column, and whether it looks like an item; -1 behind the last."""
    below = line + 1
    while below < text.line_count and is_blank(text.line(below)):
        below += 1
    if below >= text.line_count:
        return -1, False
    written = text.line(below)
    return _width(_blanks(written)), _ITEM.match(written) is not None


def _following(text: Text, line: int, column: int) -> int | None:
    """The next line with text, if it belongs to the item whose text starts in this column."""
    below = line + 1
    while below < text.line_count and is_blank(text.line(below)):
        below += 1
    if below < text.line_count and _width(_blanks(text.line(below))) >= column:
        return below
    return None


def _is_lazy(text: Text, line: int) -> bool:
    """Whether the line may go on a paragraph without standing at its indent: a new item would take it."""
    written = text.line(line).lstrip(" \t") if line < text.line_count else ""
    return bool(written) and written[0] not in _INTERRUPTS and _ITEM.match(written) is None


def _indent_of_body(text: Text, node: Node | None, line: int) -> str | None:
    """Behind a blank line: as the text of the task goes on below."""
    if not isinstance(node, Task) or node.end_line <= line:
        return None
    following = _following(text, line, node.content_column)
    if following is None or _ITEM.match(text.line(following)):
        return None
    return _blanks(text.line(following))


def _item_at(outline: Outline, node: Node | None, line: int) -> _Item | None:
    """The item that starts in this line, if Markdown sees one."""
    text = outline.text
    if isinstance(node, Task) and node.line == line:
        return _item_of_task(text, node)
    item = _item(text.line(line))
    if item is None:
        return None
    for start, end in runs(text, node) if node is not None else outside(outline):
        if start <= line < end:
            nested = blocks_of(text, start, end, column_of(node) if node is not None else 0)
            seen = any(block.kind == "item" and start + block.line == line for block in all_blocks(nested))
            return item if seen else None
    return None


def _item_of_task(text: Text, task: Task) -> _Item | None:
    """Also of one that starts behind another item's marker: then blanks stand for what is before it."""
    written, at = text.line(task.line), task.start - text.line_start(task.line)
    before = written[:at].removeprefix("\ufeff")
    indent = before if is_blank(before) else " " * _width(before)
    return _item(indent + written[at:])


def _item(written: str) -> _Item | None:
    match = _ITEM.match(written)
    if match is None:
        return None
    indent, marker, number, _, blanks, box = match.groups()
    start = _width(indent)
    behind = _width(written[: match.end(5)])
    # CommonMark: behind nothing, or behind five blanks and more, the text starts one column after the marker.
    after_marker = start + len(marker) + 1
    column = behind if blanks and behind - after_marker < TAB_WIDTH else after_marker
    return _Item(indent, marker, number or "", blanks, box is not None, is_blank(written[match.end() :]), start, column)


def _blanks(written: str) -> str:
    return written[: len(written) - len(written.lstrip(" \t"))]


def _width(written: str) -> int:
    column = 0
    for character in written:
        column += TAB_WIDTH - column % TAB_WIDTH if character == "\t" else 1
    return column
