r"""A document's complete text, addressed as editors address it: by line and character, in three encodings.

Apart from Python's own line handling because `str.splitlines` also breaks at form feeds, U+2028 and the like, and
LSP does not: a line ends at `\n`, `\r\n` or `\r`, nowhere else. Offsets are indexes into the Python string.

Invariant: `offset(*position(o))` is `o` for every offset that is not inside a line break
(test_position_and_offset_are_inverse).
Invariant: every conversion answers for every integer; what lies outside is moved to the nearest place
(test_conversions_are_total).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from enum import StrEnum

_LINE_BREAK = re.compile(r"\r\n?|\n")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
"""The characters that take two units in UTF-16."""


class Encoding(StrEnum):
    """In which units a client counts the characters of a line. The values are LSP's."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


@dataclass(frozen=True, slots=True)
class Text:
    string: str
    _starts: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """The offset at which each line starts."""

    def __post_init__(self) -> None:
        starts = (0, *(match.end() for match in _LINE_BREAK.finditer(self.string)))
        object.__setattr__(self, "_starts", starts)

    @property
    def line_count(self) -> int:
        """At least 1: after a final line break there is one more, empty line."""
        return len(self._starts)

    @property
    def newline(self) -> str:
        r"""The line break that the document uses most, `\n` if it has none."""
        windows = self.string.count("\r\n")
        counts = {
            "\n": self.string.count("\n") - windows,
            "\r\n": windows,
            "\r": self.string.count("\r") - windows,
        }
        return max(counts, key=lambda newline: counts[newline])

    def line_start(self, line: int) -> int:
        return self._starts[line]

    def line_end(self, line: int) -> int:
        """The offset of the line break, or of the text's end."""
        if line + 1 >= len(self._starts):
            return len(self.string)
        end = self._starts[line + 1] - 1
        if self.string[end] == "\n" and end > self._starts[line] and self.string[end - 1] == "\r":
            end -= 1
        return end

    def line(self, line: int) -> str:
        """The line without its line break."""
        return self.string[self._starts[line] : self.line_end(line)]

    def line_of(self, offset: int) -> int:
        """The line that holds this offset; a line break belongs to the line that it ends."""
        return bisect_right(self._starts, max(offset, 0)) - 1

    def position(self, offset: int, encoding: Encoding) -> tuple[int, int]:
        """(line, character), the character counted in units of the encoding."""
        offset = min(max(offset, 0), len(self.string))
        line = self.line_of(offset)
        before = self.string[self._starts[line] : min(offset, self.line_end(line))]
        if encoding is Encoding.UTF32 or before.isascii():
            return line, len(before)
        if encoding is Encoding.UTF16:
            return line, len(before) + sum(1 for _ in _ASTRAL.finditer(before))
        return line, len(before.encode("utf-8", "surrogatepass"))

    def offset(self, line: int, character: int, encoding: Encoding) -> int:
        """Past the line's end is the line's end, past the text its end, inside a character its start."""
        if line < 0:
            return 0
        if line >= self.line_count:
            return len(self.string)
        content = self.line(line)
        character = max(character, 0)
        if encoding is Encoding.UTF32 or content.isascii():
            inside = min(character, len(content))
        elif encoding is Encoding.UTF16:
            inside = _offset_of_utf16(content, character)
        else:
            inside = _offset_of_utf8(content, character)
        return self._starts[line] + inside

    def replace(self, start: int, end: int, new: str) -> Text:
        return Text(self.string[:start] + new + self.string[end:])


def _offset_of_utf16(content: str, units: int) -> int:
    for pairs_before, match in enumerate(_ASTRAL.finditer(content)):
        first_unit = match.start() + pairs_before
        if units <= first_unit:
            return units - pairs_before
        if units == first_unit + 1:
            return match.start()
    pairs = sum(1 for _ in _ASTRAL.finditer(content))
    return min(units - pairs, len(content))


def _offset_of_utf8(content: str, units: int) -> int:
    encoded = content.encode("utf-8", "surrogatepass")
    units = min(units, len(encoded))
    while 0 < units < len(encoded) and encoded[units] & 0xC0 == 0x80:
        units -= 1
    return len(encoded[:units].decode("utf-8", "surrogatepass"))
