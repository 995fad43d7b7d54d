"""The settings in the manifest of the VS Code extension. All else in `package.json` is written by hand and kept.

An option that only its person may set is of the scope `machine`: VS Code takes it from no workspace. The rest is
restricted until the workspace is trusted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from orchestrator.config import Level, Settings

MANIFEST = Path(__file__).resolve().parents[2] / "editors" / "vscode" / "package.json"
OWN = "Extension"
"""The section of settings that no server reads."""
_TITLES = {
    "": "Models",
    "models": "Models",
    "roles": "Roles",
    "split": "Splitting",
    "run": "Runs",
    "outline": "Outlines",
    "calls": "Calls",
    "tools": "Tools",
    "anthropic": "Providers",
    "openai": "Providers",
    "endpoints": "Providers",
    "local": "Embedded Model",
    "scripted": "Scripted Model",
}


def manifest() -> str:
    """The whole file as it shall be."""
    content = json.loads(MANIFEST.read_text("utf-8"))
    contributes = content["contributes"]
    own = [section for section in contributes["configuration"] if section["title"] == OWN]
    contributes["configuration"] = [*own, *_sections()]
    restricted = [key for section in contributes["configuration"] for key in section["properties"]]
    content["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] = [
        key for key in restricted if not key.startswith(("orchestrator.tree.", "orchestrator.notifications"))
    ]
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _sections() -> list[dict[str, Any]]:
    sections: dict[str, dict[str, Any]] = {}
    for order, (key, schema, level) in enumerate(_options(Settings, "", Settings.model_json_schema())):
        section = key.split(".")[0] if "." in key else ("" if key == "model" else key)
        properties = sections.setdefault(_TITLES.get(section, section.capitalize()), {})
        scope = "window" if level is Level.WORKSPACE else "machine"
        properties[f"orchestrator.{key}"] = {**schema, "scope": scope, "order": order}
    return [{"title": title, "properties": properties} for title, properties in sections.items()]


def _options(model: type[BaseModel], prefix: str, root: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Level]]:
    schema = root if not prefix else root["$defs"][model.__name__]
    for name, info in model.model_fields.items():
        key = info.alias or name
        annotation = info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _options(annotation, f"{prefix}{key}.", root)
        else:
            yield f"{prefix}{key}", _schema(info, schema["properties"][key], root), _level(info)


def _level(info: FieldInfo) -> Level:
    extra = cast("dict[str, object] | None", info.json_schema_extra)
    return Level(str(extra["level"])) if extra else Level.USER


def _schema(info: FieldInfo, found: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    schema = {key: value for key, value in found.items() if key in _KEPT}
    if isinstance(extra := found.get("additionalProperties"), dict) and "$ref" in extra:
        named = root["$defs"][str(cast("dict[str, Any]", extra)["$ref"]).rsplit("/", 1)[-1]]
        properties = {
            key: {name: value for name, value in one.items() if name in _KEPT}
            for key, one in named["properties"].items()
        }
        schema["additionalProperties"] = {
            "type": "object",
            "properties": properties,
            "required": named.get("required", []),
            "additionalProperties": False,
        }
    description = schema.pop("description")
    return {
        "type": schema.pop("type", "string"),
        **schema,
        "default": info.get_default(call_default_factory=True),
        "markdownDescription": description,
    }


_KEPT = frozenset(
    {"type", "description", "enum", "minimum", "maximum", "pattern", "items", "default", "maxLength", "minLength"}
)
