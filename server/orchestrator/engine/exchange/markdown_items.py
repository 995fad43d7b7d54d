"""Lists in a foreign Markdown text: which items are tasks, what belongs to each, and what stands between them.

Apart from the outline's own parser, which reads our format: here no field, id or acceptance has a meaning, check boxes
may have a star behind them (Kiro's optional tasks), and in a text without any check box every item is a task.

Invariant: every line that is not blank is part of an item, a heading or a text (test_no_line_of_a_list_is_lost).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from orchestrator.model.portable import PortableOutline, PortableSection, PortableTask
from orchestrator.outline.front_matter import front_matter
from orchestrator.outline.inline import plain
from orchestrator.outline.scan import Block, Place, blocks, first_paragraph, is_blank, place_of, strip_columns
from orchestrator.outline.text import Text

_BOX = re.compile(r"\[([^\[\]\\\r\n])\](\*?)(?=[ \t]|\Z)[ \t]*")
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]*|[ \t]+#+[ \t]*\Z")


@dataclass(frozen=True, slots=True)
class Item:
    line: int
    """From 0, in the whole text."""
    ordered: bool
    new_list: bool
    mark: str
    starred: bool
    """Its check box has a star behind it."""
    title: str
    """Plain text: the rest of its first line."""
    body: str
    """Markdown: what is below that line and in no task."""
    children: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with what stands below it, up to the next one of any level; the first part has none."""

    level: int
    title: str
    text: str
    items: tuple[Item, ...]


def parts_of(string: str) -> list[Part]:
    """In order."""
    text = Text(string)
    start = front_matter(text).end_line
    lines = [text.line(line) for line in range(start, text.line_count)]
    return _Reader(Text("\n".join(lines)), start).parts()


def walk(items: Sequence[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from walk(item.children)


def nested(parts: Sequence[Part], tasks_of: dict[int, tuple[PortableTask, ...]], front: str) -> PortableOutline:
    """Parts as an outline: `tasks_of` has the tasks of each by its index."""
    first, *others = parts
    sections: list[PortableSection] = []
    open_at: list[list[PortableSection]] = [sections]
    levels = [0]
    for index, part in enumerate(others, 1):
        section = PortableSection(part.title, part.level, (), part.text, tasks_of.get(index, ()))
        while levels[-1] >= part.level:
            _close(open_at, levels)
        open_at[-1].append(section)
        open_at.append([])
        levels.append(part.level)
    while len(levels) > 1:
        _close(open_at, levels)
    return PortableOutline(front, first.text, tasks_of.get(0, ()), tuple(sections))


def _close(open_at: list[list[PortableSection]], levels: list[int]) -> None:
    below = open_at.pop()
    levels.pop()
    if below:
        open_at[-1][-1] = replace(open_at[-1][-1], sections=tuple(below))


class _Reader:
    def __init__(self, text: Text, shift: int) -> None:
        self._text = text
        self._shift = shift
        self._document = blocks(text.string)
        self._boxed: dict[int, bool] = {}
        """By line of the item: whether it or one below it has a check box."""
        found = [self._has_box(block, None) for block in self._document if block.kind == "list"]
        self._all = not any(found)

    def parts(self) -> list[Part]:
        found: list[Part] = []
        level, title, start = 0, "", 0
        claimed: list[tuple[int, int]] = []
        items: list[Item] = []

        def close(end: int) -> None:
            found.append(Part(level, title, self._left(start, end, 0, claimed), tuple(items)))
            claimed.clear()
            items.clear()

        for block in self._document:
            if block.kind == "heading":
                close(block.line)
                level, title, start = block.level, self._heading(block), block.end_line
            elif block.kind == "list":
                items += self._items(block, None, claimed, bool(items))
        close(self._text.line_count)
        return found

    def _heading(self, block: Block) -> str:
        lines = [self._text.line(line) for line in range(block.line, block.end_line)]
        if block.markup in {"=", "-"}:
            return plain(" ".join(line.strip() for line in lines[:-1]))
        return plain(_HEADING.sub("", lines[0]).strip())

    def _has_box(self, block: Block, origin: Place | None) -> bool:
        found = False
        for item in block.children:
            place = place_of(self._text, item, origin if item.line == block.line else None)
            own = first_paragraph(item) is not None and self._box(item, place) is not None
            for child in item.children:
                if child.kind == "list":
                    own = self._has_box(child, place if child.line == item.line else None) or own
            self._boxed[item.line] = own or self._boxed.get(item.line, False)
            found = found or own
        return found

    def _box(self, item: Block, place: Place) -> re.Match[str] | None:
        return _BOX.match(self._text.string, place.content, self._text.line_end(item.line))

    def _items(
        self, block: Block, origin: Place | None, claimed: list[tuple[int, int]], follows: bool
    ) -> Iterator[Item]:
        """The tasks of a list. Their lines go to `claimed`, for whoever wants what is left."""
        begins = follows
        for item in block.children:
            place = place_of(self._text, item, origin if item.line == block.line else None)
            if not (self._all or self._boxed.get(item.line, False)):
                continue
            yield self._item(block, item, place, begins)
            begins = False
            claimed.append((item.line, item.end_line))

    def _item(self, block: Block, item: Block, place: Place, begins: bool) -> Item:
        text = self._text
        inside: list[tuple[int, int]] = []
        children: list[Item] = []
        for child in item.children:
            if child.kind == "list":
                children += self._items(child, place if child.line == item.line else None, inside, bool(children))
        box = self._box(item, place) if first_paragraph(item) is not None else None
        line_end = text.line_end(item.line)
        on_first_line = any(child.line == item.line for child in item.children if child.kind == "list")
        first = text.string[box.end() if box else place.content : line_end]
        return Item(
            line=item.line + self._shift,
            ordered=block.ordered,
            new_list=begins,
            mark=box.group(1) if box else " ",
            starred=bool(box and box.group(2)),
            title="" if on_first_line else plain(first.strip()),
            body=self._left(item.line + 1, item.end_line, place.content_column, inside),
            children=tuple(children),
        )

    def _left(self, start: int, end: int, column: int, claimed: Sequence[tuple[int, int]]) -> str:
        """The lines that nobody claimed; where something was taken out of them an empty one."""
        kept: list[str] = []
        taken = {line for first, last in claimed for line in range(first, last)}
        for line in range(start, min(end, self._text.line_count)):
            if line in taken:
                if kept and kept[-1]:
                    kept.append("")
                continue
            shown = strip_columns(self._text.line(line), column)
            kept.append("" if is_blank(shown) else shown)
        return "\n".join(kept).strip("\n")
