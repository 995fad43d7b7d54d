"""`orchestrator doctor`: is everything in place, and which command mends what is not. Only `--repair` changes anything.

Invariant: every problem names what mends it (test_every_problem_has_a_mend).
Invariant: a broken part hides none of the others (test_doctor_goes_on_after_a_broken_part).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shlex
import sys
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from orchestrator.cli.auth import stray_keys_file
from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.surroundings import current_folder
from orchestrator.cli.terminal import Style, Terminal
from orchestrator.config import DISTRIBUTION, Configuration, Directories, load, load_user
from orchestrator.engine.trust import TRUST_FILE, Trust, workspace_of, workspace_settings
from orchestrator.errors import ConfigError, StoreCorruptError, StoreError
from orchestrator.model.message import Role
from orchestrator.model.safe_text import one_line
from orchestrator.providers import registry
from orchestrator.providers.keys import VENDORS, Keys

SCHEMA = 1
_STYLES: dict[str, Style] = {"problem": "removed", "note": "warning"}


@dataclass(frozen=True, slots=True)
class Finding:
    level: Literal["ok", "note", "problem"]
    what: str
    mend: str = ""
    """A command, or what to do; never empty for a problem."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--repair",
        action="store_true",
        help="first put a sound database in the place of a damaged one, with all that can be read of it",
    )


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    directories = Directories.default(os.environ, data_dir=arguments.data_dir)
    if arguments.repair:
        _repair(directories, terminal)
    found = list(examine(directories, current_folder()))
    failed = any(finding.level == "problem" for finding in found)
    if arguments.json:
        shown = {"schema": SCHEMA, "ok": not failed, "findings": [asdict(finding) for finding in found]}
        terminal.result(json.dumps(shown, indent=2))
    else:
        for finding in found:
            terminal.result(f"{finding.level:8}{one_line(finding.what)}", _STYLES.get(finding.level))
            if finding.mend:
                terminal.result(f"        what to do: {one_line(finding.mend)}")
    return ExitCode.FAILED if failed else ExitCode.OK


def _repair(directories: Directories, terminal: Terminal) -> None:
    from orchestrator.engine.session import STORE_FILE
    from orchestrator.store.repair import repair

    done = repair(directories.data / STORE_FILE)
    if done is None:
        terminal.say("The database needs no repair.")
        return
    if done.rows:
        what = f"{done.rows:,} records could be read of the damaged database, and are in a new one."
    elif done.backup is not None:
        what = (
            f"Nothing could be read of the damaged database; its backup {one_line(done.backup.name)} is in its place."
        )
    else:
        what = "Nothing could be read of the damaged database, and there is no backup: it begins anew."
    terminal.say(f"{what}\nThe damaged file is kept: {one_line(str(done.kept))}\nYour tasks are in the outlines.")


def examine(directories: Directories, folder: Path) -> Iterator[Finding]:
    """In the order in which one thing builds on the other."""
    yield Finding(
        "ok", f"Orchestrator {version(DISTRIBUTION)} on Python {platform.python_version()} ({sys.executable})"
    )
    yield from _folders(directories)
    trust = Trust(directories.config / TRUST_FILE)
    workspace = workspace_of(folder)
    configuration = yield from _settings(directories, trust, workspace)
    yield from _store(directories)
    keys = Keys.load(directories.config, os.environ)
    yield from _keys(keys, configuration)
    yield from _models(keys, configuration)
    yield from _workspace(trust, workspace)


def _folders(directories: Directories) -> Iterator[Finding]:
    for name, private in (("config", True), ("data", True), ("cache", False)):
        path: Path = getattr(directories, name)
        quoted = shlex.quote(str(path))
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            above = next(folder for folder in path.parents if folder.exists())
            if _writable(above):
                yield Finding("ok", f"{name} folder: {path} (made when it is needed)")
            else:
                mend = f"set ORCHESTRATOR_{name.upper()}_DIR to a folder that you can write"
                yield Finding("problem", f"{name} folder: {path} cannot be made, {above} is read-only", mend)
            continue
        except OSError as error:
            yield Finding(
                "problem", f"{name} folder: {path} cannot be looked at ({error.strerror})", f"ls -ld {quoted}"
            )
            continue
        if not path.is_dir():
            yield Finding("problem", f"{name} folder: {path} is no folder", f"mv {quoted} {quoted}.old")
        elif not _writable(path):
            yield Finding("problem", f"{name} folder: {path} cannot be written", f"chmod u+rwx {quoted}")
        elif private and os.name == "posix" and mode & 0o077:
            yield Finding("problem", f"{name} folder: {path} is open to other users", f"chmod 700 {quoted}")
        else:
            yield Finding("ok", f"{name} folder: {path}")


def _writable(folder: Path) -> bool:
    """Looks at the permission bits too, because the superuser may write everywhere."""
    return os.access(folder, os.W_OK | os.X_OK) and folder.stat().st_mode & 0o222 != 0


def _settings(directories: Directories, trust: Trust, workspace: Path) -> Generator[Finding, None, Configuration]:
    """Yields findings and answers the configuration in force, the defaults when the user's is broken."""
    suggested = workspace_settings(workspace, trust)
    for reason in suggested.reasons:
        yield Finding("note", reason)
    try:
        configuration = load_user(directories, os.environ, workspace=suggested.layer)
    except ConfigError as error:
        yield Finding("problem", error.message, error.hint)
        return load(())
    for note in configuration.notes:
        yield Finding("note", note)
    yield Finding("ok", f"settings: {len(configuration.sources)} changed from their defaults")
    return configuration


def _store(directories: Directories) -> Iterator[Finding]:
    from orchestrator.engine.session import STORE_FILE

    path = directories.data / STORE_FILE
    if not os.path.lexists(path):
        yield Finding("ok", f"database: {path} (made when it is needed)")
        return
    try:
        problems = asyncio.run(_check_store(path))
    except StoreCorruptError as error:
        problems = [error.message]
    except StoreError as error:
        yield Finding("problem", f"database: {error.message}", error.hint)
        return
    for problem in problems:
        yield Finding(
            "problem",
            f"database: {problem}",
            "orchestrator doctor --repair (the damaged file is kept; no task is lost)",
        )
    if not problems:
        yield Finding("ok", f"database: {path} is sound")


async def _check_store(path: Path) -> list[str]:
    from orchestrator.store.store import Store

    store = await Store.open(path)
    try:
        return await store.check()
    finally:
        await store.aclose()


def _keys(keys: Keys, configuration: Configuration) -> Iterator[Finding]:
    endpoints = configuration.settings.endpoints.values()
    try:
        names = keys.names([*VENDORS, *(endpoint.key_name for endpoint in endpoints if endpoint.key_name)])
    except ConfigError as error:
        yield Finding("problem", error.message, error.hint)
        return
    for name, source in names:
        yield Finding("ok", f"key {name}: from {source}")
    if not names:
        yield Finding("note", "no key is kept; the embedded model needs none", "orchestrator auth set NAME")


def _models(keys: Keys, configuration: Configuration) -> Iterator[Finding]:
    from orchestrator.engine.routing import candidates

    settings = configuration.settings
    usable: set[str] = set()
    mends: dict[str, str] = {}
    for spec in registry.specs(settings):
        try:
            availability = spec.availability(settings, keys)
        except ConfigError as error:
            yield Finding("note", f"{spec.title}: {error.message}", error.hint)
            continue
        mends[spec.name] = availability.mend
        if availability.usable:
            usable.add(spec.name)
            yield Finding("ok", f"{spec.title}: {availability.detail}")
        else:
            yield Finding("note", f"{spec.title}: {availability.detail}", availability.mend)
    for role in (Role.DECIDE, Role.PLAN):
        try:
            names = candidates(settings, role)
        except ConfigError as error:
            yield Finding("problem", error.message, error.hint)
            return
        providers = [name.partition("/")[0] for name in names]
        if not usable.intersection(providers):
            mend = mends.get(providers[0], "") if providers else ""
            what = f"no model can be used to {role.value} ({', '.join(names) or 'none is named'})"
            yield Finding("problem", what, mend or "orchestrator models")


def _workspace(trust: Trust, workspace: Path) -> Iterator[Finding]:
    if problem := trust.problem():
        yield Finding("problem", problem, "orchestrator trust add (the damaged file is kept beside the new one)")
    trusted = trust.is_trusted(workspace)
    yield Finding("ok", f"workspace: {workspace} is {'trusted' if trusted else 'not trusted'}")
    if stray := stray_keys_file(workspace):
        yield Finding("note", f"{stray} is never read: a workspace gives no keys", "orchestrator auth set NAME")
