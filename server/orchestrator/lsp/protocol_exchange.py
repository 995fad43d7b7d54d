"""The wire types of export and import; `protocol` names their methods."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from orchestrator.lsp.wire import Uint, Uri, Wire

FormatName = Annotated[str, Field(min_length=1, max_length=100)]


class ExportParams(Wire):
    """An outline in another form: `json` itself, `markdown` its conversations, `csv` its calls, `metrics` its days."""

    uri: Uri
    """The open text counts, else the file."""
    format: FormatName = "json"
    """One of those, or a plug-in's."""
    to: Uri | None = None
    """A new file to be written; null: the text is in the answer. As a command, null means a file beside the outline."""
    replace: bool = False
    """Write over the file."""


class ExportResult(Wire):
    text: str | None
    """Null where a file was written."""
    suffix: str
    """Of a file that holds it, with the dot."""
    removed: Uint
    """Keys that were taken out of it."""


class ImportParams(Wire):
    """Another program's tasks, or an exported outline, as a new outline."""

    source: Uri
    to: Uri
    """A new file."""
    format: FormatName | None = None
    """`json`, `task-master`, `spec-kit`, `kiro`, `markdown` or a plug-in's; null: it is recognised."""
    replace: bool = False
    """Write over the file, unless it is open."""


class ImportResult(Wire):
    uri: Uri
    tasks: Uint
    format: str
    what: str
    """What it was, for a person."""
    notes: list[str]
    """What was left out, and why."""
