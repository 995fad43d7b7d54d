"""Open documents that are prompts: what is wrong with them, what can be written, what a parameter means, saving.

Apart from the outline's features because a prompt is no outline: those ask here first. A document is a prompt when it
is a file `NAME.md` of the person's folder of prompts, or of `.orchestrator/prompts` in a workspace.

Invariant: a prompt is never read as an outline (test_a_prompt_is_no_outline).
Invariant: saving a text with an error changes nothing but what is told (test_saving_a_broken_prompt_changes_nothing).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.engine.prompting import (
    Parameter,
    PromptReading,
    Type,
    contract,
    name_fault,
    read_prompt,
    unified,
)
from orchestrator.errors import OrchestratorError
from orchestrator.lsp import convert, uris
from orchestrator.model.message import Role
from orchestrator.model.safe_text import markdown, one_line
from orchestrator.outline.text import Text

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Document
    from orchestrator.lsp.server import Server

_FOLDER = "prompts"
_SUFFIX = ".md"
_OPEN_TAG = re.compile(r"(?<!\\)\{\{[ \t]*([#^/]?)[ \t]*(\w*)$", re.ASCII)
_TAG = re.compile(r"\{\{[ \t]*[#^/]?[ \t]*(\w+)[ \t]*\}\}", re.ASCII)
_SEVERITIES = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}
_HEAD: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^role:[ \t]*(\w*)$", re.ASCII), "role"),
    (re.compile(r"^[ \t]+type:[ \t]*(\w*)$", re.ASCII), "type"),
    (re.compile(r"^(\w*)$", re.ASCII), "key"),
    (re.compile(r"^  (\w*)$", re.ASCII), "parameter"),
    (re.compile(r"^ {3,}(\w*)$", re.ASCII), "setting"),
)
"""What is written in a line of the front matter, up to the cursor."""
_VALUES = {"role": tuple(role.value for role in Role), "type": tuple(kind.value for kind in Type)}
_KEYS = {"key": ("name", "role", "parameters", "about"), "setting": ("type", "about", "optional")}


def name_of(server: Server, uri: str) -> str | None:
    """The name of the prompt that this document is; None when it is none."""
    if not uri.endswith(_SUFFIX) or f"/{_FOLDER}/" not in uri:
        return None
    found = uris.file_path(uri)
    if found is None:
        return None
    path = Path(found)
    name = path.name.removesuffix(_SUFFIX)
    own = server.directories.config / _FOLDER
    if path.parent != own and path.parent.parts[-2:] != (".orchestrator", _FOLDER):
        return None
    return None if name_fault(name) else name


def is_own(server: Server, uri: str) -> bool:
    """Whether it is one of the person's, which are used when they are saved."""
    found = uris.file_path(uri)
    return found is not None and Path(found).parent == server.directories.config / _FOLDER


def diagnostics(server: Server, document: Document, name: str) -> list[types.Diagnostic]:
    text = Text(unified(document.text.string))
    return [
        types.Diagnostic(
            range=convert.span(text, fault.start, fault.end, server.client.encoding),
            severity=_SEVERITIES[fault.severity],
            code=fault.code,
            source="orchestrator",
            message=one_line(fault.message),
        )
        for fault in read_prompt(text.string, name).faults
    ]


def completion(server: Server, document: Document, name: str, place: types.Position) -> types.CompletionList:
    text = document.text
    offset = convert.offset(text, place, server.client.encoding)
    start = text.line_start(min(place.line, text.line_count - 1))
    before = text.string[start:offset]
    reading = read_prompt(unified(text.string), name)
    if _in_head(text, place.line):
        offered, typed = _of_head(before, reading, name)
    else:
        offered, typed = _of_body(before, text.string[offset : offset + 2], reading, name)
    replaced = convert.span(text, offset - len(typed), offset, server.client.encoding)
    items = [
        types.CompletionItem(
            label=label,
            kind=types.CompletionItemKind.Variable if "parameter" in detail else types.CompletionItemKind.Property,
            detail=one_line(detail, 120) or None,
            sort_text=f"{index:03d}",
            text_edit=types.TextEdit(replaced, written),
        )
        for index, (label, detail, written) in enumerate(offered)
    ]
    return types.CompletionList(is_incomplete=False, items=items)


def hover(server: Server, document: Document, name: str, place: types.Position) -> types.Hover | None:
    """What the parameter at the cursor is."""
    text = document.text
    offset = convert.offset(text, place, server.client.encoding)
    start = text.line_start(min(place.line, text.line_count - 1))
    for tag in _TAG.finditer(text.string, start, text.line_end(place.line)):
        if tag.start() <= offset <= tag.end():
            parameter = _parameters(read_prompt(unified(text.string), name), name).get(tag[1])
            if parameter is None:
                return None
            span = convert.span(text, tag.start(), tag.end(), server.client.encoding)
            return types.Hover(_card(server, tag[1], parameter), span)
    return None


async def saved(server: Server, document: Document, name: str) -> None:
    """A sound text is a new version, in use for the next run; of another it is said that it is not."""
    from orchestrator.lsp.features.prompts import library_of

    text = document.text.string
    reading = await asyncio.to_thread(read_prompt, unified(text), name)
    if reading.errors:
        server.warn(
            f"The prompt “{name}” has an error and is not used: {one_line(reading.errors[0].message, 200)} "
            "The last sound version stays in use."
        )
        return
    try:
        kept = await (await library_of(server)).save(name, text)
    except OrchestratorError as error:
        server.tell_failure(str(error))
        return
    await server.prompt_names.load()
    if kept.is_new:
        server.tell(f"The prompt “{name}” is in use as version {kept.version.version}.")


def _in_head(text: Text, line: int) -> bool:
    """Whether the line is between the two `---`."""
    if text.line(0).rstrip() != "---" or line == 0:
        return False
    return all(text.line(each).rstrip() != "---" for each in range(1, min(line, text.line_count - 1) + 1))


Offered = list[tuple[str, str, str]]
"""Label, detail, what is written."""


def _of_body(before: str, behind: str, reading: PromptReading, name: str) -> tuple[Offered, str]:
    tag = _OPEN_TAG.search(before)
    if tag is None:
        return [], ""
    closing = "" if behind == "}}" else "}}"
    known = _parameters(reading, name)
    return [(each, f"parameter: {one.about}", f"{each}{closing}") for each, one in known.items()], tag[2]


def _of_head(before: str, reading: PromptReading, name: str) -> tuple[Offered, str]:
    for pattern, what in _HEAD:
        if found := pattern.match(before):
            return _head_words(what, reading, name), found[1]
    return [], ""


def _head_words(what: str, reading: PromptReading, name: str) -> Offered:
    if what in _VALUES:
        return [(word, "", word) for word in _VALUES[what]]
    if what in _KEYS:
        return [(key, "", f"{key}: ") for key in _KEYS[what]]
    shipped = contract(name, reading.role)
    given: Mapping[str, Parameter] = shipped.parameters if shipped else {}
    return [
        (each, f"parameter: {one.about}", f"{each}:\n    type: {one.type.value}\n    about: {one.about}")
        for each, one in given.items()
        if each not in reading.declared
    ]


def _parameters(reading: PromptReading, name: str) -> dict[str, Parameter]:
    """What may be written in a tag: what is declared, and what the engine gives besides."""
    shipped = contract(name, reading.role)
    return {**dict(reading.declared), **(dict(shipped.parameters) if shipped else {})}


def _card(server: Server, name: str, parameter: Parameter) -> types.MarkupContent:
    kind = f"{parameter.type.value}{', may be empty' if parameter.optional else ''}"
    if server.client.hover_markdown:
        text = f"**{markdown(name)}** ({kind})\n\n{markdown(parameter.about)}"
        return types.MarkupContent(types.MarkupKind.Markdown, text)
    return types.MarkupContent(types.MarkupKind.PlainText, f"{one_line(name)} ({kind})\n{one_line(parameter.about)}")
