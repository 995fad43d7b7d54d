"""Metrics: the one statement that computes them from the journal.

Apart from the other statements because nothing here is about one record. Everything is summed in SQL, over the narrow
indexes of migrations 6 and 8, so that long answers are never read for it. Latencies are counted in hundredths of a
second: calls of one name and latency are summed at once, in the one sort that all of this needs.

Invariant: each number is what counting the records one by one gives (test_metrics_are_what_counting_gives).
"""

from __future__ import annotations

import sqlite3

from orchestrator.model.metrics import GroupBy, Metrics, MetricsQuery

_NANO = 1_000_000_000
_STEP_NAMES = {
    GroupBy.MODEL: "s.provider || '/' || s.model",
    GroupBy.PROMPT: "s.prompt || ' ' || s.prompt_version",
    GroupBy.ROLE: "s.role",
}
"""Groups that a call belongs to."""
_ATTEMPT_NAMES = {
    GroupBy.ALL: "''",
    GroupBy.DAY: "date({0}.started, 'unixepoch', 'localtime')",
    GroupBy.EXECUTOR: "CASE a.executor WHEN '' THEN CASE r.kind WHEN 'branch' THEN 'none' ELSE r.kind END"
    " ELSE a.executor END",
    GroupBy.OUTLINE: "r.uri",
}
"""Groups that a whole attempt belongs to."""
_JOINS = " JOIN attempts AS a INDEXED BY attempts_measured ON a.attempt_id = s.attempt_id JOIN runs AS r USING (run_id)"

_QUERY = """
WITH measured AS MATERIALIZED (
  SELECT {step_name} AS name, s.attempt_id, s.state, s.repair, s.input_tokens, s.output_tokens, s.cache_read_tokens,
    s.cost_nano_usd,
    CASE WHEN s.state = 'completed' AND s.ended IS NOT NULL
      THEN CAST(max(s.ended - s.started, 0) * 100 + 0.5 AS INTEGER) END AS latency
  FROM steps AS s INDEXED BY steps_measured{step_joins}
  WHERE s.provider <> 'classifier'{step_where}
),
sorted AS MATERIALIZED (
  SELECT name, latency, count(*) AS calls, sum(state = 'completed') AS completed_calls,
    sum(state = 'failed') AS failed_calls, sum(state = 'cancelled') AS cancelled_calls, sum(repair) AS repairs,
    sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cache_read_tokens) AS cached_tokens,
    sum(cost_nano_usd) AS cost_nano_usd, sum(state = 'completed' AND cost_nano_usd IS NULL) AS unpriced_calls
  FROM measured GROUP BY name, latency
),
placed AS (
  SELECT name, latency, sum(calls) OVER (PARTITION BY name ORDER BY latency) AS place,
    sum(calls) OVER (PARTITION BY name) AS timed
  FROM sorted WHERE latency IS NOT NULL
),
latencies AS (
  SELECT name, min(CASE WHEN place * 2 >= timed THEN latency END) / 100.0 AS p50,
    min(CASE WHEN place * 100 >= timed * 95 THEN latency END) / 100.0 AS p95
  FROM placed GROUP BY name
),
calls AS MATERIALIZED (
  SELECT name, sum(calls) AS calls, sum(completed_calls) AS completed_calls, sum(failed_calls) AS failed_calls,
    sum(cancelled_calls) AS cancelled_calls, sum(repairs) AS repairs, sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens, sum(cached_tokens) AS cached_tokens, sum(cost_nano_usd) AS cost_nano_usd,
    sum(unpriced_calls) AS unpriced_calls
  FROM sorted GROUP BY name
),
members AS MATERIALIZED (
  SELECT member.name, a.attempt_id, a.run_id, a.conversation_id, a.state, a.ended, r.kind
  FROM ({members}) AS member JOIN attempts AS a INDEXED BY attempts_measured USING (attempt_id)
    JOIN runs AS r USING (run_id)
),
outcomes AS (
  SELECT name, count(*) AS tasks, sum(state = 'completed') AS completed_tasks, sum(state = 'failed') AS failed_tasks,
    sum(state = 'cancelled') AS cancelled_tasks
  FROM members WHERE kind = 'branch' AND ended IS NOT NULL GROUP BY name
),
lengths AS (
  SELECT name, count(*) AS conversations, avg(messages) AS mean, max(messages) AS longest
  FROM members JOIN (SELECT conversation_id, count(*) AS messages FROM messages GROUP BY conversation_id)
    USING (conversation_id)
  GROUP BY name
),
split AS (
  SELECT DISTINCT name, run_id FROM members WHERE kind IN ('split', 'replan')
),
kept AS MATERIALIZED (
  SELECT splits.run_id, count(*) AS applied,
    sum(EXISTS (SELECT 1 FROM tasks AS child WHERE child.outline_id = parent.outline_id
      AND child.parent = parent.seq AND child.title = json_extract(planned.value, '$.title'))) AS kept
  FROM splits JOIN outlines USING (uri)
    JOIN tasks AS parent ON parent.task_id = splits.task_id AND parent.outline_id = outlines.outline_id,
    json_each(splits.plan, '$.tasks') AS planned
  WHERE splits.outcome = 'applied' AND outlines.complete GROUP BY splits.run_id
),
judged AS (
  SELECT name, sum(outcome = 'applied') AS splits_applied, sum(outcome = 'discarded') AS splits_discarded,
    sum(coalesce(kept.applied, 0)) AS subtasks_applied, sum(coalesce(kept.kept, 0)) AS subtasks_kept
  FROM split JOIN splits USING (run_id) LEFT JOIN kept USING (run_id) GROUP BY name
),
edits AS (
  SELECT name, sum(answer IN ('Allow', 'Allow for this run')) AS edits_approved,
    sum(answer NOT IN ('Allow', 'Allow for this run')) AS edits_refused
  FROM members JOIN approvals USING (attempt_id)
  WHERE approvals.state = 'answered' AND approvals.kind IN ('edit', 'command') GROUP BY name
),
names AS ({names})
SELECT names.name AS name, calls.*, p50, p95, outcomes.*, lengths.*, judged.*, edits.*
FROM names LEFT JOIN calls USING (name) LEFT JOIN latencies USING (name) LEFT JOIN outcomes USING (name)
  LEFT JOIN lengths USING (name) LEFT JOIN judged USING (name) LEFT JOIN edits USING (name)
ORDER BY names.name
"""
_REPAIRED = """
SELECT asked.prompt || ' ' || asked.prompt_version AS name, count(*) AS repairs
FROM steps AS s INDEXED BY steps_measured{joins} JOIN steps AS asked ON asked.attempt_id = s.attempt_id AND asked.seq =
  (SELECT max(seq) FROM steps AS before WHERE before.attempt_id = s.attempt_id AND before.seq < s.seq)
WHERE s.repair{where} GROUP BY name
"""


def measure(connection: sqlite3.Connection, query: MetricsQuery) -> list[Metrics]:
    """By name, which for days is by time. Only of what there was any work for."""
    text, parameters = _statement(query)
    found = [_metrics(row) for row in connection.execute(text, parameters)]
    if query.by is GroupBy.PROMPT:
        where, joins = _conditions("s", query)
        repairs = dict(connection.execute(_REPAIRED.format(where=where, joins=joins), parameters).fetchall())
        found = [Metrics(**{**_fields(one), "repairs": repairs.get(one.name, 0)}) for one in found]
    return found


def _statement(query: MetricsQuery) -> tuple[str, dict[str, str | float]]:
    by_step = query.by in _STEP_NAMES
    where, joins = _conditions("s", query)
    if by_step:
        name = _STEP_NAMES[query.by]
        members, names = "SELECT DISTINCT name, attempt_id FROM measured", "SELECT name FROM calls"
        if query.by is GroupBy.PROMPT:
            where += " AND s.prompt <> ''"
    else:
        name = _ATTEMPT_NAMES[query.by].format("s")
        names = "SELECT name FROM calls UNION SELECT name FROM members"
        joins = joins or (_JOINS if query.by in {GroupBy.EXECUTOR, GroupBy.OUTLINE} else "")
        if query.prompt:
            members = "SELECT DISTINCT name, attempt_id FROM measured"
        else:
            own, _ = _conditions("a", query)
            members = (
                f"SELECT {_ATTEMPT_NAMES[query.by].format('a')} AS name, a.attempt_id"  # noqa: S608  # fixed text
                f" FROM attempts AS a INDEXED BY attempts_measured JOIN runs AS r USING (run_id) WHERE 1{own}"
            )
    text = _QUERY.format(step_name=name, step_joins=joins, step_where=where, members=members, names=names)
    given = {
        "since": query.since,
        "until": query.until,
        "workspace": query.workspace,
        "uri": query.uri,
        "prompt": query.prompt,
    }
    return text, {key: value for key, value in given.items() if value is not None}


def _conditions(table: str, query: MetricsQuery) -> tuple[str, str]:
    """Conditions, fixed texts with names for the values; and the joins that they need."""
    where = ""
    if query.since is not None:
        where += f" AND {table}.started >= :since"
    if query.until is not None:
        where += f" AND {table}.started < :until"
    if query.prompt is not None and table == "s":
        where += " AND s.prompt = :prompt"
    if query.workspace is not None:
        where += " AND r.workspace = :workspace"
    if query.uri is not None:
        where += " AND r.uri = :uri"
    return where, _JOINS if query.workspace is not None or query.uri is not None else ""


_COUNTS = (
    "calls", "completed_calls", "failed_calls", "cancelled_calls", "repairs", "input_tokens", "output_tokens",
    "cached_tokens", "unpriced_calls", "tasks", "completed_tasks", "failed_tasks", "cancelled_tasks", "conversations",
    "splits_applied", "splits_discarded", "subtasks_applied", "subtasks_kept", "edits_approved", "edits_refused",
)  # fmt: skip


def _metrics(row: sqlite3.Row) -> Metrics:
    counts = {name: row[name] or 0 for name in _COUNTS}
    return Metrics(
        name=row["name"],
        cost_usd=(row["cost_nano_usd"] or 0) / _NANO,
        latency_p50=row["p50"],
        latency_p95=row["p95"],
        conversation_mean=row["mean"],
        conversation_longest=row["longest"] or 0,
        **counts,
    )


def _fields(one: Metrics) -> dict[str, str | int | float | None]:
    return {name: getattr(one, name) for name in Metrics.__dataclass_fields__}
