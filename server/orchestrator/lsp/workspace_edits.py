"""Edits of several documents as one `WorkspaceEdit`, in the form that the client takes.

Apart from the features, because the form depends on the client and never on what is edited. An open document is
named with the version that the edit was computed for, so that a client refuses one that comes too late.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.errors import FileError
from orchestrator.lsp import convert, uris
from orchestrator.outline.edits import TextEdit

if TYPE_CHECKING:
    from orchestrator.lsp.client import Client
    from orchestrator.lsp.index import Source


@dataclass(frozen=True, slots=True)
class Changed:
    """One document and its edits."""

    source: Source
    edits: Sequence[TextEdit]


def workspace_edit(client: Client, changed: Iterable[Changed], label: str) -> types.WorkspaceEdit | None:
    """None when nothing changes. Each document is one undo step of its buffer.

    Raises FileError for a document in a later version of the format, before anything is changed.
    """
    found = [one for one in changed if one.edits]
    for one in found:
        require_writable(one.source)
    if not found:
        return None
    if not client.document_changes:
        return types.WorkspaceEdit(
            changes={
                one.source.uri: convert.text_edits(one.source.outline.text, one.edits, client.encoding) for one in found
            }
        )
    return types.WorkspaceEdit(
        document_changes=[
            types.TextDocumentEdit(
                types.OptionalVersionedTextDocumentIdentifier(uri=one.source.uri, version=one.source.version),
                _edits(client, one),
            )
            for one in found
        ],
        change_annotations={_ANNOTATION: types.ChangeAnnotation(label)} if client.change_annotations else None,
    )


def require_writable(source: Source) -> None:
    """Raises FileError for an outline in a later version of the format."""
    if source.outline.front_matter.newer:
        raise FileError(
            f"{uris.document_name(source.uri)} is in a later version of the outline format, so it is read-only here.",
            hint="Update Orchestrator to change it.",
        )


_ANNOTATION = "orchestrator"


def _edits(client: Client, one: Changed) -> list[types.TextEdit | types.AnnotatedTextEdit | types.SnippetTextEdit]:
    edits = convert.text_edits(one.source.outline.text, one.edits, client.encoding)
    if not client.change_annotations:
        return list(edits)
    return [types.AnnotatedTextEdit(_ANNOTATION, range=edit.range, new_text=edit.new_text) for edit in edits]
