"""`orchestrator runs`: the runs in the store, the newest first, and what waits for a person."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.terminal import Terminal
from orchestrator.model.run import Approval, Run, RunKind
from orchestrator.model.safe_text import one_line

if TYPE_CHECKING:
    from orchestrator.store.store import Store

SCHEMA = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="splits too")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="at most N, 20 if left out")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    found, inbox = asyncio.run(_read(arguments))
    if arguments.json:
        shown = {"schema": SCHEMA, "runs": [_run_as_json(one) for one in found]}
        terminal.result(json.dumps({**shown, "inbox": [_approval_as_json(one) for one in inbox]}, indent=2))
        return ExitCode.OK
    if not found:
        terminal.say("No run yet. `orchestrator run FILE` starts one.")
    for one in found:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.started))
        why = f": {one_line(one.reason, 80)}" if one.reason else ""
        terminal.result(f"{one.run_id}  {when}  {one_line(one.task_title, 50)}  {one.state.value}{why}")
    for approval in inbox:
        terminal.result(f"  ? {one_line(approval.title, 120)}", "warning")
    return ExitCode.OK


@asynccontextmanager
async def read_runs(arguments: argparse.Namespace) -> AsyncGenerator[Store]:
    """The store, with the runs of programs that are gone marked as paused."""
    import os

    from orchestrator.config import Directories
    from orchestrator.engine.session import STORE_FILE
    from orchestrator.store.store import Store

    directories = Directories.default(os.environ, data_dir=arguments.data_dir)
    store = await Store.open(directories.data / STORE_FILE)
    try:
        await store.reconcile(time.time())
        yield store
    finally:
        await store.aclose()


async def _read(arguments: argparse.Namespace) -> tuple[list[Run], list[Approval]]:
    async with read_runs(arguments) as store:
        kind = None if arguments.all else RunKind.BRANCH
        return await store.runs(kind=kind, limit=max(1, arguments.limit)), await store.approvals()


def _run_as_json(one: Run) -> dict[str, Any]:
    return {
        "runId": one.run_id,
        "kind": one.kind.value,
        "title": one.task_title,
        "uri": one.uri,
        "workspace": one.workspace,
        "started": one.started,
        "ended": one.ended,
        "state": one.state.value,
        "reason": one.reason,
        "resumable": one.kind is RunKind.BRANCH and one.state.resumable,
    }


def _approval_as_json(one: Approval) -> dict[str, Any]:
    return {
        "approvalId": one.approval_id,
        "runId": one.run_id,
        "kind": one.kind,
        "title": one.title,
        "detail": one.detail,
        "created": one.created,
    }
