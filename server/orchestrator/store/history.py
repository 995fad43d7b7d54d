"""The statements of the history: what was said and done, found by its words or by what it means.

Apart from `records`, which write what is searched: triggers of the migration keep the texts here in step with them, so
that no writer can forget to.

Invariant: what can be found is what is stored (test_history_follows_what_is_stored).
Invariant: nothing that a person types is taken for syntax (test_any_query_is_only_words).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from orchestrator.store import rows

Kind = Literal["message", "result", "split"]

MAX_TERMS = 20
UNFINISHED = 4
"""Characters from which on the last word may be the beginning of one: a shorter one would be that of too many."""
FEW = 1_000
"""Up to so many matches are ranked by how well they fit; of more the newest come first."""
OPEN, CLOSE = "\x02", "\x03"
"""Around matched words in an excerpt."""
_TERM = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Filters:
    workspace: str | None = None
    uri: str | None = None
    """An outline, however it is spelled."""
    since: float | None = None
    until: float | None = None
    model: str = ""
    """`provider/model`, a model or a provider."""


@dataclass(frozen=True, slots=True)
class Hit:
    entry_id: int
    kind: Kind
    record_id: str
    """Of a message, an attempt, or the run of a split."""
    conversation_id: str | None
    run_id: str | None
    workspace: str
    uri: str
    task_id: str | None
    title: str
    """Of the task, or as a person named the conversation."""
    model: str
    """`provider/model`, empty where it is not known."""
    created: float
    excerpt: str
    """With `OPEN` and `CLOSE` around matched words. Not yet safe to show."""


def expression(query: str) -> str:
    """For FTS5: words and "phrases", all of which must be there, without those behind a minus. Empty: no word in it."""
    wanted: list[str] = []
    unwanted: list[str] = []
    found = [match for match in _TERM.finditer(query) if _WORD.search(match.group(2) or match.group(3) or "")]
    for index, match in enumerate(found[:MAX_TERMS]):
        phrase, word = match.group(2), match.group(3)
        quoted = '"' + rows.clean_text(phrase if word is None else word).replace('"', '""') + '"'
        last = word is not None and index == len(found) - 1 and query.endswith(word) and not match.group(1)
        open_end = last and word is not None and len(word) >= UNFINISHED
        (unwanted if match.group(1) else wanted).append(quoted + ("*" if open_end else ""))
    if not wanted:
        return ""
    return " AND ".join(wanted) + "".join(f" NOT {term}" for term in unwanted)


def settle(connection: sqlite3.Connection) -> None:
    """Bring the words in step with the texts; the writer calls it at the end of each transaction.

    An index that is damaged takes no other record with it: it is built anew, or else left as it is.
    """
    last, removed = connection.execute("SELECT max(change_id), count(removed) FROM history_changes").fetchone()
    if last is None:
        return
    connection.execute("SAVEPOINT words")
    try:
        if removed:
            _follow(connection)
        else:
            connection.execute("INSERT INTO history_words (rowid, text) SELECT entry_id, added FROM history_changes")
    except sqlite3.DatabaseError:
        connection.execute("ROLLBACK TO words")
        with suppress(sqlite3.DatabaseError):
            rebuild(connection)
    connection.execute("RELEASE words")
    connection.execute("DELETE FROM history_changes WHERE change_id <= ?", (last,))


def _follow(connection: sqlite3.Connection) -> None:
    """One change after the other: what is added may have been removed before."""
    changes = connection.execute("SELECT entry_id, removed, added FROM history_changes ORDER BY change_id").fetchall()
    for entry_id, removed, added in changes:
        if removed is not None:
            connection.execute(
                "INSERT INTO history_words (history_words, rowid, text) VALUES ('delete', ?, ?)", (entry_id, removed)
            )
        if added is not None:
            connection.execute("INSERT INTO history_words (rowid, text) VALUES (?, ?)", (entry_id, added))


def rebuild(connection: sqlite3.Connection) -> None:
    """The words anew from the texts."""
    connection.execute("INSERT INTO history_words (history_words) VALUES ('rebuild')")


def search(connection: sqlite3.Connection, query: str, filters: Filters, limit: int) -> list[Hit]:
    """By words. The best first where few fit, else the newest."""
    match = expression(query)
    if not match:
        return []
    (count,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM history_words WHERE history_words MATCH ? LIMIT ?)", (match, FEW + 1)
    ).fetchone()
    order = "rank" if count <= FEW else "history_words.rowid DESC"
    where, parameters = _conditions(connection, filters)
    found = connection.execute(
        "SELECT history.entry_id, snippet(history_words, 0, ?, ?, '…', 24) AS excerpt"  # noqa: S608  # fixed text
        " FROM history_words JOIN history ON history.entry_id = history_words.rowid"
        f" WHERE history_words MATCH ?{where} ORDER BY {order} LIMIT ?",
        (OPEN, CLOSE, match, *parameters, limit),
    ).fetchall()
    return described(connection, [(row["entry_id"], row["excerpt"]) for row in found])


def described(connection: sqlite3.Connection, found: Sequence[tuple[int, str]]) -> list[Hit]:
    """Entries and excerpts as hits, in the order given; what was deleted meanwhile is left out."""
    marks = ", ".join("?" * len(found))
    query = _DESCRIBED.format(marks)
    by_id = {row["entry_id"]: row for row in connection.execute(query, [entry_id for entry_id, _ in found])}
    return [_hit(by_id[entry_id], excerpt) for entry_id, excerpt in found if entry_id in by_id]


_DESCRIBED = (
    "SELECT entry_id, history.kind, record_id, history.conversation_id, created, substr(text, 1, 300) AS head,"
    " coalesce(conversations.workspace, splits.workspace) AS workspace,"
    " coalesce(conversations.uri, splits.uri) AS uri, coalesce(conversations.task_id, splits.task_id) AS task_id,"
    " coalesce(conversations.title, splits.title) AS title, coalesce(attempts.run_id, splits.run_id) AS run_id,"
    " (SELECT provider || '/' || model FROM messages JOIN steps USING (step_id)"
    "  WHERE history.kind = 'message' AND message_id = record_id) AS of_message,"
    " (SELECT provider || '/' || model FROM steps JOIN attempts AS own USING (attempt_id)"
    "  WHERE own.run_id = coalesce(attempts.run_id, splits.run_id) AND provider <> 'classifier'"
    "  AND (attempt_id = attempts.attempt_id OR splits.split_id IN (own.run_id, attempt_id))"
    "  ORDER BY steps.started DESC LIMIT 1) AS of_run"
    " FROM history LEFT JOIN conversations USING (conversation_id)"
    " LEFT JOIN attempts ON attempts.conversation_id = history.conversation_id"
    " LEFT JOIN splits ON history.kind = 'split' AND splits.split_id = record_id"
    " WHERE entry_id IN ({}) AND coalesce(conversations.uri, splits.uri) IS NOT NULL"
)


def _hit(row: sqlite3.Row, excerpt: str) -> Hit:
    return Hit(
        row["entry_id"],
        row["kind"],
        row["record_id"],
        row["conversation_id"],
        row["run_id"],
        row["workspace"],
        row["uri"],
        row["task_id"],
        row["title"],
        row["of_message"] or row["of_run"] or "",
        row["created"],
        excerpt or row["head"],
    )


def _conditions(connection: sqlite3.Connection, filters: Filters) -> tuple[str, list[str | float]]:
    where: list[str] = []
    parameters: list[str | float] = []
    if filters.since is not None:
        where.append("history.created >= ?")
        parameters.append(filters.since)
    if filters.until is not None:
        where.append("history.created < ?")
        parameters.append(filters.until)
    if filters.workspace is not None:
        where.append(_of("workspace = ?"))
        parameters += [rows.clean_text(filters.workspace)] * 2
    if filters.uri is not None:
        spelled = [rows.clean_text(uri) for uri in spellings(connection, filters.uri)]
        marks = ", ".join("?" * len(spelled))
        where.append(_of(f"uri IN ({marks})"))
        parameters += spelled * 2
    if filters.model:
        chosen = (
            "SELECT {} FROM steps JOIN attempts USING (attempt_id)"
            " WHERE ? IN (provider || '/' || model, model, provider)"
        )
        where.append(
            f"(history.conversation_id IN ({chosen.format('conversation_id')})"  # noqa: S608  # fixed text
            " OR (history.kind = 'split' AND history.record_id IN (SELECT split_id FROM splits"
            f" WHERE run_id IN ({chosen.format('run_id')}))))"
        )
        parameters += [rows.clean_text(filters.model)] * 2
    return "".join(f" AND {condition}" for condition in where), parameters


def _of(condition: str) -> str:
    """Of the conversation, or of the split."""
    return (
        f"(history.conversation_id IN (SELECT conversation_id FROM conversations WHERE {condition})"  # noqa: S608  # fixed text
        f" OR (history.kind = 'split' AND history.record_id IN (SELECT split_id FROM splits WHERE {condition})))"
    )


def spellings(connection: sqlite3.Connection, uri: str) -> list[str]:
    """Editors write one address in several ways (`c%3A`, `c:`): those that stand in the store."""
    wanted = unquote(uri)
    found = connection.execute("SELECT uri FROM conversations UNION SELECT uri FROM splits")
    return [row[0] for row in found if unquote(row[0]) == wanted]


# --- by meaning ------------------------------------------------------------------------------------------------------


def unread(connection: sqlite3.Connection, model: str, limit: int, below: int | None = None) -> list[tuple[int, str]]:
    """Entries whose meaning is not known to this model, the newest first, each with its beginning, which says most."""
    found = connection.execute(
        "SELECT entry_id, substr(text, 1, 600) FROM history WHERE NOT EXISTS (SELECT 1 FROM meanings"
        " WHERE meanings.entry_id = history.entry_id AND model = ?) AND entry_id < ? ORDER BY entry_id DESC LIMIT ?",
        (model, 2**62 if below is None else below, limit),
    )
    return [(row[0], row[1]) for row in found]


def keep_meanings(connection: sqlite3.Connection, model: str, found: Sequence[tuple[int, bytes]]) -> None:
    """Of entries that are still there."""
    connection.executemany(
        "INSERT OR REPLACE INTO meanings (entry_id, model, vector)"
        " SELECT entry_id, ?, ? FROM history WHERE entry_id = ?",
        [(model, vector, entry_id) for entry_id, vector in found],
    )


def meanings_after(connection: sqlite3.Connection, model: str, after: int, limit: int) -> list[tuple[int, bytes]]:
    """In order of their entries, those behind `after`."""
    query = "SELECT entry_id, vector FROM meanings WHERE model = ? AND entry_id > ? ORDER BY entry_id LIMIT ?"
    return [(row[0], row[1]) for row in connection.execute(query, (model, after, limit))]


def counts(connection: sqlite3.Connection, model: str) -> tuple[int, int, int]:
    """Entries, meanings that are known of them, and a number that is another one when some were taken away."""
    (entries,) = connection.execute("SELECT count(*) FROM history").fetchone()
    known, total = connection.execute(
        "SELECT count(*), coalesce(sum(entry_id), 0) FROM meanings WHERE model = ?", (model,)
    ).fetchone()
    return entries, known, total


def fitting(connection: sqlite3.Connection, entry_ids: Sequence[int], filters: Filters) -> list[int]:
    """Those of the entries that the filters let through, in the order given."""
    where, parameters = _conditions(connection, filters)
    marks = ", ".join("?" * len(entry_ids))
    query = f"SELECT entry_id FROM history WHERE entry_id IN ({marks}){where}"  # noqa: S608  # fixed text
    kept = {row[0] for row in connection.execute(query, (*entry_ids, *parameters))}
    return [entry_id for entry_id in entry_ids if entry_id in kept]


def located(connection: sqlite3.Connection, task_id: str) -> list[tuple[str, int]]:
    """Where the index of saved outlines has a task of this id: address and line, from 0."""
    query = "SELECT uri, line FROM tasks JOIN outlines USING (outline_id) WHERE task_id = ? AND complete = 1"
    return [(row[0], row[1]) for row in connection.execute(query, (rows.clean_text(task_id),))]
