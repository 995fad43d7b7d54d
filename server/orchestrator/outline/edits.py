"""Minimal edits of an outline, and the one writer of text that we did not parse."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Replace the characters from `start` up to `end` (offsets into the text before any edit) by `text`."""

    start: int
    end: int
    text: str
