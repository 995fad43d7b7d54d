"""Markdown on a terminal while it arrives: nothing is shown twice, nothing waits for the end of a paragraph.

Apart from the chat because it is a function of text. What is shown is the Markdown itself; styles repeat what its marks
say, so that a terminal without colours loses nothing. Text must be safe already (`model.safe_text.SafeStream`).

Invariant: without styles the pieces together are the text (test_styles_change_no_character).
Invariant: every style that was begun is ended at the end of its line (test_no_style_leaks).
"""

from __future__ import annotations

import re

_RESET = "\x1b[0m"
_HEADING, _FAINT, _BOLD, _CODE = "\x1b[1m", "\x1b[2m", "\x1b[1m", "\x1b[36m"
_OPENS_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING_START = re.compile(r" {0,3}#{1,6} ")
_UNDECIDED = re.compile(r" {0,3}(?:#{0,6}|`{0,2}|~{0,2}|>?)\Z")
"""A line's beginning that may still become a heading, a fence or a quote."""


class MarkdownStream:
    def __init__(self, *, styled: bool) -> None:
        self._styled = styled
        self._begin = ""
        """Of a line whose kind is not known yet."""
        self._line = ""
        """The style of the line under way; None-like empty where it is ordinary text."""
        self._known = False
        self._fence = ""
        """The marks that the open code block began with."""
        self._bold = self._code = False
        self._star = ""
        """A star that may be one half of a mark."""

    def feed(self, text: str) -> str:
        if not self._styled:
            return text
        return "".join(self._character(character) for character in text)

    def end(self) -> str:
        """What is still held back, and the end of every style."""
        if not self._styled:
            return ""
        held = self._begin_line() if self._begin else ""
        return held + self._star + self._reset()

    def _character(self, character: str) -> str:
        if character == "\n":
            shown = (self._begin_line() if not self._known else "") + self._star + self._reset() + "\n"
            self._begin, self._known, self._line, self._star = "", False, "", ""
            self._bold = self._code = False
            return shown
        if self._known:
            return self._inline(character)
        self._begin += character
        if _UNDECIDED.match(self._begin):
            return ""
        fence = _OPENS_FENCE.match(self._begin)
        if fence and self._begin[-1] in "`~":
            return ""  # more of them may come
        return self._begin_line()

    def _begin_line(self) -> str:
        begin, self._begin, self._known = self._begin, "", True
        fence = _OPENS_FENCE.match(begin)
        if self._fence:
            if fence and fence[1].startswith(self._fence):
                self._fence = ""
                self._line = _FAINT
            else:
                self._line = _CODE
        elif fence:
            self._fence = fence[1]
            self._line = _FAINT
        elif _HEADING_START.match(begin):
            self._line = _HEADING
        elif begin.lstrip(" ").startswith(">"):
            self._line = _FAINT
        if self._line:
            return self._line + begin
        return "".join(self._inline(character) for character in begin)

    def _inline(self, character: str) -> str:
        if self._line:
            return character
        if self._star and character != "*":
            star, self._star = self._star, ""
            return star + self._inline(character)
        if character == "`":
            self._code = not self._code
            return f"{_CODE}`" if self._code else f"`{_RESET}{_BOLD if self._bold else ''}"
        if self._code:
            return character
        if character == "*" and not self._star:
            self._star = "*"
            return ""
        if character == "*":
            self._star = ""
            self._bold = not self._bold
            return f"{_BOLD}**" if self._bold else f"**{_RESET}"
        return character

    def _reset(self) -> str:
        return _RESET if self._line or self._bold or self._code else ""
