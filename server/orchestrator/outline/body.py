r"""What belongs to a task itself: its description, acceptance and result, out of the lines of its item.

Apart from `parse` because the writer of model text needs the same rules: what it escapes here, this file undoes.

An *escaped* spot is text that would be a task, an acceptance or a result but for backslashes: `\[ ]` at the start of
an item, `Accept\:` at the start of a paragraph's line or a list's first item, `Result\:` at the start of a quote.
In a description one of the backslashes is not shown, so that such text can be written and read back.

Invariant: a description with its spots escaped is read back as it was (test_what_a_model_wrote_is_read_back).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.outline.scan import Block, Place, blocks, first_paragraph, is_blank, place_of, strip_columns
from orchestrator.outline.text import Text

MARK = re.compile(r"\[([^\[\]\\\r\n])\](?=[ \t]|\Z)")
"""A check box. Brackets and a backslash are no marks: they are Markdown's own."""

_SPOT_OF_MARK = re.compile(r"\\*(?=\[[^\[\]\\\r\n]\](?:[ \t]|\Z))")
ACCEPT = re.compile(r"[ \t]*Accept(\\*):[ \t]*")
_RESULT = re.compile(r"[ \t]*>[ \t]*Result(\\*):[ \t]*")
_QUOTE_MARK = re.compile(r" {0,3}>[ \t]?")


@dataclass(slots=True)
class Body:
    """Gathers what is found in one item, in document order; `description` is what nobody claimed."""

    text: Text
    line: int
    """The item's first line, which is not part of the body."""
    column: int
    """Where the body's text starts."""
    acceptances: list[str] = field(default_factory=list[str])
    result: str | None = None
    claimed: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Line ranges of acceptances, results and child tasks."""
    escapes: dict[int, int] = field(default_factory=dict[int, int])
    """Line -> offset of the backslash that is not shown."""
    own_end_line: int = 0

    def claim(self, start: int, end: int, *, own: bool) -> None:
        self.claimed.append((start, end))
        if own:
            self._own_until(end)

    def read_paragraph(self, start: int, end: int) -> bool:
        """Look for an acceptance in these lines of a paragraph; True when it found `Accept:` and no text behind it."""
        for match in _accepts_of_paragraph(self.text, start, end):
            line = self.text.line_of(match.start())
            if match.group(1):
                self.escapes[line] = match.start(1)
                continue
            first = self.text.string[match.end() : self.text.line_end(line)]
            acceptance = joined([first, *self._dedented(line + 1, end)])
            self.acceptances.append(acceptance)
            self.claim(line, end, own=True)
            return not acceptance
        return False

    def read_criteria(self, criteria: Block) -> None:
        """The list behind an empty `Accept:`."""
        self.acceptances.append(joined(self._dedented(criteria.line, criteria.end_line)))
        self.claim(criteria.line, criteria.end_line, own=True)

    def read_list(self, block: Block) -> bool:
        """True if the list starts with `Accept:` and so is an acceptance."""
        match = _accept_of_list(self.text, block)
        if match is None:
            return False
        if match.group(1):
            self.escapes[block.line] = match.start(1)
            return False
        line_start, line_end = self.text.line_start(block.line), self.text.line_end(block.line)
        first = self.text.string[line_start : match.start()] + self.text.string[match.end() : line_end]
        rest = self._dedented(block.line + 1, block.end_line)
        self.acceptances.append(joined([strip_columns(first, self.column), *rest]))
        self.claim(block.line, block.end_line, own=True)
        return True

    def read_quote(self, quote: Block) -> None:
        """Look for a result."""
        match = _result_of_quote(self.text, quote)
        if match is None:
            return
        line = quote.children[0].line
        if match.group(1):
            self.escapes[line] = match.start(1)
            return
        rest = (_QUOTE_MARK.sub("", shown, count=1) for shown in self._dedented(line + 1, quote.end_line))
        self.result = joined([self.text.string[match.end() : self.text.line_end(line)], *rest])
        self.claim(quote.line, quote.end_line, own=True)

    def read_plain_item(self, offset: int, line: int) -> None:
        """An item without a check box, whose first paragraph starts at `offset`: look for an escaped one."""
        match = _SPOT_OF_MARK.match(self.text.string, offset, self.text.line_end(line))
        if match and match.group():
            self.escapes[line] = match.start()

    def description(self, start: int, end: int) -> str:
        """What nobody claimed of these lines."""
        description = ""
        had_blank = False
        position = start
        for claim_start, claim_end in [*self.claimed, (end, end)]:
            lines = self._dedented(position, claim_start)
            shown = joined(lines)
            if shown:
                had_blank = had_blank or is_blank(lines[0])
                separator = "" if not description else "\n\n" if had_blank else "\n"
                description += separator + shown
                self._own_until(claim_start)
                had_blank = False
            had_blank = had_blank or bool(lines and is_blank(lines[-1]))
            position = max(position, claim_end)
        return description

    def _own_until(self, end: int) -> None:
        self.own_end_line = max(self.own_end_line, trim_end(self.text, self.line, end))

    def _dedented(self, start: int, end: int) -> list[str]:
        return [strip_columns(self._shown(line), self.column) for line in range(start, end)]

    def _shown(self, line: int) -> str:
        hidden = self.escapes.get(line)
        if hidden is None:
            return self.text.line(line)
        string = self.text.string
        return string[self.text.line_start(line) : hidden] + string[hidden + 1 : self.text.line_end(line)]


def escaped(description: str) -> str:
    """The description as Markdown source: one more backslash at each spot, so that it is only a description."""
    text = Text(description)
    offsets: list[int] = []
    for block in blocks(description):
        if block.kind == "paragraph":
            offsets += (match.start(1) for match in _accepts_of_paragraph(text, block.line, block.end_line))
        elif block.kind == "list":
            match = _accept_of_list(text, block)
            offsets += [match.start(1)] if match else []
            offsets += _marks_of_list(text, block, None)
        elif block.kind == "quote":
            match = _result_of_quote(text, block)
            offsets += [match.start(1)] if match else []
    out: list[str] = []
    position = 0
    for offset in sorted(offsets):
        out += description[position:offset], "\\"
        position = offset
    return "".join((*out, description[position:]))


def _accepts_of_paragraph(text: Text, start: int, end: int) -> Iterator[re.Match[str]]:
    for line in range(start, end):
        match = ACCEPT.match(text.string, text.line_start(line), text.line_end(line))
        if match:
            yield match


def _accept_of_list(text: Text, block: Block) -> re.Match[str] | None:
    """In the list's first item. The match starts where the item's text does."""
    item = block.children[0]
    if first_paragraph(item) is None:
        return None
    return ACCEPT.match(text.string, place_of(text, item, None).content, text.line_end(item.line))


def _result_of_quote(text: Text, quote: Block) -> re.Match[str] | None:
    if not quote.children or quote.children[0].kind != "paragraph":
        return None
    line = quote.children[0].line
    return _RESULT.match(text.string, text.line_start(line), text.line_end(line))


def _marks_of_list(text: Text, block: Block, origin: Place | None) -> Iterator[int]:
    """Where the check boxes are, also those behind backslashes, in the list and all lists in it."""
    for item in block.children:
        place = place_of(text, item, origin if item.line == block.line else None)
        if first_paragraph(item):
            match = _SPOT_OF_MARK.match(text.string, place.content, text.line_end(item.line))
            if match:
                yield match.start()
        for child in item.children:
            if child.kind == "list":
                yield from _marks_of_list(text, child, place if child.line == item.line else None)


def trim_end(text: Text, start: int, end: int) -> int:
    """`end` moved back over blank lines, but not further than behind `start`."""
    while end > start + 1 and is_blank(text.line(end - 1)):
        end -= 1
    return end


def joined(lines: Sequence[str]) -> str:
    """The lines as one string, without blank ones at both ends."""
    first, last = 0, len(lines)
    while first < last and is_blank(lines[first]):
        first += 1
    while last > first and is_blank(lines[last - 1]):
        last -= 1
    return "\n".join(lines[first:last])
