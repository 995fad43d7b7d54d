"""Which tasks of an outline a person wants to see: by words of their titles, by their id, by status. Pure.

Apart from `search`, which ranks the titles of all outlines and takes letters in order: a filter shows all that fits,
where it stands.

Invariant: what fits is what a walk through the tree finds (test_a_filter_agrees_with_a_walk).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from orchestrator.model.task import Status
from orchestrator.outline.contribution import Column, Contribution, Part, contribution
from orchestrator.outline.tree import Node, Outline

MAX_WORDS = 20
"""Of a query that are looked at."""


@dataclass(frozen=True, slots=True)
class Filtered:
    nodes: tuple[Node, ...]
    """The first ones, in the order of the document."""
    total: int


def filtered(outline: Outline, query: str, statuses: Collection[Status], limit: int) -> Filtered:
    """Nodes whose title has every word of the query, or whose id is the query; of these statuses, where some are named.

    Upper and lower case are the same. Sections fit by their words only.
    """
    lines = list(fitting(contribution(outline), query, statuses))
    nodes = (outline.node_at_line(line) for line in lines[:limit])
    return Filtered(tuple(node for node in nodes if node is not None), len(lines))


def fitting(found: Contribution, query: str, statuses: Collection[Status]) -> Iterator[int]:
    """The lines of such nodes, of an outline that need not be open."""
    words = query.lower().split()[:MAX_WORDS]
    task_id = query.strip().removeprefix("^")
    for first_line, part in zip(found.first_lines, found.parts, strict=True):
        by_id = part.ids.where(task_id) if task_id else ()
        for slot in sorted({*_with_words(part, words), *by_id}):
            if not statuses or part.status(slot) in statuses:
                yield first_line + part.lines[slot]


def _with_words(part: Part, words: list[str]) -> Iterable[int]:
    if not words:
        return range(len(part))
    titles = part.titles
    lowered = titles.string.lower()
    if any(word not in lowered for word in words):
        return ()
    if len(lowered) != len(titles.string):  # a letter became two, so that offsets are others
        return [slot for slot, title in enumerate(lowered.split("\n")[1:-1]) if all(word in title for word in words)]
    return _slots(titles, lowered, words)


def _slots(titles: Column, lowered: str, words: list[str]) -> Iterator[int]:
    rarest = max(words, key=len)
    at = lowered.find(rarest)
    while at >= 0:
        slot, end = titles.index_at(at), lowered.index("\n", at)
        start = titles.starts[slot]
        if len(words) == 1 or all(lowered.find(word, start, end) >= 0 for word in words):
            yield slot
        at = lowered.find(rarest, end)
