"""Versions of prompts and which of them is in use: the statements about `prompts` and `prompt_uses`.

Apart from `records`, which keeps what a call used: here a person decides what later calls use.

Invariant: a version that is stored never changes (test_prompt_version_never_changes).
Invariant: each roll-back takes back one decision, down to the built-in prompt (test_roll_back_goes_back_one_by_one).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from orchestrator.model.prompt import PromptUse, PromptVersion
from orchestrator.store import rows

VERSIONS = "SELECT * FROM prompts ORDER BY name, created, version"
VERSIONS_OF = "SELECT * FROM prompts WHERE name = ? ORDER BY created, version"
USED_BY = (
    "SELECT prompts.* FROM steps JOIN prompts ON prompts.name = steps.prompt"
    " AND prompts.version = steps.prompt_version WHERE steps.attempt_id = ? ORDER BY steps.seq"
)
IN_USE = (
    "SELECT name, version, since FROM prompt_uses WHERE use_id IN"
    " (SELECT max(use_id) FROM prompt_uses WHERE taken_back IS NULL GROUP BY name)"
)


def version_from(row: sqlite3.Row) -> PromptVersion:
    return PromptVersion(row["name"], row["version"], row["text"], row["created"], row["parent"], row["origin"])


def use_from(row: sqlite3.Row) -> PromptUse:
    return PromptUse(row["name"], row["version"], row["since"])


def keep(connection: sqlite3.Connection, versions: Sequence[PromptVersion]) -> None:
    connection.executemany(
        "INSERT INTO prompts (name, version, text, created, parent, origin) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (name, version) DO NOTHING",
        [
            (rows.clean_text(one.name), one.version, rows.clean_text(one.text), one.created, one.parent, one.origin)
            for one in versions
        ],
    )


def use(connection: sqlite3.Connection, uses: Sequence[PromptUse], versions: Sequence[PromptVersion]) -> None:
    """Keep these versions and put them in use, at once. What is in use already is left at that."""
    keep(connection, versions)
    for one in uses:
        newest = _newest(connection, one.name)
        if newest is None or newest["version"] != one.version:
            connection.execute(
                "INSERT INTO prompt_uses (name, version, since) VALUES (?, ?, ?)",
                (rows.clean_text(one.name), one.version, one.since),
            )


def roll_back(connection: sqlite3.Connection, name: str, now: float) -> bool:
    """Take the last decision back; False when there is none."""
    newest = _newest(connection, name)
    if newest is None:
        return False
    connection.execute("UPDATE prompt_uses SET taken_back = ? WHERE use_id = ?", (now, newest["use_id"]))
    return True


def _newest(connection: sqlite3.Connection, name: str) -> sqlite3.Row | None:
    return connection.execute(
        "SELECT use_id, version FROM prompt_uses WHERE name = ? AND taken_back IS NULL ORDER BY use_id DESC LIMIT 1",
        (rows.clean_text(name),),
    ).fetchone()
