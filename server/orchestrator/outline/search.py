"""Find tasks and sections by what a person remembers of their titles, over all outlines at once.

Apart from the index because it is a ranking, and rankings are a matter of taste. Best first:

1. the id, whole (with or without `^`);
2. the title, whole;
3. titles that begin with the query;
4. titles with a word that begins with it;
5. titles that contain it;
6. titles that contain its characters in this order.

Upper and lower case are the same; blanks count only up to the fifth. Within a rank open work stands before settled,
short titles before long ones, and the rest as it stands in the files. Every rank is one pass of a regular
expression that never goes back, over one string for each file.

Invariant: every answer matches, and the best rank is never missing (test_search_finds_what_brute_force_finds).
Invariant: the cost grows with the titles, not faster (test_hostile_queries_cost_what_they_are_long).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orchestrator.model.task import Status
from orchestrator.outline.contribution import Contribution, Entry

MAX_QUERY = 200
"""Characters of a query that are looked at."""
_GATHERED = 10
"""Times the limit: so many of one rank are compared before the best are taken."""


@dataclass(frozen=True, slots=True)
class Hit:
    key: str
    """Of the file."""
    entry: Entry
    parent: str | None
    """The title of what it stands directly below."""


def search(files: Iterable[tuple[str, Contribution]], query: str, limit: int) -> list[Hit]:
    """The best, at most so many. For an empty query the first ones of all files."""
    given = dict(files)
    query = query.strip()[:MAX_QUERY]
    found: list[tuple[str, Entry]] = []
    seen: set[tuple[str, int]] = set()
    for rank in _ranks(query):
        gathered: list[tuple[str, Entry]] = []
        for key, contribution in given.items():
            for index in rank(contribution):
                if (key, index) not in seen:
                    seen.add((key, index))
                    gathered.append((key, contribution.entry(index)))
                    if len(gathered) >= limit * _GATHERED:
                        break
            if len(gathered) >= limit * _GATHERED:
                break
        if query:
            gathered.sort(key=_order)
        found += gathered
        if len(found) >= limit:
            break
    return [
        Hit(key, entry, None if entry.parent is None else given[key].titles[entry.parent])
        for key, entry in found[:limit]
    ]


def _order(found: tuple[str, Entry]) -> tuple[bool, int]:
    entry = found[1]
    return isinstance(entry.status, Status) and entry.status.settled, len(entry.title)


class _Rank:
    """The entries whose title matches a pattern."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern, re.IGNORECASE | re.MULTILINE)

    def __call__(self, contribution: Contribution) -> Iterator[int]:
        titles = contribution.titles
        previous = -1
        for match in self._pattern.finditer(titles.string, 1):
            index = titles.index_at(match.start())
            if index != previous and index < len(titles):
                previous = index
                yield index


class _Id:
    def __init__(self, task_id: str) -> None:
        self._task_id = task_id

    def __call__(self, contribution: Contribution) -> Iterator[int]:
        return contribution.ids.where(self._task_id) if self._task_id else iter(())


def _ranks(query: str) -> Iterator[_Rank | _Id]:
    if not query:
        yield _Rank("^")
        return
    yield _Id(query.removeprefix("^"))
    literal = re.escape(query)
    yield _Rank(rf"^{literal}$")
    yield _Rank(rf"^{literal}")
    yield _Rank(rf"(?<!\w){literal}")
    yield _Rank(literal)
    letters = [re.escape(letter) for letter in query if not letter.isspace()]
    # Each class leaves out the very character that follows, so that there is one way to match and no going back.
    yield _Rank("^" + "".join(rf"[^{letter}\n]*+{letter}" for letter in letters))
