"""Search the history by what texts mean: sentence embeddings, computed on this computer, kept in the store.

Apart from `history`, because this is optional: it needs the package of the embedded model, and an index that is built
when somebody first asks. Building goes in small batches in a thread, the newest texts first; each batch is committed,
so that who stops it, or loses power, goes on where it was.

Invariant: building goes on where it was stopped (test_building_goes_on_where_it_was_stopped).
Invariant: the event loop stays free while texts are read (test_building_leaves_the_loop_free).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orchestrator.engine.experience import embedder
from orchestrator.engine.history import MAX_HITS, MAX_QUERY, Found, excerpt_of
from orchestrator.errors import ConfigError, ProviderUnavailableError
from orchestrator.providers import embedding
from orchestrator.providers.embedding import Embedder
from orchestrator.store.history import Filters
from orchestrator.store.store import Store

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Numbers = NDArray[numpy.float32]

MODEL = "use-m3"
"""Of the vectors that are kept: another embedding model has another name, and reads the texts anew."""
BATCH = 16
"""Texts at once: a planner that wants the embedding meanwhile waits for so many."""
PAGE = 5_000
CHUNK = 8_192
"""Vectors that are multiplied at once."""
FEW = 40_000
"""Up to so many are kept with 32 bits, which is quicker: 80 MB."""
NEAR_ENOUGH = 0.1
"""A text that is less near is about something else: two that have nothing in common lie between -0.1 and 0.1."""


class Meanings:
    """For one store. Keeps the vectors in memory after the first search, 1 or 2 kB each."""

    def __init__(self, reader: Embedder | None = None) -> None:
        self._embedder = reader
        self._state: tuple[int, int, int] | None = None
        self._ids: Any = None
        self._vectors: Any = None
        self._building = asyncio.Lock()

    async def build(self, store: Store, told: Callable[[int, int], None] = lambda _known, _total: None) -> None:
        """Read what was not read yet; `told` how many are known of how many. Cancel it whenever you like.

        Raises ProviderUnavailableError without the package.
        """
        async with self._building:
            total, known, _ = await store.history_counts(MODEL)
            below: int | None = None
            while True:
                batch = await store.history_without_meaning(MODEL, BATCH, below)
                if not batch and below is None:
                    return
                # Once at the oldest, from the newest again: there may be more by now.
                below = batch[-1][0] if batch else None
                if not batch:
                    continue
                told(known, max(total, known))
                known += len(batch)
                vectors = await asyncio.to_thread(self._read, [text for _, text in batch])
                numbers = [number for number, _ in batch]
                await store.keep_meanings(MODEL, list(zip(numbers, vectors, strict=True)))

    @property
    def is_building(self) -> bool:
        return self._building.locked()

    async def search(self, store: Store, query: str, filters: Filters, limit: int) -> list[Found]:
        """The nearest first, of what was read so far. Raises ProviderUnavailableError, ConfigError."""
        if not query.strip() or len(query) > MAX_QUERY:
            raise ConfigError("There is nothing to look for.", hint="Describe it in a few words.")
        await self._load(store)
        ranked = await asyncio.to_thread(self._ranked, query)
        wanted = min(limit, MAX_HITS)
        found: list[tuple[int, float]] = []
        position, step = 0, max(4 * wanted, 100)
        while position < len(ranked) and len(found) < wanted:
            part = dict(ranked[position : position + step])
            fitting = await store.fitting_history(list(part), filters)
            found += [(number, part[number]) for number in fitting]
            position, step = position + step, min(4 * step, 20_000)
        nearness = dict(found[:wanted])
        hits = await store.describe_history([(number, "") for number in nearness])
        return [Found(hit, excerpt_of(hit.excerpt), round(nearness[hit.entry_id], 3)) for hit in hits]

    async def counts(self, store: Store) -> tuple[int, int]:
        """Texts that were read, of how many."""
        total, known, _ = await store.history_counts(MODEL)
        return known, total

    def _read(self, texts: list[str]) -> list[bytes]:
        import numpy

        return [row.astype(numpy.float16).tobytes() for row in self._reader().encode(texts, remember=False)]

    def _reader(self) -> Embedder:
        if self._embedder is None:
            if not embedding.available():
                raise ProviderUnavailableError(
                    "Searching by meaning needs sentence embeddings, which are not installed.",
                    hint=f"Install them ({embedding.INSTALL}), or search by words.",
                )
            self._embedder = embedder()
        return self._embedder

    async def _load(self, store: Store) -> None:
        """The vectors as they are in the store now."""
        self._reader()
        state = await store.history_counts(MODEL)
        if state == self._state:
            return
        numbers: list[int] = []
        pages: list[bytes] = []
        after = -1
        while page := await store.meanings(MODEL, after, PAGE):
            numbers += [number for number, _ in page]
            pages.append(b"".join(vector for _, vector in page))
            after = page[-1][0]
        await asyncio.to_thread(self._take, numbers, pages)
        self._state = state

    def _take(self, numbers: list[int], pages: list[bytes]) -> None:
        import numpy

        self._ids = numpy.array(numbers, dtype=numpy.int64)
        flat = numpy.frombuffer(b"".join(pages), dtype=numpy.float16)
        vectors = flat.reshape(len(numbers), -1) if numbers else flat.reshape(0, 1)
        self._vectors = vectors.astype(numpy.float32) if len(numbers) <= FEW else vectors

    def _ranked(self, query: str) -> list[tuple[int, float]]:
        """Numbers of the texts that are near enough, the nearest first."""
        import numpy

        if len(self._ids) == 0:
            return []
        wanted: Numbers = self._reader().encode([query])[0].astype(numpy.float32)
        parts = [
            self._vectors[start : start + CHUNK].astype(numpy.float32, copy=False) @ wanted
            for start in range(0, len(self._ids), CHUNK)
        ]
        scores: Numbers = numpy.concatenate(parts)
        near = numpy.flatnonzero(scores >= NEAR_ENOUGH)
        order = near[numpy.argsort(-scores[near], kind="stable")]
        return list(zip(self._ids[order].tolist(), scores[order].tolist(), strict=True))
