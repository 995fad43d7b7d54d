"""What stands in one line: code spans, escapes, character references, fields and the id.

Apart from markdown-it because its inline rules know no fields, and because only one line is ever read: a code span
that would end in the next line does not count here. Every pass is linear, also over a line of brackets or backticks
(test_hostile_lines_cost_what_they_are_long).

Invariant: `plain(escape(title))` is `title`, and `read_line` finds no field and no id in it
(test_escaped_titles_read_back).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.entities import html5
from types import MappingProxyType
from typing import Literal, NamedTuple

BLANKS = " \t"

_PUNCTUATION = r"!-/:-@\[-`{-~"
_REFERENCE = r"&(?:#[xX][0-9A-Fa-f]{1,6}|#[0-9]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});"
_SPECIAL = re.compile(rf"\\[{_PUNCTUATION}]|`+|{_REFERENCE}|[\[\]]")
_TO_ESCAPE = re.compile(rf"\\(?=[{_PUNCTUATION}])|`+|{_REFERENCE}|\[(?=[A-Za-z][\w-]*::)")
_BACKTICKS = re.compile("`+")
_PLAIN = re.compile(r"([^\\&\^:]*+)(?:\^([A-Za-z0-9-]+)[ \t]*)?")
"""Text that says nothing but itself, with an id or none: no escape, reference or field."""
_NO_FIELDS: Mapping[str, str] = MappingProxyType({})
_FIELD = re.compile(r"\[([A-Za-z][\w-]*)::")
_ID = re.compile(r"[A-Za-z0-9-]+")


class Line(NamedTuple):
    """What a task's first line, behind its check box, or a heading's text says."""

    title: str
    title_span: tuple[int, int]
    """From the first to the last character of the title as written; fields between them lie inside."""
    fields: Mapping[str, str]
    """In order of appearance; the first counts where a key stands twice."""
    task_id: str | None
    id_span: tuple[int, int] | None
    """With the `^`."""


def read_line(string: str, start: int, end: int, *, with_id: bool) -> Line:
    """Read `string[start:end]`, which is within one line."""
    text = string[start:end]
    if plainly := _PLAIN.fullmatch(text):
        said, task_id = plainly.groups()
        if task_id is None or (with_id and said and said[-1] in BLANKS):
            title = said.strip(BLANKS)
            first = start + (text.index(title) if title else min(1, len(text)))
            id_span = None if task_id is None else (start + len(said), start + len(said) + 1 + len(task_id))
            return Line(title, (first, first + len(title)), _NO_FIELDS, task_id, id_span)
    id_start, id_end = _find_id(text) if with_id else (len(text), len(text))
    title_end = id_start
    fields: dict[str, str] = {}
    parts: list[tuple[int, int]] = []
    position = 0
    for field_start, value_start, field_end in _find_fields(text[:title_end]):
        key = text[field_start + 1 : value_start - 2]
        fields.setdefault(key, plain(text[value_start : field_end - 1].strip(BLANKS)))
        parts.append(_trimmed(text, position, field_start))
        position = field_end
    parts.append(_trimmed(text, position, title_end))
    written = [part for part in parts if part[0] < part[1]]
    title = " ".join(plain(text[first:last]) for first, last in written).strip(BLANKS)
    # An empty title stands behind the one blank that follows the check box.
    empty = start + min(1, len(text))
    span = (start + written[0][0], start + written[-1][1]) if written else (empty, empty)
    found_id = id_start < id_end
    return Line(
        title,
        span,
        MappingProxyType(fields),
        text[id_start + 1 : id_end] if found_id else None,
        (start + id_start, start + id_end) if found_id else None,
    )


def field_places(string: str, start: int, end: int) -> Iterator[tuple[str, int, int, int]]:
    """(key, start, start of the value, end) of each field in `string[start:end]`, which is within one line."""
    text = string[start:end]
    for field_start, value_start, field_end in _find_fields(text):
        yield text[field_start + 1 : value_start - 2], start + field_start, start + value_start, start + field_end


@dataclass(frozen=True, slots=True)
class Around:
    """What holds a place in a line that may be unfinished."""

    in_code: bool = False
    bracket: int | None = None
    """Where the outermost `[key::` is that the place is behind; else the innermost `[`."""
    key: str | None = None
    """Of that field."""
    value_start: int = 0
    value_end: int | None = None
    """Where the `]` of that field is; None while it is not written."""


def around(string: str, start: int, place: int, end: int) -> Around:
    """What holds `place` in `string[start:end]`, which is within one line."""
    text, at = string[start:end], place - start
    open_brackets: list[int] = []
    events = _events(text)
    held: tuple[int, re.Match[str]] | None = None
    for event in events:
        if held is None and event.end > at:
            if event.start < at and event.kind == "code":
                return Around(in_code=True)
            held = next(_open_fields(text, open_brackets, at), None)
            if held is None:
                break
        if event.kind == "open":
            open_brackets.append(event.start)
        elif event.kind == "close" and open_brackets:
            bracket = open_brackets.pop()
            if held is not None and bracket == held[0]:
                field = held[1]
                return Around(False, start + bracket, field.group(1), start + field.end(), start + event.start)
    held = held or next(_open_fields(text, open_brackets, at), None)
    if held is not None:
        return Around(False, start + held[0], held[1].group(1), start + held[1].end())
    return Around(False, start + open_brackets[-1] if open_brackets else None)


def _open_fields(text: str, open_brackets: list[int], place: int) -> Iterator[tuple[int, re.Match[str]]]:
    """The outermost first."""
    for bracket in open_brackets:
        match = _FIELD.match(text, bracket, place)
        if match:
            yield bracket, match


def task_id_of(string: str, start: int, end: int) -> str | None:
    """The id at the end of `string[start:end]`, which is a task's first line behind its check box."""
    text = string[start:end]
    id_start, id_end = _find_id(text)
    return text[id_start + 1 : id_end] if id_start < id_end else None


def code_spans(text: str) -> list[tuple[int, int]]:
    """In one line."""
    return [(event.start, event.end) for event in _events(text) if event.kind == "code"] if "`" in text else []


def plain(text: str) -> str:
    """Without the backslashes of escapes, and with references replaced, outside code spans."""
    if "\\" not in text and "&" not in text:
        return text
    out: list[str] = []
    position = 0
    for event in _events(text):
        if event.replacement is not None:
            out += text[position : event.start], event.replacement
            position = event.end
    out.append(text[position:])
    return "".join(out)


def escape(title: str) -> str:
    """A title as Markdown source that reads back as exactly this title. It must be one line."""
    out: list[str] = []
    position = 0
    runs = _Runs(title)
    while match := _TO_ESCAPE.search(title, position):
        out.append(title[position : match.start()])
        position = match.end()
        found = match.group()
        if found[0] == "`":
            span_end = runs.span_end(position, len(found))
            if span_end is None:
                out.append("\\`" * len(found))
            else:
                out.append(title[match.start() : span_end])
                position = span_end
        elif found[0] == "&":
            out.append(found if _reference(found) is None else "\\" + found)
        else:
            out.append("\\" + found)
    out.append(title[position:])
    source = "".join(out)
    # A blank stands before every title, so a leading caret counts too.
    id_start, id_end = _find_id(" " + source)
    return source[: id_start - 1] + "\\" + source[id_start - 1 :] if id_start < id_end else source


class _Event(NamedTuple):
    kind: Literal["code", "escape", "reference", "open", "close"]
    start: int
    end: int
    replacement: str | None = None
    """The plain text it stands for, where that differs."""


def _events(text: str) -> Iterator[_Event]:
    runs = _Runs(text)
    position = 0
    while match := _SPECIAL.search(text, position):
        found, start, position = match.group(), match.start(), match.end()
        if found[0] == "`":
            span_end = runs.span_end(position, len(found))
            if span_end is not None:
                yield _Event("code", start, span_end)
                position = span_end
        elif found[0] == "\\":
            yield _Event("escape", start, position, found[1])
        elif found[0] == "&":
            replacement = _reference(found)
            if replacement is not None:
                yield _Event("reference", start, position, replacement)
        else:
            yield _Event("open" if found == "[" else "close", start, position)


class _Runs:
    """Where the runs of backticks of each length are, so that the end of a code span is found without a search."""

    def __init__(self, text: str) -> None:
        self._starts: dict[int, list[int]] = {}
        for match in _BACKTICKS.finditer(text):
            self._starts.setdefault(len(match.group()), []).append(match.start())

    def span_end(self, opener_end: int, length: int) -> int | None:
        """Where the code span ends whose opening run ends at `opener_end`; None if the run is only text."""
        starts = self._starts.get(length, ())
        index = bisect_left(starts, opener_end)
        return starts[index] + length if index < len(starts) else None


def _find_fields(text: str) -> list[tuple[int, int, int]]:
    """(start, start of the value, end) of each field; one inside another is part of the other's value."""
    fields: list[tuple[int, int, int]] = []
    open_brackets: list[int] = []
    if "::" not in text:
        return fields
    for event in _events(text):
        if event.kind == "open":
            open_brackets.append(event.start)
        elif event.kind == "close" and open_brackets:
            start = open_brackets.pop()
            match = _FIELD.match(text, start, event.start)
            if match:
                while fields and fields[-1][0] > start:
                    fields.pop()
                fields.append((start, match.end(), event.end))
    return fields


def _find_id(text: str) -> tuple[int, int]:
    """(start, end) of `^id` behind a blank at the line's end; an empty span at the end of the text if there is none."""
    end = len(text.rstrip(BLANKS))
    caret = text.rfind("^", 0, end)
    if caret > 0 and text[caret - 1] in BLANKS and _ID.fullmatch(text, caret + 1, end):
        return caret, end
    return len(text), len(text)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip(BLANKS)), end - len(part) + len(part.rstrip(BLANKS))


def _reference(reference: str) -> str | None:
    """What a character reference stands for; None if its name is unknown. Never a control character or a line break."""
    name = reference[1:]
    if name[0] != "#":
        value = html5.get(name)
    else:
        code = int(name[2:-1], 16) if name[1] in "xX" else int(name[1:-1])
        value = chr(code) if 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"
    if value is None:
        return None
    if value in {"\t", "\n", "\r", "\f"}:
        return " "
    return "\ufffd" if value < " " or "\x7f" <= value <= "\x9f" else value
