"""Minimal edits of an outline's text.

Apart from `text` because edits are also made, stored and sent without a text at hand.

Invariant: `apply(old, [minimal(old, new)])` is `new`, and the edit does not tear a line break apart
(test_minimal_edit_gives_the_new_text).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
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
    return sorted(edits, key=lambda edit: (edit.start, edit.end))


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
