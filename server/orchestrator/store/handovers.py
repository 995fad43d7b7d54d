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


WAITING = "SELECT handover_id, uri, change FROM handovers WHERE uri = ? AND begun = 0 ORDER BY created, rowid"
ASKED = "SELECT DISTINCT uri FROM handovers WHERE begun = 0"


def handover_from(row: sqlite3.Row) -> Handover:
    return Handover(row["handover_id"], row["uri"], row["change"])


def begin(connection: sqlite3.Connection, handover_id: str) -> bool:
    """It is being made; False when it was taken back meanwhile, or another one begins it."""
    changed = connection.execute("UPDATE handovers SET begun = 1 WHERE handover_id = ? AND begun = 0", (handover_id,))
    return changed.rowcount > 0


def answer(connection: sqlite3.Connection, handover_id: str, said: str) -> bool:
    """False when nobody waits for that any more."""
    changed = connection.execute(
        "UPDATE handovers SET answer = ? WHERE handover_id = ? AND answer IS NULL", (rows.clean_text(said), handover_id)
    )
    return changed.rowcount > 0


def take_back(connection: sqlite3.Connection, handover_id: str) -> bool:
    """False when it has begun: then there is, or will be, an answer."""
    connection.execute("DELETE FROM handovers WHERE handover_id = ? AND begun = 0", (handover_id,))
    return connection.execute("SELECT 1 FROM handovers WHERE handover_id = ?", (handover_id,)).fetchone() is None


def forget(connection: sqlite3.Connection, handover_id: str) -> None:
    connection.execute("DELETE FROM handovers WHERE handover_id = ?", (handover_id,))
