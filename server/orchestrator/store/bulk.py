"""What many tasks write at once, in one statement for each table.

Apart from `records` and `branches`, which write one record, because a run of a thousand tasks has some ten records for
each of its steps: a statement that holds fifty rows costs little more than one that holds a single row, and while it
works the event loop's thread does not wait for this one.

A write adds its rows here. They are written when the batch ends, or before a write of another kind, tables in the
order in which their rows refer to each other. That is why only records of one kind may be reordered, and of two states
of one attempt the later one is written.

Invariant: what is written together is stored as if it had been written one by one (test_together_is_as_one_by_one).
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from orchestrator.model.run import Attempt, Conversation, Event, OutboxEntry, Step, StoredMessage
from orchestrator.store import failures, rows

Told = tuple[str, str, dict[str, Any]]
"""Kind of an event, its detail as JSON, and what a listener is told, which is what that says."""

_SIZES = (64, 32, 16, 8)
"""Rows of a statement: few sizes, so that SQLite has each ready; what is left over goes into one of less than 8."""


class Bulk:
    """Of one batch in one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._conversations: list[Sequence[Any]] = []
        self._attempts: list[Sequence[Any]] = []
        self._states: dict[str, Sequence[Any]] = {}
        self._steps: list[Sequence[Any]] = []
        self._endings: dict[str, Sequence[Any]] = {}
        self._messages: list[Sequence[Any]] = []
        self._effects: list[Sequence[Any]] = []
        self._entries: list[Sequence[Any]] = []
        self._closings: dict[str, Sequence[Any]] = {}
        self._events: list[Sequence[Any]] = []
        self._last: dict[str, int] = {}
        """By run, the number of its last event."""

    # --- what writes are made of ---------------------------------------------------------------------------------

    def begin_task(self, attempt: Attempt, conversation: Conversation, told: Sequence[Told]) -> list[Event]:
        self._conversations.append(rows.conversations.values(conversation))
        self._attempts.append(rows.attempts.values(attempt))
        return self._tell(attempt.run_id, told, attempt.started)

    def move(self, attempt: Attempt, told: Sequence[Told], entry: OutboxEntry | None, now: float) -> list[Event]:
        self._states[attempt.attempt_id] = (attempt.attempt_id, *rows.attempt_state(attempt))
        if entry is not None:
            self._entries.append(rows.entries.values(entry))
        return self._tell(attempt.run_id, told, now)

    def begin_step(self, step: Step, messages: Sequence[StoredMessage]) -> None:
        self._steps.append(rows.step_values(step))
        self._messages += map(rows.messages.values, messages)

    def end_step(self, step: Step, message: StoredMessage | None) -> None:
        """The partial text stays where no whole answer replaces it: it is all that is left of a cut call."""
        self._endings[step.step_id] = (step.step_id, *rows.step_ending(step))
        if message is not None:
            self._messages.append(rows.messages.values(message))

    def add_effect(self, attempt_id: str, name: str, given: str, result: str, now: float) -> None:
        self._effects.append((attempt_id, name, given, rows.clean_text(result), now))

    def close_entries(self, entries: Sequence[OutboxEntry]) -> None:
        for entry in entries:
            reason = rows.clean_text(entry.reason)
            self._closings[entry.entry_id] = (entry.entry_id, entry.state.value, reason, entry.closed)

    def _tell(self, run_id: str, told: Sequence[Told], now: float) -> list[Event]:
        if not told:
            return []
        last = self._last.get(run_id)
        if last is None:
            query = "SELECT coalesce(max(seq), 0) FROM events WHERE run_id = ?"
            (last,) = self._connection.execute(query, (run_id,)).fetchone()
        events = [Event(run_id, seq, kind, detail, now) for seq, (kind, _, detail) in enumerate(told, last + 1)]
        self._events += [
            (run_id, event.seq, event.kind, text, now) for event, (_, text, _) in zip(events, told, strict=True)
        ]
        self._last[run_id] = last + len(told)
        return events

    # --- writing -------------------------------------------------------------------------------------------------

    def write(self) -> None:
        self._insert("conversations", *_set(rows.conversations, self._conversations))
        self._insert_next("attempts", ("run_id",), *_set(rows.attempts, self._attempts))
        self._update("attempts", "attempt_id", rows.ATTEMPT_STATE, self._states)
        self._insert_next("steps", ("attempt_id",), *_without(rows.STEP_UNSET, rows.STEP_NAMES, self._steps))
        self._update("steps", "step_id", rows.STEP_ENDING, self._endings, _KEEP_PARTIAL)
        self._insert_next("messages", ("conversation_id",), *_set(rows.messages, self._messages))
        self._insert_next("effects", _EFFECT[:3], _EFFECT, self._effects)
        self._insert("outbox", *_set(rows.entries, self._entries))
        self._update("outbox", "entry_id", ("state", "reason", "closed"), self._closings)
        self._insert("events", _EVENT, self._events)

    def _insert(self, table: str, names: tuple[str, ...], given: Sequence[Sequence[Any]]) -> None:
        for part in _parts(given):
            self._connection.execute(_insertion(table, names, len(part)), _flat(part))

    def _insert_next(
        self, table: str, parent: tuple[str, ...], names: tuple[str, ...], given: Sequence[Sequence[Any]]
    ) -> None:
        """Each as the next one of its parent, by `seq`; the write lock is held, so nobody else takes that number."""
        parent_of = itemgetter(*map(names.index, parent))
        for part in _parts(given):
            taken: Counter[Any] = Counter()
            numbered: list[Any] = []
            for row in part:
                key = parent_of(row)
                taken[key] += 1
                numbered += row
                numbered.append(taken[key])
            self._connection.execute(_insertion_next(table, names, parent, len(part)), numbered)

    def _update(
        self, table: str, key: str, names: tuple[str, ...], given: Mapping[str, Sequence[Any]], more: str = ""
    ) -> None:
        """By the key, which is the first column of what is given."""
        for part in _parts(tuple(given.values())):
            changed = self._connection.execute(_change(table, key, names, len(part), more), _flat(part))
            if changed.rowcount != len(part):  # written one by one, the one that is meant says so
                raise failures.unknown_record(key.removesuffix("_id"), part[0][0])


_EVENT = ("run_id", "seq", "kind", "detail", "created")
_EFFECT = ("attempt_id", "name", "given_hash", "result", "created")
_ANSWER = f"new.column{rows.STEP_ENDING.index('raw_answer') + 2}"
_KEEP_PARTIAL = f"partial_answer = CASE WHEN {_ANSWER} = '' THEN partial_answer ELSE '' END"


Given = tuple[tuple[str, ...], Sequence[Sequence[Any]]]
"""Names of columns, and rows of them."""


def _set(columns: rows.Columns[Any], given: Sequence[Sequence[Any]]) -> Given:
    return _without(columns.unset, columns.names, given)


def _without(unset: list[Any], names: tuple[str, ...], given: Sequence[Sequence[Any]]) -> Given:
    """Without the last columns where no row sets them: they have that value by themselves.

    A third of all values that a run stores; the interpreter looks for a conversion of each None in vain.
    """
    kept = len(names) - len(unset)
    if any(row[kept:] != unset for row in given):
        return names, given
    return names[:kept], [row[:kept] for row in given]


def _parts(given: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    start, left = 0, len(given)
    while left:
        size = next((size for size in _SIZES if size <= left), left)
        yield given[start : start + size]
        start, left = start + size, left - size


def _flat(part: Sequence[Sequence[Any]]) -> list[Any]:
    flat: list[Any] = []
    for row in part:
        flat += row
    return flat


@cache
def _insertion(table: str, names: tuple[str, ...], count: int) -> str:
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {_marks(len(names), count)}"  # noqa: S608  # fixed names


@cache
def _insertion_next(table: str, names: tuple[str, ...], parent: tuple[str, ...], count: int) -> str:
    """The last column of what is given says which one of its parent's new rows it is."""
    columns = ", ".join(f"new.column{n}" for n in range(1, len(names) + 1))
    own = " AND ".join(f"old.{name} = new.column{names.index(name) + 1}" for name in parent)
    return (
        f"INSERT INTO {table} ({', '.join(names)}, seq) SELECT {columns},"  # noqa: S608  # fixed names
        f" (SELECT coalesce(max(seq), 0) FROM {table} AS old WHERE {own}) + new.column{len(names) + 1}"
        f" FROM (VALUES {_marks(len(names) + 1, count)}) AS new"
    )


@cache
def _change(table: str, key: str, names: tuple[str, ...], count: int, more: str) -> str:
    changes = [f"{name} = new.column{n}" for n, name in enumerate(names, 2)]
    return (
        f"UPDATE {table} SET {', '.join([*changes, *filter(None, (more,))])}"  # noqa: S608  # fixed names
        f" FROM (VALUES {_marks(len(names) + 1, count)}) AS new WHERE {key} = new.column1"
    )


def _marks(columns: int, count: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return ", ".join([row] * count)
