"""Answers that are written as JSON at once, where building them from LSP's types was measured to be too slow.

Apart from the features because it is about bytes alone. Ten thousand document symbols cost five times as much as
objects, which are taken apart again, as they do as text. A small answer stays typed: twenty problems
take a tenth of a millisecond either way, and a type cannot forget a field.

Invariant: the JSON is what the typed answer would have been, byte for byte (test_encoded_answers_are_the_typed_ones).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING

from orchestrator.outline.text import Encoding

if TYPE_CHECKING:
    from orchestrator.outline.text import Text
    from orchestrator.outline.tree import Node

quoted = encode_basestring_ascii
"""A string as JSON writes it."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What a handler answers in place of a typed result."""

    json: str

    @classmethod
    def array(cls, items: Iterable[str]) -> Encoded:
        return cls(f"[{','.join(items)}]")


class Places:
    """Positions in one text, as JSON."""

    def __init__(self, text: Text, encoding: Encoding) -> None:
        self._text = text
        self._encoding = encoding

    def of_node(self, node: Node, end_line: int) -> tuple[str, str]:
        """Its range and its selection range: the same as `convert.node_span` and `convert.title_span`."""
        text, line, begin, title_line = self._text, node.line, node.offset, node.written
        first, last = node.title_span
        start, first, last = node.start - begin, first - begin, last - begin
        width = len(title_line)
        if last > width:  # an underlined heading of several lines
            before, title_start, title_end = (self._position(begin + offset) for offset in (start, first, last))
        else:
            if self._encoding is not Encoding.UTF32 and not title_line.isascii():
                start, first, last, width = (self._units(title_line, place) for place in (start, first, last, width))
            before = f'{{"line":{line},"character":{start}}}'
            title_start = f'{{"line":{line},"character":{first}}}'
            title_end = f'{{"line":{line},"character":{last}}}'
        last_line = end_line - 1
        if last_line <= line:
            end = f'{{"line":{line},"character":{width}}}'
        else:
            content = text.line(last_line)
            end = f'{{"line":{last_line},"character":{self._units(content, len(content))}}}'
            if text.line_start(last_line) + len(content) < node.title_span[1]:
                end = title_end
        return f'{{"start":{before},"end":{end}}}', f'{{"start":{title_start},"end":{title_end}}}'

    def _position(self, offset: int) -> str:
        line, character = self._text.position(offset, self._encoding)
        return f'{{"line":{line},"character":{character}}}'

    def _units(self, content: str, count: int) -> int:
        """How many of the encoding's units the first characters of a line take."""
        if self._encoding is Encoding.UTF32 or content.isascii():
            return count
        before = content[:count]
        if self._encoding is Encoding.UTF8:
            return len(before.encode("utf-8", "surrogatepass"))
        return len(before.encode("utf-16-le", "surrogatepass")) // 2
