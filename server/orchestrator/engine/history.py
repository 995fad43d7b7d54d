"""Search what was said and done, and lead from what was found to the line of its task.

Apart from the store, which knows texts: here they are made safe to show, and tasks are looked for where they stand now.

Invariant: an excerpt can be shown as it is (test_an_excerpt_is_safe_to_show).
Invariant: a task that is not there any more is said to be gone (test_a_task_that_is_gone).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from orchestrator.engine import file_outline
from orchestrator.errors import ConfigError, FileError
from orchestrator.model.safe_text import one_line
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Outline
from orchestrator.store.history import CLOSE, OPEN, Filters, Hit, expression
from orchestrator.store.store import Store

MAX_QUERY = 1_000
"""Characters."""
MAX_HITS = 200
_MARKED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")


@dataclass(frozen=True, slots=True)
class Excerpt:
    text: str
    """One line, safe to show."""
    matches: tuple[tuple[int, int], ...] = ()
    """Where the words that were looked for stand in it."""


@dataclass(frozen=True, slots=True)
class Found:
    hit: Hit
    excerpt: Excerpt
    nearness: float | None = None
    """By meaning: 1 is the same."""
    uri: str = ""
    """Where the task stands now; empty when it is gone."""
    line: int | None = None
    """From 0."""


async def by_words(store: Store, query: str, filters: Filters, limit: int) -> list[Found]:
    """Raises ConfigError for a query without a word."""
    if len(query) > MAX_QUERY or not expression(query):
        raise ConfigError("There is no word to look for.", hint='Write words, or a "phrase"; -word leaves out.')
    hits = await store.search_history(query, filters, min(limit, MAX_HITS))
    return [Found(hit, excerpt_of(hit.excerpt)) for hit in hits]


def excerpt_of(text: str) -> Excerpt:
    """Line breaks and runs of blanks become one blank; what cannot be seen is spelled out."""
    shown = ""
    matches: list[tuple[int, int]] = []
    position = 0
    for match in _MARKED.finditer(text):
        shown += _safe(text[position : match.start()], shown)
        start = len(shown)
        shown += _safe(match.group(1), shown)
        matches.append((start, len(shown)))
        position = match.end()
    shown += _safe(text[position:], shown)
    return Excerpt(shown.rstrip(" "), tuple(matches))


def _safe(part: str, before: str) -> str:
    part = " ".join(re.split(r"\s+", part.replace(OPEN, "").replace(CLOSE, "")))
    return one_line(part.removeprefix(" ") if not before or before.endswith(" ") else part)


async def placed(
    store: Store, found: Sequence[Found], opened: Callable[[str], Outline | None], max_bytes: int
) -> list[Found]:
    """With the line of each task. `opened` answers the open text of an outline, where somebody has it open."""
    read: dict[str, Outline | None] = {}

    async def outline_at(uri: str) -> Outline | None:
        if uri not in read:
            read[uri] = opened(uri) or await asyncio.to_thread(_read, uri, max_bytes)
        return read[uri]

    return [await _placed(store, one, outline_at) for one in found]


async def _placed(store: Store, one: Found, outline_at: Callable[[str], Awaitable[Outline | None]]) -> Found:
    hit = one.hit
    candidates = [hit.uri]
    if hit.task_id is not None:
        candidates += [uri for uri, _ in await store.located(hit.task_id)]
    for uri in dict.fromkeys(candidates):
        line = _line(await outline_at(uri), hit)
        if line is not None:
            return Found(hit, one.excerpt, one.nearness, uri, line)
    return one


def _line(outline: Outline | None, hit: Hit) -> int | None:
    if outline is None:
        return None
    if hit.task_id is not None:
        found = outline.by_id(hit.task_id)
        return found[0].line if found else None
    same = [task.line for task in outline.tasks() if task.title == hit.title]
    return same[0] if len(same) == 1 else None


def _read(uri: str, max_bytes: int) -> Outline | None:
    path = path_of(uri)
    if path is None:
        return None
    try:
        return parse(file_outline.read(path, max_bytes).text)
    except FileError:
        return None


def path_of(uri: str) -> Path | None:
    """The file of an address that a store has."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or "\0" in unquote(parts.path):
        return None
    return Path(url2pathname(parts.path))
