"""Values of fields that are not allowed, in tasks, headings and the front matter's `defaults`.

A field or a setting that nobody knows is no problem: it may be somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from orchestrator.outline import fields
from orchestrator.outline.front_matter import FORMAT, place_of
from orchestrator.outline.problems.problem import Code, Found, Problem, Severity, place_in
from orchestrator.outline.tree import Node, Outline


def field_values(node: Node) -> Iterator[Found]:
    for field in fields.places(node.outline.text, node):
        for flaw in fields.flaws(field):
            place = place_in(node, (flaw.start, flaw.end))
            yield Found(Code.BAD_FIELD_VALUE, Severity.ERROR, place, flaw.message)


def default_values(outline: Outline) -> Iterator[Problem]:
    front = outline.front_matter
    for keys, message in _flaws_of(front.settings):
        span = place_of(outline.text, front, *keys)
        yield Problem(Code.BAD_FIELD_VALUE, Severity.ERROR, *span, message)


def _flaws_of(settings: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    version = settings.get("orchestrator")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool) or version < 1):
        yield ("orchestrator",), f"This is no version of the outline format. Write `orchestrator: {FORMAT}`."
    defaults: object = settings.get("defaults")
    if defaults is None:
        return
    if not isinstance(defaults, Mapping):
        yield ("defaults",), "`defaults` are no settings. Write them as `defaults: {mode: interactive}`."
        return
    for key, value in cast("Mapping[Any, Any]", defaults).items():
        if isinstance(key, str) and value is not None and (message := _flaw_of(key, value)):
            yield ("defaults", key), message


def _flaw_of(key: str, value: object) -> str | None:
    if key == "concurrency":
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        return None if fits else "The concurrency is no whole number from 1. Write how many tasks may run at once."
    if key == "budget" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return fields.flaw(key, f"{value:f}" if isinstance(value, float) else str(value))
    if isinstance(value, str):
        return fields.flaw(key, value)
    # A number or a list where a word belongs; keys that nobody knows have no flaws.
    return fields.flaw(key, "") and f"This is no value of `{key}`. Write a single word."
