"""A run among programs: it says that it is alive, and hears what others said to it through the store.

Apart from `run`, because it keeps a time of its own, and works beside everything else.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from orchestrator.model.run import ApprovalState
from orchestrator.store.leases import HEARTBEAT_SECONDS

if TYPE_CHECKING:
    from orchestrator.engine.run import BranchRun

POLL_SECONDS = 1.0
HEARD = "Another program runs this task: it hears that within seconds, and what you said counts from its next call on."
"""What whoever corrects it from outside is told."""


async def heartbeat(run: BranchRun) -> None:
    """Until cancelled. Others say to stop, correct its tasks, and answer its questions."""
    renewed = 0.0
    while True:
        if time.monotonic() - renewed >= HEARTBEAT_SECONDS:
            await run.store.renew_lease([run.run_id], time.time())
            renewed = time.monotonic()
        await asyncio.sleep(POLL_SECONDS)
        if await run.store.stop_requested(run.run_id):
            run.stop()
        for said_id, task_id, text in await run.store.said(run.run_id):
            await run.say(task_id, text)
            await run.store.forget_said(said_id)
        for task in run.crew.asking():
            for approval in await run.store.approvals_of(task.attempt.attempt_id):
                if approval.state is ApprovalState.ANSWERED:
                    run.answered(approval)
