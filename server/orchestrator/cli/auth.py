"""`orchestrator auth set|list|remove`: the keys of providers.

Invariant: no output ever holds a key (test_auth_never_shows_a_key).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.surroundings import Surroundings, current_folder, surroundings
from orchestrator.cli.terminal import Terminal
from orchestrator.errors import ConfigError
from orchestrator.model.safe_text import one_line
from orchestrator.providers.keys import Keys, variable_name

SCHEMA = 1
_MAX_KEY = 16 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    setting = actions.add_parser("set", help="keep a key: asked for without echo, or read from stdin")
    setting.add_argument("name", metavar="NAME", help="anthropic, openai, or an endpoint's keyName")
    listing = actions.add_parser("list", help="show which keys there are and where each comes from, never a key")
    listing.add_argument("--json", action="store_true", help="print one JSON object")
    removing = actions.add_parser("remove", help="forget a key")
    removing.add_argument("name", metavar="NAME", help="as for set")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    around = surroundings(arguments, terminal, current_folder())
    keys = around.keys()
    match arguments.action:
        case "set":
            _set(terminal, keys, arguments.name)
        case "remove":
            _remove(terminal, keys, arguments.name)
        case _:
            _list(terminal, around, keys, as_json=arguments.json)
    return ExitCode.OK


def _set(terminal: Terminal, keys: Keys, name: str) -> None:
    variable = variable_name(name)  # a bad name is told before the key is asked for
    where = keys.set(name, _read_key(terminal, name))
    terminal.result(f"The key {one_line(name)} is kept in: {one_line(where)}.")
    found = keys.find(name)
    if found is not None and found.source.startswith("environment"):
        terminal.say(f"note: {variable} is set in the environment, and is used instead.", "warning")


def _read_key(terminal: Terminal, name: str) -> str:
    if sys.stdin is not None and sys.stdin.isatty():
        import getpass

        terminal.flush()
        try:
            return getpass.getpass(f"Key for {one_line(name)} (not shown): ", stream=sys.stderr)
        except EOFError:
            return ""  # refused as an empty key is
        except KeyboardInterrupt:
            terminal.say()
            raise
    value = sys.stdin.read(_MAX_KEY + 1) if sys.stdin is not None else ""
    if not value.strip():
        raise ConfigError(
            "There is no key on standard input.", hint="Run the command in a terminal, or pipe the key in."
        )
    return value


def _remove(terminal: Terminal, keys: Keys, name: str) -> None:
    removed = keys.remove(name)
    for where in removed:
        terminal.result(f"The key {one_line(name)} was removed from: {one_line(where)}.")
    left = keys.find(name)
    if left is not None:
        terminal.say(f"note: it is still in: {one_line(left.source)}. Remove it there.", "warning")
    elif not removed:
        terminal.say(f"There is no key {one_line(name)}.")


def _list(terminal: Terminal, around: Surroundings, keys: Keys, *, as_json: bool) -> None:
    endpoints = around.configuration.settings.endpoints.values()
    names = keys.names([*_vendors(), *(endpoint.key_name for endpoint in endpoints if endpoint.key_name)])
    if as_json:
        listed = [{"name": name, "source": source} for name, source in names]
        terminal.result(json.dumps({"schema": SCHEMA, "keys": listed}, indent=2))
        return
    width = max((len(name) for name, _ in names), default=0)
    for name, source in names:
        terminal.result(f"{one_line(name):{width}}  from: {one_line(source)}")
    if not names:
        terminal.say("There is no key. `orchestrator auth set anthropic` keeps one; the embedded model needs none.")
    if stray := stray_keys_file(around.workspace):
        terminal.say(f"note: {one_line(str(stray))} is never read: a workspace gives no keys.", "warning")


def _vendors() -> tuple[str, ...]:
    from orchestrator.providers.keys import VENDORS

    return VENDORS


def stray_keys_file(workspace: Path) -> Path | None:
    """A workspace's own `.env.local`, which is never read."""
    from orchestrator.config import KEYS_FILE

    path = workspace / KEYS_FILE
    return path if os.path.lexists(path) else None
