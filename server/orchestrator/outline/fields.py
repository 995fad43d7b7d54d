"""The fields that Orchestrator knows: which values each allows, and where a field stands in the text.

Apart from `inline`, which reads any field of any line, because this file knows what the fields mean.
A key that is not listed here is somebody else's: kept, and never looked at.

Invariant: a place is inside its line, and its value is what the node says (test_places_agree_with_the_fields).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orchestrator.model.safe_text import one_line
from orchestrator.model.task import MODES
from orchestrator.outline.inline import field_places, plain
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Section

PRIORITIES = ("low", "medium", "high")
MAX_REASON = 120

_ID = re.compile(r"\^?[A-Za-z0-9-]+")
_NUMBER = re.compile(r"\d{0,12}\.?\d{1,12}", re.ASCII)
_NOT_RELATIVE = re.compile(r"[/\\~]|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*://")
_PART = re.compile(r"[^,]+")


@dataclass(frozen=True, slots=True)
class Field:
    """A field as it is written."""

    key: str
    start: int
    """Offset of its `[`."""
    end: int
    value_start: int
    """The value's first character; blanks around it are left out."""
    value_end: int
    raw: str
    """The value as written, with escapes."""

    def parts(self) -> Iterator[tuple[str, int, int]]:
        """What stands between commas: plain text, start, end. Empty parts are left out."""
        for match in _PART.finditer(self.raw):
            part = match.group().strip(" \t")
            if part:
                start = self.value_start + match.start() + len(match.group()) - len(match.group().lstrip(" \t"))
                yield plain(part), start, start + len(part)


@dataclass(frozen=True, slots=True)
class Flaw:
    start: int
    end: int
    message: str
    """What is wrong and what to do."""


def places(text: Text, node: Node) -> Iterator[Field]:
    """The fields of a task or a heading in order; the first counts where a key stands twice, so only that one."""
    if not node.fields:
        return
    seen: set[str] = set()
    for line in _lines(text, node):
        written, at = text.line(line), text.line_start(line)
        start = 0 if isinstance(node, Section) else node.mark_span[1] + 1 - at
        for key, field_start, behind_key, end in field_places(written, start, len(written)):
            if key in seen:
                continue
            seen.add(key)
            raw = written[behind_key : end - 1]
            value_start = at + behind_key + len(raw) - len(raw.lstrip(" \t"))
            raw = raw.strip(" \t")
            yield Field(key, at + field_start, at + end, value_start, value_start + len(raw), raw)


def place(text: Text, node: Node, key: str) -> Field | None:
    if key not in node.fields:
        return None
    return next((found for found in places(text, node) if found.key == key), None)


def flaws(found: Field) -> Iterator[Flaw]:
    """What is wrong with the value of a field, each with its exact place. Nothing for keys that we do not know."""
    if found.key in _PARTS:
        rule = _PARTS[found.key]
        empty = True
        for part, start, end in found.parts():
            empty = False
            if wrong := rule(part):
                yield Flaw(start, end, wrong)
        if empty:
            yield Flaw(found.start, found.end, f"`{found.key}` is empty. Write a value or remove the field.")
    elif wrong := flaw(found.key, plain(found.raw)):
        at = (found.value_start, found.value_end) if found.raw else (found.start, found.end)
        yield Flaw(*at, wrong)


def flaw(key: str, value: str) -> str | None:
    """What is wrong with this value and what to do, or None."""
    rule = _VALUES.get(key)
    return rule(value) if rule else None


def is_path(value: str) -> bool:
    """Whether a `files` field may name it: relative, and something that can be read."""
    return _file(value) is None


def path_key(path: str) -> str:
    """The same for two ways to write one relative path."""
    kept: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        if part == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif part not in {"", "."}:
            kept.append(part)
    return "/".join(kept)


def _lines(text: Text, node: Node) -> range:
    last = text.line_of(node.title_span[1]) if isinstance(node, Section) else node.line
    return range(node.line, max(node.line, last) + 1)


def _quoted(value: str) -> str:
    return f"`{one_line(value, 40)}`"


def _one_of(key: str, *allowed: str) -> Callable[[str], str | None]:
    def rule(value: str) -> str | None:
        if value in allowed:
            return None
        return f"{_quoted(value)} is no {key}. Write {', '.join(allowed[:-1])} or {allowed[-1]}, or remove the field."

    return rule


def _name_of(what: str) -> Callable[[str], str | None]:
    def rule(value: str) -> str | None:
        if not value:
            return f"The {what} is empty. Write a name or remove the field."
        if re.search(r"\s", value):
            return f"{_quoted(value)} is no {what}: names have no blanks. Write one name."
        return None

    return rule


def _budget(value: str) -> str | None:
    if _NUMBER.fullmatch(value) and math.isfinite(float(value)):
        return None
    return f"{_quoted(value)} is no budget. Write an amount of US dollars as a number, such as 2.50."


def _reason(value: str) -> str | None:
    if len(value) <= MAX_REASON:
        return None
    return (
        f"The reason has {len(value):,} characters, and {MAX_REASON} are allowed. "
        "Shorten it, and write the rest below the task."
    )


def _id(value: str) -> str | None:
    if _ID.fullmatch(value):
        return None
    return f"{_quoted(value)} is no id. Write ids of tasks with commas between them, such as b7c2d, q4w5e."


def _file(value: str) -> str | None:
    if not _NOT_RELATIVE.match(value) and value.isprintable() and path_key(value):
        return None
    return f"{_quoted(value)} is no path of a file. Write it relative to this outline's folder, such as src/login.py."


_VALUES: dict[str, Callable[[str], str | None]] = {
    "mode": _one_of("mode", *MODES),
    "priority": _one_of("priority", *PRIORITIES),
    "budget": _budget,
    "executor": _name_of("executor"),
    "model": _name_of("model"),
    "type": _name_of("type"),
    "prompt": _name_of("prompt"),
    "reason": _reason,
}
_PARTS: dict[str, Callable[[str], str | None]] = {"dependsOn": _id, "files": _file}
"""Fields that list several values."""
