"""Records: dataclasses that nobody changes, made quickly.

Apart from `dataclass(frozen=True, slots=True)`, which this is, because that sets each field by its name through
`object.__setattr__`, in up to four times the time: a run makes some fifty records for each of its steps. So a record is
a draft while it is made: an object with the same slots, whose fields are set like those of any other.

Invariant: a record is made as its dataclass would make it (test_a_record_is_made_as_its_dataclass_would).
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

_LATER = object()
"""Stands for a default that is made anew for each record."""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(kind: type[T]) -> type[T]:
    """For a class without `__post_init__`, all of whose fields are given by place or by name; it has no subclasses."""
    if kind.__bases__ != (object,):
        raise TypeError(f"{kind.__name__} is derived from another class, which a record is not.")
    made: Any = dataclass(frozen=True, slots=True)(kind)
    become = vars(object)["__class__"].__set__
    given: dict[str, Any] = {"_later": _LATER, "_kind": made, "_draft": draft_of(made), "_become": become}
    heads: list[str] = []
    lines: list[str] = []
    for one in fields(made):
        name, value = one.name, one.name
        head = name
        if one.default is not MISSING:
            given[f"_default_{name}"] = one.default
            head = f"{name}=_default_{name}"
        elif one.default_factory is not MISSING:
            given[f"_make_{name}"] = one.default_factory
            head, value = f"{name}=_later", f"_make_{name}() if {name} is _later else {name}"
        heads.append(head)
        lines.append(f"    self.{name} = {value}")
    signature = f"def __init__({', '.join(('self', *heads))}):"
    exec("\n".join([signature, "    _become(self, _draft)", *lines, "    self.__class__ = _kind"]), given)  # noqa: S102 - names of fields only
    before, made.__init__ = made.__init__, given["__init__"]
    made.__init__.__qualname__ = before.__qualname__
    made.__init__.__annotations__ = before.__annotations__
    made.__init_subclass__ = classmethod(_refuse)  # it would be made a record of this class
    return made


def _refuse(kind: Any, **_given: Any) -> None:
    raise TypeError(f"{kind.__name__} is derived from a record, which has no subclasses; give it one as a field.")


@cache
def draft_of(kind: Any) -> Any:
    """The class of drafts of a frozen dataclass with slots; one whose `__class__` is set to `kind` is a record."""
    return type(f"{kind.__name__}Draft", (), {"__slots__": kind.__slots__})
