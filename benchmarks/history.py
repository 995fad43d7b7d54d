"""How long a search of the history takes, by words against what FTS5 alone takes for the same words, and by meaning.

The texts are made of invented words, a few of which are in nearly every text, as in a language; the queries are drawn
from the same, so that most hold a frequent word. Both ask the same file, each query after the other.

    python -m benchmarks.history [MESSAGES]
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from itertools import accumulate
from pathlib import Path

from benchmarks.report import Figure
from orchestrator.engine.meaning import MODEL, Meanings
from orchestrator.store import Store, history
from orchestrator.store.history import Filters

WORDS = 20_000
PER_TEXT = 60
QUERIES = 200
DIMENSIONS = 512
HITS = 20


def measure(quick: bool = False, messages: int = 100_000) -> Iterator[Figure]:
    count = 3_000 if quick else messages
    chance = random.Random(1)
    words = _words(chance)
    weights = list(accumulate(1 / (rank + 10) for rank in range(WORDS)))
    # Not in the system's temporary folder: that is often in memory, and would flatter.
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        path = Path(folder) / "orchestrator.db"
        asyncio.run(_fill(path, count, words, weights, chance))
        queries = [" ".join(chance.choices(words, cum_weights=weights, k=chance.randint(1, 3))) for _ in range(QUERIES)]
        yield from asyncio.run(_measured(path, queries, count))


def _words(chance: random.Random) -> list[str]:
    letters = "etaoinshrdlcumwfgypbvk"
    found: dict[str, None] = {}
    while len(found) < WORDS:
        found["".join(chance.choices(letters, k=chance.randint(2, 10)))] = None
    return list(found)


async def _fill(path: Path, count: int, words: list[str], weights: list[float], chance: random.Random) -> None:
    store = await Store.open(path)
    await store.aclose()
    texts = (" ".join(chance.choices(words, cum_weights=weights, k=PER_TEXT)) for _ in range(count))
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN")
        database.execute(
            "INSERT INTO runs (run_id, kind, workspace, uri, task_title, started, state, owner, heartbeat)"
            " VALUES ('run', 'chat', '/w', 'file:///w/a.md', 't', 1, 'completed', 'o', 1)"
        )
        for number in range(100):
            database.execute(
                "INSERT INTO conversations (conversation_id, workspace, uri, title, started, kind)"
                " VALUES (?, '/w', ?, 'Title', 1, 'chat')",
                (f"c{number}", f"file:///w/{number % 10}.md"),
            )
            database.execute(
                "INSERT INTO attempts (attempt_id, run_id, seq, conversation_id, task_title, started, state)"
                " VALUES (?, 'run', ?, ?, 't', 1, 'completed')",
                (f"a{number}", number, f"c{number}"),
            )
        database.executemany(
            "INSERT INTO messages (message_id, conversation_id, seq, speaker, text, created)"
            " VALUES (?, ?, ?, 'user', ?, ?)",
            ((f"m{n}", f"c{n % 100}", n, text, float(n)) for n, text in enumerate(texts)),
        )
        history.rebuild(database)
        database.execute("DELETE FROM history_changes")
        _fill_meanings(database, count)
        database.execute("COMMIT")


def _fill_meanings(database: sqlite3.Connection, count: int) -> None:
    import numpy

    generator = numpy.random.default_rng(1)
    for start in range(0, count, 10_000):
        size = min(10_000, count - start)
        rows = generator.standard_normal((size, DIMENSIONS), dtype=numpy.float32)
        rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
        vectors = [(start + n + 1, row.tobytes()) for n, row in enumerate(rows.astype(numpy.float16))]
        history.keep_meanings(database, MODEL, vectors)


class _Reader:
    """In place of the embedding, which takes milliseconds for a query: only the search is measured."""

    def encode(self, texts: list[str], *, remember: bool = True):  # noqa: ARG002
        import numpy

        row = numpy.random.default_rng(len(texts[0])).standard_normal((1, DIMENSIONS), dtype=numpy.float32)
        return row / numpy.linalg.norm(row)


async def _by_meaning(path: Path, queries: list[str]) -> tuple[float, list[float]]:
    """Seconds of the first search, and of those after it."""
    store = await Store.open(path)
    try:
        meanings = Meanings(_Reader())  # pyright: ignore[reportArgumentType] - it reads nothing
        begun = time.perf_counter()
        await meanings.search(store, "first", Filters(), HITS)
        return time.perf_counter() - begun, await _times(lambda q: meanings.search(store, q, Filters(), HITS), queries)
    finally:
        await store.aclose()


async def _measured(path: Path, queries: list[str], count: int) -> Iterator[Figure]:
    store = await Store.open(path)
    try:
        with closing(sqlite3.connect(path)) as bare:
            sql = "SELECT rowid FROM history_words WHERE history_words MATCH ? ORDER BY rank LIMIT ?"
            ours = await _times(lambda query: store.search_history(query, Filters(), HITS), queries)
            floor = [_timed(lambda query=query: bare.execute(sql, (history.expression(query), HITS)).fetchall())
                     for query in queries]  # fmt: skip
        here = Filters(uri="file:///w/3.md")
        filtered = await _times(lambda query: store.search_history(query, here, HITS), queries)
    finally:
        await store.aclose()
    loading, near = await _by_meaning(path, queries[:40])
    of = f"{count:,} messages"
    return iter((
        Figure(f"history: by words, {of}, p50", _at(ours, 0.5) * 1000, "ms"),
        Figure(f"history: by words, {of}, p95", _at(ours, 0.95) * 1000, "ms", note="goal: 30"),
        Figure(f"history: by words, of one outline, {of}, p95", _at(filtered, 0.95) * 1000, "ms"),
        Figure("history: FTS5 alone, ranked, p95", _at(floor, 0.95) * 1000, "ms"),
        Figure("history: p95 by words to FTS5 alone", _at(ours, 0.95) / _at(floor, 0.95), "times", 2.0),
        Figure(f"history: by meaning, {of}, p95", _at(near, 0.95) * 1000, "ms"),
        Figure(f"history: by meaning, {of}, the first time", loading * 1000, "ms"),
    ))  # fmt: skip


async def _times(search: Callable[[str], Awaitable[object]], queries: list[str]) -> list[float]:
    found: list[float] = []
    for query in queries:
        begun = time.perf_counter()
        await search(query)
        found.append(time.perf_counter() - begun)
    return found


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _at(times: list[float], place: float) -> float:
    return sorted(times)[min(int(len(times) * place), len(times) - 1)]


if __name__ == "__main__":
    for figure in measure(messages=int(sys.argv[1]) if len(sys.argv) > 1 else 100_000):
        print(figure)
