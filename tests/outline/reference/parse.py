"""Read a whole Markdown text as an outline.

Apart from `scan`, which knows Markdown, because this file knows tasks, sections and their conventions:

- A task is a list item whose first block is a paragraph on the item's first line that starts with `[c]`, followed by a
  blank, a tab or the line's end. Items inside a block quote are text; fences, HTML and comments hold no items.
- Its title is the rest of that line. Only headings of the document itself are sections.
- `Accept:` at the start of a line of a paragraph in the task's own body starts its acceptance, up to the
  paragraph's end; with nothing behind the colon the list that follows is its criteria; a list whose first item starts
  with `Accept:` is an acceptance as a whole. Check boxes in it are not tasks.
- A block quote whose first paragraph starts with `Result:` is the result; the last one counts.
- Front matter is cut off before markdown-it looks, and a byte order mark is not part of the first line.

Invariant: every string is an outline (test_every_string_is_an_outline).
Invariant: the cost grows with the text, not faster (test_parse_grows_with_the_text).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType

from orchestrator.model.task import MARKS, Status
from orchestrator.outline.body import MARK, Body, trim_end
from orchestrator.outline.front_matter import front_matter
from orchestrator.outline.inline import Line, read_line
from orchestrator.outline.scan import (
    BYTE_ORDER_MARK,
    Block,
    Place,
    blocks,
    first_paragraph,
    place_of,
    skip_blanks,
    start_of,
)
from orchestrator.outline.text import Text
from tests.outline.reference.tree import Node, Outline, Section, Task

_HASHES = re.compile(r"[ \t]*(#{1,6})")
_CLOSING_HASHES = re.compile(r"(?:(?<=[ \t])|(?<=\A))#+[ \t]*\Z")


def parse(text: str | Text) -> Outline:
    text = text if isinstance(text, Text) else Text(text)
    front = front_matter(text)
    if front.end_line:
        # The same number of lines, so that the line numbers stay.
        hidden = "\n" * front.end_line + text.string[start_of(text, front.end_line) :]
    else:
        hidden = text.string.removeprefix(BYTE_ORDER_MARK)
    return Outline(text, front, _Reader(text).nodes(blocks(hidden)))


@dataclass(slots=True)
class _OpenSection:
    line: int
    start: int
    level: int
    heading: Line
    children: list[Node] = field(default_factory=list[Node])


class _Reader:
    def __init__(self, text: Text) -> None:
        self._text = text

    def nodes(self, document: tuple[Block, ...]) -> tuple[Node, ...]:
        """Sections nest by level, and hold the tasks below their headings."""
        top: list[Node] = []
        open_sections: list[_OpenSection] = []

        def close(level: int, line: int) -> None:
            while open_sections and open_sections[-1].level >= level:
                section = self._section(open_sections.pop(), line)
                (open_sections[-1].children if open_sections else top).append(section)

        for block in document:
            if block.kind == "heading":
                close(block.level, block.line)
                open_sections.append(self._open_section(block))
            elif block.kind == "list":
                tasks = self._tasks(block, depth=1, body=Body(self._text, block.line, 0), origin=None)
                (open_sections[-1].children if open_sections else top).extend(tasks)
        close(1, self._text.line_count)
        return tuple(top)

    def _open_section(self, block: Block) -> _OpenSection:
        text = self._text
        first, line_end = start_of(text, block.line), text.line_end(block.line)
        hashes = None if block.markup in {"=", "-"} else _HASHES.match(text.string, first, line_end)
        if hashes:
            closing = _CLOSING_HASHES.search(text.string[hashes.end() : line_end])
            end = hashes.end() + closing.start() if closing else line_end
            heading = read_line(text.string, hashes.end(), end, with_id=False)
            return _OpenSection(block.line, hashes.start(1), block.level, heading)
        lines = [
            read_line(text.string, start_of(text, line), text.line_end(line), with_id=False)
            for line in range(block.line, block.end_line - 1)
        ]
        fields: dict[str, str] = {}
        for line in lines:
            fields = {**line.fields, **fields}
        title = " ".join(line.title for line in lines if line.title)
        span = (lines[0].title_span[0], lines[-1].title_span[1])
        start = skip_blanks(text.string, first, line_end, 0)[0]
        return _OpenSection(block.line, start, block.level, Line(title, span, MappingProxyType(fields), None, None))

    def _section(self, section: _OpenSection, end: int) -> Section:
        return Section(
            title=section.heading.title,
            level=section.level,
            fields=section.heading.fields,
            line=section.line,
            end_line=trim_end(self._text, section.line, end),
            title_span=section.heading.title_span,
            start=section.start,
            children=tuple(section.children),
        )

    def _tasks(self, block: Block, depth: int, body: Body, origin: Place | None) -> list[Task]:
        """The tasks of a list, and of items without a check box in it; `body` is of the task that holds the list.

        `origin` is the item that holds the list, since both may stand in one line (`- - [ ] a`).
        """
        tasks: list[Task] = []
        for item in block.children:
            place = place_of(self._text, item, origin if item.line == block.line else None)
            paragraph = first_paragraph(item)
            line_end = self._text.line_end(item.line)
            mark = MARK.match(self._text.string, place.content, line_end) if paragraph else None
            if paragraph and mark:
                task = self._task(item, block, depth, place, mark)
                body.claim(task.line, task.end_line, own=False)
                tasks.append(task)
                continue
            if paragraph:
                body.read_plain_item(place.content, item.line)
            for child in item.children:
                if child.kind == "list":
                    inner = place if child.line == item.line else None
                    tasks += self._tasks(child, depth + 1, body, inner)
        return tasks

    def _task(self, item: Block, parent: Block, depth: int, place: Place, mark: re.Match[str]) -> Task:
        text = self._text
        line = read_line(text.string, mark.end(), text.line_end(item.line), with_id=True)
        body = Body(text, item.line, place.content_column, own_end_line=item.line + 1)
        children = self._children(item, depth, body)
        end_line = trim_end(text, item.line, item.end_line)
        description = body.description(item.line + 1, end_line)
        return Task(
            title=line.title,
            status=MARKS.get(mark.group(1), Status.OTHER),
            mark=mark.group(1),
            task_id=line.task_id,
            fields=line.fields,
            ordered=parent.ordered,
            description=description,
            acceptance="\n\n".join(filter(None, body.acceptances)),
            result=body.result,
            children=tuple(children),
            start=place.start,
            title_span=line.title_span,
            mark_span=mark.span(1),
            id_span=line.id_span,
            line=item.line,
            own_end_line=body.own_end_line,
            end_line=end_line,
            content_column=place.content_column,
            depth=depth,
            list_line=parent.line,
        )

    def _children(self, item: Block, depth: int, body: Body) -> list[Task]:
        """Read the item's blocks: fills `body`, and gives the child tasks."""
        tasks: list[Task] = []
        criteria_follow = body.read_paragraph(item.line + 1, item.children[0].end_line)
        for block in item.children[1:]:
            if block.kind == "paragraph":
                criteria_follow = body.read_paragraph(block.line, block.end_line)
                continue
            if block.kind == "list":
                if criteria_follow:
                    body.read_criteria(block)
                elif not body.read_list(block):
                    tasks += self._tasks(block, depth + 1, body, None)
            elif block.kind == "quote":
                body.read_quote(block)
            criteria_follow = False
        return tasks
