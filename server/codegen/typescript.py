"""Wire types as TypeScript."""

from __future__ import annotations

from codegen.shapes import Shape, Shapes, Type

HEADER = "// Generated from server/orchestrator/lsp/protocol.py by `make generate`. Do not edit.\n"
_PRIMITIVES = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
    "object": "Record<string, unknown>",
}


def protocol(shapes: Shapes) -> str:
    blocks = [HEADER, f"export const PROTOCOL_VERSION = {shapes.version};\n"]
    blocks += [_shape(shape) for shape in shapes.shapes]
    requests = [f'  "{name}": {{ params: {pair[0]}; result: {pair[1]} }};' for name, pair in shapes.requests.items()]
    notifications = [f'  "{name}": {params};' for name, params in shapes.notifications.items()]
    commands = [f'  "{name}": "{method}",' for name, method in shapes.commands.items()]
    blocks.append("\n".join(["/** Client to server. */", "export interface Requests {", *requests, "}\n"]))
    blocks.append("\n".join(["/** Server to client. */", "export interface Notifications {", *notifications, "}\n"]))
    blocks.append(
        "\n".join(
            [
                "/** `workspace/executeCommand`: the request whose params are the one argument. */",
                "export const COMMANDS = {",
                *commands,
                "} as const;\n",
            ]
        )
    )
    return "\n".join(blocks)


def _shape(shape: Shape) -> str:
    lines = [_comment(shape.doc, "")] if shape.doc else []
    if shape.values:
        return "\n".join([*lines, f"export type {shape.name} =", *_values(shape)]) + "\n"
    lines.append(f"export interface {shape.name} {{")
    for member in shape.members:
        if member.doc:
            lines.append(_comment(member.doc, "  "))
        lines.append(f"  {member.name}{'?' if member.optional else ''}: {_type(member.type)};")
    return "\n".join([*lines, "}"]) + "\n"


def _values(shape: Shape) -> list[str]:
    lines: list[str] = []
    for position, (value, doc) in enumerate(shape.values):
        if doc:
            lines.append(_comment(doc, "  "))
        lines.append(f'  | "{value}"' + (";" if position == len(shape.values) - 1 else ""))
    return lines


def _type(kind: Type) -> str:
    if kind.kind == "ref":
        return kind.name
    if kind.kind == "literal":
        return f'"{kind.name}"'
    if kind.kind == "list":
        inner = _type(kind.items[0])
        return f"({inner})[]" if kind.items[0].kind == "union" else f"{inner}[]"
    if kind.kind == "union":
        return " | ".join(_type(item) for item in kind.items)
    return _PRIMITIVES[kind.kind]


def _comment(text: str, indent: str) -> str:
    return f"{indent}/** {text.replace('*/', '* /')} */"
