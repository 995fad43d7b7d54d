"""The statements of conversations with a person: turns, branches of messages, pages of them.

Apart from `records`, because these messages are a tree and are read from its leaves, a page at a time.

Invariant: one turn is under way in a conversation, whoever asks, from whatever process (test_one_turn_at_a_time).
Invariant: after a crash the text that had streamed is a message, marked as interrupted (test_a_crash_keeps_the_text).
Invariant: a page costs what it shows, however long its conversation is (test_a_page_costs_what_it_shows).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from orchestrator.model.run import (
    Attempt,
    AttemptState,
    Conversation,
    Ending,
    Run,
    RunKind,
    RunState,
    Step,
    StoredMessage,
)
from orchestrator.model.usage import Cost, Usage
from orchestrator.store import failures, leases, records, rows


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation as a list shows it."""

    conversation: Conversation
    messages: int
    """On the branch that is shown."""
    tokens: int
    """Of that branch, estimated."""
    preview: str
    """The beginning of its last message."""
    run_id: str
    kind: RunKind
    """Of its run."""
    live: bool
    """Whether something is being written into it."""


def begin(connection: sqlite3.Connection, run: Run, attempt: Attempt, conversation: Conversation, owner: str) -> None:
    """A new conversation with its run and its attempt; its first turn is begun with `begin_turn`."""
    records.begin_run(connection, run, owner)
    records.begin_attempt(connection, attempt, conversation)


def begin_turn(
    connection: sqlite3.Connection, conversation_id: str, messages: Sequence[StoredMessage], owner: str, now: float
) -> bool:
    """Take the conversation for a turn and add its messages; the last one is its head then.

    False, and nothing is added, when a turn is under way. Its messages have their parents and depth already: of the
    head that the caller saw, which is still there, because messages are never taken away.
    """
    run_id = run_of(connection, conversation_id)
    changed = connection.execute(
        "UPDATE runs SET state = 'running', reason = '', ended = NULL, owner = ?, heartbeat = ?"
        " WHERE run_id = ? AND state <> 'running'",
        (owner, now, run_id),
    )
    if changed.rowcount == 0:
        return False
    connection.execute(
        "UPDATE attempts SET state = ?, reason = '', ended = NULL WHERE run_id = ?",
        (AttemptState.EXECUTING.value, run_id),
    )
    for message in messages:
        records.add_message(connection, message)
    set_head(connection, conversation_id, messages[-1].message_id, now)
    return True


def begin_call(connection: sqlite3.Connection, step: Step, message_id: str, brief: str) -> None:
    """A call of the turn: the message is its answer. `brief` (JSON) is what the task says at this moment."""
    records.begin_step(connection, step, ())
    connection.execute("UPDATE attempts SET brief = ? WHERE attempt_id = ?", (rows.clean_text(brief), step.attempt_id))
    connection.execute("UPDATE messages SET step_id = ? WHERE message_id = ?", (step.step_id, message_id))


def keep_thoughts(connection: sqlite3.Connection, message_id: str, thoughts: str) -> None:
    """Of an answer that is being written."""
    connection.execute("UPDATE messages SET thoughts = ? WHERE message_id = ?", (rows.clean_text(thoughts), message_id))


def end_turn(
    connection: sqlite3.Connection, message: StoredMessage, step: Step | None, state: RunState, now: float
) -> bool:
    """The message and its last call as they ended. False when the conversation was deleted meanwhile."""
    known = connection.execute("SELECT 1 FROM messages WHERE message_id = ?", (message.message_id,)).fetchone()
    if known is None:
        return False
    if step is not None:
        records.end_step(connection, step, None)
    connection.execute(
        "UPDATE messages SET text = :text, ending = :ending, reason = :reason, tokens = :tokens, tools = :tools,"
        " thoughts = :thoughts WHERE message_id = :message_id",
        rows.message_row(message),
    )
    close_turn(connection, message.conversation_id, state, message.reason, now)
    return True


def close_turn(connection: sqlite3.Connection, conversation_id: str, state: RunState, reason: str, now: float) -> None:
    run_id = run_of(connection, conversation_id)
    attempt = AttemptState(state.value)
    clean = rows.clean_text(reason)
    connection.execute(
        "UPDATE runs SET state = ?, reason = ?, ended = ? WHERE run_id = ?", (state.value, clean, now, run_id)
    )
    connection.execute(
        "UPDATE attempts SET state = ?, reason = ?, ended = ? WHERE run_id = ?", (attempt.value, clean, now, run_id)
    )
    connection.execute("UPDATE conversations SET updated = ? WHERE conversation_id = ?", (now, conversation_id))


def set_head(connection: sqlite3.Connection, conversation_id: str, head_id: str | None, now: float) -> None:
    changed = connection.execute(
        "UPDATE conversations SET head_id = ?, updated = ? WHERE conversation_id = ?", (head_id, now, conversation_id)
    )
    records.must_change(changed, "conversation", conversation_id)


def rename(connection: sqlite3.Connection, conversation_id: str, title: str) -> bool:
    changed = connection.execute(
        "UPDATE conversations SET title = ?, named = 1 WHERE conversation_id = ?",
        (rows.clean_text(title), conversation_id),
    )
    return changed.rowcount > 0


def retitle(connection: sqlite3.Connection, conversation_id: str, title: str, uri: str) -> None:
    """Its task has another title, or stands in another file; a name that a person gave stays."""
    connection.execute(
        "UPDATE conversations SET title = CASE WHEN named THEN title ELSE ? END, uri = ? WHERE conversation_id = ?",
        (rows.clean_text(title), rows.clean_text(uri), conversation_id),
    )


def set_model(connection: sqlite3.Connection, conversation_id: str, model: str) -> None:
    connection.execute(
        "UPDATE conversations SET model = ? WHERE conversation_id = ?", (rows.clean_text(model), conversation_id)
    )


def set_merged(connection: sqlite3.Connection, conversation_id: str, text: str) -> None:
    connection.execute(
        "UPDATE conversations SET merged = ? WHERE conversation_id = ?", (rows.clean_text(text), conversation_id)
    )


def attempt_of(connection: sqlite3.Connection, conversation_id: str) -> Attempt | None:
    found = connection.execute("SELECT * FROM attempts WHERE conversation_id = ?", (conversation_id,)).fetchone()
    return None if found is None else rows.attempt_from(found)


def is_live(connection: sqlite3.Connection, conversation_id: str, now: float) -> bool:
    """Whether a living process writes into it."""
    found = connection.execute(
        "SELECT owner, heartbeat FROM attempts JOIN runs USING (run_id)"
        " WHERE conversation_id = ? AND runs.state = 'running' AND attempts.ended IS NULL",
        (conversation_id,),
    ).fetchone()
    return found is not None and not leases.is_stale(found["owner"], found["heartbeat"], now)


def delete(connection: sqlite3.Connection, conversation_id: str) -> bool:
    """A conversation with a person, with its run, steps and messages. False when there is none."""
    found = connection.execute(
        "SELECT run_id FROM attempts JOIN runs USING (run_id) WHERE conversation_id = ? AND kind = ?",
        (conversation_id, RunKind.CHAT.value),
    ).fetchone()
    if found is None:
        return False
    connection.execute("DELETE FROM runs WHERE run_id = ?", (found[0],))
    connection.execute("DELETE FROM conversations WHERE conversation_id = ?", (conversation_id,))
    return True


def run_of(connection: sqlite3.Connection, conversation_id: str) -> str:
    found = connection.execute("SELECT run_id FROM attempts WHERE conversation_id = ?", (conversation_id,)).fetchone()
    if found is None:
        raise failures.unknown_record("conversation", conversation_id)
    return found[0]


def page(
    connection: sqlite3.Connection, conversation_id: str, before: str | None, limit: int
) -> list[tuple[StoredMessage, str]]:
    """The last messages of the branch that is shown, oldest first, up to but without `before`.

    Each with the text so far: that of a message that is being written lies in its step.
    """
    kind, head = _kind_and_head(connection, conversation_id)
    if kind == "attempt":
        return _page_of_attempt(connection, conversation_id, before, limit)
    start = head
    if before is not None:
        found = connection.execute(
            "SELECT parent_id FROM messages WHERE message_id = ? AND conversation_id = ?", (before, conversation_id)
        ).fetchone()
        if found is None:
            raise failures.unknown_record("message", before)
        start = found[0]
    if start is None:
        return []
    return branch(connection, start, limit)


def find(connection: sqlite3.Connection, conversation_id: str, text: str, limit: int) -> list[str]:
    """Ids of the last messages of the branch that is shown that hold the text, oldest first. Case counts nothing."""
    kind, head = _kind_and_head(connection, conversation_id)
    wanted = text.casefold()
    if kind == "attempt":
        query = (
            "SELECT messages.*, partial_answer FROM messages LEFT JOIN steps USING (step_id)"
            " WHERE conversation_id = ? ORDER BY messages.seq DESC"
        )
        cursor = connection.execute(query, (conversation_id,))
    else:
        query = (
            "WITH RECURSIVE branch (message_id, parent_id, place) AS ("
            " SELECT message_id, parent_id, 1 FROM messages WHERE message_id = ?"
            " UNION ALL"
            " SELECT messages.message_id, messages.parent_id, place + 1 FROM branch"
            " JOIN messages ON messages.message_id = branch.parent_id)"
            " SELECT messages.message_id, ending, text, partial_answer FROM branch JOIN messages USING (message_id)"
            " LEFT JOIN steps USING (step_id) ORDER BY place"
        )
        cursor = connection.execute(query, (head,))
    found = (row["message_id"] for row in cursor if wanted in _text(row).casefold())
    return list(islice(found, limit))[::-1]


def branch(connection: sqlite3.Connection, leaf: str, limit: int) -> list[tuple[StoredMessage, str]]:
    """The last messages up to and with `leaf`, oldest first."""
    found = connection.execute(
        "WITH RECURSIVE branch (message_id, parent_id, place) AS ("
        " SELECT message_id, parent_id, 1 FROM messages WHERE message_id = ?"
        " UNION ALL"
        " SELECT messages.message_id, messages.parent_id, place + 1 FROM branch"
        " JOIN messages ON messages.message_id = branch.parent_id WHERE place < ?)"
        " SELECT messages.*, partial_answer FROM branch JOIN messages USING (message_id)"
        " LEFT JOIN steps USING (step_id) ORDER BY place DESC",
        (leaf, limit),
    )
    return [(rows.message_from(row), _text(row)) for row in found]


def _page_of_attempt(
    connection: sqlite3.Connection, conversation_id: str, before: str | None, limit: int
) -> list[tuple[StoredMessage, str]]:
    query = (
        "SELECT messages.*, partial_answer FROM messages LEFT JOIN steps USING (step_id) WHERE conversation_id = ?"
        " AND messages.seq < coalesce((SELECT seq FROM messages WHERE message_id = ?), 9223372036854775807)"
        " ORDER BY messages.seq DESC LIMIT ?"
    )
    found = connection.execute(query, (conversation_id, before, limit)).fetchall()
    return [(rows.message_from(row), _text(row)) for row in reversed(found)]


def message(connection: sqlite3.Connection, message_id: str) -> StoredMessage | None:
    found = connection.execute("SELECT * FROM messages WHERE message_id = ?", (message_id,)).fetchone()
    return None if found is None else rows.message_from(found)


def messages_before(connection: sqlite3.Connection, message_id: str) -> int:
    """In the order of its conversation, whatever branch they are on."""
    found = connection.execute("SELECT seq FROM messages WHERE message_id = ?", (message_id,)).fetchone()
    return 0 if found is None else int(found[0]) - 1


def add_first_message(connection: sqlite3.Connection, message: StoredMessage) -> None:
    """What a conversation begins with, before anybody says something in it."""
    records.add_message(connection, message)
    set_head(connection, message.conversation_id, message.message_id, message.created)


def variants(connection: sqlite3.Connection, conversation_id: str, parent_ids: Sequence[str | None]) -> dict[str, int]:
    """How many messages follow each of these (by id; "" for the beginning), where it is more than one."""
    counts: dict[str, int] = {}
    if None in parent_ids:
        (roots,) = connection.execute(
            "SELECT count(*) FROM messages WHERE conversation_id = ? AND parent_id IS NULL", (conversation_id,)
        ).fetchone()
        if roots > 1:
            counts[""] = roots
    known = [parent for parent in parent_ids if parent is not None]
    marks = ", ".join("?" * len(known))
    query = f"SELECT parent_id, count(*) FROM messages WHERE parent_id IN ({marks}) GROUP BY 1 HAVING count(*) > 1"  # noqa: S608  # only marks
    counts.update(dict(connection.execute(query, known).fetchall()))
    return counts


def spent_on(connection: sqlite3.Connection, step_ids: Sequence[str]) -> dict[str, tuple[str, Usage, Cost]]:
    """By step, of those whose call is over: who answered (`provider/model`), and what it took."""
    query = (
        f"SELECT * FROM steps WHERE step_id IN ({', '.join('?' * len(step_ids))})"  # noqa: S608  # only marks
        " AND ended IS NOT NULL AND provider <> 'classifier'"
    )
    found = (rows.step_from(row) for row in connection.execute(query, tuple(step_ids)))
    return {step.step_id: (f"{step.provider}/{step.model}", step.usage, step.cost) for step in found}


def following(connection: sqlite3.Connection, conversation_id: str, parent_id: str | None) -> list[str]:
    """Ids of the messages that follow this one, in the order in which they were written."""
    found = connection.execute(
        "SELECT message_id FROM messages WHERE conversation_id = ? AND parent_id IS ? ORDER BY seq",
        (conversation_id, parent_id),
    )
    return [row[0] for row in found]


def leaf_below(connection: sqlite3.Connection, message_id: str) -> str:
    """The end of a branch through this message: at each fork the newest one is taken."""
    found = connection.execute(
        "WITH RECURSIVE down (message_id) AS (SELECT ? UNION ALL"
        " SELECT (SELECT next.message_id FROM messages AS next WHERE next.parent_id = down.message_id"
        " ORDER BY next.seq DESC LIMIT 1) FROM down WHERE down.message_id IS NOT NULL)"
        " SELECT message_id FROM down WHERE message_id IS NOT NULL",
        (message_id,),
    ).fetchall()
    return found[-1][0]


def listed(
    connection: sqlite3.Connection, workspace: str | None, task_id: str | None, kind: str | None, limit: int, now: float
) -> list[Listed]:
    """The one written to last first."""
    where = [
        *([("conversations.workspace = ?", rows.clean_text(workspace))] if workspace is not None else []),
        *([("conversations.task_id = ?", rows.clean_text(task_id))] if task_id is not None else []),
        *([("conversations.kind = ?", kind)] if kind is not None else []),
    ]
    conditions = " AND ".join(condition for condition, _ in where) or "1"
    query = (
        "SELECT conversations.*, runs.run_id, runs.kind AS run_kind, runs.state AS run_state, runs.owner,"  # noqa: S608  # fixed text
        " runs.heartbeat, attempts.ended AS attempt_ended FROM conversations"
        " JOIN attempts USING (conversation_id) JOIN runs USING (run_id)"
        f" WHERE {conditions} ORDER BY conversations.updated DESC, conversation_id LIMIT ?"
    )
    found = connection.execute(query, (*(value for _, value in where), limit)).fetchall()
    return [_listed(connection, row, now) for row in found]


def _listed(connection: sqlite3.Connection, row: sqlite3.Row, now: float) -> Listed:
    conversation = rows.conversation_from(row)
    own = "message_id = ?" if conversation.head_id else "conversation_id = ?"
    last = connection.execute(
        "SELECT messages.seq, depth, tokens, substr(coalesce(nullif(text, ''), partial_answer, ''), 1, 200) AS preview"  # noqa: S608  # fixed text
        f" FROM messages LEFT JOIN steps USING (step_id) WHERE {own} ORDER BY messages.seq DESC LIMIT 1",
        (conversation.head_id or conversation.conversation_id,),
    ).fetchone()
    running = row["run_state"] == RunState.RUNNING.value and row["attempt_ended"] is None
    count = 0 if last is None else last["depth"] + 1 if conversation.head_id else last["seq"]
    return Listed(
        conversation,
        messages=count,
        tokens=0 if last is None else last["tokens"],
        preview="" if last is None else last["preview"],
        run_id=row["run_id"],
        kind=RunKind(row["run_kind"]),
        live=running and not leases.is_stale(row["owner"], row["heartbeat"], now),
    )


def _kind_and_head(connection: sqlite3.Connection, conversation_id: str) -> tuple[str, str | None]:
    found = connection.execute(
        "SELECT kind, head_id FROM conversations WHERE conversation_id = ?", (conversation_id,)
    ).fetchone()
    if found is None:
        raise failures.unknown_record("conversation", conversation_id)
    return found[0], found[1]


def _text(row: sqlite3.Row) -> str:
    return row["partial_answer"] or "" if row["ending"] == Ending.OPEN.value else row["text"]
