"""What a run at real prices cost, as its person sees it: on the command line, in lenses and in hovers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from lsprotocol import types

from orchestrator.lsp.outlook import Outlook
from tests.cli.conftest import Command
from tests.lsp.in_process import call, document, make_server, open_document
from tests.support.fault_server import FaultServer, Status, Tokens
from tests.support.vendors import HttpBranch, work

TEXT = "- [ ] p\n  1. [ ] a\n  2. [ ] b\n- [ ] c\n"


async def ran(folder: Path, server: FaultServer) -> tuple[HttpBranch, str]:
    """`a`, `b`, the sum of `p`, and `c`, at $0.003 each; what `b` read came from a cache."""
    file = folder / "plan.tasks.md"
    branch = HttpBranch(folder, TEXT, server, run={"concurrency": 1})
    branch.holder.uri = file.as_uri()
    server.then(work()).then(work(tokens=Tokens(0, 400, cache_read=1_000))).always(work())
    view = await branch.run()
    assert (view.done, str(view.cost)) == (4, "0.0111")
    file.write_text(branch.text)
    return branch, view.run_id


async def test_a_run_shows_what_each_task_cost(tmp_path: Path):
    async with FaultServer() as server:
        branch, run_id = await ran(tmp_path, server)
        await branch.session.aclose()
    command = Command(tmp_path / "home", tmp_path)
    where = ("--data-dir", branch.directories.data)
    shown = (await asyncio.to_thread(command, *where, "runs", run_id)).stdout.splitlines()
    assert shown == [
        "2 tasks: completed",
        "$0.0111 in 4 calls, 4,000 tokens read (1,000 from a cache), 1,600 written",
        " branch   itself",
        "$0.0081  $0.0030  p",
        "$0.0030  $0.0030    a",
        "$0.0021  $0.0021    b",
        "$0.0030  $0.0030  c",
    ]
    whole = json.loads((await asyncio.to_thread(command, *where, "runs", run_id, "--calls", "--json")).stdout)
    assert whole["run"]["bill"]["costUsd"] == pytest.approx(0.0111)
    assert [call["costUsd"] for call in whole["calls"]] == pytest.approx([0.003, 0.0021, 0.003, 0.003])
    assert [task["depth"] for task in whole["tasks"]] == [0, 1, 1, 0]
    listed = (await asyncio.to_thread(command, *where, "runs")).stdout
    assert "2 tasks  completed, $0.0111" in listed
    missing = await asyncio.to_thread(command, *where, "runs", "run_none")
    assert missing.returncode != 0
    assert "There is no run run_none" in missing.stderr


async def test_lenses_and_hovers_show_what_tasks_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Outlook, "of", lambda *_: "")
    async with FaultServer() as http:
        branch, _ = await ran(tmp_path, http)
        server, sent = make_server(tmp_path, refresh_lenses=True)
        server._session = branch.session
        uri = branch.holder.uri
        open_document(server, branch.text.replace("[x] p", "[ ] p"), uri)
        await server.costs.load()
        lenses = call(server, "textDocument/codeLens", types.CodeLensParams(document(uri)))
        hover = await call(server, "textDocument/hover", types.HoverParams(document(uri), types.Position(0, 6)))
        await server.costs.load()
        await asyncio.sleep(0)
        asked = [one for one in sent.messages if one.get("method") == types.WORKSPACE_CODE_LENS_REFRESH]
        await server.protocol.aclose() if hasattr(server.protocol, "aclose") else None
        await branch.session.aclose()
    assert lenses[0].command.title == "2/2 · under $0.01 · Split"
    assert (
        "Cost: $0.0081 ($0.0030 itself), 3 calls, 3,000 tokens read (1,000 from a cache), 1,200 written"
        in hover.contents.value
    )
    assert len(asked) == 1, "lenses are asked for anew only when something else is known"


async def test_a_bill_with_an_unknown_part_is_unknown(tmp_path: Path):
    async with FaultServer() as server:
        server.then(Status(500)).always(work())
        async with HttpBranch(tmp_path, TEXT, server, models=("house/big",)) as branch:
            view = await branch.run("a", "c")
            bills = await (await branch.session.store()).bills_of_run(view.run_id)
            everything = await (await branch.session.store()).bills_of_outline(branch.holder.uri)
    assert view.cost is None
    assert {bill.cost for bill in bills.values()} == {None}
    assert bills == everything
