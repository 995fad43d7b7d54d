"""Approvals of tools on their way to a window."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lsprotocol import types

from orchestrator.engine import approvals
from orchestrator.engine.edit_proposal import FileChange, proposal_of
from orchestrator.errors import ProtocolError
from orchestrator.lsp.protocol import RunCorrectParams
from orchestrator.lsp.runs import Runs
from orchestrator.lsp.shown_run import ShownRun, approval_info
from orchestrator.model.run import Approval
from tests.lsp.in_process import URI, make_server


def approval(kind: str, detail: dict) -> Approval:
    asked = {**detail, "why": "new", "choices": list(approvals.choices(detail)), "task": "Fix it", "taskId": "abcde"}
    return Approval("approval_1", "run_1", "attempt_1", kind, "Fix it: change 1: a.py", asked, 1.0)


def edit(lines: int) -> Approval:
    proposal = proposal_of([FileChange("a.py", "old\n" * lines, "new\u202e\n" * lines)])
    return approval("edit", approvals.edit_detail(proposal, ()))


def test_a_window_gets_the_text_and_no_whole_files():
    info = approval_info(edit(1), URI)
    assert "changes" not in info.detail
    assert "+new<U+202E>" in info.detail["text"]
    assert info.choices == ["Refuse", "Allow", "Allow for this run"]


async def test_a_long_edit_is_not_approved_unseen(tmp_path: Path):
    server, sent = make_server(tmp_path)
    await ShownRun(server, URI, tmp_path)._ask(edit(2_000))
    (told,) = sent.of(types.WINDOW_SHOW_MESSAGE)
    assert "too long for a message" in told["message"]
    assert sent.of(types.WINDOW_SHOW_MESSAGE_REQUEST) == []


async def test_a_command_is_asked_with_all_that_must_be_known(tmp_path: Path):
    server, sent = make_server(tmp_path, ask=True)
    detail = approvals.command_detail(("pytest", "-q"), Path("/usr/bin/pytest"), Path("/w"), "to see")
    asking = server.start(ShownRun(server, URI, tmp_path)._ask(approval("command", detail)))
    while not sent.of(types.WINDOW_SHOW_MESSAGE_REQUEST):
        await asyncio.sleep(0.01)
    (asked,) = sent.of(types.WINDOW_SHOW_MESSAGE_REQUEST)
    asking.cancel()
    assert "$ pytest -q" in asked["message"]
    assert "It may execute code of this folder." in asked["message"]
    assert [action["title"] for action in asked["actions"]] == ["Refuse", "Allow", "Allow for this run"]


@pytest.mark.parametrize("under_way", [True, False])
async def test_a_correction_goes_to_whoever_runs_the_task(under_way: bool):
    said: list[tuple[str, ...]] = []

    class Elsewhere:
        async def store(self) -> Any:
            return self

        async def say(self, *given: Any) -> bool:
            said.append(given[:3])
            return under_way

    async def session() -> Any:
        return Elsewhere()

    server: Any = SimpleNamespace(running_session=None, session=session)
    params = RunCorrectParams(run_id="run_1", task_id="aaaaa", text="In French.")
    if under_way:
        assert "Another program runs this task" in (await Runs(server).correct(params)).told
    else:
        with pytest.raises(ProtocolError, match="not under way"):
            await Runs(server).correct(params)
    assert said == [("run_1", "aaaaa", "In French.")]
