"""Budgets, reservations and bills of runs at real prices: the real SDKs, over real HTTP."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrator.engine.branch import BranchView
from orchestrator.engine.money import LIMITS, SAY_PRICE
from orchestrator.model.run import RunState
from orchestrator.model.usage import Usage
from orchestrator.providers.prices import TABLE
from tests.support.fault_server import Cut, FaultServer, Status, Tokens
from tests.support.patience import PATIENCE
from tests.support.vendors import ANTHROPIC, BOTH, HOUSE, HttpBranch, structured, work

both = pytest.mark.parametrize("model", BOTH)
EACH = Decimal("0.003")
"""What a call of `work` costs at claude-haiku-4-5: 1,000 tokens read at $1 and 400 written at $5 a million."""
MOST = Decimal("0.044")
"""Room for what it may cost at most, which is 8,192 tokens written and the request, and not for one more before it."""


def tasks(count: int) -> str:
    return "".join(f"- [ ] task {number}\n" for number in range(count))


def cost_of(view: BranchView) -> Decimal:
    assert view.cost is not None
    return view.cost


@both
async def test_a_bill_is_what_the_vendor_takes_with_its_cache(model: str, tmp_path: Path):
    provider, _, name = model.partition("/")
    async with FaultServer() as server, HttpBranch(tmp_path, tasks(2), server, models=(model,)) as branch:
        server.then(work(tokens=Tokens(2_000, 300, cache_read=1_500)), work(tokens=Tokens(1_000, 200)))
        view = await branch.run()
    # Anthropic counts cached tokens apart, OpenAI among those of the prompt.
    first = Usage(3_500 if provider == "anthropic" else 2_000, 300, 1_500)
    second = Usage(1_000, 200)
    assert view.usage == first + second
    expected = [TABLE.cost(provider, name, each) for each in (first, second)]
    assert view.cost == sum(each for each in expected if each is not None)
    whole = TABLE.cost(provider, name, Usage(first.input_tokens + second.input_tokens, 500))
    assert whole is not None
    assert cost_of(view) < whole, "what came from the cache is cheaper"


@both
async def test_calls_wait_for_money_that_others_have_reserved(model: str, tmp_path: Path):
    """The budget is for all of them, and for two reservations: they take turns, and all are done."""
    provider, _, name = model.partition("/")
    most = TABLE.most(provider, name, 3_000, 8_192)
    assert most is not None
    text = f"---\ndefaults: {{budget: {most * 2:.4f}}}\n---\n{tasks(6)}"
    async with FaultServer() as server:
        server.always(work(delay=0.01, tokens=Tokens(300, 60)))
        async with HttpBranch(tmp_path, text, server, models=(model,), run={"concurrency": 8}) as branch:
            view = await branch.run()
    assert (view.state, view.done) == (RunState.COMPLETED, 6)
    assert server.busiest == 2
    assert cost_of(view) < most * 2


async def test_the_front_matter_caps_a_run_and_resuming_it_repeats_nothing(tmp_path: Path):
    text = f"---\ndefaults: {{budget: {MOST + EACH * 2}}}\n---\n{tasks(6)}"
    async with FaultServer() as server:
        server.always(work())
        async with HttpBranch(tmp_path, text, server) as branch:
            view = await branch.run()
            assert view.state is RunState.PAUSED
            assert "The budget of this run ($0.05) does not allow" in view.reason
            assert MOST > cost_of(view) >= EACH * 2
            asked = len(server.calls)
            assert view.done == asked < 6
            branch.holder.type(f"budget: {MOST + EACH * 2}", "budget: 1.00")
            view = await (await branch.resume(view.run_id)).ended()
    assert (view.state, view.done) == (RunState.COMPLETED, 6), "what was done before counts"
    assert len(server.calls) == 6
    assert cost_of(view) == EACH * 6, "what was spent before counts"


async def test_a_branch_has_a_budget_of_its_own_also_after_a_pause(tmp_path: Path):
    def text(budget: Decimal) -> str:
        return f"- [ ] dear  [budget:: {budget}]\n  1. [ ] one\n  2. [ ] two\n  3. [ ] three\n- [ ] other\n"

    narrow, wider = MOST, MOST + EACH
    async with FaultServer() as server:
        server.always(work())
        async with HttpBranch(tmp_path, text(narrow), server) as branch:
            view = await branch.run()
            assert view.state is RunState.PAUSED
            assert "The budget of “dear” ($0.04)" in view.reason
            marks = [branch.mark(title) for title in ("one", "two", "three", "other")]
            assert marks[0] == "x"
            assert marks[2:] == [" ", "x"], "the others go on"
            done = marks.count("x")
            view = await (await branch.resume(view.run_id)).ended()
            assert view.state is RunState.PAUSED, "nothing is left of it, however often it is resumed"
            assert len(server.calls) == done
            branch.holder.type(f"[budget:: {narrow}]", f"[budget:: {wider}]")
            view = await (await branch.resume(view.run_id)).ended()
            assert len(server.calls) == done + 1, "one more fits, since what it spent before still counts"
            branch.holder.type(f"[budget:: {wider}]", "[budget:: 5]")
            view = await (await branch.resume(view.run_id)).ended()
    assert view.state is RunState.COMPLETED
    assert [branch.mark(title) for title in ("one", "two", "three", "dear", "other")] == ["x"] * 5


@pytest.mark.parametrize("above", ["# Part  [budget:: 0.01]\n\n", ""])
async def test_a_budget_further_up_holds_for_a_run_below_it(above: str, tmp_path: Path):
    text = "- [ ] all\n  - [ ] some\n    - [ ] leaf\n"
    text = above + (text if above else text.replace("all", "all  [budget:: 0.01]"))
    async with FaultServer() as server, HttpBranch(tmp_path, text, server) as branch:
        view = await branch.run("leaf")
    assert view.state is RunState.PAUSED
    assert f"The budget of “{'Part' if above else 'all'}” ($0.01)" in view.reason
    assert server.calls == []


async def test_a_call_that_breaks_off_is_paid_and_counted(tmp_path: Path):
    async with FaultServer() as server:
        server.then(work("It was nearly done, in many words. " * 20, cut=Cut.MID_STREAM), work())
        async with HttpBranch(tmp_path, tasks(1), server, calls={"retries": 1, "timeout": 5.0}) as branch:
            view = await branch.run()
    assert (view.done, len(server.calls)) == (1, 2)
    assert view.usage.estimated
    assert cost_of(view) > EACH


async def test_a_call_that_was_refused_costs_nothing(tmp_path: Path):
    async with FaultServer() as server, HttpBranch(tmp_path, tasks(1), server) as branch:
        server.then(Status(500))
        view = await branch.run()
    assert view.failed == 1
    assert view.cost == 0


async def test_a_stopped_call_is_paid_and_known_when_it_is_resumed(tmp_path: Path):
    async with FaultServer() as server:
        server.then(work(stall=True)).always(work())
        async with HttpBranch(tmp_path, tasks(1), server) as branch:
            run = await branch.start()
            await server.until(lambda: len(server.calls) == 1)
            run.stop()
            stopped = await run.ended()
            resumed = await (await branch.resume(stopped.run_id)).ended()
    assert stopped.usage.estimated
    assert 0 < cost_of(stopped) < EACH
    assert cost_of(resumed) == cost_of(stopped) + EACH


async def test_where_no_price_is_known_a_limit_of_calls_keeps_the_budget(tmp_path: Path):
    text = f"---\ndefaults: {{budget: 1.00}}\n---\n{tasks(2)}"
    async with FaultServer() as server, HttpBranch(tmp_path, text, server, models=(HOUSE,)) as branch:
        server.always(work())
        run = await branch.start()
        asked = await branch.approval()
        assert (asked.kind, asked.detail["choices"]) == ("budget", list(LIMITS))
        assert server.calls == []
        await branch.session.answer(asked.approval_id, "At most 10 calls")
        view = await run.ended()
    assert view.done == 2
    assert view.cost is None, "a sum with an unknown part is unknown"


async def test_a_price_that_a_person_says_counts_until_the_run_is_over(tmp_path: Path):
    text = f"---\ndefaults: {{budget: {MOST + EACH}, concurrency: 1}}\n---\n{tasks(3)}"
    async with FaultServer() as server, HttpBranch(tmp_path, text, server, models=(HOUSE,)) as branch:
        server.always(work())
        run = await branch.start()
        await branch.session.answer((await branch.approval()).approval_id, SAY_PRICE)
        await branch.session.answer((await branch.approval(2)).approval_id, "cheap")
        again = await branch.approval(3)
        assert "“cheap” is no price of house/big" in again.title
        await branch.session.answer(again.approval_id, "$1 5")
        view = await run.ended()
        assert view.state is RunState.PAUSED
        assert 0 < view.done < 3
        assert cost_of(view) == EACH * view.done
        asked = len(branch.approvals)
        branch.holder.type(f"budget: {MOST + EACH}", "budget: 1.00")
        view = await (await branch.resume(view.run_id)).ended()
        assert len(branch.approvals) == asked, "nothing is asked twice"
    assert view.state is RunState.COMPLETED
    assert cost_of(view) == EACH * 3


async def test_a_price_in_the_settings_needs_no_question(tmp_path: Path):
    text = f"---\ndefaults: {{budget: 1.00}}\n---\n{tasks(1)}"
    prices = ["house/* 2 10 0.2"]
    async with FaultServer() as server, HttpBranch(tmp_path, text, server, models=(HOUSE,), prices=prices) as branch:
        server.always(work(tokens=Tokens(1_000, 400, cache_read=500)))
        view = await branch.run()
    assert branch.approvals == []
    assert view.cost == Decimal("0.0051"), "500 at $2, 500 at $0.20, 400 at $10 a million"


async def test_an_estimate_is_a_range_that_history_narrows_and_that_holds(tmp_path: Path):
    text = "- [ ] p\n" + "".join(f"  - [ ] {word}\n    Accept: it is done\n" for word in "abcdef")
    criteria = [{"criterion": "it is done", "met": True, "evidence": "It is done."}]
    both_shapes = {"status": "done", "answer": "It is done.", "result": "It is done.", "question": ""}
    async with FaultServer() as server, HttpBranch(tmp_path, text, server) as branch:
        # One answer serves execution, verification and summing up alike.
        server.always(structured({**both_shapes, "criteria": criteria}, tokens=Tokens(900, 250)))
        outline = branch.document.outline
        roots = [task for task in outline.tasks() if not outline.ancestors(task)]
        guess = await branch.session.estimate(outline, roots)
        assert guess.model == ANTHROPIC
        view = await branch.run()
        assert view.done == 7
        assert guess.cost is not None
        assert guess.cost[0] <= cost_of(view) <= guess.cost[1]
        known = await branch.session.estimate(outline, roots)
        assert known.cost is not None
        assert guess.cost[1] - guess.cost[0] > (known.cost[1] - known.cost[0])
        assert known.cost[0] * Decimal("0.7") <= cost_of(view) <= known.cost[1]


async def test_a_dear_answer_never_passes_the_budget(tmp_path: Path):
    """Answers as long as they may be, many at once: what was reserved is what they cost."""
    budget = MOST * 3
    text = f"---\ndefaults: {{budget: {budget}}}\n---\n{tasks(8)}"
    async with FaultServer() as server, HttpBranch(tmp_path, text, server) as branch:
        server.always(work(tokens=Tokens(900, 8_192), delay=0.005))
        async with asyncio.timeout(PATIENCE):
            view = await branch.run()
    assert view.state is RunState.PAUSED
    assert budget - MOST < cost_of(view) <= budget
    assert view.done == len(server.calls) == 3
