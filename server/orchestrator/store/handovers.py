"""Changes that one program hands to another, which has the outline open: the statements about the table `handovers`.

Apart from the outbox, whose entries belong to a task and last: these are answered while somebody waits, and then gone.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from orchestrator.store import rows

FORGOTTEN_SECONDS = 120.0
"""After so long nobody waits for an answer any more: who asked was killed."""


@dataclass(frozen=True, slots=True)
class Handover:
    handover_id: str
    uri: str
    change: str
    """JSON; the engine knows what is in it."""


def add(connection: sqlite3.Connection, handover: Handover, now: float) -> None:
    connection.execute("DELETE FROM handovers WHERE created < ?", (now - FORGOTTEN_SECONDS,))
    connection.execute(
        "INSERT INTO handovers (handover_id, uri, change, created) VALUES (?, ?, ?, ?)",
        (handover.handover_id, rows.clean_text(handover.uri), rows.clean_text(handover.change), now),
    )


WAITING = "SELECT handover_id, uri, change FROM handovers WHERE uri = ? AND answer IS NULL ORDER BY created, rowid"


def handover_from(row: sqlite3.Row) -> Handover:
    return Handover(row["handover_id"], row["uri"], row["change"])


def answer(connection: sqlite3.Connection, handover_id: str, said: str) -> bool:
    """False when it was taken back meanwhile."""
    changed = connection.execute(
        "UPDATE handovers SET answer = ? WHERE handover_id = ? AND answer IS NULL", (rows.clean_text(said), handover_id)
    )
    return changed.rowcount > 0


def take_back(connection: sqlite3.Connection, handover_id: str) -> str | None:
    """The answer, if there is one by now; it is gone either way."""
    found = connection.execute(
        "DELETE FROM handovers WHERE handover_id = ? RETURNING answer", (handover_id,)
    ).fetchone()
    return None if found is None else found["answer"]
