"""The wire types as plain values: read from `lsp/protocol.py`, written by one file per language.

Types come from pydantic's fields; documentation from the docstrings below them in the source.
"""

from __future__ import annotations

import ast
import inspect
import sys
import types
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from orchestrator.lsp import protocol
from orchestrator.model import run


@dataclass(frozen=True)
class Type:
    """One of: a named type, a list, a union, a literal, a primitive."""

    kind: str
    """"string", "integer", "number", "boolean", "object", "null", "ref", "list", "union", "literal"."""
    name: str = ""
    """Of a ref, or the text of a literal."""
    items: tuple[Type, ...] = ()


@dataclass(frozen=True)
class Member:
    name: str
    """camelCase."""
    type: Type
    optional: bool
    """A sender may leave it out."""
    doc: str


@dataclass(frozen=True)
class Shape:
    name: str
    doc: str
    members: tuple[Member, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    """Of an enumeration: value and documentation."""


@dataclass(frozen=True)
class Shapes:
    shapes: tuple[Shape, ...]
    requests: dict[str, tuple[str, str]]
    notifications: dict[str, str]
    commands: dict[str, str]
    version: int


def protocol_shapes() -> Shapes:
    named = [shape for pair in protocol.REQUESTS.values() for shape in pair] + [*protocol.NOTIFICATIONS.values()]
    modules = [sys.modules[name] for name in dict.fromkeys([protocol.__name__, *(one.__module__ for one in named)])]
    wire = [
        value
        for module in modules
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, protocol.Wire) and value.__module__ == module.__name__
    ]
    docs = _field_docs(run)
    for module in modules:
        docs |= _field_docs(module)
    found: list[Shape] = [_enumeration(run.SplitState, docs)]
    for value in wire:
        members = tuple(
            Member(
                info.alias or name,
                _type(info.annotation, info),
                not info.is_required(),
                next((docs[key] for owner in value.__mro__ if (key := f"{owner.__name__}.{name}") in docs), ""),
            )
            for name, info in value.model_fields.items()
        )
        found.append(Shape(value.__name__, _summary(value), members))
    return Shapes(
        tuple(found),
        {method: (params.__name__, result.__name__) for method, (params, result) in protocol.REQUESTS.items()},
        {method: params.__name__ for method, params in protocol.NOTIFICATIONS.items()},
        dict(protocol.COMMANDS),
        protocol.PROTOCOL_VERSION,
    )


def _enumeration(enumeration: type[StrEnum], docs: dict[str, str]) -> Shape:
    values = tuple((item.value, docs.get(f"{enumeration.__name__}.{item.name}", "")) for item in enumeration)
    return Shape(enumeration.__name__, _summary(enumeration), values=values)


def _type(annotation: Any, info: FieldInfo | None = None) -> Type:
    if annotation is None or annotation is type(None):
        return Type("null")
    primitives = {str: "string", bool: "boolean", int: "integer", float: "number"}
    if annotation in primitives:
        return Type(primitives[annotation])
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        options = tuple(Type("literal", str(argument)) for argument in arguments)
        return options[0] if len(options) == 1 else Type("union", items=options)
    if origin in {Union, types.UnionType}:
        return Type("union", items=tuple(_type(argument) for argument in arguments))
    if origin is list:
        return Type("list", items=(_type(arguments[0]),))
    if origin is dict:
        return Type("object")
    if hasattr(annotation, "__metadata__"):
        return _type(arguments[0])
    if isinstance(annotation, str):
        return Type("ref", annotation)
    if inspect.isclass(annotation):
        return Type("ref", annotation.__name__)
    raise TypeError(f"the protocol uses a type that codegen does not know: {annotation!r} {info}")


def _field_docs(module: types.ModuleType) -> dict[str, str]:
    """`Class.field` and the docstring below it."""
    docs: dict[str, str] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for before, after in zip(node.body, node.body[1:], strict=False):
            text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else None
            target = _target(before)
            if target and isinstance(text, str):
                docs[f"{node.name}.{target}"] = " ".join(text.split())
    return docs


def _target(node: ast.stmt) -> str:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return ""


def _summary(thing: type) -> str:
    own = vars(thing).get("__doc__") or ""
    return " ".join(own.split())
