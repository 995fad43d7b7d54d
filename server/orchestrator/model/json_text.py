"""JSON as text, written often: `json.dumps` makes an encoder for each text that is not written in its usual way.

Invariant: a text is what `json.JSONEncoder` with the same options writes (test_json_text_is_that_of_the_standard).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from json import encoder as _standard
from typing import Any


def writer(**options: Any) -> Callable[[Any], str]:
    """What `json.JSONEncoder(**options).encode` does. A value that holds itself raises RecursionError."""
    made = json.JSONEncoder(**options)
    quick = getattr(_standard, "c_make_encoder", None)
    if quick is None or "indent" in options:
        return made.encode
    quote = _standard.encode_basestring_ascii if made.ensure_ascii else _standard.encode_basestring
    parts = quick(
        None,
        made.default,
        quote,
        None,
        made.key_separator,
        made.item_separator,
        made.sort_keys,
        made.skipkeys,
        made.allow_nan,
    )
    return lambda value: "".join(parts(value, 0))
