"""The one sanitiser for text that we did not write and show to a person: titles, paths, model answers, errors.

A terminal obeys escape sequences, and every screen obeys bidirectional controls: a title could erase the line that
names it, or show another command than the one that would run. So what cannot be seen is spelled out, `<U+202E>`;
plain ASCII, because every terminal and encoding can show that.

Invariant: the result has no character that a terminal or a screen obeys instead of showing it
(test_nothing_invisible_stays).
Invariant: text without such characters stays as it is (test_ordinary_text_stays).
Invariant: what `markdown` gives is shown by Markdown as `one_line` gives it: no link, no HTML, no emphasis, no list
(test_markdown_shows_the_text_itself).
"""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = {
    *"\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0",  # blanks that are letters or marks
    *map(chr, range(0xE0100, 0xE01F0)),  # variation selectors 17 to 256: they can carry hidden text
}
_RESERVED = {0x2065, *range(0xFFF0, 0xFFF9)}
"""Not assigned yet, and invisible when they will be."""
_JOINERS = "\u200c\u200d"
"""Emoji families and Indic scripts need them between two characters; anywhere else they hide something."""
_HAS_MEANING = re.compile(r"[\\`*_\[\]<>|~$]|&(?=[#A-Za-z])")
"""Within a line, for Markdown and its usual extensions; VS Code reads `$(name)` as an icon."""
_BEGINS_BLOCK = re.compile(r"[#+\-=:]|\d+(?=[.)])")
"""At a line's beginning."""


def one_line(text: str, limit: int = 0) -> str:
    """As it may stand within a line. `limit` > 0 cuts to so many characters, the last of them an ellipsis."""
    shown = visible(" ".join(text.split()) if _has_break(text) else text)
    return shown if not limit or len(shown) <= limit else shown[: limit - 1].rstrip() + "…"


def markdown(text: str, limit: int = 0) -> str:
    """As it may stand in a line of Markdown, also at its beginning. `limit` counts what is shown."""
    shown = one_line(text, limit).strip()
    escaped = _HAS_MEANING.sub(r"\\\g<0>", shown)
    begin = _BEGINS_BLOCK.match(escaped)
    if begin is None:
        return escaped
    at = begin.end() if begin.group()[0].isdigit() else 0
    return f"{escaped[:at]}\\{escaped[at:]}"


def many_lines(text: str) -> str:
    """As it may stand in lines of its own: tabs and line breaks stay."""
    parts = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(visible(cell) for cell in part.split("\t")) for part in parts)


def visible(text: str) -> str:
    """Every character that is not one to be seen, spelled out; line breaks and tabs too."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if _is_harmless(text, index) else f"<U+{ord(character):04X}>" for index, character in enumerate(text)
    )


def _has_break(text: str) -> bool:
    return any(character in "\t\n\r\v\f\u2028\u2029" for character in text)


def _is_harmless(text: str, index: int) -> bool:
    character = text[index]
    if character in _JOINERS:
        before, after = text[index - 1 : index], text[index + 1 : index + 2]
        return not (before + after).isascii() and _joins(before) and _joins(after)
    if character in _INVISIBLE:
        return False
    category = unicodedata.category(character)
    if category == "Cn":  # a newer Unicode than Python's may have an emoji there: only what can never be one is hidden
        code = ord(character)
        return not (code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF or code >> 12 == 0xE0 or code in _RESERVED)
    # Controls, formats, lone surrogates; line breaks in disguise.
    return category not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _joins(neighbour: str) -> bool:
    """Whether a joiner beside this character does what it is for."""
    return neighbour != "" and not neighbour.isascii() and unicodedata.category(neighbour)[0] in "LMS"


class SafeStream:
    """As `many_lines`, for text that comes in pieces.

    Invariant: the pieces together are what `many_lines` gives of the whole (test_a_stream_is_shown_as_the_whole).
    """

    def __init__(self) -> None:
        self._before = ""
        """The last character that was shown: a joiner behind it may belong to it."""
        self._held = ""
        """What cannot be judged before the next character is there."""

    def feed(self, text: str) -> str:
        text = self._held + text
        end = len(text.rstrip(_WAITS))
        self._held = text[end:]
        return self._shown(text[:end])

    def end(self) -> str:
        held, self._held = self._held, ""
        return self._shown(held)

    def _shown(self, text: str) -> str:
        if not text:
            return ""
        before, self._before = self._before, text[-1]
        if text.isascii() and text.isprintable():
            return text
        return many_lines(before + text)[len(many_lines(before)) :]


_WAITS = "\r" + _JOINERS
