"""`orchestrator config`: every setting with its value and where it comes from; `config path`: the file to edit."""

from __future__ import annotations

import argparse
import json
import os
from functools import reduce
from typing import Any, cast

from pydantic import BaseModel

from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.surroundings import current_folder, surroundings
from orchestrator.cli.terminal import Terminal
from orchestrator.config import USER_FILE, Directories, Option, Settings, options
from orchestrator.model.safe_text import one_line

SCHEMA = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        metavar="show|path",
        nargs="?",
        choices=("show", "path"),
        default="show",
        help="show: every setting (the default); path: the file for your own settings",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    file = Directories.default(os.environ, data_dir=arguments.data_dir).config / USER_FILE
    if arguments.what == "path":  # before the file is read: it must be found also when it is wrong
        terminal.result(json.dumps({"schema": SCHEMA, "path": str(file)}) if arguments.json else str(file))
        return ExitCode.OK
    around = surroundings(arguments, terminal, current_folder())
    settings, sources = around.configuration.settings, around.configuration.sources
    entries = [(option, _value(settings, option), _sources(option, sources)) for option in options()]
    if arguments.json:
        listed = {
            option.key: {"value": value, "source": source, "level": option.level.value}
            for option, value, source in entries
        }
        folders = {name: str(getattr(around.directories, name)) for name in ("config", "data", "cache")}
        found = {"schema": SCHEMA, "workspace": str(around.workspace), "folders": folders, "settings": listed}
        terminal.result(json.dumps(found, indent=2))
        return ExitCode.OK
    width = max(len(option.key) for option, _, _ in entries)
    for option, value, source in entries:
        mark = "" if source == "default" else f"   ({one_line(source)})"
        terminal.result(f"{option.key:{width}}  {one_line(_in_toml(value))}{mark}", None if mark else "faint")
    terminal.say(f"Yours are in {one_line(str(file))}. docs/reference/settings.md explains each.")
    return ExitCode.OK


def _value(settings: Settings, option: Option) -> Any:
    value: Any = reduce(getattr, option.path, settings)
    if isinstance(value, dict):
        entries = cast("dict[str, BaseModel]", value)
        return {name: entry.model_dump(by_alias=True) for name, entry in entries.items()}
    return value


def _sources(option: Option, sources: Any) -> str:
    """An option that is a group of names may come from several."""
    found = [source for key, source in sources.items() if key == option.key or key.startswith(f"{option.key}.")]
    return ", ".join(dict.fromkeys(found)) or "default"


def _in_toml(value: Any) -> str:
    """As it is written in the settings file."""
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        return "{" + ", ".join(f"{name} = {_in_toml(entry)}" for name, entry in entries.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_in_toml, cast("list[Any]", value))) + "]"
    return json.dumps(value, ensure_ascii=False)
