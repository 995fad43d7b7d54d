"""A record with some of its fields changed.

Apart from `dataclasses.replace`, which asks each field about itself and takes four times as long, because a run alters
several records for each of its steps.

Invariant: the answer is that of `dataclasses.replace` (test_altered_is_replaced).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from orchestrator.model.record import draft_of

T = TypeVar("T")


def altered(record: T, **changes: Any) -> T:
    """Of a frozen dataclass with slots that is derived from nothing and checks nothing when it is made."""
    kind: Any = type(record)
    made = _drafter(kind)(record)
    for name, value in changes.items():
        try:
            setattr(made, name, value)
        except AttributeError:
            raise TypeError(f"{kind.__name__} has no field {name}.") from None
    made.__class__ = kind
    return made


@cache
def _drafter(kind: Any) -> Callable[[Any], Any]:
    """Makes a draft that is like a record of this kind."""
    given: dict[str, Any] = {"_new": object.__new__, "_draft": draft_of(kind)}
    lines = [f"    made.{name} = record.{name}" for name in kind.__slots__]
    exec("\n".join(["def draft(record):", "    made = _new(_draft)", *lines, "    return made"]), given)  # noqa: S102 - names of fields only
    return given["draft"]
