"""Minimal edits of an outline's text.

Apart from `text` because edits are also made, stored and sent without a text at hand.

Invariant: `apply(old, [minimal(old, new)])` is `new`, and the edit does not tear a line break apart
(test_minimal_edit_gives_the_new_text).
Invariant: `apply(old, between(old, new))` is `new` (test_edits_between_two_texts_give_the_new_one).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from operator import attrgetter

from orchestrator.model.record import record

_COMPARED_LINES = 4000
"""Lines beyond which two texts are not compared line by line: that takes their square."""


@record
class TextEdit:
    """Replace the characters from `start` up to `end` (offsets into the text before any edit) by `text`."""

    start: int
    end: int
    text: str


def apply(string: str, edits: Sequence[TextEdit]) -> str:
    """The text after one batch of edits, in any order; insertions at one place keep the order they are given in.

    Raises ValueError when two edits overlap or one lies outside the text.
    """
    out: list[str] = []
    position = 0
    for edit in in_order(edits):
        if edit.start < position or not edit.start <= edit.end <= len(string):
            raise ValueError(f"{edit} overlaps another edit or lies outside the text; compute the edits again.")
        out += string[position : edit.start], edit.text
        position = edit.end
    out.append(string[position:])
    return "".join(out)


def in_order(edits: Sequence[TextEdit]) -> list[TextEdit]:
    """By place; what is inserted at the start of a replaced part stands before it."""
    return sorted(edits, key=_PLACE)


_PLACE = attrgetter("start", "end")


def minimal(old: str, new: str) -> TextEdit | None:
    """The smallest single edit that makes `new` of `old`, None if they are equal."""
    if old == new:
        return None
    shared = min(len(old), len(new))
    before = _longest(shared, lambda length: old.startswith(new[:length]))
    if before and old[before - 1] == "\r" and "\n" in (old[before : before + 1], new[before : before + 1]):
        before -= 1
    rest = shared - before
    after = _longest(rest, lambda length: old.endswith(new[len(new) - length :]))
    if after and old[len(old) - after] == "\n" and _breaks_before(old, new, after):
        after -= 1
    return TextEdit(before, len(old) - after, new[before : len(new) - after])


def between(old: str, new: str) -> tuple[TextEdit, ...]:
    """Edits that make `new` of `old`, each of few lines: what two far places share stays untouched between them."""
    whole = minimal(old, new)
    if whole is None:
        return ()
    start = _line_start(old, whole.start)
    end = _line_end(old, whole.end)
    before = old[start:end].splitlines(keepends=True)
    after = (old[start : whole.start] + whole.text + old[whole.end : end]).splitlines(keepends=True)
    if len(before) + len(after) > _COMPARED_LINES:
        return (whole,)
    offsets = [start]
    for line in before:
        offsets.append(offsets[-1] + len(line))
    edits: list[TextEdit] = []
    for kind, first, last, new_first, new_last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        if last - first == new_last - new_first:
            pairs = [(index, after[new_first + index - first]) for index in range(first, last)]
            edits += _line_edits(old, offsets, pairs)
        else:
            edits.append(TextEdit(offsets[first], offsets[last], "".join(after[new_first:new_last])))
    return tuple(edits)


def _line_edits(old: str, offsets: Sequence[int], pairs: Sequence[tuple[int, str]]) -> Iterator[TextEdit]:
    for index, line in pairs:
        if edit := minimal(old[offsets[index] : offsets[index + 1]], line):
            yield TextEdit(offsets[index] + edit.start, offsets[index] + edit.end, edit.text)


def _line_start(string: str, offset: int) -> int:
    return max(string.rfind("\n", 0, offset), string.rfind("\r", 0, offset)) + 1


def _line_end(string: str, offset: int) -> int:
    """Behind the next line feed, so that no line break is torn apart."""
    found = string.find("\n", offset)
    return len(string) if found < 0 else found + 1


def _breaks_before(old: str, new: str, after: int) -> bool:
    """Whether a carriage return stands before the shared end in either text."""
    return any(text[len(text) - after - 1 : len(text) - after] == "\r" for text in (old, new))


def _longest(limit: int, holds: Callable[[int], bool]) -> int:
    """The greatest length up to `limit` for which `holds` is true; it is true up to some length and never after."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low
