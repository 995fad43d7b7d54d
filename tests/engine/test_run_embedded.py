"""A task done by the real embedded model: it writes a draft that says what it is, and never claims to have checked."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.config import Directories
from orchestrator.engine.meanwhile import CONFIRM
from orchestrator.model.run import RunState
from tests.support.branches import Branch

pytestmark = pytest.mark.embedded

TEXT = "- [ ] Write a greeting for a birthday card\n- [ ] Write a thank-you note\n  Accept: it thanks\n"


async def test_the_embedded_model_writes_drafts_and_lets_a_person_judge(tmp_path):
    async with Branch(tmp_path, TEXT, [], model="local/smollm2", run={"concurrency": 1}) as branch:
        branch.session.directories = Directories.default()
        async with asyncio.timeout(200):
            run = await branch.start()
            while not branch.approvals:
                await asyncio.sleep(0.05)
            approval = branch.approvals[0]
            assert "cannot check the acceptance" in approval.title
            await branch.session.answer(approval.approval_id, CONFIRM[1])
            view = await run.ended()
        assert (view.state, view.done) == (RunState.COMPLETED, 2)
        for task in branch.document.outline.tasks():
            assert task.result is not None
            assert task.result.startswith("Draft by the basic offline model, not checked: ")
