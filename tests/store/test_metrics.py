"""Metrics against counting one by one."""

from __future__ import annotations

import dataclasses
import random
import time
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy
import pytest

from orchestrator.engine.approvals import Leave
from orchestrator.model.message import Role, Speaker
from orchestrator.model.metrics import GroupBy, Metrics, MetricsQuery
from orchestrator.model.outline_index import IndexedNode, IndexedOutline
from orchestrator.model.run import (
    Approval,
    Attempt,
    AttemptState,
    Conversation,
    ConversationKind,
    Ending,
    Run,
    RunKind,
    RunState,
    SplitOutcome,
    SplitRecord,
    Step,
    StepState,
    StoredMessage,
)
from orchestrator.model.usage import Usage
from orchestrator.store import measured
from orchestrator.store import metrics as statements
from orchestrator.store.deletion import Selection
from tests.store.samples import opened

DAY = 86_400.0
T0 = 1_790_000_000.0
STATES = [AttemptState.COMPLETED, AttemptState.FAILED, AttemptState.CANCELLED]


async def fill(store, runs=12):
    """Two workspaces, two models, three executors, several days; the same every time."""
    rng = random.Random(3)
    steps, attempts = [], []
    for n in range(runs):
        kind = RunKind.SPLIT if n % 3 == 0 else RunKind.BRANCH
        uri = f"file:///w{n % 2}/{n % 3}.tasks.md"
        started = T0 + n * DAY / 3
        await store.begin_run(Run(f"r{n}", kind, f"/w{n % 2}", uri, "t1", "A task", started))
        for m in range(2):
            key = f"{n}.{m}"
            executor = "" if kind is RunKind.SPLIT else ["answer", "code"][m]
            attempt = Attempt(f"a{key}", f"r{n}", f"c{key}", "t1", "A task", started + m, executor=executor)
            await store.begin_attempt(attempt, Conversation(f"c{key}", f"/w{n % 2}", uri, "t1", "A task", started))
            state = STATES[(n + m) % 3]
            await store.set_attempt(f"a{key}", state, "", started + 60)
            attempts.append((kind, uri, dataclasses.replace(attempt, state=state)))
            for k in range(1 + (n + m) % 3):
                step = Step(
                    f"s{key}.{k}", f"a{key}", Role.PLAN, "p", f"m{k % 2}", "repair" if k == 1 else "plan",
                    "f" * 12 if k == 1 else f"{n % 2:012x}", started + m + k, repair=k == 1,
                )  # fmt: skip
                await store.begin_step(step, [StoredMessage(f"q{key}.{k}", f"c{key}", Speaker.USER, "?", started)])
                ended = dataclasses.replace(
                    step,
                    state=StepState.FAILED if k == 2 else StepState.COMPLETED,
                    usage=Usage(rng.randrange(900), rng.randrange(90), rng.randrange(9)),
                    cost=None if n % 4 == 0 else Decimal(rng.randrange(10**9)) / 10**9,
                    ended=step.started + rng.randrange(1, 3000) / 100,
                )
                await store.end_step(ended, StoredMessage(f"m{key}.{k}", f"c{key}", Speaker.ASSISTANT, "!", started))
                steps.append((attempt, uri, ended))
        await store.end_run(f"r{n}", RunState.COMPLETED, "", started + 60)
    return steps, attempts


@pytest.mark.parametrize("by", GroupBy)
async def test_metrics_are_what_counting_gives(by):
    async with opened() as store:
        steps, attempts = await fill(store)
        found = {one.name: one for one in await store.metrics(MetricsQuery(by))}
    names = {
        GroupBy.ALL: lambda a, u, s: "",
        GroupBy.DAY: lambda a, u, s: None,
        GroupBy.MODEL: lambda a, u, s: f"{s.provider}/{s.model}",
        GroupBy.EXECUTOR: lambda a, u, s: a.executor or "split",
        GroupBy.OUTLINE: lambda a, u, s: u,
        GroupBy.PROMPT: lambda a, u, s: f"{s.prompt} {s.prompt_version}",
        GroupBy.ROLE: lambda a, u, s: s.role.value,
    }
    groups = {}
    for attempt, uri, step in steps:
        groups.setdefault(names[by](attempt, uri, step), []).append((attempt, step))
    if by is GroupBy.DAY:
        assert sum(one.calls for one in found.values()) == len(steps)
        assert sum(one.tasks for one in found.values()) == sum(kind is RunKind.BRANCH for kind, _, _ in attempts)
        assert list(found) == sorted(found)
        return
    assert set(found) == set(groups)
    for name, members in groups.items():
        own = [step for _, step in members]
        one = found[name]
        assert (one.calls, one.failed_calls) == (len(own), sum(step.state is StepState.FAILED for step in own))
        assert one.input_tokens == sum(step.usage.input_tokens for step in own)
        assert one.cost_usd == pytest.approx(float(sum(step.cost or 0 for step in own)))
        completed = [step for step in own if step.state is StepState.COMPLETED]
        assert one.unpriced_calls == sum(step.cost is None for step in completed)
        times = sorted(round(step.ended - step.started, 2) for step in completed)
        assert one.latency_p50 == pytest.approx(times[(len(times) + 1) // 2 - 1]) if times else one.latency_p50 is None
        ids = {attempt.attempt_id for attempt, _ in members}
        ended = [each for kind, _, each in attempts if each.attempt_id in ids and kind is RunKind.BRANCH]
        assert one.tasks == len(ended)
        assert one.completed_tasks == sum(each.state is AttemptState.COMPLETED for each in ended)
        assert one.conversations == len(ids)
    if by is GroupBy.PROMPT:
        mended = sum(step.repair for _, _, step in steps)
        assert sum(one.repairs for name, one in found.items() if name.startswith("plan")) == mended


QUERIES = [
    *(MetricsQuery(by) for by in GroupBy),
    *(MetricsQuery(by, since=T0 + DAY, until=T0 + 3 * DAY) for by in GroupBy),
    *(MetricsQuery(by, workspace="/w1") for by in GroupBy),
    *(MetricsQuery(by, prompt="plan") for by in GroupBy),
]


async def every_table(store):
    return [await store.metrics(query) for query in QUERIES]


async def test_packed_rows_are_what_is_stored(monkeypatch, tmp_path):
    """Packed, half packed or not at all: the tables are the same; also after rows went, or a conversation went on."""
    uri, now = "file:///w1/0.tasks.md", T0 + 2 * DAY
    async with opened(tmp_path / "store.db") as store:
        await fill(store)
        chat = Conversation("c", "/w1", uri, "t1", "A task", now, kind=ConversationKind.CHAT)
        run = Run("r", RunKind.CHAT, "/w1", uri, "t1", "A task", now, RunState.COMPLETED, ended=now)
        attempt = Attempt("a", "r", "c", "t1", "A task", now, AttemptState.COMPLETED, ended=now)
        await store.begin_conversation(run, attempt, chat)
        for n in range(5):
            await store.begin_run(Run(f"late{n}", RunKind.BRANCH, "/w1", uri, "t1", "A task", now + n))
            late = Attempt(f"late{n}", f"late{n}", f"late{n}", "t1", "A task", now, executor="code")
            await store.begin_attempt(late, Conversation(f"late{n}", "/w1", uri, "t1", "A task", now))
            await store.set_attempt(f"late{n}", AttemptState.COMPLETED, "", now)
        plain = await every_table(store)
        monkeypatch.setattr(measured, "BLOCK", 4)
        assert await every_table(store) == plain
        packed = await counted(store, "measured")
        assert packed > 6

        said = StoredMessage("m", "c", Speaker.USER, "Hello", now)
        await store.begin_turn("c", [said], now)
        assert await counted(store, "measured") == packed - 1
        live = await every_table(store)
        assert sum(one.conversations for one in live[0]) == sum(one.conversations for one in plain[0]) + 1
        await store.end_turn(dataclasses.replace(said, ending=Ending.END), None, RunState.COMPLETED, now + 1)
        again = await every_table(store)
        assert again == live
        assert await counted(store, "measured") == packed

        await store.delete(Selection("/w0"), now)
        assert await counted(store, "measured") == 0
        assert [one.name for one in await store.metrics(MetricsQuery(GroupBy.OUTLINE))] == [
            f"file:///w1/{n}.tasks.md" for n in range(3)
        ]
        rest = await every_table(store)
        assert await store.delete_conversation("c")
        less = await store.metrics(MetricsQuery())
        assert less[0].conversations == rest[0][0].conversations - 1
        monkeypatch.setattr(measured, "BLOCK", 1024)
        await store._writing.run(measured.forget)
        assert await store.metrics(MetricsQuery()) == less


async def counted(store, table):
    (row,) = await store._writing.execute_fetchall(f"SELECT count(*) FROM {table}")
    return row[0]


async def test_days_are_those_of_the_computers_clock(monkeypatch):
    """Also on the day on which the clocks are changed."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        moments = [datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp() + n * 1_800 for n in range(-60, 60)]
        days = [date.fromordinal(int(day) + statements._EPOCH) for day in statements._days(numpy.array(moments))]
        assert days == [datetime.fromtimestamp(moment).date() for moment in moments]  # noqa: DTZ006 - the local one
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_filters_leave_out_the_rest():
    async with opened() as store:
        steps, _ = await fill(store)
        for query, wanted in (
            (MetricsQuery(since=T0 + DAY), lambda s, u: s.started >= T0 + DAY),
            (MetricsQuery(until=T0 + DAY), lambda s, u: s.started < T0 + DAY),
            (MetricsQuery(workspace="/w1"), lambda s, u: u.startswith("file:///w1")),
            (MetricsQuery(uri="file:///w0/0.tasks.md"), lambda s, u: u == "file:///w0/0.tasks.md"),
            (MetricsQuery(prompt="plan"), lambda s, u: s.prompt == "plan"),
        ):
            for by in GroupBy:
                rows = await store.metrics(dataclasses.replace(query, by=by))
                calls = sum(one.calls for one in rows)
                assert calls == sum(wanted(step, uri) for _, uri, step in steps), (by, query)
        assert await store.metrics(MetricsQuery(GroupBy.MODEL, prompt="'; DROP TABLE steps; --")) == []


async def test_an_empty_store_measures_nothing():
    async with opened() as store:
        for by in GroupBy:
            assert [one for one in await store.metrics(MetricsQuery(by)) if one.calls or one.tasks] == []


async def test_splits_edits_and_what_became_of_subtasks():
    uri = "file:///w/a.tasks.md"
    async with opened() as store:
        for n, outcome in enumerate((SplitOutcome.APPLIED, SplitOutcome.DISCARDED, SplitOutcome.SIMPLE)):
            await store.begin_run(Run(f"r{n}", RunKind.SPLIT, "/w", uri, "aaaaa", "A task", T0))
            attempt = Attempt(f"a{n}", f"r{n}", f"c{n}", "aaaaa", "A task", T0)
            await store.begin_attempt(attempt, Conversation(f"c{n}", "/w", uri, "aaaaa", "A task", T0))
            plan = {"tasks": [{"title": "Kept"}, {"title": "Renamed since"}]}
            await store.keep_split(
                SplitRecord(f"r{n}", f"r{n}", "/w", uri, "aaaaa", "A task", "", "", "", outcome, plan, T0)
            )
        for n, answer in enumerate((*Leave, Leave.RUN)):
            await store.add_approval(Approval(f"p{n}", "r0", "a0", "edit", "Edit", {}, T0))
            await store.answer_approval(f"p{n}", answer, T0)
        outline = IndexedOutline("/w", uri, 1, 1, settled=True, digest="", reader="1", newer=False, paths=())
        nodes = [node(0, "A task", None, "aaaaa"), node(1, "Kept", 0, None), node(2, "Other", 0, None)]
        await store.keep_outlines([(outline, nodes)])
        (one,) = await store.metrics(MetricsQuery())
    assert (one.splits_applied, one.splits_discarded, one.acceptance) == (1, 1, 0.5)
    assert (one.subtasks_applied, one.subtasks_kept, one.edited_after) == (2, 1, 0.5)
    assert (one.edits_approved, one.edits_refused) == (3, 1)


def node(seq, title, parent, task_id):
    return IndexedNode(seq, title, "pending", task_id, seq, "", parent, 0, 1, None)


def test_every_count_is_read():
    counts = {each.name for each in dataclasses.fields(Metrics) if each.type == "int"}
    assert counts == {*statements.COUNTS}
