"""`orchestrator prompts`: the prompts, their versions, which is in use, and how each of them fares.

Somewhat long for a command, because it has ten actions; each is a few lines over `engine.prompt_library`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli import split
from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.surroundings import Surroundings, current_folder, surroundings
from orchestrator.cli.terminal import Style, Terminal
from orchestrator.errors import ConfigError, FileError
from orchestrator.model.prompt import PromptVersion
from orchestrator.model.safe_text import many_lines, one_line

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from orchestrator.engine.prompt_library import Entry, PromptLibrary, Saved

SCHEMA = 1
MAX_IMPORT_BYTES = 32 * 1024 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions")
    _action(actions, "list", "every prompt, and which version is in use (the default)")
    showing = _action(actions, "show", "the text of a prompt, and its versions", name=True)
    showing.add_argument("--version", metavar="VERSION", default="", help="this one; `built-in` is one, too")
    differing = _action(actions, "diff", "what a version changed", name=True)
    differing.add_argument("old", metavar="OLD", nargs="?", default="", help="a version; its parent, if left out")
    differing.add_argument("new", metavar="NEW", nargs="?", default="", help="a version; the one in use, if left out")
    editing = _action(actions, "edit", "edit a prompt; saving a sound text puts it in use", name=True)
    editing.add_argument("--path", action="store_true", help="only print the file, for an editor of your own")
    making = _action(actions, "new", "make a prompt that tasks can name in their field `prompt`", name=True)
    making.add_argument("--from", dest="base", metavar="NAME", default="execute", help="copy this one")
    making.add_argument("--path", action="store_true", help="only print the file, for an editor of your own")
    using = _action(actions, "use", "put a version in use", name=True)
    using.add_argument("version", metavar="VERSION", help="its name or the beginning of it, or `built-in`")
    _action(actions, "rollback", "go back to the version that was in use before", name=True)
    testing = _action(actions, "test", "show what a model would be sent for a task", name=True)
    testing.add_argument("file", metavar="FILE", type=Path, help="the outline; it is not changed")
    split.add_task_argument(testing)
    testing.add_argument("--version", metavar="VERSION", default="", help="this version; the one in use, if left out")
    testing.add_argument("--answer", action="store_true", help="also ask the model")
    testing.add_argument("--model", metavar="MODEL", default="", help="ask this provider/model")
    exporting = _action(actions, "export", "print your versions as JSON")
    exporting.add_argument("names", metavar="NAME", nargs="*", help="only these")
    exporting.add_argument("--to", metavar="PATH", type=Path, default=None, help="write them to this new file")
    importing = _action(actions, "import", "take over what `export` printed, or one prompt file")
    importing.add_argument("file", metavar="FILE", type=Path, help="the file; `-` is standard input")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    around = surroundings(arguments, terminal, getattr(arguments, "file", None) or current_folder())
    return asyncio.run(_run(arguments, terminal, around))


async def _run(arguments: argparse.Namespace, terminal: Terminal, around: Surroundings) -> int:
    if arguments.action == "test":
        return await _test(arguments, terminal, around)
    async with _library(around) as library:
        match arguments.action:
            case "show":
                await _show(arguments, terminal, library)
            case "diff":
                await _diff(arguments, terminal, library)
            case "edit" | "new":
                return await _edit(arguments, terminal, library)
            case "use":
                _tell_used(arguments, terminal, await library.use(arguments.name, arguments.version))
            case "rollback":
                _tell_used(arguments, terminal, await library.roll_back(arguments.name))
            case "export":
                _export(arguments, terminal, await library.export(arguments.names))
            case "import":
                _tell_imported(arguments, terminal, await library.take(_read(arguments.file)))
            case _:
                await _list(arguments, terminal, library, around)
    return ExitCode.OK


@asynccontextmanager
async def _library(around: Surroundings) -> AsyncGenerator[PromptLibrary]:
    from orchestrator.engine.prompt_library import PromptLibrary
    from orchestrator.engine.session import STORE_FILE
    from orchestrator.store.store import Store

    store = await Store.open(around.directories.data / STORE_FILE)
    try:
        yield PromptLibrary(store, around.directories.config)
    finally:
        await store.aclose()


async def _list(
    arguments: argparse.Namespace, terminal: Terminal, library: PromptLibrary, around: Surroundings
) -> None:
    from orchestrator.engine.prompt_library import allowed_by

    allowed = allowed_by(around.trust, around.workspace)
    entries = await library.entries(around.workspace, allowed)
    if arguments.json:
        terminal.result(json.dumps({"schema": SCHEMA, "prompts": [_entry_as_json(one) for one in entries]}, indent=2))
        return
    width = max(len(entry.name) for entry in entries)
    for entry in entries:
        used = entry.in_use
        count = f", {len(entry.versions)} versions" if len(entry.versions) > 1 else ""
        style: Style | None = None if used.origin != "built-in" else "faint"
        terminal.result(f"{entry.name:{width}}  {used.role.value:9}  {used.version}  {used.origin}{count}", style)
        for fault in entry.faults:
            terminal.say(f"  {_where(entry, fault.start)}: {one_line(fault.message)}", "warning")
        if entry.outdated:
            terminal.say("  the built-in prompt that yours was made from has changed since", "warning")
    for note in (await library.in_force(around.workspace, allowed)).notes:
        terminal.say(f"note: {one_line(note)}", "warning")
    terminal.say(f"Yours are edited in {one_line(str(library.folder))}; `orchestrator prompts edit NAME` opens one.")


async def _show(arguments: argparse.Namespace, terminal: Terminal, library: PromptLibrary) -> None:
    entry = await library.entry(arguments.name)
    chosen = await library.version(arguments.name, arguments.version)
    if arguments.json:
        shown = {**_version_as_json(chosen), "text": chosen.text, "inUse": chosen.version == entry.in_use.version}
        versions = [_version_as_json(one) for one in entry.versions]
        terminal.result(json.dumps({"schema": SCHEMA, **shown, "versions": versions}, indent=2))
        return
    terminal.result(many_lines(chosen.text.rstrip("\n")))
    for one in reversed(entry.versions):
        mark = "*" if one.version == entry.in_use.version else " "
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.created))
        made = f", made from {one.parent}" if one.parent else ""
        terminal.say(f"{mark} {one.version}  {when}  {one.origin}{made}")


async def _diff(arguments: argparse.Namespace, terminal: Terminal, library: PromptLibrary) -> None:
    found = await library.diff(arguments.name, arguments.old, arguments.new)
    if arguments.json:
        terminal.result(json.dumps({"schema": SCHEMA, "diff": found}, indent=2))
        return
    for line in found.splitlines():
        style: Style | None = "added" if line.startswith("+") else "removed" if line.startswith("-") else None
        terminal.result(one_line(line), style)
    if not found:
        terminal.say("There is no difference.")


async def _edit(arguments: argparse.Namespace, terminal: Terminal, library: PromptLibrary) -> int:
    if arguments.action == "new":
        path = await library.new(arguments.name, arguments.base)
    else:
        path = await library.edit(arguments.name)
    if arguments.path or arguments.json or not terminal.can_ask:
        terminal.result(json.dumps({"schema": SCHEMA, "path": str(path)}) if arguments.json else str(path))
        return ExitCode.OK
    await asyncio.to_thread(_open_editor, path)
    saved = await library.save(arguments.name, _read(path))
    for fault in saved.warnings:
        terminal.say(f"note: {one_line(fault.message)}", "warning")
    _tell_used(arguments, terminal, saved.version)
    return ExitCode.OK


def _open_editor(path: Path) -> None:
    """The person's own choice: nothing of a workspace can name it."""
    wanted = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        status = subprocess.run([*shlex.split(wanted), str(path)], check=False).returncode
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The editor {one_line(wanted, 60)} cannot be started.", hint=f"Set EDITOR, or edit {path} yourself."
        ) from error
    if status != 0:
        raise ConfigError(f"The editor ended with {status}.", hint="The prompt in use is as it was.")


async def _test(arguments: argparse.Namespace, terminal: Terminal, around: Surroundings) -> int:
    from orchestrator.cli.file_editor import read
    from orchestrator.cli.person import TerminalPerson, cancel_on_signals
    from orchestrator.cli.selector import select
    from orchestrator.engine import prompt_trial
    from orchestrator.engine.prompt_library import PromptLibrary
    from orchestrator.engine.prompt_set import as_prompt
    from orchestrator.engine.routing import Asker
    from orchestrator.engine.session import Session
    from orchestrator.outline.parse import parse

    settings = around.configuration.settings
    outline = parse(read(arguments.file, settings.outline.max_bytes).text)
    task = select(outline, arguments.task)
    uri = await asyncio.to_thread(lambda: arguments.file.resolve().as_uri())
    cancel_on_signals()
    session = Session(settings, around.directories, around.keys())
    try:
        library = PromptLibrary(await session.store(), around.directories.config)
        chosen = await library.version(arguments.name, arguments.version)
        prompt = as_prompt(chosen)
        if prompt is None:
            raise ConfigError(f"Version {chosen.version} cannot be used any more.", hint="Choose another one.")
        given = await prompt_trial.trial(prompt, outline, task, settings.split.max_children)
        answer = None
        if not arguments.json:
            terminal.result("# System", "strong")
            terminal.result(f"\n{many_lines(given.system)}\n")
            terminal.result("# User", "strong")
            terminal.result(f"\n{many_lines(given.user)}\n")
            terminal.say(f"{prompt.name} {prompt.version}, about {given.tokens:,} tokens. No file was touched.")
        if arguments.answer:
            person = TerminalPerson(terminal)
            asker = Asker(around.workspace, person, arguments.model, "/" in arguments.model)
            answer = await prompt_trial.ask(session, given, asker, uri, task)
    finally:
        await session.aclose()
    if arguments.json:
        shown: dict[str, Any] = {"schema": SCHEMA, "name": prompt.name, "version": prompt.version}
        shown |= {"system": given.system, "user": given.user, "tokens": given.tokens, "answer": None}
        if answer is not None:
            cost = None if answer.cost is None else float(answer.cost)
            shown |= {"answer": answer.text, "model": answer.model, "seconds": answer.seconds, "costUsd": cost}
        terminal.result(json.dumps(shown, indent=2))
    elif answer is not None:
        price = "price unknown" if answer.cost is None else f"${answer.cost:.4f}"
        terminal.result("# Answer", "strong")
        terminal.result(f"\n{many_lines(answer.text)}\n")
        terminal.say(f"{one_line(answer.model)}, {answer.seconds:.1f} s, {price}")
    return ExitCode.OK


def _export(arguments: argparse.Namespace, terminal: Terminal, found: dict[str, object]) -> None:
    text = json.dumps(found, indent=2, ensure_ascii=False)
    if arguments.to is None:
        terminal.result(text)
        return
    try:
        with arguments.to.open("x", encoding="utf-8") as file:
            file.write(f"{text}\n")
    except OSError as error:
        name = one_line(str(arguments.to))
        raise FileError(f"{name} cannot be written ({error.strerror}).", hint="Name a new file.") from error
    terminal.say(f"Wrote {one_line(str(arguments.to))}.")


def _read(path: Path) -> str:
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(MAX_IMPORT_BYTES + 1)
        else:
            with path.open("rb") as file:
                content = file.read(MAX_IMPORT_BYTES + 1)
        if len(content) > MAX_IMPORT_BYTES:
            raise FileError(f"{one_line(str(path))} is too large for prompts.", hint="Import a smaller file.")
        return content.decode("utf-8")
    except OSError as error:
        raise FileError(
            f"{one_line(str(path))} cannot be read ({error.strerror}).", hint="Name a file that you can read."
        ) from error
    except UnicodeDecodeError as error:
        raise FileError(f"{one_line(str(path))} is not UTF-8.", hint="Save it as UTF-8.") from error


def _tell_used(arguments: argparse.Namespace, terminal: Terminal, chosen: PromptVersion) -> None:
    if arguments.json:
        terminal.result(json.dumps({"schema": SCHEMA, **_version_as_json(chosen)}, indent=2))
    else:
        terminal.result(f"{chosen.name} {chosen.version} ({chosen.origin}) is in use.")


def _tell_imported(arguments: argparse.Namespace, terminal: Terminal, found: list[Saved]) -> None:
    if arguments.json:
        taken = [{**_version_as_json(one.version), "isNew": one.is_new} for one in found]
        terminal.result(json.dumps({"schema": SCHEMA, "imported": taken}, indent=2))
        return
    for one in found:
        terminal.result(f"{one.version.name} {one.version.version}{'' if one.is_new else ', known before'}")
    terminal.say(f"{sum(one.is_new for one in found)} new versions.")


def _entry_as_json(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "role": entry.in_use.role.value,
        "version": entry.in_use.version,
        "origin": entry.in_use.origin,
        "versions": len(entry.versions),
        "path": str(entry.draft) if entry.draft else None,
        "outdated": entry.outdated,
        "problems": [{"code": fault.code, "message": fault.message} for fault in entry.faults],
    }


def _version_as_json(one: PromptVersion) -> dict[str, Any]:
    return {
        "name": one.name,
        "version": one.version,
        "parent": one.parent or None,
        "origin": one.origin,
        "created": one.created,
    }


def _where(entry: Entry, start: int) -> str:
    path = entry.draft
    if path is None:
        return entry.name
    try:
        line = path.read_text("utf-8", "replace")[:start].count("\n") + 1
    except OSError:
        line = 1
    return f"{one_line(path.name)}:{line}"


def _action(actions: Any, action: str, what: str, *, name: bool = False) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(action, help=what)
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object")
    if name:
        parser.add_argument("name", metavar="NAME", help="the prompt")
    return parser
