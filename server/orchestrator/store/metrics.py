"""Metrics: what is computed of the journal, from columns that `measured` reads.

Apart from the statements because this is arithmetic over a hundred thousand calls at once, which SQLite would have to
sort for each table. Latencies are counted in hundredths of a second.

Invariant: each number is what counting the records one by one gives (test_metrics_are_what_counting_gives).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

from orchestrator.model.metrics import GroupBy, Metrics, MetricsQuery
from orchestrator.store.measured import ATTEMPTS, STEPS, UNKNOWN, Columns, columns

if TYPE_CHECKING:
    import numpy

    Array: TypeAlias = numpy.ndarray[Any, Any]

_NANO = 1_000_000_000
_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_COMPLETED, _FAILED, _CANCELLED = 1, 2, 3
"""States as `measured` numbers them; 0 is under way."""
_OF_STEP = {GroupBy.MODEL: "model", GroupBy.PROMPT: "prompt", GroupBy.ROLE: "role"}
"""Groups that a call belongs to; to the others a whole attempt belongs."""

_JUDGED = """
WITH kept AS MATERIALIZED (
  SELECT splits.run_id, count(*) AS applied,
    sum(EXISTS (SELECT 1 FROM tasks AS child WHERE child.outline_id = parent.outline_id
      AND child.parent = parent.seq AND child.title = json_extract(planned.value, '$.title'))) AS kept
  FROM splits JOIN outlines USING (uri)
    JOIN tasks AS parent ON parent.task_id = splits.task_id AND parent.outline_id = outlines.outline_id,
    json_each(splits.plan, '$.tasks') AS planned
  WHERE splits.outcome = 'applied' AND outlines.complete GROUP BY splits.run_id
)
SELECT runs.rowid, outcome = 'applied', outcome = 'discarded', coalesce(kept.applied, 0), coalesce(kept.kept, 0)
FROM splits JOIN runs USING (run_id) LEFT JOIN kept USING (run_id) WHERE runs.kind IN ('split', 'replan')
"""
_EDITS = """
SELECT attempts.rowid, sum(approvals.answer IN ('Allow', 'Allow for this run')),
  sum(approvals.answer NOT IN ('Allow', 'Allow for this run'))
FROM approvals JOIN attempts USING (attempt_id)
WHERE approvals.state = 'answered' AND approvals.kind IN ('edit', 'command') GROUP BY attempts.rowid
"""


@dataclass(slots=True)
class _Groups:
    """Which calls and which attempts belong to which name."""

    names: list[str]
    steps: Array
    """Places of the calls that are counted, in `of_step` the name of each."""
    of_step: Array
    attempts: Array
    """Places of the attempts that are counted, one for each of its names; in `of_attempt` the name."""
    of_attempt: Array


def measure(connection: sqlite3.Connection, query: MetricsQuery) -> list[Metrics]:
    """By name, which for days is by time. Only of what there was any work for."""
    connection.execute("SAVEPOINT metrics")  # all of it as it is at one moment
    try:
        steps, attempts = columns(connection, STEPS), columns(connection, ATTEMPTS)
        splits, edits = connection.execute(_JUDGED).fetchall(), connection.execute(_EDITS).fetchall()
    finally:
        connection.execute("RELEASE metrics")
    groups = _grouped(query, steps, attempts)
    counts = _of_calls(groups, steps)
    if query.by is GroupBy.PROMPT:
        counts["repairs"] = _mended(query, groups, steps, attempts)
    counts |= _of_attempts(groups, attempts)
    counts |= _judged(groups, attempts, splits)
    counts |= _of_edits(groups, attempts, edits)
    halves, most = _latencies(groups, steps)
    found = [
        Metrics(
            name=name,
            cost_usd=int(counts["cost"][place]) / _NANO,
            latency_p50=halves[place],
            latency_p95=most[place],
            conversation_mean=_mean(counts["messages"][place], counts["conversations"][place]),
            **{each: int(counts[each][place]) for each in COUNTS},
        )
        for place, name in enumerate(groups.names)
    ]
    there = set(groups.of_step.tolist()) | set(groups.of_attempt.tolist())
    return sorted((one for place, one in enumerate(found) if place in there), key=lambda one: one.name)


COUNTS = (
    "calls", "completed_calls", "failed_calls", "cancelled_calls", "repairs", "input_tokens", "output_tokens",
    "cached_tokens", "unpriced_calls", "tasks", "completed_tasks", "failed_tasks", "cancelled_tasks", "conversations",
    "conversation_longest", "splits_applied", "splits_discarded", "subtasks_applied", "subtasks_kept",
    "edits_approved", "edits_refused",
)  # fmt: skip


def _grouped(query: MetricsQuery, steps: Columns, attempts: Columns) -> _Groups:
    import numpy

    own = _places(attempts["attempt"], steps["attempt"])
    chosen = numpy.nonzero(_within(query, steps["started"]) & _of(query, attempts)[own] & _asked(query, steps))[0]
    if (column := _OF_STEP.get(query.by)) is not None:
        names, of_step = steps.names, steps[column][chosen]
    else:
        names, (of_step, of_attempt) = _named(query.by, attempts, steps["started"][chosen], own[chosen])
        if query.prompt is None:
            whole = numpy.nonzero(_within(query, attempts["started"]) & _of(query, attempts))[0]
            return _Groups(names, chosen, of_step, whole, of_attempt[whole])
    pairs = numpy.unique(of_step * len(attempts["attempt"]) + own[chosen]) if len(chosen) else chosen
    size = max(1, len(attempts["attempt"]))
    return _Groups(names, chosen, of_step, pairs % size, pairs // size)


def _named(by: GroupBy, attempts: Columns, started: Array, own: Array) -> tuple[list[str], tuple[Array, Array]]:
    """All names, those of calls (begun when, by which attempts), and those of all attempts."""
    import numpy

    if by is GroupBy.ALL:
        return [""], (numpy.zeros(len(own), "<i8"), numpy.zeros(len(attempts["attempt"]), "<i8"))
    if by is GroupBy.DAY:
        of_step, of_attempt = _days(started), _days(attempts["started"])
        found, places = numpy.unique(numpy.concatenate([of_step, of_attempt]), return_inverse=True)
        names = [date.fromordinal(int(day) + _EPOCH).isoformat() for day in found]
        return names, (places[: len(of_step)], places[len(of_step) :])
    column = attempts["executor" if by is GroupBy.EXECUTOR else "uri"]
    return attempts.names, (column[own], column)


def _days(moments: Array) -> Array:
    """Days since 1970, in the computer's own time zone."""
    import numpy

    days, places = numpy.unique(numpy.floor_divide(moments, _DAY), return_inverse=True)
    early = numpy.array([_offset(day * _DAY) for day in days] or [0])[places]
    late = numpy.array([_offset(day * _DAY + _DAY - 1) for day in days] or [0])[places]
    for place in numpy.nonzero(early != late)[0]:  # the clocks were changed on that day
        early[place] = _offset(moments[place])
    return numpy.floor_divide(moments + early, _DAY).astype("<i8")


def _offset(moment: float) -> int:
    return time.localtime(moment).tm_gmtoff


def _within(query: MetricsQuery, started: Array) -> Array:
    import numpy

    since = -numpy.inf if query.since is None else query.since
    return (started >= since) & (started < (numpy.inf if query.until is None else query.until))


def _of(query: MetricsQuery, attempts: Columns) -> Array:
    """Which attempts are of the workspace and outline that are asked about."""
    import numpy

    fits = numpy.ones(len(attempts["attempt"]), bool)
    for column, wanted in (("workspace", query.workspace), ("uri", query.uri)):
        if wanted is not None:
            fits &= attempts[column] == (attempts.names.index(wanted) if wanted in attempts.names else -1)
    return fits


def _asked(query: MetricsQuery, steps: Columns, column: str = "prompt") -> Array:
    """Which calls are of the prompt that is asked about, and in a table of prompts of any."""
    import numpy

    if query.prompt is None and query.by is not GroupBy.PROMPT:
        return numpy.ones(len(steps["attempt"]), bool)
    names = (name.rpartition(" ")[0] for name in steps.names)
    fits = [bool(name) if query.prompt is None else name == query.prompt for name in names]
    return numpy.array(fits or [False])[steps[column]]


def _of_calls(groups: _Groups, steps: Columns) -> dict[str, Array]:
    def summed(values: Array) -> Array:
        return _summed(groups.of_step, values[groups.steps], len(groups.names))

    states = steps["state"]
    cost, known = steps["cost"], steps["cost"] != UNKNOWN
    return {
        "calls": summed(states >= 0),
        "completed_calls": summed(states == _COMPLETED),
        "failed_calls": summed(states == _FAILED),
        "cancelled_calls": summed(states == _CANCELLED),
        "repairs": summed(steps["repair"]),
        "input_tokens": summed(steps["input"]),
        "output_tokens": summed(steps["output"]),
        "cached_tokens": summed(steps["cached"]),
        "cost": summed(cost * known),
        "unpriced_calls": summed((states == _COMPLETED) & ~known),
    }


def _mended(query: MetricsQuery, groups: _Groups, steps: Columns, attempts: Columns) -> Array:
    """Repairs by the prompt whose answer they mended."""
    import numpy

    own = _places(attempts["attempt"], steps["attempt"])
    fits = _within(query, steps["started"]) & _of(query, attempts)[own] & _asked(query, steps, "asked")
    mended = numpy.nonzero(fits & (steps["repair"] > 0))[0]
    return numpy.bincount(steps["asked"][mended], minlength=len(groups.names))


def _latencies(groups: _Groups, steps: Columns) -> tuple[list[float | None], list[float | None]]:
    """Within how many seconds half, and 95 of 100, of the completed calls of each name were answered."""
    import numpy

    latencies = steps["latency"][groups.steps]
    known = latencies != UNKNOWN
    longest = int(latencies.max(initial=0)) + 1
    ordered = numpy.sort(groups.of_step[known] * longest + latencies[known])
    firsts = numpy.searchsorted(ordered, numpy.arange(len(groups.names) + 1) * longest)

    def at(percent: int) -> list[float | None]:
        found: list[float | None] = []
        for first, end in zip(firsts[:-1].tolist(), firsts[1:].tolist(), strict=True):
            place = first + -(-(end - first) * percent // 100) - 1
            found.append(int(ordered[place]) % longest / 100 if end > first else None)
        return found

    return at(50), at(95)


def _of_attempts(groups: _Groups, attempts: Columns) -> dict[str, Array]:
    import numpy

    size = len(groups.names)
    branch = attempts.names.index("branch") if "branch" in attempts.names else -1
    states, messages = attempts["state"][groups.attempts], attempts["messages"][groups.attempts]
    tasks = (attempts["kind"][groups.attempts] == branch) & (states > 0)
    longest = numpy.zeros(size, "<i8")
    numpy.maximum.at(longest, groups.of_attempt, messages)
    return {
        "tasks": _summed(groups.of_attempt, tasks, size),
        "completed_tasks": _summed(groups.of_attempt, tasks & (states == _COMPLETED), size),
        "failed_tasks": _summed(groups.of_attempt, tasks & (states == _FAILED), size),
        "cancelled_tasks": _summed(groups.of_attempt, tasks & (states == _CANCELLED), size),
        "conversations": _summed(groups.of_attempt, messages > 0, size),
        "messages": _summed(groups.of_attempt, messages, size),
        "conversation_longest": longest,
    }


def _judged(groups: _Groups, attempts: Columns, splits: Sequence[Sequence[int]]) -> dict[str, Array]:
    """A split is one run, however many attempts it took."""
    import numpy

    names = ("splits_applied", "splits_discarded", "subtasks_applied", "subtasks_kept")
    table = numpy.array([tuple(row) for row in splits] or [(UNKNOWN, 0, 0, 0, 0)], "<i8")
    table = table[table[:, 0].argsort()]
    runs = attempts["run"][groups.attempts]
    places = numpy.minimum(numpy.searchsorted(table[:, 0], runs), len(table) - 1)
    split = table[places, 0] == runs
    pairs = numpy.unique(groups.of_attempt[split] * len(table) + places[split])
    return {
        name: _summed(pairs // len(table), table[pairs % len(table), column], len(groups.names))
        for column, name in enumerate(names, 1)
    }


def _of_edits(groups: _Groups, attempts: Columns, edits: Sequence[Sequence[int]]) -> dict[str, Array]:
    import numpy

    table = numpy.zeros((len(attempts["attempt"]) + 1, 2), "<i8")
    if edits:
        asked = numpy.array([tuple(row) for row in edits], "<i8")
        table[_places(attempts["attempt"], asked[:, 0])] = asked[:, 1:]
    return {
        name: _summed(groups.of_attempt, table[groups.attempts, column], len(groups.names))
        for column, name in enumerate(("edits_approved", "edits_refused"))
    }


def _places(known: Array, wanted: Array) -> Array:
    """Where each of the wanted stands among those known, which hold all of them."""
    import numpy

    order = numpy.argsort(known, kind="stable")
    return order[numpy.searchsorted(known, wanted, sorter=order)]


def _summed(places: Array, values: Array, size: int) -> Array:
    """Exact up to 2**53, which is ten million dollars."""
    import numpy

    return numpy.bincount(places, weights=values, minlength=size)


def _mean(total: float, count: float) -> float | None:
    return float(total) / float(count) if count else None
