"""The statements of the history: what was said and done, found by its words or by what it means.

Apart from `records`, which write what is searched: triggers of the migration keep the texts here in step with them, so
that no writer can forget to.

Invariant: what can be found is what is stored (test_history_follows_what_is_stored).
Invariant: nothing that a person types is taken for syntax (test_any_query_is_only_words).
Invariant: words are found in any script (test_words_of_scripts_without_blanks).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from orchestrator.store import grams, rows

Kind = Literal["message", "result", "split"]

MAX_TERMS = 20
UNFINISHED = 4
"""Characters from which on the last word may be the beginning of one: a shorter one would be that of too many."""
FEW = 1_000
"""Up to so many matches are ranked by how well they fit; of more the newest come first."""
BEFORE, EXCERPT = 40, 160
"""Characters of an excerpt before the first word, and at all, where FTS5 does not make it."""
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
    found = terms(query)
    wanted = [term.quoted for term in found if not term.unwanted]
    if not wanted:
        return ""
    return " AND ".join(wanted) + "".join(f" NOT {term.quoted}" for term in found if term.unwanted)


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase of a query."""

    text: str
    unwanted: bool
    unfinished: bool

    @property
    def quoted(self) -> str:
        return '"' + self.text.replace('"', '""') + '"' + ("*" if self.unfinished else "")


def terms(query: str) -> list[Term]:
    terms: list[Term] = []
    found = [match for match in _TERM.finditer(query) if _WORD.search(match.group(2) or match.group(3) or "")]
    for index, match in enumerate(found[:MAX_TERMS]):
        phrase, word = match.group(2), match.group(3)
        last = word is not None and index == len(found) - 1 and query.endswith(word) and not match.group(1)
        open_end = last and word is not None and len(word) >= UNFINISHED
        terms.append(Term(rows.clean_text(phrase if word is None else word), bool(match.group(1)), open_end))
    return terms


def settle(connection: sqlite3.Connection) -> None:
    """Bring the words in step with the texts; the writer calls it at the end of a transaction.

    An index that is damaged takes no other record with it: it is built anew, or else left as it is.
    """
    last, removed, asked = connection.execute(
        "SELECT max(change_id), count(removed), count(*) - count(coalesce(removed, added)) FROM history_changes"
    ).fetchone()
    if last is None:
        return
    connection.execute("SAVEPOINT words")
    try:
        if removed or asked:
            _follow(connection)
        else:
            connection.execute("INSERT INTO history_words (rowid, text) SELECT entry_id, added FROM history_changes")
            beyond = f"SELECT entry_id, added FROM history_changes WHERE {_BEYOND_ASCII.format('added')}"  # noqa: S608  # fixed text
            for entry_id, added in connection.execute(beyond).fetchall():
                _add_grams(connection, entry_id, added)
    except sqlite3.DatabaseError:
        connection.execute("ROLLBACK TO words")
        with suppress(sqlite3.DatabaseError):
            rebuild(connection)
    connection.execute("RELEASE words")
    connection.execute("DELETE FROM history_changes WHERE change_id <= ?", (last,))


def behind(connection: sqlite3.Connection) -> bool:
    """Whether some words are not in step yet."""
    return connection.execute("SELECT EXISTS (SELECT 1 FROM history_changes)").fetchone()[0] == 1


def _follow(connection: sqlite3.Connection) -> None:
    """One change after the other: what is added may have been removed before."""
    changes = connection.execute("SELECT entry_id, removed, added FROM history_changes ORDER BY change_id").fetchall()
    for entry_id, removed, added in changes:
        if removed is None and added is None:  # as a migration asks for it
            _rebuild_grams(connection)
            continue
        if removed is not None:
            connection.execute(
                "INSERT INTO history_words (history_words, rowid, text) VALUES ('delete', ?, ?)", (entry_id, removed)
            )
            if old := grams.grams(removed):
                connection.execute(
                    "INSERT INTO history_grams (history_grams, rowid, text) VALUES ('delete', ?, ?)", (entry_id, old)
                )
        if added is not None:
            connection.execute("INSERT INTO history_words (rowid, text) VALUES (?, ?)", (entry_id, added))
            _add_grams(connection, entry_id, added)


def rebuild(connection: sqlite3.Connection) -> None:
    """The words anew from the texts."""
    connection.execute("INSERT INTO history_words (history_words) VALUES ('rebuild')")
    _rebuild_grams(connection)


_BEYOND_ASCII = "length({0}) < length(CAST({0} AS BLOB))"


def _rebuild_grams(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO history_grams (history_grams) VALUES ('delete-all')")
    query = f"SELECT entry_id, text FROM history WHERE {_BEYOND_ASCII.format('text')}"  # noqa: S608  # fixed text
    for entry_id, text in connection.execute(query):
        _add_grams(connection, entry_id, text)


def _add_grams(connection: sqlite3.Connection, entry_id: int, text: str) -> None:
    if new := grams.grams(text):
        connection.execute("INSERT INTO history_grams (rowid, text) VALUES (?, ?)", (entry_id, new))


def search(connection: sqlite3.Connection, query: str, filters: Filters, limit: int) -> list[Hit]:
    """By words. The best first where few fit, else the newest."""
    match = expression(query)
    if not match:
        return []
    found_terms = terms(query)
    if any(_within_runs(connection, term) for term in found_terms):
        return _search_any_script(connection, found_terms, filters, limit)
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


def _within_runs(connection: sqlite3.Connection, term: Term) -> bool:
    """Whether it stands anywhere in a script without blanks."""
    query = "SELECT rowid FROM history_grams WHERE history_grams MATCH ? LIMIT 1"
    pairs = grams.phrase(term.text)
    return bool(pairs) and connection.execute(query, (pairs,)).fetchone() is not None


def _search_any_script(
    connection: sqlite3.Connection, found: Sequence[Term], filters: Filters, limit: int
) -> list[Hit]:
    """Each term as a word or within a run of characters; the newest first."""
    where, parameters = _conditions(connection, filters)
    conditions: list[str] = []
    matches: list[str] = []
    for term in found:
        sources = ["SELECT rowid FROM history_words WHERE history_words MATCH ?"]
        matches.append(term.quoted)
        if pairs := grams.phrase(term.text):
            sources.append("SELECT rowid FROM history_grams WHERE history_grams MATCH ?")
            matches.append(pairs)
        conditions.append(f"entry_id {'NOT ' if term.unwanted else ''}IN ({' UNION ALL '.join(sources)})")
    rows_found = connection.execute(
        f"SELECT entry_id, text FROM history WHERE {' AND '.join(conditions)}{where}"  # noqa: S608  # fixed text
        " ORDER BY entry_id DESC LIMIT ?",
        (*matches, *parameters, limit),
    ).fetchall()
    wanted = [term.text for term in found if not term.unwanted]
    return described(connection, [(entry_id, _excerpt(text, wanted)) for entry_id, text in rows_found])


def _excerpt(text: str, words: Sequence[str]) -> str:
    """Some characters around the first of the words, with the marks around each that stands there."""
    places = sorted(found for word in words if (found := grams.place(text, word)))
    if not places:
        return ""
    first = max(places[0][0] - BEFORE, 0)
    end = min(first + EXCERPT, len(text))
    parts: list[str] = ["…"] if first else []
    at = first
    for start, stop in places:
        if at <= start and stop <= end:
            parts += [text[at:start], OPEN, text[start:stop], CLOSE]
            at = stop
    return "".join(parts) + text[at:end] + ("…" if end < len(text) else "")


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
