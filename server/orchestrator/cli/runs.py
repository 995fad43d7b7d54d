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
from orchestrator.cli.run_bill import RunBill, as_json, bill_as_json, read_bill, show
from orchestrator.cli.terminal import Terminal
from orchestrator.engine.bills import money
from orchestrator.model.run import Approval, Run, RunKind
from orchestrator.model.safe_text import one_line
from orchestrator.model.usage import Bill

if TYPE_CHECKING:
    from orchestrator.store.store import Store

SCHEMA = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="?", default="", metavar="RUN", help="what this run cost, by task and branch")
    parser.add_argument("--calls", action="store_true", help="with RUN: each of its calls, too")
    parser.add_argument("--all", action="store_true", help="splits too")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="at most N, 20 if left out")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    if arguments.run:
        return _one(arguments, terminal)
    found, inbox, bills = asyncio.run(_read(arguments))
    if arguments.json:
        runs = [{**_run_as_json(one), "bill": bill_as_json(bills.get(one.run_id, Bill()))} for one in found]
        shown = {"schema": SCHEMA, "runs": runs}
        terminal.result(json.dumps({**shown, "inbox": [_approval_as_json(one) for one in inbox]}, indent=2))
        return ExitCode.OK
    if not found:
        terminal.say("No run yet. `orchestrator run FILE` starts one.")
    for one in found:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.started))
        why = f": {one_line(one.reason, 80)}" if one.reason else ""
        bill = bills.get(one.run_id, Bill())
        cost = f", {money(bill.cost)}" if bill.calls else ""
        terminal.result(f"{one.run_id}  {when}  {one_line(one.task_title, 50)}  {one.state.value}{cost}{why}")
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


async def _read(arguments: argparse.Namespace) -> tuple[list[Run], list[Approval], dict[str, Bill]]:
    async with read_runs(arguments) as store:
        kind = None if arguments.all else RunKind.BRANCH
        runs = await store.runs(kind=kind, limit=max(1, arguments.limit))
        since = min((one.started for one in runs), default=0.0)
        return runs, await store.approvals(), await store.bills_of_runs(since)


def _one(arguments: argparse.Namespace, terminal: Terminal) -> int:
    async def read() -> RunBill:
        async with read_runs(arguments) as store:
            return await read_bill(store, arguments.run)

    found = asyncio.run(read())
    if arguments.json:
        run = {**_run_as_json(found.run), "bill": bill_as_json(found.total)}
        terminal.result(json.dumps({"schema": SCHEMA, "run": run, **as_json(found, arguments)}, indent=2))
    else:
        show(found, arguments, terminal)
    return ExitCode.OK


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
