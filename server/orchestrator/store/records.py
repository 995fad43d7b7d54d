"""The statements that write records. Each function runs inside a transaction of `writer.py`.

Apart from the store because these are plain, synchronous SQL, and the store is about who waits for what.

Invariant: a record that was never begun is an error, not a silent update of nothing (test_unknown_records_are_refused).
Invariant: partial text never comes back after a step ended (test_partial_text_after_the_end_is_dropped).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from functools import cache

from orchestrator.model.run import (
    Attempt,
    AttemptState,
    Conversation,
    Ending,
    Event,
    Run,
    RunKind,
    RunState,
    Step,
    StepState,
    StoredMessage,
)
from orchestrator.store import failures, leases, rows

ORPHANED = "the program ended while this ran"


def begin_run(connection: sqlite3.Connection, run: Run, owner: str) -> None:
    insert(connection, "runs", {**rows.run_row(run), "owner": owner, "heartbeat": run.started})


def end_run(connection: sqlite3.Connection, run_id: str, state: RunState, reason: str, ended: float) -> None:
    changed = connection.execute(
        "UPDATE runs SET state = ?, reason = ?, ended = ? WHERE run_id = ?",
        (state.value, rows.clean_text(reason), ended, run_id),
    )
    must_change(changed, "run", run_id)


def begin_attempt(connection: sqlite3.Connection, attempt: Attempt, conversation: Conversation) -> None:
    insert(connection, "conversations", rows.conversation_row(conversation))
    insert_next(connection, "attempts", "run_id", rows.attempt_row(attempt))


def set_attempt(
    connection: sqlite3.Connection, attempt_id: str, state: AttemptState, reason: str, ended: float | None
) -> None:
    changed = connection.execute(
        "UPDATE attempts SET state = ?, reason = ?, ended = ? WHERE attempt_id = ?",
        (state.value, rows.clean_text(reason), ended, attempt_id),
    )
    must_change(changed, "attempt", attempt_id)


def set_task_id(connection: sqlite3.Connection, attempt_id: str, task_id: str) -> None:
    """The first attempt of a run is about the run's own task; later ones may be about its subtasks."""
    clean = rows.clean_text(task_id)
    changed = connection.execute("UPDATE attempts SET task_id = ? WHERE attempt_id = ?", (clean, attempt_id))
    must_change(changed, "attempt", attempt_id)
    connection.execute(
        "UPDATE conversations SET task_id = ?"
        " WHERE conversation_id = (SELECT conversation_id FROM attempts WHERE attempt_id = ?)",
        (clean, attempt_id),
    )
    connection.execute(
        "UPDATE runs SET task_id = ? WHERE run_id = (SELECT run_id FROM attempts WHERE attempt_id = ? AND seq = 1)",
        (clean, attempt_id),
    )


def begin_step(connection: sqlite3.Connection, step: Step, messages: Sequence[StoredMessage]) -> None:
    insert_next(connection, "steps", "attempt_id", rows.step_row(step))
    for message in messages:
        add_message(connection, message)


def end_step(connection: sqlite3.Connection, step: Step, message: StoredMessage | None) -> None:
    """The partial text stays where no whole answer replaces it: it is all that is left of a cut call."""
    ending = rows.step_ending(step)
    raw_answer = ending[rows.STEP_ENDING.index("raw_answer")]
    must_change(connection.execute(_END_STEP, (*ending, raw_answer, step.step_id)), "step", step.step_id)
    if message is not None:
        add_message(connection, message)


_END_STEP = (
    f"UPDATE steps SET {', '.join(f'{column} = ?' for column in rows.STEP_ENDING)},"  # noqa: S608  # fixed names
    " partial_answer = CASE WHEN ? = '' THEN partial_answer ELSE '' END WHERE step_id = ?"
)


def store_partial(connection: sqlite3.Connection, step_id: str, text: str) -> None:
    changed = connection.execute(
        "UPDATE steps SET partial_answer = CASE WHEN state = 'running' THEN ? ELSE partial_answer END"
        " WHERE step_id = ?",
        (rows.clean_text(text), step_id),
    )
    must_change(changed, "step", step_id)


def add_event(connection: sqlite3.Connection, run_id: str, kind: str, detail: str, created: float) -> Event:
    """Answers what was stored, so that a listener and a later reader see the same. `detail` is JSON."""
    kind = rows.clean_text(kind)
    (seq,) = connection.execute(_ADD_EVENT, (run_id, run_id, kind, detail, created)).fetchone()
    return Event(run_id, seq, kind, json.loads(detail), created)


_ADD_EVENT = (
    "INSERT INTO events (run_id, seq, kind, detail, created)"
    " VALUES (?, (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE run_id = ?), ?, ?, ?) RETURNING seq"
)


def renew_lease(connection: sqlite3.Connection, run_ids: Sequence[str], owner: str, now: float) -> None:
    connection.executemany(
        "UPDATE runs SET owner = ?, heartbeat = ? WHERE run_id = ? AND state = 'running'",
        [(owner, now, run_id) for run_id in run_ids],
    )


def reconcile(connection: sqlite3.Connection, now: float) -> int:
    """A split cannot go on, because nobody saw its proposal; a branch can, so its attempts stay as they are.

    Of a conversation the answer that was being written has failed; what was stored of it is its message.
    """
    running = connection.execute("SELECT run_id, kind, owner, heartbeat FROM runs WHERE state = 'running'").fetchall()
    orphans = [row for row in running if leases.is_stale(row["owner"], row["heartbeat"], now)]
    for row in orphans:
        run_id = row["run_id"]
        connection.execute(
            "UPDATE steps SET state = ?, error = ?, ended = ? WHERE state = ?"
            " AND attempt_id IN (SELECT attempt_id FROM attempts WHERE run_id = ?)",
            (StepState.FAILED.value, ORPHANED, now, StepState.RUNNING.value, run_id),
        )
        state = RunState.PAUSED if row["kind"] == RunKind.BRANCH.value else RunState.FAILED
        if row["kind"] == RunKind.CHAT.value:
            interrupt(connection, run_id)
        if state is RunState.FAILED:
            fail_attempts(connection, run_id, ORPHANED, now)
        end_and_tell(connection, run_id, state, ORPHANED, now)
    return len(orphans)


def interrupt(connection: sqlite3.Connection, run_id: str) -> None:
    """What a program that is gone was saying in a conversation: the text that it stored is the message now."""
    connection.execute(
        "UPDATE messages SET ending = ?, text = coalesce("
        "(SELECT partial_answer FROM steps WHERE steps.step_id = messages.step_id), '')"
        " WHERE ending = ? AND conversation_id IN (SELECT conversation_id FROM attempts WHERE run_id = ?)",
        (Ending.INTERRUPTED.value, Ending.OPEN.value, run_id),
    )


def fail_attempts(connection: sqlite3.Connection, run_id: str, reason: str, now: float) -> None:
    connection.execute(
        "UPDATE attempts SET state = ?, reason = ?, ended = ? WHERE ended IS NULL AND run_id = ?",
        (AttemptState.FAILED.value, reason, now, run_id),
    )


def end_and_tell(connection: sqlite3.Connection, run_id: str, state: RunState, reason: str, now: float) -> None:
    end_run(connection, run_id, state, reason, now)
    add_event(connection, run_id, "run.ended", rows.json_text({"state": state.value, "reason": reason}), now)


def add_message(connection: sqlite3.Connection, message: StoredMessage) -> None:
    insert_next(connection, "messages", "conversation_id", rows.message_row(message))


def insert(connection: sqlite3.Connection, table: str, row: rows.Row) -> None:
    """The names come from `rows.py`, never from a record."""
    connection.execute(_insertion(table, tuple(row)), tuple(row.values()))


def insert_next(connection: sqlite3.Connection, table: str, parent: str, row: rows.Row) -> None:
    """As the next one of its parent, by `seq`. The write lock is held, so nobody else can take the same number."""
    connection.execute(_insertion(table, tuple(row), parent), (*row.values(), row[parent]))


@cache
def _insertion(table: str, columns: tuple[str, ...], parent: str = "") -> str:
    """Made once for each table: a run writes some ten records for each of its steps."""
    marks = ", ".join("?" * len(columns))
    if not parent:
        return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
    seq = f"(SELECT coalesce(max(seq), 0) + 1 FROM {table} WHERE {parent} = ?)"  # noqa: S608
    return f"INSERT INTO {table} ({', '.join(columns)}, seq) VALUES ({marks}, {seq})"  # noqa: S608


def must_change(changed: sqlite3.Cursor, kind: str, record_id: str) -> None:
    if changed.rowcount == 0:
        raise failures.unknown_record(kind, record_id)
