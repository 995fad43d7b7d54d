"""`docs/reference/protocol.md`: every method with its parameters and result."""

from __future__ import annotations

from codegen.shapes import Member, Shape, Shapes, Type

HEADER = """<!-- Generated from server/orchestrator/lsp/protocol.py by `make generate`. Do not edit. -->
# Protocol

These methods stand beside the Language Server Protocol.
Names are camelCase; positions and ranges are LSP's, in the negotiated encoding.
`documentVersion` is the editor's version of a document, or `null` for a file that nobody has open.

A client says what it can show in `capabilities.experimental.orchestrator` of `initialize` (`ClientAbilities`).
The server answers there with `ServerAbilities`; the protocol's version is {version}.
Parameters that are not of the shape below are answered with error -32602 and the path of the bad field.
Every other error carries `message`, which ends with what to do, and `data.kind`, the name of the error.
"""


def protocol(shapes: Shapes) -> str:
    by_name = {shape.name: shape for shape in shapes.shapes}
    blocks = [HEADER.format(version=shapes.version), "## Requests from the client\n"]
    for method, (params, result) in shapes.requests.items():
        command = next((name for name, target in shapes.commands.items() if target == method), None)
        blocks.append(_method(method, by_name[params], by_name[result], command))
    blocks.append("## Notifications from the server\n")
    blocks += [_method(method, by_name[params], None, None) for method, params in shapes.notifications.items()]
    shown = {name for pair in shapes.requests.values() for name in pair} | set(shapes.notifications.values())
    blocks.append("## Types\n")
    blocks += [f"### {shape.name}\n\n{_body(shape)}" for shape in shapes.shapes if shape.name not in shown]
    return "\n".join(blocks)


def _method(method: str, params: Shape, result: Shape | None, command: str | None) -> str:
    lines = [f"### `{method}`\n"]
    if command:
        lines.append(f"As a command: `{command}`, with these parameters as its one argument.\n")
    lines.append(f"*Parameters* (`{params.name}`)\n\n{_body(params)}")
    if result:
        lines.append(f"*Result* (`{result.name}`)\n\n{_body(result)}")
    return "\n".join(lines)


def _body(shape: Shape) -> str:
    lead = f"{shape.doc}\n\n" if shape.doc else ""
    if shape.values:
        rows = [f"| `{value}` | {doc} |" for value, doc in shape.values]
        return lead + "\n".join(["| value | meaning |", "| --- | --- |", *rows]) + "\n"
    if not shape.members:
        return lead or "No fields.\n"
    rows = [_row(member) for member in shape.members]
    return lead + "\n".join(["| field | type | meaning |", "| --- | --- | --- |", *rows]) + "\n"


def _row(member: Member) -> str:
    return f"| `{member.name}{'?' if member.optional else ''}` | {_type(member.type)} | {member.doc} |"


def _type(kind: Type) -> str:
    if kind.kind == "ref":
        return kind.name
    if kind.kind == "literal":
        return f'`"{kind.name}"`'
    if kind.kind == "list":
        return f"list of {_type(kind.items[0])}"
    if kind.kind == "union":
        return " or ".join(_type(item) for item in kind.items)
    return kind.kind
