"""Which lines are a list item, a fence, a paragraph: the block structure, as markdown-it-py sees it.

Apart from `parse` so that the oracle has one place: preset "commonmark", block rules only, two rules bounded in depth.
Only line numbers are taken from markdown-it, because it changes line ends and NUL characters before it looks.

Invariant: a list below MAX_DEPTH lists, or a quote below MAX_QUOTES quotes, is text, and nothing behind it is lost
(test_lists_deeper_than_the_limit_are_text, test_quotes_deeper_than_the_limit_are_text).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.token import Token

from orchestrator.outline.text import Text

MAX_DEPTH = 100
"""How deep lists may nest. markdown-it counts two levels for each: the list and its item."""

MAX_QUOTES = 20
"""How deep block quotes may nest. Bounded because markdown-it calls itself for each."""

TAB_WIDTH = 4

BYTE_ORDER_MARK = "\ufeff"

Kind = Literal["list", "item", "quote", "paragraph", "heading", "fence", "code", "html", "rule"]

_KINDS: dict[str, Kind] = {
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "list_item_open": "item",
    "blockquote_open": "quote",
    "paragraph_open": "paragraph",
    "heading_open": "heading",
    "fence": "fence",
    "code_block": "code",
    "html_block": "html",
    "hr": "rule",
}


@dataclass(frozen=True, slots=True)
class Block:
    kind: Kind
    line: int
    end_line: int
    """Exclusive. Behind a list or an item it may count blank lines."""
    markup: str
    """List and item: `-`, `+`, `*`, `.` or `)`; fence: its opening marks; setext heading: `=` or `-`."""
    number: str
    """An ordered item's number as it is written, else empty."""
    level: int
    """Of a heading: 1 to 6, else 0."""
    children: tuple[Block, ...]

    @property
    def ordered(self) -> bool:
        return self.kind == "list" and self.markup in {".", ")"}


def blocks(string: str, around: int = 0) -> tuple[Block, ...]:
    """The blocks of the document, outermost first. Link reference definitions are blocks to nobody: no entry.

    `around` is in how many lists this is already, where it is a part of a document.
    """
    open_tokens: list[Token] = []
    levels: list[list[Block]] = [[]]
    # markdown-it reads one character too far in an HTML block that ends in a last line without a line break.
    ended = string if string.endswith(("\n", "\r")) else string + "\n"
    for token in _MARKDOWN.parse(ended, {"around": around}):
        if token.nesting > 0:
            open_tokens.append(token)
            levels.append([])
        elif token.nesting < 0:
            opener, children = open_tokens.pop(), levels.pop()
            levels[-1].append(_block(opener, tuple(children)))
        elif token.type in _KINDS:
            levels[-1].append(_block(token, ()))
    return tuple(levels[0])


def _block(token: Token, children: tuple[Block, ...]) -> Block:
    assert token.map is not None, "markdown-it maps every block token to its lines"
    return Block(
        kind=_KINDS[token.type],
        line=token.map[0],
        end_line=token.map[1],
        markup=token.markup,
        number=token.info if token.type == "list_item_open" else "",
        level=int(token.tag[1:]) if token.type == "heading_open" else 0,
        children=children,
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list item is in its first line."""

    start: int
    """Offset of its marker."""
    content: int
    """Offset of its text."""
    content_column: int
    """Tabs expanded."""


def place_of(text: Text, item: Block, origin: Place | None) -> Place:
    """`origin` is the item around it, if that starts in the same line (`- - [ ] a`)."""
    line_end = text.line_end(item.line)
    if origin:
        start, column = origin.content, origin.content_column
    else:
        start, column = skip_blanks(text.string, start_of(text, item.line), line_end, 0)
    marker = len(item.number) + 1
    behind, column = start + marker, column + marker
    content, content_column = skip_blanks(text.string, behind, line_end, column)
    # CommonMark: behind nothing, or behind five blanks and more, the text starts one column after the marker.
    if content >= line_end or content_column - column > TAB_WIDTH:
        content, content_column = min(behind + 1, line_end), column + 1
    return Place(start, content, content_column)


def first_paragraph(item: Block) -> Block | None:
    """The paragraph that an item starts with, on the item's first line."""
    first = item.children[0] if item.children else None
    return first if first and first.kind == "paragraph" and first.line == item.line else None


def start_of(text: Text, line: int) -> int:
    """Where the line starts for Markdown: behind a byte order mark."""
    if line >= text.line_count:
        return len(text.string)
    start = text.line_start(line)
    return start + 1 if start == 0 and text.string.startswith(BYTE_ORDER_MARK) else start


def skip_blanks(string: str, offset: int, end: int, column: int) -> tuple[int, int]:
    """The offset and the column of the first character that is no blank."""
    while offset < end and string[offset] in " \t":
        column += 1 if string[offset] == " " else TAB_WIDTH - column % TAB_WIDTH
        offset += 1
    return offset, column


def strip_columns(line: str, columns: int) -> str:
    """The line without its first `columns` columns of blanks; what is left of a tab becomes blanks."""
    column = 0
    for index, character in enumerate(line):
        if column >= columns or character not in " \t":
            return " " * max(column - columns, 0) + line[index:]
        column += 1 if character == " " else TAB_WIDTH - column % TAB_WIDTH
    return " " * max(column - columns, 0)


def is_blank(line: str) -> bool:
    """As CommonMark says it: nothing but blanks and tabs. A form feed is text."""
    return not line.strip(" \t")


class _Blocks(MarkdownIt):
    """Destinations of link definitions are not looked at: rewriting them can fail on odd characters."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 (the name is markdown-it's)
        return url

    def validateLink(self, url: str) -> bool:  # noqa: N802, ARG002
        return True


def _bounded_list(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if not silent and state.level + 2 * int(state.env["around"]) >= 2 * MAX_DEPTH:
        return False
    return list_block(state, start_line, end_line, silent)


def _bounded_quote(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if silent:
        return blockquote(state, start_line, end_line, silent)
    depth = int(state.env.get("quotes", 0))
    if depth >= MAX_QUOTES:
        return False
    state.env["quotes"] = depth + 1
    try:
        return blockquote(state, start_line, end_line, silent)
    finally:
        state.env["quotes"] = depth


def _oracle() -> MarkdownIt:
    # markdown-it skips the rest of the document when its own limit is met, so it must never be met.
    markdown = _Blocks("commonmark", {"maxNesting": 2 * MAX_DEPTH + MAX_QUOTES + 10})
    markdown.core.ruler.enableOnly(["normalize", "block"])
    markdown.block.ruler.at("list", _bounded_list, {"alt": ["paragraph", "reference", "blockquote"]})
    markdown.block.ruler.at("blockquote", _bounded_quote, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    return markdown


_MARKDOWN = _oracle()
