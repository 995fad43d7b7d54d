"""JSON that a stranger wrote, as the values of a model: bounded, and every refusal names its place.

Apart from the formats because all of them need the same care: a number where a list should be, a key twice, a nesting
that is there to exhaust us.

Invariant: whatever the text is, the answer is a value or a FileError (test_any_json_is_read_or_refused).
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from orchestrator.errors import FileError
from orchestrator.model.safe_text import one_line

T = TypeVar("T", bound=BaseModel)

MAX_NESTING = 250
"""Brackets in brackets: tasks may stand in 90 lists, and each takes two."""
_SHOWN_PROBLEMS = 3
_KINDS = {"int", "str", "float"}
"""What pydantic adds to the place where several are allowed."""


def read_json(name: str, text: str) -> Any:
    """Raises FileError with line and column."""
    _refuse_deep(name, text)
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise _refusal(name, f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    except _TwiceError as error:
        raise _refusal(name, f"the key “{one_line(str(error), 40)}” stands twice in one object") from error
    except (ValueError, RecursionError) as error:
        raise _refusal(name, "a number in it is too long, or it is nested too deeply") from error


def as_model(name: str, value: Any, model: type[T], path: tuple[str | int, ...] = ()) -> T:
    """Raises FileError that names the first places that are wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        wrong: dict[str, str] = {}
        for one in error.errors(include_url=False, include_context=False, include_input=False):
            at = tuple(part for part in one["loc"] if part not in _KINDS)
            wrong.setdefault(place((*path, *at)), one["msg"].lower())
        told = [f"{at}: {message}" for at, message in list(wrong.items())[:_SHOWN_PROBLEMS]]
        more = f", and {len(wrong) - _SHOWN_PROBLEMS:,} more" if len(wrong) > _SHOWN_PROBLEMS else ""
        raise _refusal(name, "; ".join(told) + more) from error
    except RecursionError as error:
        raise _refusal(name, "it is nested too deeply") from error


def place(path: tuple[str | int, ...]) -> str:
    """`tasks[3].title`, as people write it."""
    shown = ""
    for part in path:
        shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else str(part)
    return one_line(shown, 120) or "the whole"


def _refuse_deep(name: str, text: str) -> None:
    """Before a parser that calls itself sees it."""
    depth = line = 0
    in_string = escaped = False
    for character in text:
        if character == "\n":
            line += 1
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > MAX_NESTING:
                raise _refusal(name, f"line {line + 1}: it is nested more than {MAX_NESTING} brackets deep")
        elif character in "]}":
            depth -= 1


class _TwiceError(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError(key)
        found[key] = value
    return found


def _refusal(name: str, why: str) -> FileError:
    return FileError(f"{one_line(name)} cannot be read: {why}.", hint="Correct that place; nothing was written.")
