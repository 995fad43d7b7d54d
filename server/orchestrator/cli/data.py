"""`orchestrator data`: where everything is that Orchestrator keeps, how big it is, and how to delete it.

Invariant: nothing is deleted before it was shown, and without a yes (test_nothing_is_deleted_unasked).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.history import moment
from orchestrator.cli.terminal import Terminal
from orchestrator.config import Directories
from orchestrator.errors import ConfigError
from orchestrator.model.safe_text import one_line

if TYPE_CHECKING:
    from orchestrator.store.deletion import Deletable, Selection
    from orchestrator.store.store import Store

SCHEMA = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", nargs="?", choices=("where", "size", "delete"), default="where", help="where if left out"
    )
    parser.add_argument("--workspace", metavar="FOLDER", type=Path, help="delete: what belongs to this folder")
    parser.add_argument(
        "--older-than", metavar="WHEN", help="delete: what was last touched before (90d, 6m, 2026-01-31)"
    )
    parser.add_argument("--all", action="store_true", help="delete: everything in the database")
    parser.add_argument("--cache", action="store_true", help="delete: also the cache: weights of embedded models")
    parser.add_argument("--yes", action="store_true", help="delete without asking")
    parser.add_argument("--json", action="store_true", help="print one JSON object; deletes only together with --yes")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    directories = Directories.default(os.environ, data_dir=arguments.data_dir)
    if arguments.action == "where":
        return _where(arguments, terminal, directories)
    if arguments.action == "size":
        return asyncio.run(_size(arguments, terminal, directories))
    if not (arguments.workspace or arguments.older_than or arguments.all or arguments.cache):
        raise ConfigError(
            "It is not said what is to be deleted.",
            hint="Say --workspace FOLDER, --older-than 90d, both, or --all; --cache for the weights.",
        )
    if arguments.all and (arguments.workspace or arguments.older_than):
        raise ConfigError("--all is everything.", hint="Leave out --all, or the others.")
    workspace = os.path.realpath(arguments.workspace) if arguments.workspace else None
    return asyncio.run(_delete(arguments, terminal, directories, workspace))


def counted(count: int, what: str) -> str:
    """`1 chat`, `2 chats`, `3 runs or splits`, `2 outlines of the index`."""
    if count != 1:
        what = what.replace("run or split", "runs or splits").replace("outline of", "outlines of")
        what = what if what.endswith("s") or " of " in what else f"{what}s"
    return f"{count:,} {what}"


def _places(directories: Directories) -> list[tuple[str, Path]]:
    from orchestrator.engine.experience import PLAYBOOK_FOLDER
    from orchestrator.engine.session import STORE_FILE
    from orchestrator.store.inspection import store_files

    store, *others = store_files(directories.data / STORE_FILE)
    kinds = {"-wal": "its newest changes", "-shm": "its shared memory"}
    return [
        ("the database: conversations, runs, splits, embeddings", store),
        *((next((kinds[end] for end in kinds if file.name.endswith(end)), "a backup of it"), file) for file in others),
        ("weights of embedded models", directories.cache),
        ("settings, trust, keys", directories.config),
        ("playbooks that you saved", directories.config / PLAYBOOK_FOLDER),
    ]


def _bytes(path: Path) -> int:
    """Of a file, or of all below a folder; what cannot be looked at counts nothing."""
    if path.is_dir() and not path.is_symlink():
        return sum(_bytes(Path(entry.path)) for entry in os.scandir(path) if not entry.is_symlink())
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _shown_size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} kB"


def _where(arguments: argparse.Namespace, terminal: Terminal, directories: Directories) -> int:
    there = [(what, path, _bytes(path)) for what, path in _places(directories) if path.exists()]
    if arguments.json:
        places = [{"what": what, "path": str(path), "bytes": size} for what, path, size in there]
        terminal.result(json.dumps({"schema": SCHEMA, "places": places}, indent=2))
        return ExitCode.OK
    if not there:
        terminal.say("Nothing is kept yet.")
    for what, path, size in there:
        terminal.result(f"{one_line(str(path))}  {what}, {_shown_size(size)}")
    terminal.say("Tasks are in your outlines. `orchestrator data delete --help` says how to delete the rest.")
    return ExitCode.OK


async def _opened(directories: Directories) -> Store:
    from orchestrator.engine.session import STORE_FILE
    from orchestrator.store.store import Store

    return await Store.open(directories.data / STORE_FILE)


async def _size(arguments: argparse.Namespace, terminal: Terminal, directories: Directories) -> int:
    store = await _opened(directories)
    try:
        size, workspaces = await store.size(), await store.workspaces()
    finally:
        await store.aclose()
    if arguments.json:
        listed = [
            {
                "workspace": one.workspace,
                "runs": one.runs,
                "chats": one.chats,
                "messages": one.messages,
                "characters": one.characters,
                "newest": one.newest,
            }
            for one in workspaces
        ]
        terminal.result(
            json.dumps({"schema": SCHEMA, "bytes": size.bytes, "rows": size.rows, "workspaces": listed}, indent=2)
        )
        return ExitCode.OK
    terminal.result(f"{_shown_size(size.bytes)} in the database, its log and its backups", "strong")
    for one in workspaces:
        newest = time.strftime("%Y-%m-%d", time.localtime(one.newest))
        terminal.result(
            f"  {one_line(one.workspace)}: {counted(one.runs, 'run or split')}, {counted(one.chats, 'chat')}, "
            f"{counted(one.messages, 'message')}, {_shown_size(one.characters)} of text, newest {newest}"
        )
    for table, count in size.rows.items():
        if count:
            terminal.result(f"  {table}: {count:,} rows", "faint")
    return ExitCode.OK


async def _delete(
    arguments: argparse.Namespace, terminal: Terminal, directories: Directories, workspace: str | None
) -> int:
    from orchestrator.store.deletion import Selection

    before = moment(arguments.older_than, datetime.now().astimezone()) if arguments.older_than else None
    now = time.time()
    selection = Selection(workspace, before) if workspace or before or arguments.all else None
    store = await _opened(directories) if selection is not None else None
    try:
        found = await store.deletable(selection, now) if store is not None and selection is not None else None
        cached = _bytes(directories.cache) if arguments.cache else 0
        if not arguments.json:
            _tell(terminal, found, selection, directories, cached)
        nothing = (found is None or found.nothing) and not cached
        agreed = not nothing and (arguments.yes or (not arguments.json and await _asked(terminal)))
        clean = True
        if agreed:
            if store is not None and selection is not None:
                clean = await store.delete(selection, now)
            if cached:
                await asyncio.to_thread(_empty, directories.cache)
    finally:
        if store is not None:
            await store.aclose()
    if arguments.json:
        terminal.result(json.dumps(_as_json(found, cached, deleted=agreed, clean=clean), indent=2))
    elif agreed:
        terminal.result("Deleted.")
    if not clean:
        terminal.say(
            "Another program has the database open, so that old pages are still on the disk. "
            "Close your editors, and run the command again.",
            "warning",
        )
        return ExitCode.STORE
    if agreed or nothing or terminal.can_ask or arguments.json:
        return ExitCode.OK
    terminal.say("Nothing was deleted, because nobody is here to ask. --yes deletes it.")
    return ExitCode.NEEDS_PERSON


async def _asked(terminal: Terminal) -> bool:
    if not terminal.can_ask:
        return False
    answer = await terminal.ask("Delete this? There is no way back. [y]es, [N]o: ")
    if (answer or "").casefold() in {"y", "yes"}:
        return True
    terminal.say("Nothing was deleted.")
    return False


def _tell(
    terminal: Terminal, found: Deletable | None, selection: Selection | None, directories: Directories, cached: int
) -> None:
    if found is not None and selection is not None:
        counts = (
            (found.runs, "run or split"), (found.chats, "chat"), (found.messages, "message"),
            (found.meanings, "embedding"), (found.outlines, "outline of the index"),
            (found.prompts, "prompt version"),
        )  # fmt: skip
        for count, what in counts:
            if count:
                terminal.result(counted(count, what))
        for backup in found.backups:
            terminal.result(f"backup {one_line(str(backup))}, all of it: it holds the same texts")
        if found.running:
            terminal.result(f"{found.running:,} that are under way stay; stop them first", "warning")
    if cached:
        terminal.result(f"{one_line(str(directories.cache))}, {_shown_size(cached)}")
    if (found is None or found.nothing) and not cached:
        terminal.say("There is nothing to delete. `orchestrator data size` lists what there is of each workspace.")


def _as_json(found: Deletable | None, cached: int, *, deleted: bool, clean: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"schema": SCHEMA, "deleted": deleted, "clean": clean, "cacheBytes": cached}
    if found is not None:
        shown |= {
            "runs": found.runs,
            "chats": found.chats,
            "messages": found.messages,
            "embeddings": found.meanings,
            "outlines": found.outlines,
            "prompts": found.prompts,
            "running": found.running,
            "backups": [str(backup) for backup in found.backups],
        }
    return shown


def _empty(folder: Path) -> None:
    import shutil

    for entry in list(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
