"""Every setting: its default, its line of documentation, and who may set it. The one definition.

`package.json`, the Lua types and `docs/reference/settings.md` are generated from here (`server/codegen`).

Precedence, later wins: defaults, the workspace's `.orchestrator.toml` (if trusted; only what its trust level
allows), the user's `config.toml`, the editor's settings, `ORCHESTRATOR_*` environment variables, command line.
The workspace stands below the user: a repository may suggest, never overrule.

Invariant: nothing of trust level USER is ever taken from a workspace (test_workspace_cannot_set_user_options).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from orchestrator.errors import ConfigError

DISTRIBUTION = "orchestrator-ls"
WORKSPACE_FILE = ".orchestrator.toml"
USER_FILE = "config.toml"
KEYS_FILE = ".env.local"
MAX_SETTINGS_BYTES = 256 * 1024


class Level(StrEnum):
    """Who may set an option."""

    USER = "user"
    """The user's own file, editor (machine scope), environment or command line."""
    WORKSPACE = "workspace"
    """Also a trusted `.orchestrator.toml`."""
    WORKSPACE_LOWER = "workspaceLower"
    """Also a trusted `.orchestrator.toml`, but only to a smaller number than the one in force."""


Alias = Literal["fast", "balanced", "strong"]

_MODEL_PATTERN = r"^[A-Za-z0-9_.-]+/\S+$"
ModelName = Annotated[str, Field(pattern=_MODEL_PATTERN)]
"""`provider/model`."""


def _option(default: Any, doc: str, level: Level = Level.USER, **limits: Any) -> Any:
    """A field whose one-line documentation and trust level travel with it."""
    extra = {"level": level.value}
    if isinstance(default, (list, dict)):
        return Field(default_factory=lambda: default.copy(), description=doc, json_schema_extra=extra, **limits)
    return Field(default=default, description=doc, json_schema_extra=extra, **limits)


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, str_max_length=4096
    )


class ModelAliases(_Section):
    fast: list[ModelName] = _option(["local/smollm2"], "Models behind the alias `fast`: the first usable one answers.")
    balanced: list[ModelName] = _option(["local/smollm2"], "Models behind the alias `balanced`.")
    strong: list[ModelName] = _option(["local/smollm2"], "Models behind the alias `strong`.")


class Roles(_Section):
    decide: Alias = _option("fast", "Alias that decides whether a task is simple.", Level.WORKSPACE)
    plan: Alias = _option("balanced", "Alias that plans subtasks.", Level.WORKSPACE)


class Split(_Section):
    preview: bool = _option(True, "Show the subtasks before they are written; off: write at once (undo takes them back).")
    max_depth: int = _option(2, "Levels that a recursive split may add.", Level.WORKSPACE_LOWER, ge=1, le=8)
    max_children: int = _option(8, "Subtasks that one split may add to a task.", Level.WORKSPACE_LOWER, ge=2, le=20)


class OutlineFiles(_Section):
    globs: list[str] = _option(
        ["*.tasks.md", "tasks.md"], "File names that are outlines (others: `orchestrator:` in the front matter)."
    )
    max_bytes: int = _option(10_000_000, "Larger files are opened as plain text (bytes).", ge=10_000, le=100_000_000)


class Calls(_Section):
    timeout: float = _option(60.0, "Give up when a model sends nothing for so long (seconds).", ge=0.1, le=3600)
    retries: int = _option(2, "How often a failed call is tried again.", ge=0, le=10)
    concurrency: int = _option(2, "Calls under way at once.", Level.WORKSPACE_LOWER, ge=1, le=64)


class AnthropicOptions(_Section):
    base_url: str = _option("", "Address of the API; empty: ANTHROPIC_BASE_URL, else Anthropic's own.")


class OpenAIOptions(_Section):
    base_url: str = _option("", "Address of the API; empty: OPENAI_BASE_URL, else OpenAI's own.")


class Endpoint(_Section):
    base_url: str = Field(description="Address of an OpenAI-compatible API, usually ending in /v1.")
    key_name: str = Field("", description="Name of its key, as in `orchestrator auth set NAME`; empty: it needs none.")


class LocalOptions(_Section):
    weights: str = _option("", "A GGUF file to use instead of the downloaded model.")
    threads: int = _option(0, "Processor threads; 0: as many as there are cores, 4 at most.", ge=0, le=256)
    context: int = _option(4096, "Tokens of context per conversation.", ge=512, le=131_072)


class ScriptedOptions(_Section):
    script: str = _option("", "A JSON file of answers for the scripted provider; empty: its built-in demo.")


class Settings(_Section):
    """All settings. Frozen: a change makes a new value."""

    model: str = _option("", "Use this `provider/model` (or alias) for every role.", Level.USER)
    models: ModelAliases = Field(default_factory=ModelAliases)
    roles: Roles = Field(default_factory=Roles)
    split: Split = Field(default_factory=Split)
    outline: OutlineFiles = Field(default_factory=OutlineFiles)
    calls: Calls = Field(default_factory=Calls)
    anthropic: AnthropicOptions = Field(default_factory=AnthropicOptions)
    openai: OpenAIOptions = Field(default_factory=OpenAIOptions)
    endpoints: dict[str, Endpoint] = _option({}, "More OpenAI-compatible services by name; use as `NAME/model`.")
    local: LocalOptions = Field(default_factory=LocalOptions)
    scripted: ScriptedOptions = Field(default_factory=ScriptedOptions)


@dataclass(frozen=True, slots=True)
class Directories:
    """Where things of the user live. All are outside any workspace."""

    config: Path
    """`config.toml`, `.env.local`, `trust.json`."""
    data: Path
    """`orchestrator.db` and its backups."""
    cache: Path
    """Weights of the embedded model."""
