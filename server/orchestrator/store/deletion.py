"""Delete what happened, by workspace, by age, or all of it, so that the text is gone from the disk too.

Apart from `records`, because nothing else takes anything away. SQLite only marks a place as free; so pages are
overwritten (`secure_delete`), the words of the index are made anew, and the file is written again without its holes.
Copies from before a migration hold the same texts and go as a whole.

Invariant: afterwards no byte of a deleted text is in any file of the store (test_deleted_text_is_in_no_file).
Invariant: what is under way stays (test_a_running_run_stays).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from orchestrator.store import history, leases, measured, rows
from orchestrator.store.migrate import backups


@dataclass(frozen=True, slots=True)
class Selection:
    """Both None: everything, the index of outlines and prompts included."""

    workspace: str | None = None
    """Real path of the folder."""
    before: float | None = None
    """Only what was last touched before this moment."""

    @property
    def everything(self) -> bool:
        return self.workspace is None and self.before is None


@dataclass(frozen=True, slots=True)
class Deletable:
    """What a selection means now."""

    runs: int = 0
    """Splits included, conversations with a person not."""
    chats: int = 0
    messages: int = 0
    meanings: int = 0
    outlines: int = 0
    """Of the index."""
    prompts: int = 0
    running: int = 0
    """Runs that are under way, and stay."""
    backups: tuple[Path, ...] = ()

    @property
    def nothing(self) -> bool:
        return not (self.runs or self.chats or self.messages or self.outlines or self.prompts or self.backups)


@dataclass(frozen=True, slots=True)
class WorkspaceSize:
    workspace: str
    runs: int
    chats: int
    messages: int
    characters: int
    """Of messages, answers and results."""
    newest: float


@dataclass(slots=True)
class _Chosen:
    runs: list[str] = field(default_factory=list[str])
    chats: int = 0
    conversations: list[str] = field(default_factory=list[str])
    outlines: list[int] = field(default_factory=list[int])
    running: int = 0


def deletable(connection: sqlite3.Connection, selection: Selection, now: float, path: Path | None) -> Deletable:
    chosen = _choose(connection, selection, now)
    messages = meanings = 0
    for conversation_id in chosen.conversations:
        messages += _count(connection, "messages WHERE conversation_id = ?", conversation_id)
        meanings += _count(
            connection, "meanings JOIN history USING (entry_id) WHERE conversation_id = ?", conversation_id
        )
    for run_id in chosen.runs:
        meanings += _count(
            connection,
            "meanings JOIN history USING (entry_id) JOIN splits ON split_id = record_id"
            " WHERE history.kind = 'split' AND run_id = ?",
            run_id,
        )
    return Deletable(
        runs=len(chosen.runs) - chosen.chats,
        chats=chosen.chats,
        messages=messages,
        meanings=meanings,
        outlines=len(chosen.outlines),
        prompts=_count(connection, "prompts") if selection.everything and not chosen.running else 0,
        running=chosen.running,
        backups=() if path is None else tuple(backups(path)),
    )


def delete(connection: sqlite3.Connection, selection: Selection, now: float) -> None:
    """In the writer's transaction; `compact` has to follow."""
    chosen = _choose(connection, selection, now)
    connection.executemany("DELETE FROM runs WHERE run_id = ?", [(run_id,) for run_id in chosen.runs])
    connection.executemany(
        "DELETE FROM conversations WHERE conversation_id = ?", [(one,) for one in chosen.conversations]
    )
    connection.executemany("DELETE FROM outlines WHERE outline_id = ?", [(one,) for one in chosen.outlines])
    if selection.everything and not chosen.running:
        connection.execute("DELETE FROM prompts")
        connection.execute("DELETE FROM prompt_uses")
    measured.forget(connection)
    history.settle(connection)
    history.rebuild(connection)


def begin_secure(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA secure_delete = ON")


def compact(connection: sqlite3.Connection, path: Path | None) -> bool:
    """Outside a transaction. False when another program that reads kept a part of the old text in the log."""
    for backup in backups(path) if path is not None else ():
        _overwrite(backup)
    try:
        connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise
        return False
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def workspaces(connection: sqlite3.Connection) -> list[WorkspaceSize]:
    """The one with the most text first."""
    found: dict[str, WorkspaceSize] = {}
    query = (
        "SELECT workspace, count(*) FILTER (WHERE kind <> 'chat'), count(*) FILTER (WHERE kind = 'chat'),"
        " max(coalesce(ended, started)) FROM runs GROUP BY workspace"
    )
    for workspace, runs, chats, newest in connection.execute(query).fetchall():
        messages, characters = connection.execute(
            "SELECT count(*), coalesce(sum(length(text)), 0) FROM messages JOIN conversations USING (conversation_id)"
            " WHERE workspace = ?",
            (workspace,),
        ).fetchone()
        (answers,) = connection.execute(
            "SELECT coalesce(sum(length(raw_answer)), 0) FROM steps JOIN attempts USING (attempt_id)"
            " JOIN runs USING (run_id) WHERE workspace = ?",
            (workspace,),
        ).fetchone()
        found[workspace] = WorkspaceSize(workspace, runs, chats, messages, characters + answers, newest)
    return sorted(found.values(), key=lambda one: -one.characters)


def _choose(connection: sqlite3.Connection, selection: Selection, now: float) -> _Chosen:
    chosen = _Chosen()
    where, parameters = ["1"], list[str | float]()
    if selection.workspace is not None:
        where.append("workspace = ?")
        parameters.append(rows.clean_text(selection.workspace))
    age = ["coalesce(ended, started) < ?"] if selection.before is not None else []
    ages = [selection.before] if selection.before is not None else []
    query = f"SELECT run_id, kind, state, owner, heartbeat FROM runs WHERE {' AND '.join([*where, *age])}"  # noqa: S608  # fixed text
    for row in connection.execute(query, (*parameters, *ages)).fetchall():
        if row["state"] == "running" and not leases.is_stale(row["owner"], row["heartbeat"], now):
            chosen.running += 1
            continue
        chosen.runs.append(row["run_id"])
        chosen.chats += row["kind"] == "chat"
        of_run = connection.execute("SELECT conversation_id FROM attempts WHERE run_id = ?", (row["run_id"],))
        chosen.conversations += [found[0] for found in of_run]
    lonely = [*where, *(["max(started, updated) < ?"] if ages else [])]
    query = (
        f"SELECT conversation_id FROM conversations WHERE {' AND '.join(lonely)}"  # noqa: S608  # fixed text
        " AND NOT EXISTS (SELECT 1 FROM attempts WHERE attempts.conversation_id = conversations.conversation_id)"
    )
    chosen.conversations += [row[0] for row in connection.execute(query, (*parameters, *ages))]
    if selection.before is None:
        folder = None if selection.workspace is None else unquote(Path(selection.workspace).as_uri()).rstrip("/")
        known = connection.execute("SELECT outline_id, workspace FROM outlines").fetchall()
        chosen.outlines = [
            row[0] for row in known if folder is None or unquote(row[1]).rstrip("/") in {folder, selection.workspace}
        ]
    return chosen


def _count(connection: sqlite3.Connection, source: str, *parameters: str) -> int:
    (count,) = connection.execute(f"SELECT count(*) FROM {source}", parameters).fetchone()  # noqa: S608  # fixed text
    return int(count)


def _overwrite(file: Path) -> None:
    """As far as the file system lets us: a copy that is only unlinked could be read from the disk."""
    size = file.stat().st_size
    with file.open("r+b") as content:
        zeros = bytes(1 << 16)
        for start in range(0, size, len(zeros)):
            content.write(zeros[: size - start])
        content.flush()
    file.unlink()


__all__: Sequence[str] = ["Deletable", "Selection", "WorkspaceSize", "compact", "deletable", "delete", "workspaces"]
