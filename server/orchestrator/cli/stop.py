"""`orchestrator stop [RUN]`: ask whoever runs a branch, in another terminal or an editor, to stop it."""

from __future__ import annotations

import argparse
import asyncio
import time

from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.runs import read_runs
from orchestrator.cli.terminal import Terminal
from orchestrator.errors import TaskNotFoundError
from orchestrator.model.run import RunKind, RunState
from orchestrator.model.safe_text import one_line

PATIENCE_SECONDS = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", nargs="?", default="", help="its id; every running branch if left out")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    return asyncio.run(_stop(arguments, terminal))


async def _stop(arguments: argparse.Namespace, terminal: Terminal) -> int:
    async with read_runs(arguments) as store:
        running = [
            one
            for one in await store.runs(kind=RunKind.BRANCH, limit=500)
            if one.state is RunState.RUNNING and arguments.run in {"", one.run_id}
        ]
        if not running:
            what = f"The run {arguments.run} is not running." if arguments.run else "No branch is being run."
            raise TaskNotFoundError(what, hint="See `orchestrator runs`.")
        for one in running:
            await store.request_stop(one.run_id)
        deadline = time.monotonic() + PATIENCE_SECONDS
        waiting = {one.run_id: one for one in running}
        while waiting and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
            for run_id in list(waiting):
                now = await store.run(run_id)
                if now is None or now.state is not RunState.RUNNING:
                    terminal.result(f"Stopped {run_id}: {one_line(waiting.pop(run_id).task_title, 60)}.")
        for one in waiting.values():
            terminal.say(f"{one.run_id} was asked to stop, and has not said yet that it did.", "warning")
    return ExitCode.OK
