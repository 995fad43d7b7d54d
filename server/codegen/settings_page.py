"""`docs/reference/settings.md`: every option with its default, limits and who may set it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from orchestrator.config import Level, Settings

HEADER = """<!-- Generated from server/orchestrator/config.py by `make generate`. Do not edit. -->
# Settings

Written in `config.toml` in your configuration folder (`orchestrator config path`), in your editor's settings, or as
environment variables (`ORCHESTRATOR_SPLIT__PREVIEW=false`).
[Configuration](configuration.md) says which wins and what a workspace may set.

*Who* is `you` for options that only you may set, `workspace` for those that a trusted `.orchestrator.toml` may set too,
and `workspace, lower` for those that it may only lower.

| option | default | who | meaning |
| --- | --- | --- | --- |
"""
_WHO = {Level.USER: "you", Level.WORKSPACE: "workspace", Level.WORKSPACE_LOWER: "workspace, lower"}


def settings() -> str:
    return HEADER + "".join(f"{row}\n" for row in _rows(Settings, ""))


def _rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, info in model.model_fields.items():
        key = f"{prefix}{info.alias or name}"
        annotation = info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _rows(annotation, f"{key}.")
        else:
            yield f"| `{key}` | `{_default(info)}` | {_WHO[_level(info)]} | {info.description} |"


def _level(info: FieldInfo) -> Level:
    extra = cast("dict[str, object] | None", info.json_schema_extra)
    return Level(str(extra["level"])) if extra else Level.USER


def _default(info: FieldInfo) -> str:
    return json.dumps(info.get_default(call_default_factory=True))
