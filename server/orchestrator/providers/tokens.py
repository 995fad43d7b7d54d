"""How many tokens a text has, roughly, for when a provider does not say.

Apart from the vendors because all share it: exact counting needs each vendor's own tables, which are fetched from
the network. So the result is always marked as an estimate.

Invariant: an estimate never shrinks when text is added (test_more_text_is_never_fewer_tokens).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from orchestrator.model.usage import Usage
from orchestrator.providers.base import Request

_ASCII_PER_TOKEN = 4
_CJK_WEIGHT = 0.75
_OTHER_WEIGHT = 0.3
"""Measured against the counts of several vendors on Markdown in ten languages."""

_MESSAGE_OVERHEAD = 4
"""Tokens that the markers around one message take."""

_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f]")


def estimate(text: str) -> int:
    if text.isascii():  # known to the string, so that a long one costs nothing
        return max(round(len(text) / _ASCII_PER_TOKEN), 1) if text else 0
    cjk = len(_CJK.findall(text))
    plain = len(text.encode("ascii", "ignore"))
    other = len(text) - plain - cjk
    tokens = plain / _ASCII_PER_TOKEN + cjk * _CJK_WEIGHT + other * _OTHER_WEIGHT
    return max(round(tokens), 1) if text else 0


def estimate_request(request: Request) -> int:
    found = _of_system(request.system)
    for message in request.messages:
        found += _of_text(message.text)
        for call in message.calls:
            found += _of_text(call.name + call.arguments)
        for result in message.results:
            found += _of_text(result.text)
    for tool in request.tools:
        found += _of_shape(tool.name, tool.description, tool.parameters)
    if request.schema is not None:
        found += _of_shape(request.schema.name, request.schema.description, request.schema.json_schema)
    return found


def _of_text(text: str) -> int:
    return estimate(text) + _MESSAGE_OVERHEAD if text else 0


_of_system = lru_cache(maxsize=32)(_of_text)
"""Counted once: most requests of a run begin alike."""


def _of_shape(name: str, description: str, shape: Mapping[str, Any]) -> int:
    """Counted once: schemas and tools are the same in each request, and are never changed."""
    known = _shapes.get(id(shape))
    if known is None or known[0] is not shape or known[1:3] != (name, description):
        if len(_shapes) >= _MOST_SHAPES:
            _shapes.clear()
        tokens = estimate(f"{name} {description} {json.dumps(shape)}") + _MESSAGE_OVERHEAD
        _shapes[id(shape)] = known = (shape, name, description, tokens)
    return known[3]


_MOST_SHAPES = 256
_shapes: dict[int, tuple[Mapping[str, Any], str, str, int]] = {}


def estimated_usage(request: Request, answer: str) -> Usage:
    """What a call used, when the provider did not say."""
    return Usage(estimate_request(request), estimate(answer), estimated=True)
