"""The statements of the index of saved outlines. Each function runs inside a transaction of `writer.py`.

Apart from the records because nothing here is a record: it is rebuilt from the files, and may be thrown away.

Invariant: an outline is there whole, or not at all (test_an_outline_is_there_whole_or_not).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.model.outline_index import IndexedNode, IndexedOutline
from orchestrator.store.rows import clean_optional, clean_text

_PATH_BREAK = "\n"


def begin_outline(connection: sqlite3.Connection, outline: IndexedOutline) -> int:
    """In place of what was there of this file. It does not count before `complete`; answers its number."""
    connection.execute("DELETE FROM outlines WHERE uri = ?", (clean_text(outline.uri),))
    made = connection.execute(
        "INSERT INTO outlines"
        " (workspace, uri, modified_ns, size, settled, digest, reader, newer, paths, complete)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        (
            clean_text(outline.workspace),
            clean_text(outline.uri),
            outline.modified_ns,
            outline.size,
            outline.settled,
            outline.digest,
            outline.reader,
            outline.newer,
            clean_text(_PATH_BREAK.join(outline.paths)),
        ),
    )
    assert made.lastrowid is not None
    return made.lastrowid


def add_nodes(connection: sqlite3.Connection, outline_id: int, nodes: Iterable[IndexedNode]) -> None:
    tasks: list[tuple[object, ...]] = []
    sections: list[tuple[object, ...]] = []
    for node in nodes:
        place = (outline_id, node.seq, node.parent, node.line, clean_text(node.title))
        columns = (clean_text(node.depends_on), node.title_start, node.title_end, clean_optional(node.head))
        if node.status is None:
            sections.append((*place, *columns))
        else:
            tasks.append((*place, node.status, clean_optional(node.task_id), *columns))
    connection.executemany("INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", tasks)
    connection.executemany("INSERT INTO sections VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", sections)


def complete(connection: sqlite3.Connection, outline_id: int) -> None:
    connection.execute("UPDATE outlines SET complete = 1 WHERE outline_id = ?", (outline_id,))


def keep(connection: sqlite3.Connection, given: Sequence[tuple[IndexedOutline, Sequence[IndexedNode]]]) -> None:
    """Small ones, many at once."""
    for outline, nodes in given:
        outline_id = begin_outline(connection, outline)
        add_nodes(connection, outline_id, nodes)
        complete(connection, outline_id)


def touch(connection: sqlite3.Connection, given: Sequence[IndexedOutline]) -> None:
    """Their bytes are what they were, though their time or name says otherwise."""
    connection.executemany(
        "UPDATE outlines SET workspace = ?, modified_ns = ?, size = ?, settled = ? WHERE uri = ? AND digest = ?",
        [
            (clean_text(one.workspace), one.modified_ns, one.size, one.settled, clean_text(one.uri), one.digest)
            for one in given
        ],
    )


def forget(connection: sqlite3.Connection, uris: Sequence[str]) -> None:
    connection.executemany("DELETE FROM outlines WHERE uri = ?", [(clean_text(uri),) for uri in uris])


def outlines(connection: sqlite3.Connection, workspace: str, reader: str) -> list[tuple[int, IndexedOutline]]:
    """Number and outline, of those that are whole and were read by this very version."""
    found = connection.execute(
        "SELECT * FROM outlines WHERE workspace = ? AND reader = ? AND complete = 1 ORDER BY uri", (workspace, reader)
    )
    return [
        (
            row["outline_id"],
            IndexedOutline(
                row["workspace"],
                row["uri"],
                row["modified_ns"],
                row["size"],
                bool(row["settled"]),
                row["digest"],
                row["reader"],
                bool(row["newer"]),
                tuple(filter(None, row["paths"].split(_PATH_BREAK))),
            ),
        )
        for row in found
    ]


def nodes_of(connection: sqlite3.Connection, outline_ids: Sequence[int]) -> Mapping[int, list[IndexedNode]]:
    """By number of the outline, in document order."""
    found: dict[int, list[IndexedNode]] = {outline_id: [] for outline_id in outline_ids}
    places = ", ".join("?" * len(outline_ids))
    columns = "outline_id, seq, title, {}, line, depends_on, parent, title_start, title_end, head"
    for table, more in (("tasks", "status, task_id"), ("sections", "NULL, NULL")):
        query = f"SELECT {columns.format(more)} FROM {table} WHERE outline_id IN ({places})"  # noqa: S608 - fixed words
        for outline_id, *row in connection.execute(query, tuple(outline_ids)):
            found[outline_id].append(IndexedNode(*row))
    for nodes in found.values():
        nodes.sort(key=lambda node: node.seq)
    return found
