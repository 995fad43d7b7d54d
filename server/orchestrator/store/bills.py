"""What calls cost, summed up: the statements about the bills of runs and tasks.

Apart from `records`, which journals each call.

Invariant: a sum with an unknown part is unknown (test_a_bill_with_an_unknown_part_is_unknown).
"""

from __future__ import annotations

import sqlite3

from orchestrator.model.usage import Bill, Usage
from orchestrator.store import rows

_SUMS = (
    "count(*) AS calls, sum(input_tokens) AS read, sum(output_tokens) AS written,"
    " sum(cache_read_tokens) AS cached, sum(cache_write_tokens) AS kept, max(usage_estimated) AS estimated,"
    " sum(cost_nano_usd) AS nano, sum(cost_nano_usd IS NULL) AS unknown"
)
_ENDED = "steps.ended IS NOT NULL AND steps.provider <> 'classifier'"

OF_OUTLINE = (
    f"SELECT coalesce(attempts.task_id, '') AS key, {_SUMS} FROM steps"  # noqa: S608  # fixed text
    f" JOIN attempts USING (attempt_id) JOIN runs USING (run_id) WHERE runs.uri = ? AND {_ENDED} GROUP BY 1"
)
"""By task, over all runs of it."""
OF_RUN = (
    f"SELECT coalesce(attempts.task_id, '') AS key, {_SUMS} FROM steps"  # noqa: S608  # fixed text
    f" JOIN attempts USING (attempt_id) WHERE attempts.run_id = ? AND {_ENDED} GROUP BY 1"
)
OF_CONVERSATION = (
    f"SELECT '' AS key, {_SUMS} FROM steps"  # noqa: S608  # fixed text
    f" JOIN attempts USING (attempt_id) WHERE attempts.conversation_id = ? AND {_ENDED} GROUP BY 1"
)
OF_RUNS = (
    f"SELECT attempts.run_id AS key, {_SUMS} FROM steps"  # noqa: S608  # fixed text
    f" JOIN attempts USING (attempt_id) JOIN runs USING (run_id)"
    f" WHERE {_ENDED} AND runs.started >= ? GROUP BY 1"
)
"""By run, those that began since then."""


def bill_from(row: sqlite3.Row) -> tuple[str, Bill]:
    usage = Usage(row["read"], row["written"], row["cached"], row["kept"], bool(row["estimated"]))
    return row["key"], Bill(row["calls"], usage, None if row["unknown"] else rows.cost_from(row["nano"]))
