"""The wire types of prompts and metrics; `protocol` names their methods."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from orchestrator.lsp.wire import Identifier, Position, Uint, Uri, Wire

PromptName = Annotated[str, Field(min_length=1, max_length=64)]
PromptRef = Annotated[str, Field(max_length=64)]
"""A version by the beginning of its name, `built-in`, or empty: the one in use."""


class PromptsListParams(Wire):
    uri: Uri | None = None
    """Of a document in a workspace, whose own prompts then count too."""


class PromptEntry(Wire):
    name: str
    role: str
    version: str
    """The one in use."""
    origin: str
    """`built-in`, `edited`, `imported` or `workspace`."""
    versions: Uint
    """How many there are in the store."""
    uri: str | None
    """The person's file, null if there is none."""
    problems: list[str]
    """What is wrong with that file: it is not used then."""
    outdated: bool
    """The built-in one that it was made from has changed since."""


class PromptsListResult(Wire):
    prompts: list[PromptEntry]
    notes: list[str]
    """What was found and is not used, and why."""


class PromptParams(Wire):
    name: PromptName


class PromptVersionParams(Wire):
    name: PromptName
    version: PromptRef = ""


class PromptVersionEntry(Wire):
    version: str
    parent: str | None
    origin: str
    created: float
    """Seconds since 1970, UTC."""


class PromptsShowResult(Wire):
    name: str
    version: str
    text: str
    in_use: bool
    versions: list[PromptVersionEntry]
    """Those in the store, the oldest first."""


class PromptsDiffParams(Wire):
    name: PromptName
    old: PromptRef = ""
    """Empty: the parent."""
    new: PromptRef = ""


class PromptsDiffResult(Wire):
    diff: str
    """Unified; empty where there is no difference."""


class PromptsNewParams(Wire):
    name: PromptName
    base: PromptName = "execute"
    """The prompt that it is a copy of."""


class PromptsEditResult(Wire):
    uri: str
    """The file to open; saving a sound text makes a version and puts it in use."""


class PromptsUsedResult(Wire):
    name: str
    version: str
    origin: str


class PromptsTestParams(Wire):
    """Try a prompt on a task: by `nodeId`, or by a position in one of its lines. No file is touched."""

    name: PromptName
    version: PromptRef = ""
    uri: Uri
    node_id: Identifier | None = None
    position: Position | None = None
    answer: bool = False
    """Also ask the model of the prompt's role, which may cost money."""


class PromptsTestResult(Wire):
    system: str
    user: str
    tokens: Uint
    """An estimate."""
    answer: str | None = None
    model: str | None = None
    seconds: float | None = None
    cost_usd: float | None = None


class PromptsExportParams(Wire):
    names: Annotated[list[PromptName], Field(max_length=1000)] = []
    """Empty: all of the person's own."""


class PromptsExportResult(Wire):
    text: str
    """JSON, as `orchestrator prompts export` prints it."""


class PromptsImportParams(Wire):
    text: Annotated[str, Field(max_length=32_000_000)]
    """An export, or one prompt file."""


class PromptsImportResult(Wire):
    imported: list[PromptsUsedResult]
    fresh: Uint
    """How many of them were not there before."""


class MetricsParams(Wire):
    by: Annotated[
        list[Literal["all", "day", "model", "executor", "outline", "prompt", "role"]], Field(max_length=7)
    ] = ["all"]
    """A table for each."""
    since: float | None = None
    """Seconds since 1970, UTC: work that began then or later."""
    until: float | None = None
    uri: Uri | None = None
    """Only of this outline."""
    prompt: PromptName | None = None
    """Only calls with the prompt of this name."""


class MetricsRow(Wire):
    """Rates are null where there is nothing to compute them of."""

    name: str
    """The day, model, …; empty for everything."""
    calls: Uint
    completed_calls: Uint
    failed_calls: Uint
    cancelled_calls: Uint
    repairs: Uint
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_usd: float
    unpriced_calls: Uint
    latency_p50: float | None
    latency_p95: float | None
    tasks: Uint
    completed_tasks: Uint
    failed_tasks: Uint
    cancelled_tasks: Uint
    conversations: Uint
    conversation_mean: float | None
    conversation_longest: Uint
    splits_applied: Uint
    splits_discarded: Uint
    subtasks_applied: Uint
    subtasks_kept: Uint
    edits_approved: Uint
    edits_refused: Uint
    completion: float | None
    failure: float | None
    cancellation: float | None
    acceptance: float | None
    edited_after: float | None
    edit_acceptance: float | None
    repair_rate: float | None


class MetricsTable(Wire):
    by: str
    rows: list[MetricsRow]


class MetricsResult(Wire):
    tables: list[MetricsTable]
