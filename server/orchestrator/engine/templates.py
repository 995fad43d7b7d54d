r"""The template language of prompts: `{{name}}`, `{{#name}}…{{/name}}`, `{{^name}}…{{/name}}`, `\{{`.

A small part of Mustache: a value, a part that stands only where the value is not empty, and one that stands only where
it is. Nothing can be computed, included or called, so that a template from anybody can be rendered. A tag of a part
that is alone on its line takes the line with it. Apart from `prompting`, which knows front matter and roles.

Invariant: whatever the text, reading it ends in a template and faults, never in an exception
(test_templates_are_total).
Invariant: a value is put in as it is and never read again (test_a_value_cannot_smuggle_in_a_parameter).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

MAX_NESTING = 20

_OPEN = re.compile(r"\\?\{\{")
_TAG = re.compile(r"\{\{[ \t]*([#^/]?)[ \t]*([A-Za-z_]\w*)[ \t]*\}\}", re.ASCII)
_ANY_TAG = re.compile(r"\{\{[^\n]*?\}\}+")
_REST_OF_LINE = re.compile(r"[^\n]*")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a prompt file, as a diagnostic shows it."""

    code: str
    message: str
    """What is wrong and what to do."""
    start: int
    """Offset in the file's text."""
    end: int
    severity: Literal["error", "warning"] = "error"
    """A prompt with an error is never used."""


@dataclass(frozen=True, slots=True)
class Value:
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Part:
    """Stands where the value is not empty; `inverted`: where it is."""

    name: str
    inverted: bool
    start: int
    """Of its opening tag, as `end`."""
    end: int
    pieces: list[Piece]


Piece = str | Value | Part


@dataclass(frozen=True, slots=True)
class Template:
    pieces: Sequence[Piece] = ()

    def uses(self) -> Iterator[Value | Part]:
        """Every parameter that it names, in the order of the text."""
        waiting: list[Iterator[Piece]] = [iter(self.pieces)]
        while waiting:
            piece = next(waiting[-1], None)
            if piece is None:
                waiting.pop()
            elif not isinstance(piece, str):
                yield piece
                if isinstance(piece, Part):
                    waiting.append(iter(piece.pieces))

    def render(self, values: Mapping[str, str]) -> str:
        """Each name must be in `values`."""
        pieces = self.pieces
        if len(pieces) == 1 and isinstance(pieces[0], str):  # a system prompt, at each call
            return pieces[0]
        return "".join(_rendered(pieces, values))


@dataclass(frozen=True, slots=True)
class _Level:
    pieces: list[Piece] = field(default_factory=list[Piece])
    part: Part | None = None


def read_template(text: str, start: int, end: int) -> tuple[Template, list[Fault]]:
    """The template in `text[start:end]`. Faults are placed in `text`."""
    levels, faults, at = [_Level()], list[Fault](), start
    while at < end:
        found = _OPEN.search(text, at, end)
        if found is None:
            break
        if found[0].startswith("\\"):
            levels[-1].pieces.extend((text[at : found.start()], "{{"))
            at = found.end()
            continue
        tag = _TAG.match(text, found.start(), end)
        if tag is None:
            fault = _no_tag(text, found.start(), end)
            faults.append(fault)
            levels[-1].pieces.append(text[at : fault.end])
            at = fault.end
            continue
        first, last = (tag.start(), tag.end()) if not tag[1] else _with_line(text, tag.start(), tag.end(), start, end)
        levels[-1].pieces.append(text[at : max(at, first)])
        _take(levels, faults, tag)
        at = last
    levels[-1].pieces.append(text[at:end])
    for level in levels[1:]:
        if level.part is not None:
            message = f"This part is not closed. Write {{{{/{level.part.name}}}}} behind it."
            faults.append(Fault("prompt-part", message, level.part.start, level.part.end))
    return Template(tuple(levels[0].pieces)), faults


def _take(levels: list[_Level], faults: list[Fault], tag: re.Match[str]) -> None:
    sign, name, start, end = tag[1], tag[2], tag.start(), tag.end()
    if not sign:
        levels[-1].pieces.append(Value(name, start, end))
    elif sign != "/":
        if len(levels) > MAX_NESTING:
            faults.append(Fault("prompt-part", f"Parts stand in each other {MAX_NESTING} deep at most.", start, end))
            return
        part = Part(name, sign == "^", start, end, [])
        levels[-1].pieces.append(part)
        levels.append(_Level(part.pieces, part))
    elif levels[-1].part is None:
        message = f"No part {{{{#{name}}}}} is open here. Remove this tag, or open the part before it."
        faults.append(Fault("prompt-part", message, start, end))
    elif levels[-1].part.name != name:
        message = f"The part that is open here is {{{{#{levels[-1].part.name}}}}}. Close it first."
        faults.append(Fault("prompt-part", message, start, end))
    else:
        levels.pop()


def _no_tag(text: str, start: int, end: int) -> Fault:
    closed = _ANY_TAG.match(text, start, end)
    if closed is None:
        rest = _REST_OF_LINE.match(text, start, end)
        message = "This tag is not closed. Write `}}` behind the name, or `\\{{` for the characters themselves."
        return Fault("prompt-tag", message, start, rest.end() if rest else end)
    message = (
        "This is no tag. There are `{{name}}`, `{{#name}}`, `{{^name}}` and `{{/name}}`; "
        "`\\{{` stands for the characters themselves."
    )
    return Fault("prompt-tag", message, start, closed.end())


def _with_line(text: str, start: int, end: int, first: int, last: int) -> tuple[int, int]:
    """The whole line, if nothing else stands on it."""
    begin = start
    while begin > first and text[begin - 1] in " \t":
        begin -= 1
    after = end
    while after < last and text[after] in " \t":
        after += 1
    alone = (begin == first or text[begin - 1] == "\n") and (after == last or text[after] == "\n")
    return (begin, min(after + 1, last)) if alone else (start, end)


def _rendered(pieces: Sequence[Piece], values: Mapping[str, str]) -> Iterator[str]:
    for piece in pieces:
        if isinstance(piece, str):
            yield piece
        elif isinstance(piece, Value):
            yield values[piece.name]
        elif bool(values[piece.name].strip()) is not piece.inverted:
            yield from _rendered(piece.pieces, values)
