"""What metrics are computed from: narrow copies of steps and attempts that have ended, packed by the thousand.

Apart from `metrics`, which is arithmetic, because this decides what is read. Steps and attempts hold long texts between
their numbers; indexes that leave those out would be written with each step. So a block of rows is packed when somebody
asks for metrics and all of it has ended, and what is in no block yet is read as it stands.

Invariant: a block says what its rows say: one that is deleted or opened again takes its block away
(test_packed_rows_are_what_is_stored).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy

BLOCK = 1024
"""Rows of a block, counted by their row numbers: those from a multiple of it up to the next."""
UNKNOWN = -1
"""A latency or a cost that is not known."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Of rows that are packed."""

    name: str
    table: str
    query: str
    """Names first, then numbers, of the rows between two row numbers."""
    names: tuple[str, ...]
    numbers: tuple[tuple[str, str], ...]
    """Each with its type in numpy's words."""


STEPS = Kind(
    "step",
    "steps",
    "SELECT s.role, s.provider || '/' || s.model, s.prompt || ' ' || s.prompt_version, CASE WHEN s.repair THEN"
    " (SELECT asked.prompt || ' ' || asked.prompt_version FROM steps AS asked WHERE asked.attempt_id = s.attempt_id"
    "  AND asked.seq < s.seq ORDER BY asked.seq DESC LIMIT 1) END,"
    " a.rowid, s.started, CASE WHEN s.state = 'completed' AND s.ended IS NOT NULL"
    " THEN CAST(max(s.ended - s.started, 0) * 100 + 0.5 AS INTEGER) ELSE -1 END,"
    " CASE s.state WHEN 'completed' THEN 1 WHEN 'failed' THEN 2 WHEN 'cancelled' THEN 3 ELSE 0 END, s.repair,"
    " s.input_tokens, s.output_tokens, s.cache_read_tokens, coalesce(s.cost_nano_usd, -1)"
    " FROM steps AS s JOIN attempts AS a USING (attempt_id)"
    " WHERE s.rowid BETWEEN ? AND ? AND s.provider <> 'classifier'",
    ("role", "model", "prompt", "asked"),
    (
        ("attempt", "<i8"), ("started", "<f8"), ("latency", "<i8"), ("state", "<i2"), ("repair", "<i2"),
        ("input", "<i8"), ("output", "<i8"), ("cached", "<i8"), ("cost", "<i8"),
    ),
)  # fmt: skip
"""`asked` is the prompt whose answer a repair had to mend."""
ATTEMPTS = Kind(
    "attempt",
    "attempts",
    "SELECT CASE WHEN a.executor <> '' THEN a.executor WHEN r.kind = 'branch' THEN 'none' ELSE r.kind END,"
    " r.kind, r.uri, r.workspace, a.rowid, r.rowid, a.started, CASE WHEN a.ended IS NULL THEN 0 ELSE"
    " CASE a.state WHEN 'completed' THEN 1 WHEN 'failed' THEN 2 WHEN 'cancelled' THEN 3 ELSE 4 END END,"
    " (SELECT count(*) FROM messages WHERE messages.conversation_id = a.conversation_id)"
    " FROM attempts AS a JOIN runs AS r USING (run_id) WHERE a.rowid BETWEEN ? AND ?",
    ("executor", "kind", "uri", "workspace"),
    (("attempt", "<i8"), ("run", "<i8"), ("started", "<f8"), ("state", "<i2"), ("messages", "<i8")),
)
KINDS = (STEPS, ATTEMPTS)


class Columns:
    """Rows of one kind, a column each; names are numbers into `names`."""

    def __init__(self, kind: Kind, blocks: Sequence[tuple[Sequence[str], numpy.ndarray[Any, Any]]]) -> None:
        import numpy

        places: dict[str, int] = {}
        where = [numpy.array([places.setdefault(name, len(places)) for name in names] or [0]) for names, _ in blocks]
        self.names = list(places)
        self._columns: dict[str, numpy.ndarray[Any, Any]] = {}
        for name in kind.names:
            parts = [place[rows[name]] for place, (_, rows) in zip(where, blocks, strict=True)]
            self._columns[name] = numpy.concatenate(parts) if parts else numpy.empty(0, "<i8")
        for name, shape in kind.numbers:
            parts = [numpy.ascontiguousarray(rows[name]) for _, rows in blocks]
            self._columns[name] = numpy.concatenate(parts) if parts else numpy.empty(0, shape)

    def __getitem__(self, name: str) -> numpy.ndarray[Any, Any]:
        return self._columns[name]


def due(connection: sqlite3.Connection) -> list[tuple[Kind, int]]:
    """Blocks that no row will be added to and that are not packed: their kinds and first row numbers."""
    found: list[tuple[Kind, int]] = []
    for kind in KINDS:
        packed = {first for first, _ in _packed(connection, kind)}
        firsts = list(_firsts(connection, kind))
        found += [(kind, first) for first in firsts[:-1] if first not in packed]
    return found


def pack(connection: sqlite3.Connection, kind: Kind, first: int) -> bool:
    """Write the block; False when something of it is still under way."""
    last = first + BLOCK - 1
    query = f"SELECT 1 FROM {kind.table} WHERE rowid BETWEEN ? AND ? AND ended IS NULL LIMIT 1"  # noqa: S608  # fixed text
    if connection.execute(query, (first, last)).fetchone():
        return False
    names, rows = _read(connection, kind, first, last)
    connection.execute(
        "INSERT OR REPLACE INTO measured (kind, first, last, names, numbers) VALUES (?, ?, ?, ?, ?)",
        (kind.name, first, last, json.dumps(names), rows.tobytes()),
    )
    return True


def forget(connection: sqlite3.Connection) -> None:
    """Row numbers may mean other rows from now on."""
    connection.execute("DELETE FROM measured")


def columns(connection: sqlite3.Connection, kind: Kind) -> Columns:
    """Of all rows, packed or not."""
    import numpy

    blocks: list[tuple[Sequence[str], numpy.ndarray[Any, Any]]] = []
    packed: list[tuple[int, int]] = []
    query = "SELECT first, last, names, numbers FROM measured WHERE kind = ? ORDER BY first"
    for first, last, names, numbers in connection.execute(query, (kind.name,)):
        packed.append((first, last))
        blocks.append((json.loads(names), numpy.frombuffer(numbers, _shape(kind))))
    blocks += [_read(connection, kind, first, last) for first, last in _between(packed)]
    return Columns(kind, blocks)


def _between(packed: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Row numbers that are in no block."""
    after = 0
    for first, last in packed:
        if first > after:
            yield after, first - 1
        after = last + 1
    yield after, 2**63 - 1


def _read(
    connection: sqlite3.Connection, kind: Kind, first: int, last: int
) -> tuple[list[str], numpy.ndarray[Any, Any]]:
    import numpy

    places: dict[str, int] = {}
    rows: list[tuple[Any, ...]] = []
    count = len(kind.names)
    for row in connection.execute(kind.query, (first, last)):
        values = tuple(row)
        rows.append((*(places.setdefault(name or "", len(places)) for name in values[:count]), *values[count:]))
    return list(places), numpy.array(rows, _shape(kind))


def _shape(kind: Kind) -> list[tuple[str, str]]:
    return [*((name, "<i4") for name in kind.names), *kind.numbers]


def _packed(connection: sqlite3.Connection, kind: Kind) -> list[tuple[int, int]]:
    return connection.execute("SELECT first, last FROM measured WHERE kind = ? ORDER BY 1", (kind.name,)).fetchall()


def _firsts(connection: sqlite3.Connection, kind: Kind) -> Iterator[int]:
    """Of each block that has any rows."""
    after = -1
    query = f"SELECT min(rowid) FROM {kind.table} WHERE rowid > ?"  # noqa: S608  # fixed text
    while (found := connection.execute(query, (after,)).fetchone()[0]) is not None:
        first = found - found % BLOCK
        yield first
        after = first + BLOCK - 1
