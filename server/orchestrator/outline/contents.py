"""What a task says below its first line: its description, acceptance and result.

Apart from `reading`, which finds where tasks are, because few ask, and only of few tasks: so markdown-it is asked for
the lines of one task when somebody does.

Invariant: the contents are those of the task in the whole text (test_outlines_agree_with_the_reference).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.outline.body import MARK, Body, trim_end
from orchestrator.outline.scan import Block, Place, first_paragraph, place_of, skip_blanks
from orchestrator.outline.segments import Container
from orchestrator.outline.text import Text
from orchestrator.outline.window import window


@dataclass(frozen=True, slots=True)
class Contents:
    description: str = ""
    """Dedented to the item's text; lines end in `\\n`."""
    acceptance: str = ""
    result: str | None = None
    own_lines: int = 1
    """Up to the last line that is the task's own and not blank, counted from its first one."""


NOTHING = Contents()


def contents(lines: Sequence[str], outer: Container, mark_at: int) -> Contents:
    """Of the task in the first of these lines, whose check box has its character at `mark_at`."""
    _, column = skip_blanks(lines[0], 0, len(lines[0]), 0)
    while outer.column > column and outer.parent is not None:
        outer = outer.parent  # it starts in the same line (`- - [ ] a`)
    found = window(lines, outer)
    text = found.text
    here = found.blocks
    for container in found.standing_in:
        lists = [block for block in here if block.kind == "list"]
        assert lists, f"the item at column {container.column} stands for one"
        here = lists[0].children[0].children
    item, place = _item_at(text, here, found.first, mark_at)
    return _Reading(text).contents(item, place)


def _item_at(text: Text, here: Sequence[Block], line: int, mark_at: int) -> tuple[Block, Place]:
    origin: Place | None = None
    while True:
        block = next(block for block in here if block.kind == "list" and block.line == line)
        item = block.children[0]
        place = place_of(text, item, origin)
        if place.content - text.line_start(line) >= mark_at - 1:
            return item, place
        here, origin = item.children, place


class _Reading:
    def __init__(self, text: Text) -> None:
        self._text = text

    def contents(self, item: Block, place: Place) -> Contents:
        body = Body(self._text, item.line, place.content_column, own_end_line=item.line + 1)
        self._children(item, body)
        end_line = trim_end(self._text, item.line, item.end_line)
        description = body.description(item.line + 1, end_line)
        acceptance = "\n\n".join(filter(None, body.acceptances))
        return Contents(description, acceptance, body.result, body.own_end_line - item.line)

    def _children(self, item: Block, body: Body) -> None:
        """Claim in `body` what is no description."""
        criteria_follow = body.read_paragraph(item.line + 1, item.children[0].end_line)
        for block in item.children[1:]:
            if block.kind == "paragraph":
                criteria_follow = body.read_paragraph(block.line, block.end_line)
                continue
            if block.kind == "list":
                if criteria_follow:
                    body.read_criteria(block)
                elif not body.read_list(block):
                    self._list(block, body, None)
            elif block.kind == "quote":
                body.read_quote(block)
            criteria_follow = False

    def _list(self, block: Block, body: Body, origin: Place | None) -> None:
        """Tasks of a list are not the body's; other items are. `origin` is the item whose first line the list is in."""
        text = self._text
        for item in block.children:
            place = place_of(text, item, origin if item.line == block.line else None)
            paragraph = first_paragraph(item)
            if paragraph and MARK.match(text.string, place.content, text.line_end(item.line)):
                body.claim(item.line, trim_end(text, item.line, item.end_line), own=False)
                continue
            if paragraph:
                body.read_plain_item(place.content, item.line)
            for child in item.children:
                if child.kind == "list":
                    self._list(child, body, place if child.line == item.line else None)
