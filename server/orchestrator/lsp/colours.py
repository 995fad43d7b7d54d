"""Semantic tokens as LSP packs them: five numbers for each, relative to the one before.

Apart from `features/semantic_tokens.py` because the last answer for a document is kept: what a segment gave is not
computed again, and the next answer can be the difference.

Invariant: an answer and its differences lead to what a full answer says (test_differences_lead_to_the_whole).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.outline.own_text import Piece, pieces
from orchestrator.outline.segments import Segment
from orchestrator.outline.semantic_tokens import tokens_of
from orchestrator.outline.text import Encoding
from orchestrator.outline.tree import Outline
from orchestrator.outline.visible import span_of

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Document, Snapshot
    from orchestrator.lsp.server import Server

NUMBER = 4
"""Bytes."""

Packed = tuple[int, int, int, int, int]
"""Line, start and length in units of the encoding, kind, modifiers."""
Known = dict[Segment, tuple[Packed, ...]]
"""What each segment gave."""


class Edit(NamedTuple):
    start: int
    deleted: int
    data: array[int]


@dataclass(slots=True)
class Answer:
    result_id: str
    data: array[int]
    known: Known = field(repr=False)


class Colours:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._last: dict[Document, Answer] = {}
        self._numbers = count(1)

    def whole(self, document: Document, snapshot: Snapshot) -> Answer:
        before = self._last.get(document)
        known: Known = {}
        data = self._data(snapshot, pieces(snapshot.outline), before.known if before else {}, known)
        answer = self._last[document] = Answer(str(next(self._numbers)), data, known)
        return answer

    def since(self, document: Document, snapshot: Snapshot, result_id: str) -> tuple[Answer, Edit | None] | Answer:
        """The newest answer with what changed since that one; the newest alone where that one is not known any more."""
        before = self._last.get(document)
        now = self.whole(document, snapshot)
        if before is None or before.result_id != result_id:
            return now
        return now, difference(before.data, now.data)

    def part(self, document: Document, snapshot: Snapshot, start: int, end: int) -> array[int]:
        """Of the lines `start:end`. Nothing is kept."""
        before = self._last.get(document)
        held = pieces(snapshot.outline, *span_of(snapshot.outline, start, end))
        return self._data(snapshot, held, before.known if before else {}, {}, range(start, end))

    def forget(self, document: Document) -> None:
        self._last.pop(document, None)

    def _data(
        self, snapshot: Snapshot, found_in: Iterable[Piece], old: Known, new: Known, lines: range | None = None
    ) -> array[int]:
        outline, encoding = snapshot.outline, self._server.client.encoding
        found: list[Packed] = []
        for piece in found_in:
            packed = old.get(piece.segment)
            if packed is None:
                packed = tuple(_packed(outline, piece, encoding))
            new[piece.segment] = packed
            at = piece.line
            found += [(at + line, start, length, kind, modifiers) for line, start, length, kind, modifiers in packed]
        if lines is not None:
            found = [token for token in found if token[0] in lines]
        return _relative(found)


def _packed(outline: Outline, piece: Piece, encoding: Encoding) -> Iterator[Packed]:
    """The units of a line are counted once from its start, also where it has a million tokens."""
    text = outline.text
    line, written, at, units = -1, "", 0, 0
    for token in tokens_of(outline, piece):
        if token.line != line:
            line, written, at, units = token.line, text.line(piece.line + token.line), 0, 0
        start = units + _units(written[at : token.start], encoding)
        length = _units(written[token.start : token.end], encoding)
        at, units = token.end, start + length
        yield token.line, start, length, int(token.kind), int(token.modifiers)


def _units(part: str, encoding: Encoding) -> int:
    if encoding is Encoding.UTF32 or part.isascii():
        return len(part)
    if encoding is Encoding.UTF16:
        return len(part) + sum(character > "\uffff" for character in part)
    return len(part.encode("utf-8", "surrogatepass"))


def _relative(found: Iterable[Packed]) -> array[int]:
    data = array("I")
    line = column = 0
    for at, start, length, kind, modifiers in found:
        if at != line:
            data.extend((at - line, start, length, kind, modifiers))
        else:
            data.extend((0, start - column, length, kind, modifiers))
        line, column = at, start
    return data


def difference(old: array[int], new: array[int]) -> Edit | None:
    """One edit that makes the new data of the old; None where they are equal."""
    if old == new:
        return None
    one, other = old.tobytes(), new.tobytes()
    before = _shared(one, other) // NUMBER
    most = min(len(old), len(new)) - before
    after = min(_shared(one[::-1], other[::-1]) // NUMBER, most)
    return Edit(before, len(old) - before - after, new[before : len(new) - after])


def _shared(one: bytes, other: bytes) -> int:
    """How many bytes both begin with, by halving: each comparison runs at the speed of memory."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
