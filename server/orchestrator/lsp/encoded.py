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
        text, line, begin = self._text, node.line, node.offset
        first, last = node.title_span
        title_line = node.written
        if last - begin > len(title_line):  # an underlined heading of several lines
            start, title_start, title_end = (self._position(offset) for offset in (node.start, first, last))
        else:
            start, title_start, title_end = (
                f'{{"line":{line},"character":{self._units(title_line, offset - begin)}}}'
                for offset in (node.start, first, last)
            )
        last_line = max(end_line - 1, line)
        if last_line == line:
            end = f'{{"line":{line},"character":{self._units(title_line, len(title_line))}}}'
        else:
            content = text.line(last_line)
            end = f'{{"line":{last_line},"character":{self._units(content, len(content))}}}'
            if text.line_start(last_line) + len(content) < last:
                end = title_end
        return f'{{"start":{start},"end":{end}}}', f'{{"start":{title_start},"end":{title_end}}}'

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
