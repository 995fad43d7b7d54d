"""`orchestrator trust`: which folders are trusted, and which provider may be sent a folder's text.

`add` shows the folder's `.orchestrator.toml` and its prompts before it allows them, because a yes is for exactly that
content.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.surroundings import current_folder, surroundings
from orchestrator.cli.terminal import Terminal
from orchestrator.config import WORKSPACE_FILE, Directories
from orchestrator.engine.trust import TRUST_FILE, Record, Trust, workspace_of
from orchestrator.errors import FileError
from orchestrator.model.safe_text import many_lines, one_line

SCHEMA = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions")
    listing = actions.add_parser("list", help="show every folder that has a record (the default)")
    listing.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object")
    for name, what in (
        ("add", "trust a folder: its .orchestrator.toml and its prompts count, as they are now"),
        ("remove", "forget all about a folder, consents too"),
    ):
        action = actions.add_parser(name, help=what)
        _add_folder(action)
    for name, what in (
        ("allow", "let a provider be sent the tasks of a folder"),
        ("withdraw", "take that back"),
    ):
        action = actions.add_parser(name, help=what)
        action.add_argument("provider", metavar="PROVIDER", help="as `orchestrator models` names it")
        _add_folder(action)
    parser.add_argument("--json", action="store_true", help="print one JSON object (with list)")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    trust = Trust(Directories.default(os.environ, data_dir=arguments.data_dir).config / TRUST_FILE)
    folder: Path = getattr(arguments, "folder", None) or current_folder()
    if problem := trust.problem():
        terminal.say(f"note: {one_line(problem)}", "warning")
    match arguments.action:
        case "add":
            _add(terminal, trust, _workspace(folder))
        case "remove":
            workspace = _known(trust, folder)
            known = _record(trust, workspace) is not None
            trust.revoke(workspace)
            terminal.result(f"{_name(workspace)} is not trusted, and nothing may be sent from it.")
            if not known:
                terminal.say("It was so before: `orchestrator trust list` shows what there is.")
        case "allow":
            _allow(arguments, terminal, trust, _workspace(folder))
        case "withdraw":
            workspace = _known(trust, folder)
            record = _record(trust, workspace)
            known = record is not None and any(consent.provider == arguments.provider for consent in record.consents)
            trust.withdraw(workspace, arguments.provider)
            terminal.result(f"{one_line(arguments.provider)} may not be sent tasks of {_name(workspace)} unasked.")
            if not known:
                terminal.say("It was so before: `orchestrator trust list` shows what there is.")
        case _:
            _list(terminal, trust.records(), as_json=arguments.json)
    return ExitCode.OK


def _add(terminal: Terminal, trust: Trust, workspace: Path) -> None:
    from orchestrator.engine.suggested import allow, suggested_files

    files = suggested_files(workspace)
    for file in files:
        if file.problem:
            terminal.say(f"note: {one_line(file.problem)} It is not used.", "warning")
            continue
        what = "these settings" if file.relative == WORKSPACE_FILE else "this prompt"
        terminal.say(f"{_name(workspace / file.relative)} suggests {what}:")
        terminal.say(many_lines(file.text.rstrip("\n")), "faint")
    allow(trust, workspace, {file.relative: file.sha256 for file in files if not file.problem})
    terminal.result(f"{_name(workspace)} is trusted.")


def _allow(arguments: argparse.Namespace, terminal: Terminal, trust: Trust, workspace: Path) -> None:
    from orchestrator.providers import registry

    around = surroundings(arguments, terminal, workspace)
    settings = around.configuration.settings
    spec = registry.spec(arguments.provider, settings)
    destination = spec.destination(settings, around.keys())
    if not destination.remote:
        terminal.result(
            f"{one_line(spec.title)} runs on this computer: nothing is sent, so nothing needs to be allowed."
        )
        return
    trust.consent(workspace, spec.name, destination.host)
    host = one_line(destination.host)
    terminal.result(f"{one_line(spec.title)} at {host} may be sent tasks of {_name(workspace)}.")
    terminal.say(f"Address from: {one_line(destination.source)}. What is sent: docs/explanation/privacy.md.")


def _list(terminal: Terminal, records: Sequence[Record], *, as_json: bool) -> None:
    if as_json:
        listed = [
            {
                "folder": record.folder,
                "trusted": record.trusted,
                "since": record.since,
                "files": dict(record.files),
                "consents": [{"provider": consent.provider, "host": consent.host} for consent in record.consents],
            }
            for record in records
        ]
        terminal.result(json.dumps({"schema": SCHEMA, "folders": listed}, indent=2))
        return
    for record in records:
        terminal.result(f"{one_line(record.folder)}: {'trusted' if record.trusted else 'not trusted'}", "strong")
        for consent in record.consents:
            terminal.result(f"  may be sent to {one_line(consent.provider)} at {one_line(consent.host)}")
        for name in record.files:
            terminal.result(f"  {one_line(name)} is allowed as it was on {record.since[:10]}")
    if not records:
        terminal.say("No folder is trusted, and nothing may be sent from any.")


def _workspace(folder: Path) -> Path:
    if not folder.is_dir():
        raise FileError(f"{one_line(str(folder))} is no folder.", hint="Name the folder of the workspace.")
    return workspace_of(folder)


def _known(trust: Trust, folder: Path) -> Path:
    """The folder itself if it has a record or is gone from the disk, else its workspace."""
    real = Path(os.path.realpath(folder))
    return workspace_of(folder) if folder.is_dir() and _record(trust, real) is None else real


def _record(trust: Trust, folder: Path) -> Record | None:
    return next((record for record in trust.records() if record.folder == os.path.normcase(folder)), None)


def _name(path: Path) -> str:
    return one_line(str(path))


def _add_folder(parser: argparse.ArgumentParser) -> None:
    what = "any folder of the workspace (default: the current one)"
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, help=what)
