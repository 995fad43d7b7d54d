"""What a model's answer holds, whatever it is wrapped in: JSON, nearly JSON, YAML, or a Markdown list.

Apart from `answers`, which knows what a plan and a decision must be: this finds values, and judges none. What a model
thought aloud (`<think>`) is no answer, and after an object that is cut off or broken, its pieces are none either.

Invariant: every string that is found stands in the answer (test_titles_come_from_the_answer).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from orchestrator.engine import lenient_json

MAX_ANSWER = 200_000
"""Characters; a longer answer is not read."""
MAX_YAML = 30_000
"""YAML is read slowly, and models that answer in it answer briefly."""
TRIES = 50
"""How many brackets may turn out to be no JSON."""

_Reader = Callable[[str, int], tuple[object, int]]

_THOUGHT = "think|thinking|thought|thoughts|reasoning|scratchpad"
_CLOSED_THOUGHT = re.compile(rf"^\s*<({_THOUGHT})>.*?</\1>", re.DOTALL | re.MULTILINE | re.IGNORECASE)
_ONLY_THE_END = re.compile(rf"\A.*</(?:{_THOUGHT})>", re.DOTALL | re.IGNORECASE)
_OPEN_THOUGHT = re.compile(rf"^\s*<(?:{_THOUGHT})>.*\Z", re.DOTALL | re.MULTILINE | re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*\w*[ \t]*$", re.MULTILINE)
_OPENING = re.compile(r"[{\[]")
_YAML = re.compile(
    r"^[ \t]*(?:-[ \t]+)?[\"']?(?:title|name|task|tasks|subtasks|steps)[\"']?[ \t]*:(?:[ \t]|$)", re.MULTILINE
)
_YAML_ALIAS = re.compile(r"(?:^|[\s,\[:-])[&*!][A-Za-z]", re.MULTILINE)
_ITEM = re.compile(r"^(?P<indent>[ \t]*)(?P<marker>[-*+\u2022]|\d{1,3}[.)])[ \t]+(?:\[.\][ \t]+)?(?P<text>\S.*)$")
_REFUSAL = re.compile(
    r"\b(?:sorry|apologi[sz]e|unable|(?:can|could|will|would|do|am|may)(?: not|n['\u2019]t)|cannot|won['\u2019]t)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Item:
    """One of a Markdown list."""

    text: str
    numbered: bool


def without_thoughts(answer: str) -> str:
    """Without what the model said to itself, also where that was never ended or its beginning is not shown."""
    text = _CLOSED_THOUGHT.sub("", answer)
    if not re.search(rf"<(?:{_THOUGHT})>", text, re.IGNORECASE):
        text = _ONLY_THE_END.sub("", text)
    return _OPEN_THOUGHT.sub("", text)


def json_values(text: str) -> Iterator[object]:
    """Objects and lists, from the front."""
    return _values(text, _read_json)


_read_json = json.JSONDecoder(strict=False).raw_decode


def nearly_json_values(text: str) -> Iterator[object]:
    return _values(text, lenient_json.read_at)


def _values(text: str, read: _Reader) -> Iterator[object]:
    """After an object that could not be read, what follows may be a piece of its inside: a list there, or an object
    with a title, is not an answer of its own.
    """
    quoted = _quoted_json(text)
    text = text if quoted is None else quoted
    position, broken = 0, False
    for _ in range(TRIES):
        match = _OPENING.search(text, position)
        if not match:
            return
        try:
            value, position = read(text, match.start())
        except (ValueError, RecursionError):
            position = match.start() + 1
            broken = broken or match[0] == "{"
            continue
        if not broken or (isinstance(value, dict) and not {"title", "name"} & value.keys()):
            yield value


def _quoted_json(text: str) -> str | None:
    """The inside of an answer that is one JSON string, which was encoded once too often."""
    stripped = text.strip()
    if not (stripped.startswith('"') and stripped.endswith('"')):
        return None
    try:
        inside: object = json.loads(stripped, strict=False)
    except (ValueError, RecursionError):
        return None
    return inside if isinstance(inside, str) else None


def yaml_value(text: str) -> object:
    """The answer as YAML where it looks like that, else None. Without aliases, which can grow without bound."""
    inside = "\n".join(_fenced(text)) or text
    if len(inside) > MAX_YAML or not _YAML.search(inside) or _YAML_ALIAS.search(inside):
        return None
    import yaml

    start = _YAML.search(inside)
    assert start is not None
    try:
        return cast("object", yaml.safe_load(inside[start.start() :]))
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def markdown_items(text: str) -> tuple[Item, ...]:
    """The outermost items of the one list in the answer; none where that is a refusal, YAML, or several lists."""
    lines = text.splitlines()
    found = [(number, match) for number, line in enumerate(lines) if (match := _ITEM.match(line))]
    if not found:
        return ()
    if _REFUSAL.search(" ".join(lines[: found[0][0]])) or any(_YAML.match(match["text"]) for _, match in found):
        return ()
    outermost = min(len(match["indent"].expandtabs(4)) for _, match in found)
    matches = [match for _, match in found if len(match["indent"].expandtabs(4)) == outermost]
    numbered = [match for match in matches if match["marker"][0].isdigit()]
    if len(numbered) > 1:
        numbers = [int(match["marker"][:-1]) for match in numbered]
        if numbers != list(range(numbers[0], numbers[0] + len(numbers))) and len(set(numbers)) > 1:
            return ()
        matches = numbered
    return tuple(Item(match["text"].strip(), match["marker"][0].isdigit()) for match in matches)


def fold(name: str) -> str:
    """A field's name as it is looked for: `depends_on`, `dependsOn` and "Depends on" are one."""
    return "".join(character for character in name.casefold() if character.isalnum())


def fields_of(value: Mapping[Any, Any]) -> dict[str, object]:
    folded: dict[str, object] = {}
    for name, inside in value.items():
        folded.setdefault(fold(str(name)), inside)
    return folded


def _fenced(text: str) -> list[str]:
    """What stands in code fences, if there is any."""
    marks = list(_FENCE.finditer(text))
    return [text[marks[at].end() : marks[at + 1].start()] for at in range(0, len(marks) - 1, 2)]
