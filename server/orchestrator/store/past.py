"""What happened with one outline, whole: its conversations and its calls, for exports.

Apart from `conversations`, which reads a page at a time for a person who looks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from orchestrator.model.run import Conversation, ConversationKind, Step, StoredMessage
from orchestrator.store import conversations, rows

LONGEST = 100_000
"""Messages of one conversation that are read."""


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation with the messages of the branch that is shown, in order."""

    conversation: Conversation
    messages: tuple[StoredMessage, ...]
    elsewhere: int
    """Messages on its other branches."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a model, and what it was about."""

    step: Step
    run_id: str
    kind: str
    """Of its run."""
    uri: str
    task_id: str | None
    task_title: str


def spellings(connection: sqlite3.Connection, table: str, uri: str) -> list[str]:
    """Editors write one address in several ways (`c%3A`, `c:`): those that stand in the table."""
    wanted = unquote(uri)
    found = connection.execute(f"SELECT DISTINCT uri FROM {table}")  # noqa: S608  # names from this file
    return [row[0] for row in found if unquote(row[0]) == wanted]


def talks(connection: sqlite3.Connection, uri: str) -> list[Talk]:
    """The oldest first; those without a message are left out."""
    found: list[Talk] = []
    for spelling in spellings(connection, "conversations", uri):
        query = "SELECT * FROM conversations WHERE uri = ? ORDER BY started, conversation_id"
        for row in connection.execute(query, (spelling,)).fetchall():
            conversation = rows.conversation_from(row)
            (count,) = connection.execute(
                "SELECT count(*) FROM messages WHERE conversation_id = ?", (conversation.conversation_id,)
            ).fetchone()
            shown = conversations.page(connection, conversation.conversation_id, None, LONGEST) if count else []
            messages = [message for message, _ in shown]
            if messages:
                elsewhere = count - len(messages) if conversation.kind is ConversationKind.CHAT else 0
                found.append(Talk(conversation, tuple(messages), elsewhere))
    return sorted(found, key=lambda talk: talk.conversation.started)


def calls(connection: sqlite3.Connection, uri: str) -> Sequence[Call]:
    """In the order in which they began."""
    found: list[Call] = []
    for spelling in spellings(connection, "runs", uri):
        query = (
            "SELECT steps.*, run_id, runs.kind AS run_kind, uri, attempts.task_id AS of_task,"
            " attempts.task_title AS title"
            " FROM runs JOIN attempts USING (run_id) JOIN steps USING (attempt_id) WHERE uri = ?"
        )
        found += [
            Call(rows.step_from(row), row["run_id"], row["run_kind"], row["uri"], row["of_task"], row["title"])
            for row in connection.execute(query, (spelling,))
        ]
    return sorted(found, key=lambda call: (call.step.started, call.step.step_id))
