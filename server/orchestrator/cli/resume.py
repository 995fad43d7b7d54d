"""`orchestrator resume [RUN]`: go on with a run that paused or was stopped; what is finished is not done again."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from orchestrator.cli import run as run_command
from orchestrator.cli.runs import read_runs
from orchestrator.cli.terminal import Terminal
from orchestrator.errors import FileError, TaskNotFoundError
from orchestrator.model.run import Run, RunKind


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", nargs="?", default="", help="its id; the last unfinished one if left out")
    parser.add_argument("--give-up", action="store_true", help="do not go on: mark it as failed")
    run_command.add_common_arguments(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    found = asyncio.run(_find(arguments))
    if arguments.give_up:
        return asyncio.run(_give_up(arguments, terminal, found))
    arguments.file = _path_of(found)
    return run_command.Job(arguments, terminal, found.run_id).run()


async def _find(arguments: argparse.Namespace) -> Run:
    async with read_runs(arguments) as store:
        runs = [one for one in await store.runs(kind=RunKind.BRANCH, limit=500) if one.state.resumable]
    chosen = [one for one in runs if not arguments.run or one.run_id == arguments.run]
    if not chosen:
        what = f"the run {arguments.run}" if arguments.run else "any run"
        raise TaskNotFoundError(f"There is nothing left to do of {what}.", hint="`orchestrator runs` lists them.")
    return chosen[0]


async def _give_up(arguments: argparse.Namespace, terminal: Terminal, found: Run) -> int:
    import time

    async with read_runs(arguments) as store:
        await store.mark_failed(found.run_id, "given up", time.time())
    terminal.say(f"{found.run_id} is marked as failed; what it did stays.")
    return 0


def _path_of(found: Run) -> Path:
    parts = urlsplit(found.uri)
    if parts.scheme != "file":
        raise FileError("The outline of this run was never saved to a file.", hint="Resume it in your editor.")
    return Path(url2pathname(unquote(parts.path)))
