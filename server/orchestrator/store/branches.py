"""The statements of running branches, but for those that many tasks write (`bulk`): leases, the inbox and the outbox.

Apart from `records`, which a split needs too. Each function runs inside one transaction of `writer.py`.

Invariant: a run has one owner, also when two processes resume it in the same moment (test_one_of_two_gets_the_run).
Invariant: an approval is answered once (test_an_approval_is_answered_once).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from orchestrator.model.message import Speaker
from orchestrator.model.run import (
    Approval,
    ApprovalState,
    Event,
    OutboxEntry,
    Run,
    RunKind,
    RunState,
    Step,
)
from orchestrator.store import leases, records, rows

Told = Sequence[tuple[str, str]]
"""Kind and detail (JSON) of events."""

STOP = "stop requested"
"""The reason of a run that is still running: its owner looks for it."""

RESUMABLE = tuple(state.value for state in RunState if state.resumable)


def claim(connection: sqlite3.Connection, run_id: str, owner: str, now: float) -> Run | None:
    marks = ", ".join("?" * len(RESUMABLE))
    changed = connection.execute(
        "UPDATE runs SET state = ?, reason = '', ended = NULL, owner = ?, heartbeat = ?"  # noqa: S608  # only marks
        f" WHERE run_id = ? AND kind = ? AND state IN ({marks})",
        (RunState.RUNNING.value, owner, now, run_id, RunKind.BRANCH.value, *RESUMABLE),
    )
    if changed.rowcount == 0:
        return None
    return rows.run_from(connection.execute("SELECT * FROM runs WHERE run_id = ?", (run_id,)).fetchone())


def request_stop(connection: sqlite3.Connection, run_id: str) -> bool:
    changed = connection.execute(
        "UPDATE runs SET reason = ? WHERE run_id = ? AND kind = ? AND state = ?",
        (STOP, run_id, RunKind.BRANCH.value, RunState.RUNNING.value),
    )
    return changed.rowcount > 0


def say(connection: sqlite3.Connection, run_id: str, task_id: str, text: str, now: float) -> bool:
    """A correction for a task that a living program has under way; False when none has."""
    run = connection.execute(
        "SELECT owner, heartbeat FROM runs WHERE run_id = ? AND kind = ? AND state = ?",
        (run_id, RunKind.BRANCH.value, RunState.RUNNING.value),
    ).fetchone()
    if run is None or leases.is_stale(run["owner"], run["heartbeat"], now):
        return False
    added = connection.execute(
        "INSERT INTO said (run_id, task_id, text, created) SELECT run_id, task_id, ?, ? FROM attempts"
        " WHERE run_id = ? AND task_id = ? AND ended IS NULL LIMIT 1",
        (rows.clean_text(text), now, run_id, task_id),
    )
    return added.rowcount > 0


SAID = "SELECT said_id, task_id, text FROM said WHERE run_id = ? ORDER BY said_id"


def said_from(row: sqlite3.Row) -> tuple[int, str, str]:
    return row["said_id"], row["task_id"], row["text"]


def forget_said(connection: sqlite3.Connection, said_id: int) -> None:
    connection.execute("DELETE FROM said WHERE said_id = ?", (said_id,))


def mark_failed(connection: sqlite3.Connection, run_id: str, reason: str, now: float) -> bool:
    marks = ", ".join("?" * len(RESUMABLE))
    found = connection.execute(
        f"SELECT 1 FROM runs WHERE run_id = ? AND kind = ? AND state IN ({marks})",  # noqa: S608  # only marks
        (run_id, RunKind.BRANCH.value, *RESUMABLE),
    ).fetchone()
    if found is None:
        return False
    records.fail_attempts(connection, run_id, reason, now)
    connection.execute(
        "UPDATE approvals SET state = ?, answered = ? WHERE run_id = ? AND state = ?",
        (ApprovalState.WITHDRAWN.value, now, run_id, ApprovalState.OPEN.value),
    )
    records.end_and_tell(connection, run_id, RunState.FAILED, reason, now)
    return True


def finished_call(connection: sqlite3.Connection, attempt_id: str, given: str, after: int) -> tuple[Step, str] | None:
    found = connection.execute(
        "SELECT * FROM steps WHERE attempt_id = ? AND request_hash = ? AND state = 'completed' ORDER BY seq"
        " LIMIT 1 OFFSET ?",
        (attempt_id, given, after),
    ).fetchone()
    if found is None:
        return None
    said = connection.execute(
        "SELECT text FROM messages WHERE step_id = ? AND speaker = ?", (found["step_id"], Speaker.ASSISTANT.value)
    ).fetchone()
    return rows.step_from(found), "" if said is None else said[0]


def add_approval(connection: sqlite3.Connection, approval: Approval, told: Told) -> list[Event]:
    records.insert_next(connection, "approvals", "attempt_id", rows.approval_row(approval))
    return _tell(connection, approval.run_id, told, approval.created)


def answer(connection: sqlite3.Connection, approval_id: str, answer: str, now: float) -> Approval | None:
    changed = connection.execute(
        "UPDATE approvals SET state = ?, answer = ?, answered = ? WHERE approval_id = ? AND state = ?",
        (ApprovalState.ANSWERED.value, rows.clean_text(answer), now, approval_id, ApprovalState.OPEN.value),
    )
    if changed.rowcount == 0:
        return None
    found = connection.execute("SELECT * FROM approvals WHERE approval_id = ?", (approval_id,)).fetchone()
    return rows.approval_from(found)


def withdraw(connection: sqlite3.Connection, attempt_id: str, now: float) -> None:
    connection.execute(
        "UPDATE approvals SET state = ?, answered = ? WHERE attempt_id = ? AND state = ?",
        (ApprovalState.WITHDRAWN.value, now, attempt_id, ApprovalState.OPEN.value),
    )


def add_outbox(connection: sqlite3.Connection, entry: OutboxEntry) -> None:
    records.insert(connection, "outbox", rows.outbox_row(entry))


def hold(connection: sqlite3.Connection, uris: Sequence[str], owner: str, now: float) -> None:
    connection.execute("DELETE FROM holders WHERE owner = ?", (owner,))
    stale = [
        row["owner"]
        for row in connection.execute("SELECT owner, max(heartbeat) AS heartbeat FROM holders GROUP BY owner")
        if leases.is_stale(row["owner"], row["heartbeat"], now)
    ]
    connection.executemany("DELETE FROM holders WHERE owner = ?", [(gone,) for gone in stale])
    connection.executemany(
        "INSERT INTO holders (uri, owner, heartbeat) VALUES (?, ?, ?)",
        [(rows.clean_text(uri), owner, now) for uri in dict.fromkeys(uris)],
    )


def held_elsewhere(connection: sqlite3.Connection, uri: str, owner: str, now: float) -> bool:
    found = connection.execute(
        "SELECT owner, heartbeat FROM holders WHERE uri = ? AND owner <> ?", (rows.clean_text(uri), owner)
    )
    return any(not leases.is_stale(row["owner"], row["heartbeat"], now) for row in found)


def _tell(connection: sqlite3.Connection, run_id: str, told: Told, now: float) -> list[Event]:
    return [records.add_event(connection, run_id, kind, detail, now) for kind, detail in told]
