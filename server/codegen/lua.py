"""Wire types as LuaCATS annotations: read by the Lua language server, not at run time."""

from __future__ import annotations

from codegen.shapes import Shape, Shapes, Type

HEADER = """---@meta
-- Generated from server/orchestrator/lsp/protocol.py by `make generate`. Do not edit.
"""
_PRIMITIVES = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "null": "vim.NIL",
    "object": "table<string, any>",
}


def protocol(shapes: Shapes) -> str:
    return "\n".join([HEADER, *(_shape(shape) for shape in shapes.shapes)])


def _shape(shape: Shape) -> str:
    lines = [f"---{shape.doc}"] if shape.doc else []
    name = f"orchestrator.{shape.name}"
    if shape.values:
        lines.append(f"---@alias {name}")
        lines += [f"---| '{value}'" + (f" # {doc}" if doc else "") for value, doc in shape.values]
        return "\n".join(lines) + "\n"
    lines.append(f"---@class {name}")
    for member in shape.members:
        optional = "?" if member.optional else ""
        lines.append(
            f"---@field {member.name}{optional} {_type(member.type)}" + (f" {member.doc}" if member.doc else "")
        )
    return "\n".join(lines) + "\n"


def _type(kind: Type) -> str:
    if kind.kind == "ref":
        return f"orchestrator.{kind.name}"
    if kind.kind == "literal":
        return f"'{kind.name}'"
    if kind.kind == "list":
        inner = _type(kind.items[0])
        return f"({inner})[]" if kind.items[0].kind == "union" else f"{inner}[]"
    if kind.kind == "union":
        return "|".join(_type(item) for item in kind.items)
    return _PRIMITIVES[kind.kind]
