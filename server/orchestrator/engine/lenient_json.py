r"""Read JSON as models write it, when it is no JSON: comments, commas too many, other quotes, keys without quotes.

Apart from `answers`, which says what a plan is: this only says what was meant by brackets and quotes. It reads what
JavaScript and Python would read as the same value, and nothing is ever completed: a value that is cut off in the
middle is an error, because its last string may be half a word.

Invariant: what is JSON is read as JSON (test_json_is_read_as_json).
Invariant: whatever the text, reading ends in a value or a ValueError (test_reading_is_total).
"""

from __future__ import annotations

import re

DEEPEST = 40
"""How deep objects and lists may nest; a plan needs a tenth of that."""

_BLANK = re.compile(r"(?:\s|\ufeff|//[^\n]*|/\*.*?\*/|\#[^\n]*)+", re.DOTALL)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_KEY = re.compile(r"[A-Za-z_$][\w$-]*")
_WORDS: dict[str, object] = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
    "undefined": None,
}
_WORD = re.compile("|".join(rf"{word}\b" for word in _WORDS))
_CLOSING = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0", "\n": ""}
_BEHIND = re.compile(r"\s*(?:[,:}\]]|//|/\*|\Z)")
"""What stands behind the end of a string: a single quote before anything else is an apostrophe."""


def read_at(text: str, start: int) -> tuple[object, int]:
    """The object or list that begins at `start`, and where it ends. Raises ValueError."""
    reader = _Reader(text, start)
    return reader.value(0), reader.position


class _Reader:
    def __init__(self, text: str, position: int) -> None:
        self._text = text
        self.position = position

    def value(self, depth: int) -> object:
        if depth > DEEPEST:
            raise ValueError("nested too deeply")
        self._skip_blanks()
        next_one = self._peek()
        if next_one == "{":
            return self._object(depth)
        if next_one == "[":
            return self._list(depth)
        if next_one in _CLOSING:
            return self._string()
        if word := _WORD.match(self._text, self.position):
            self.position = word.end()
            return _WORDS[word[0]]
        if number := _NUMBER.match(self._text, self.position):
            self.position = number.end()
            return int(number[0]) if re.fullmatch(r"[-+]?\d{1,18}", number[0]) else float(number[0])
        raise ValueError(f"no value at {self.position}")

    def _object(self, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        self.position += 1
        while not self._closes("}"):
            key = self._key()
            self._skip_blanks()
            if self._peek() != ":":
                raise ValueError(f"no colon at {self.position}")
            self.position += 1
            found[key] = self.value(depth + 1)
            self._separate("}")
        return found

    def _list(self, depth: int) -> list[object]:
        found: list[object] = []
        self.position += 1
        while not self._closes("]"):
            found.append(self.value(depth + 1))
            self._separate("]")
        return found

    def _key(self) -> str:
        if self._peek() in _CLOSING:
            return self._string()
        match = _KEY.match(self._text, self.position)
        if match is None:
            raise ValueError(f"no key at {self.position}")
        self.position = match.end()
        return match[0]

    def _string(self) -> str:
        closing = _CLOSING[self._peek()]
        self.position += 1
        out: list[str] = []
        while True:
            character = self._peek()
            self.position += 1
            if not character:
                raise ValueError("a string has no end")
            if character == "\\":
                out.append(self._escaped())
            elif character == closing and (closing != "'" or _BEHIND.match(self._text, self.position)):
                return _paired("".join(out))
            else:
                out.append(character)

    def _escaped(self) -> str:
        character = self._peek()
        self.position += 1
        if character in {"u", "x"}:
            digits = self._text[self.position : self.position + (4 if character == "u" else 2)]
            self.position += len(digits)
            return chr(int(digits, 16))
        if not character:
            raise ValueError("a string has no end")
        return _ESCAPES.get(character, character)

    def _separate(self, closing: str) -> None:
        """Behind an entry comes a comma or the end; several commas count as one."""
        self._skip_blanks()
        if self._peek() not in {",", closing}:
            raise ValueError(f"neither a comma nor the end at {self.position}")
        while self._peek() == ",":
            self.position += 1
            self._skip_blanks()

    def _closes(self, closing: str) -> bool:
        self._skip_blanks()
        if self._peek() != closing:
            return False
        self.position += 1
        return True

    def _skip_blanks(self) -> None:
        if blank := _BLANK.match(self._text, self.position):
            self.position = blank.end()

    def _peek(self) -> str:
        return self._text[self.position : self.position + 1]


def _paired(text: str) -> str:
    """With a pair of surrogates as the one character that the two escapes mean."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
