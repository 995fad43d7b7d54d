"""What came of splits: the statements about the table `splits`, and the one that keeps two programs from one task.

Apart from `records`, which journals what happens: these rows are read again, to learn from them.

Invariant: of two programs that begin the same task, one is told of the other (test_one_task_is_split_by_one_program).
"""

from __future__ import annotations

import sqlite3

from orchestrator.model.run import Run, SplitOutcome, SplitRecord
from orchestrator.model.usage import Usage
from orchestrator.store import leases, records, rows


def begin_alone(connection: sqlite3.Connection, run: Run, owner: str) -> Run | None:
    """Begin the run, unless another program is at work on its task: then that one's run, and nothing is begun."""
    same_task = "task_title = ?" if run.task_id is None else "task_id = ?"
    query = f"SELECT * FROM runs WHERE state = 'running' AND uri = ? AND kind <> 'chat' AND owner <> ? AND {same_task}"  # noqa: S608  # fixed text
    wanted = rows.clean_text(run.task_title if run.task_id is None else run.task_id)
    for row in connection.execute(query, (rows.clean_text(run.uri), owner, wanted)):
        if not leases.is_stale(row["owner"], row["heartbeat"], run.started):
            return rows.run_from(row)
    records.begin_run(connection, run, owner)
    return None


_records = rows.Columns(SplitRecord)
record_from = _records.record


def keep(connection: sqlite3.Connection, record: SplitRecord) -> None:
    columns = _records.row(record)
    names = ", ".join(columns)
    values = ", ".join(f":{name}" for name in columns)
    connection.execute(f"INSERT OR REPLACE INTO splits ({names}) VALUES ({values})", columns)  # noqa: S608  # names from here


def set_outcome(connection: sqlite3.Connection, split_id: str, outcome: SplitOutcome) -> None:
    connection.execute("UPDATE splits SET outcome = ? WHERE split_id = ?", (outcome.value, split_id))


def hash_from(row: sqlite3.Row) -> tuple[str, str]:
    return row["task_id"], row["text_hash"]


RECENT = "SELECT * FROM splits ORDER BY ended DESC, split_id LIMIT ?"
RECENT_OF_WORKSPACE = "SELECT * FROM splits WHERE workspace = ? ORDER BY ended DESC, split_id LIMIT ?"
HASHES = (
    "SELECT task_id, text_hash FROM splits WHERE uri = ? AND task_id IS NOT NULL"
    " AND outcome = 'applied' ORDER BY ended, split_id"
)
"""The later row of a task comes later, so that it wins in a dictionary."""

BEING_WRITTEN = "SELECT * FROM splits WHERE uri = ? AND outcome = 'writing' ORDER BY ended, split_id"

MEAN_USAGE = (
    "SELECT count(*) AS calls, avg(input_tokens) AS read, avg(output_tokens) AS written FROM steps"
    " WHERE role = ? AND provider = ? AND model = ? AND state = 'completed'"
)


def usage_from(row: sqlite3.Row) -> Usage | None:
    if not row["calls"]:
        return None
    return Usage(input_tokens=round(row["read"]), output_tokens=round(row["written"]), estimated=True)
