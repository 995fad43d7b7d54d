"""Calls that are stored before a place is free for them, so that they can be sent in the moment in which one is."""

from __future__ import annotations

import asyncio
import itertools
from decimal import Decimal

from orchestrator.engine.run import BranchRun
from orchestrator.model.run import Step, StepState
from orchestrator.model.usage import Usage
from tests.support.branches import Branch, done
from tests.support.patience import PATIENCE

PRICES = ["scripted/* 999999 999999"]
"""US dollars for a million tokens: as good as a dollar each."""


async def steps_of(branch: Branch, run: BranchRun) -> list[Step]:
    store = await branch.session.store()
    attempts = await store.attempts(run.run_id)
    return [step for attempt in attempts for step in await store.steps(attempt.attempt_id)]


async def test_a_call_that_was_never_sent_costs_nothing(tmp_path):
    text, script = "- [ ] a\n- [ ] b\n- [ ] c\n", [done(delay=30)]
    options = {"calls": {"concurrency": 1}, "run": {"concurrency": 3}, "prices": PRICES}
    async with Branch(tmp_path, text, script, **options) as branch:
        run = await branch.start()
        async with asyncio.timeout(PATIENCE):
            while len(await steps_of(branch, run)) < 2:
                await asyncio.sleep(0.005)
        run.stop()
        view = await run.ended()
        sent, prepared = sorted(await steps_of(branch, run), key=lambda step: step.usage.input_tokens, reverse=True)
        assert len(branch.requests()) == 1
        assert (sent.state, prepared.state) == (StepState.CANCELLED, StepState.CANCELLED)
        assert sent.usage.input_tokens > 0
        assert sent.cost == view.cost
        assert (prepared.usage, prepared.cost) == (Usage(), Decimal(0))


async def test_a_call_begins_when_it_is_sent(tmp_path):
    text, script = "- [ ] a\n- [ ] b\n- [ ] c\n", [done(delay=0.1)]
    options = {"calls": {"concurrency": 1}, "run": {"concurrency": 3}}
    async with Branch(tmp_path, text, script, **options) as branch:
        run = await branch.start()
        await run.ended()
        steps = sorted(await steps_of(branch, run), key=lambda step: step.started)
        assert len(steps) == 3
        for before, after in itertools.pairwise(steps):
            assert before.ended is not None
            assert after.started >= before.ended, "its wait for a place is not the model's"
