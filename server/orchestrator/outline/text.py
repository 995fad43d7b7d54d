r"""A document's complete text, addressed as editors address it: by line and character, in three encodings.

Apart from Python's own line handling because `str.splitlines` also breaks at form feeds, U+2028 and the like, and
LSP does not: a line ends at `\n`, `\r\n` or `\r`, nowhere else. Offsets are indexes into the Python string.

The text is kept in chunks of a few thousand characters, each of whole lines, so that a key in the middle of a large
file copies one chunk and not the file. A text never changes; two that differ by an edit share all other chunks.

Invariant: `offset(*position(o))` is `o` for every offset that is not inside a line break
(test_position_and_offset_are_inverse).
Invariant: every conversion answers for every integer; what lies outside is moved to the nearest place
(test_conversions_are_total).
Invariant: a text that was edited answers as one that was made of the edited string (test_chunks_do_not_show).
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import accumulate

CHUNK = 12_288
"""Characters from which on a chunk ends with its line."""

_LINE_BREAK = re.compile(r"\r\n?|\n")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
"""The characters that take two units in UTF-16."""


class Encoding(StrEnum):
    """In which units a client counts the characters of a line. The values are LSP's."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


class Chunk:
    """Some whole lines; only the last chunk of a text may end without a line break."""

    __slots__ = ("_starts", "breaks", "string")

    def __init__(self, string: str) -> None:
        self.string = string
        self.breaks = string.count("\n")
        if "\r" in string:
            self.breaks += string.count("\r") - string.count("\r\n")
        self._starts: array[int] | None = None

    def replaced(self, start: int, end: int, new: str) -> Chunk | None:
        """With other characters within one line, without counting its lines again. None where more may change."""
        old = self.string
        removed = old[start:end]
        if self._starts is None or any(mark in part for part in (removed, new) for mark in "\r\n"):
            return None
        string = f"{old[:start]}{new}{old[end:]}"
        joined = old[start - 1 : start] == "\r" and old[end : end + 1] == "\n"
        if joined or string.startswith("\n") or not CHUNK // 4 <= len(string) <= 2 * CHUNK:
            return None
        chunk = object.__new__(Chunk)
        chunk.string, chunk.breaks = string, self.breaks
        behind, growth = bisect_right(self._starts, start), len(new) - len(removed)
        chunk._starts = self._starts[:behind]
        chunk._starts.extend([place + growth for place in self._starts[behind:]])
        return chunk

    @property
    def starts(self) -> Sequence[int]:
        """Where its lines start. Behind a line break at its very end another line starts, which may not be its own."""
        if self._starts is None:
            if "\r" in self.string:
                ends = [match.end() for match in _LINE_BREAK.finditer(self.string)]
                self._starts = array("I", (0, *ends))
            else:
                lengths = [len(line) + 1 for line in self.string.split("\n")[:-1]]
                self._starts = array("I", accumulate(lengths, initial=0))
        return self._starts


class Text:
    __slots__ = ("_chunks", "_lines", "_newline", "_offsets", "_string")

    def __init__(self, string: str) -> None:
        self._set(tuple(_chunks_of(string)))

    def _set(self, chunks: tuple[Chunk, ...]) -> None:
        self._chunks = chunks
        # How many characters and line breaks there are before each chunk, and in all.
        self._offsets = [0, *accumulate([len(chunk.string) for chunk in chunks])]
        self._lines = [0, *accumulate([chunk.breaks for chunk in chunks])]
        self._string: str | None = None
        self._newline: str | None = None

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """At least one."""
        return self._chunks

    @property
    def string(self) -> str:
        """All of it, which costs a copy of the whole text: ask for lines or slices where every key counts."""
        if len(self._chunks) == 1:
            return self._chunks[0].string
        if self._string is None:
            self._string = "".join([chunk.string for chunk in self._chunks])
        return self._string

    def __len__(self) -> int:
        return self._offsets[-1]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Text):
            return NotImplemented
        return self is other or (len(self) == len(other) and self.string == other.string)

    def __hash__(self) -> int:
        return hash(self.string)

    def __repr__(self) -> str:
        return f"Text({self.string!r})"

    @property
    def line_count(self) -> int:
        """At least 1: after a final line break there is one more, empty line."""
        return self._lines[-1] + 1

    @property
    def newline(self) -> str:
        r"""The line break that the document uses most, `\n` if it has none."""
        if self._newline is None:
            self._newline = self._most_used()
        return self._newline

    def _most_used(self) -> str:
        if not any("\r" in chunk.string for chunk in self._chunks):  # found much faster than counted
            return "\n"
        windows = sum(chunk.string.count("\r\n") for chunk in self._chunks)
        counts = {
            "\n": sum(chunk.string.count("\n") for chunk in self._chunks) - windows,
            "\r\n": windows,
            "\r": sum(chunk.string.count("\r") for chunk in self._chunks) - windows,
        }
        return max(counts, key=lambda newline: counts[newline])

    def slice(self, start: int, end: int) -> str:
        """The characters from `start` up to `end`, as of a string."""
        start, end = max(start, 0), min(end, len(self))
        if start >= end:
            return ""
        first, last = self._chunk_at(start), self._chunk_at(end - 1)
        if first == last:
            base = self._offsets[first]
            return self._chunks[first].string[start - base : end - base]
        parts = [chunk.string for chunk in self._chunks[first : last + 1]]
        parts[-1] = parts[-1][: end - self._offsets[last]]
        parts[0] = parts[0][start - self._offsets[first] :]
        return "".join(parts)

    def line_start(self, line: int) -> int:
        """Raises IndexError for a line that the text does not have."""
        chunk, start, _ = self._line(line)
        return self._offsets[chunk] + start

    def line_starts(self, lines: Sequence[int]) -> array[int]:
        """Of many lines at once, which must be in order."""
        if len(lines) < len(self._chunks):
            return array("L", [self.line_start(line) for line in lines])
        found = array("L")
        number = 0
        for chunk, offset, before in zip(self._chunks, self._offsets, self._lines, strict=False):
            starts = chunk.starts
            behind = before + (chunk.breaks if chunk is not self._chunks[-1] else len(starts))
            while number < len(lines) and lines[number] < behind:
                found.append(offset + starts[lines[number] - before])
                number += 1
        return found

    def line_end(self, line: int) -> int:
        """The offset of the line break, or of the text's end."""
        chunk, start, end = self._line(line)
        return self._offsets[chunk] + _without_break(self._chunks[chunk].string, start, end)

    def line(self, line: int) -> str:
        """The line without its line break."""
        chunk, start, end = self._line(line)
        string = self._chunks[chunk].string
        return string[start : _without_break(string, start, end)]

    def lines(self, start: int, end: int) -> str:
        """The lines from `start` up to `end` (exclusive), with their line breaks."""
        if start >= end:
            return ""
        behind = len(self) if end >= self.line_count else self.line_start(end)
        return self.slice(self.line_start(start), behind)

    def line_of(self, offset: int) -> int:
        """The line that holds this offset; a line break belongs to the line that it ends."""
        offset = min(max(offset, 0), len(self))
        index = self._chunk_at(offset)
        chunk = self._chunks[index]
        return self._lines[index] + bisect_right(chunk.starts, offset - self._offsets[index]) - 1

    def position(self, offset: int, encoding: Encoding) -> tuple[int, int]:
        """(line, character), the character counted in units of the encoding."""
        offset = min(max(offset, 0), len(self))
        line = self.line_of(offset)
        chunk, start, end = self._line(line)
        string = self._chunks[chunk].string
        before = string[start : min(offset - self._offsets[chunk], _without_break(string, start, end))]
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
            return len(self)
        content = self.line(line)
        character = max(character, 0)
        if encoding is Encoding.UTF32 or content.isascii():
            inside = min(character, len(content))
        elif encoding is Encoding.UTF16:
            inside = _offset_of_utf16(content, character)
        else:
            inside = _offset_of_utf8(content, character)
        return self.line_start(line) + inside

    def replace(self, start: int, end: int, new: str) -> Text:
        """Without the characters from `start` up to `end`, and with `new` in their place."""
        start = min(max(start, 0), len(self))
        end = min(max(end, start), len(self))
        chunks = self._chunks
        first, last = self._chunk_at(start), self._chunk_at(end)
        base = self._offsets[first]
        if first == last and (chunk := chunks[first].replaced(start - base, end - base, new)) is not None:
            changed = object.__new__(Text)
            changed._set((*chunks[:first], chunk, *chunks[last + 1 :]))
            return changed
        string = (
            chunks[first].string[: start - self._offsets[first]]
            + new
            + chunks[last].string[end - self._offsets[last] :]
        )
        # Chunks are whole lines, and a line break is never torn apart.
        if first > 0 and (len(string) < CHUNK // 4 or string.startswith("\n")):
            first -= 1
            string = chunks[first].string + string
        while last + 1 < len(chunks) and (not string.endswith(("\n", "\r")) or _torn(string, chunks[last + 1].string)):
            last += 1
            string += chunks[last].string
        changed = object.__new__(Text)
        changed._set((*chunks[:first], *_chunks_of(string), *chunks[last + 1 :]))
        return changed

    def _chunk_at(self, offset: int) -> int:
        """The chunk that holds the character, the last one for the text's end."""
        return min(bisect_right(self._offsets, offset) - 1, len(self._chunks) - 1)

    def _line(self, line: int) -> tuple[int, int, int]:
        """Its chunk, and where it starts and ends there, the line break included."""
        before = self._lines
        if not 0 <= line <= before[-1]:
            raise IndexError(f"The text has no line {line}.")
        chunk = bisect_right(before, line, 0, len(self._chunks)) - 1
        found = self._chunks[chunk]
        starts = found.starts
        index = line - before[chunk]
        end = starts[index + 1] if index + 1 < len(starts) else len(found.string)
        return chunk, starts[index], end


def _chunks_of(string: str) -> Iterator[Chunk]:
    position = 0
    while len(string) - position > 2 * CHUNK:
        match = _LINE_BREAK.search(string, position + CHUNK)
        if match is None or match.end() == len(string):
            break
        yield Chunk(string[position : match.end()])
        position = match.end()
    yield Chunk(string[position:] if position else string)


def _torn(before: str, after: str) -> bool:
    return before.endswith("\r") and after.startswith("\n")


def _without_break(string: str, start: int, end: int) -> int:
    if end > start and string[end - 1] == "\n":
        end -= 1
        return end - 1 if end > start and string[end - 1] == "\r" else end
    return end - 1 if end > start and string[end - 1] == "\r" else end


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
