"""Between the outline's offsets and LSP's positions, in the encoding that was negotiated.

The only other place that knows about encodings is `outline/text.py`, which does the counting.

Invariant: a position converted and converted back is the same place (test_positions_round_trip).
"""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types

from orchestrator.lsp import protocol
from orchestrator.lsp.client import Client
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.problems import Problem, Severity, Tag
from orchestrator.outline.text import Encoding, Text
from orchestrator.outline.tree import Section, Task

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFORMATION: types.DiagnosticSeverity.Information,
    Severity.HINT: types.DiagnosticSeverity.Hint,
}
_TAGS = {Tag.UNNECESSARY: types.DiagnosticTag.Unnecessary}


def position(text: Text, offset: int, encoding: Encoding) -> types.Position:
    line, character = text.position(offset, encoding)
    return types.Position(line=line, character=character)


def offset(text: Text, place: types.Position, encoding: Encoding) -> int:
    return text.offset(place.line, place.character, encoding)


def span(text: Text, start: int, end: int, encoding: Encoding) -> types.Range:
    return types.Range(start=position(text, start, encoding), end=position(text, end, encoding))


def node_span(text: Text, node: Task | Section, encoding: Encoding) -> types.Range:
    """From the marker of its first line to the end of its last, children included."""
    return span(text, node.start, _end_of(text, node, node.end_line), encoding)


def title_span(text: Text, node: Task | Section, encoding: Encoding) -> types.Range:
    return span(text, *node.title_span, encoding)


def wire_range(span: types.Range) -> protocol.Range:
    return protocol.Range(
        start=protocol.Position(line=span.start.line, character=span.start.character),
        end=protocol.Position(line=span.end.line, character=span.end.character),
    )


def text_edits(text: Text, edits: Iterable[TextEdit], encoding: Encoding) -> list[types.TextEdit]:
    return [types.TextEdit(range=span(text, edit.start, edit.end, encoding), new_text=edit.text) for edit in edits]


def diagnostic(text: Text, problem: Problem, uri: str, client: Client) -> types.Diagnostic:
    """Only with what the client can show. `uri` is where related places are.

    No link to the page of the code: the documentation has no public address that would be the one of this version.
    """
    encoding = client.encoding
    related = [
        types.DiagnosticRelatedInformation(
            location=types.Location(uri=uri, range=span(text, other.start, other.end, encoding)),
            message=other.message,
        )
        for other in (problem.related if client.related_information else ())
    ]
    tags = [_TAGS[tag] for tag in problem.tags] if client.unnecessary_tag else []
    return types.Diagnostic(
        range=span(text, problem.start, problem.end, encoding),
        severity=_SEVERITIES[problem.severity],
        code=problem.code.value,
        source="orchestrator",
        message=problem.message,
        related_information=related or None,
        tags=tags or None,
    )


def _end_of(text: Text, node: Task | Section, end_line: int) -> int:
    return max(text.line_end(max(end_line - 1, node.line)), node.title_span[1])
